extension Verification {
  /// The staging file: its header, and the events in it that continue the log.
  ///
  /// Not beside a writer, which is changing it. Entries are not judged: what does not verify was
  /// never acknowledged, or is framed.
  mutating func checkStaging() {
    guard through == .max else { return }
    do throws(LogError) {
      let waiting = try StagedEvent.waiting(in: root, storeID, behind: lastPosition).events
      if waiting.isEmpty { return }
      note(
        .stagedEvents,
        StoreFile.staging,
        byteCount: waiting.reduce(0) { $0 + $1.payload.count }
      )
    } catch {
      add(VerifyProblem(error, .staging, file: StoreFile.staging))
    }
  }
}
