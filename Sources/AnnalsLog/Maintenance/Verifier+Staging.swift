extension Verification {
  /// The staging file: its header, and the events in it that continue the log.
  ///
  /// Not beside a writer, which is changing it. Entries are not judged: what does not verify was
  /// never acknowledged, or is framed.
  mutating func checkStaging() {
    guard through == .max else { return }
    do throws(LogError) {
      let file = try root.openFile(StoreFile.staging, .readOnly)
      let bytes = try file.read(min(try file.size(), StagingHeader.fileByteCount), at: 0)
      report.bytes += bytes.count
      // Made and not begun.
      if bytes.span.isZero(0..<bytes.count) { return }
      let header = try StagingHeader.decode(bytes.span)
      guard header.storeID == storeID else {
        add(VerifyProblem(.identity, .staging, file: StoreFile.staging))
        return
      }
      let waiting = StagedEvent.all(bytes.span, header).filter { $0.position > lastPosition }
      guard let first = waiting.first, first.position == lastPosition + 1 else { return }
      note(.stagedEvents, StoreFile.staging, byteCount: waiting.reduce(0) { $0 + $1.payload.count })
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return }
      add(VerifyProblem(error, .staging, file: StoreFile.staging))
    }
  }
}
