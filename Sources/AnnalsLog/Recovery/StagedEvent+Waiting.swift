extension StagedEvent {
  /// The events that a killed process left staged and that continue a log which ends at `position`.
  ///
  /// With the bytes of the file that they stand in. For stores that nobody writes. Empty without a
  /// staging file, and where its maker died before it began it.
  ///
  /// - Throws: what reading the file throws, and `.corrupt` if its header does not verify or is
  ///   another store's.
  static func waiting(
    in root: any LogDirectory,
    _ storeID: StoreID,
    behind position: UInt64
  ) throws(LogError) -> (events: [StagedEvent], bytes: [UInt8]) {
    let file: any LogFile
    do throws(LogError) {
      file = try root.openFile(StoreFile.staging, .readOnly)
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return ([], []) }
      throw error
    }
    let bytes = try file.read(min(try file.size(), StagingHeader.fileByteCount), at: 0)
    if bytes.span.isZero(0..<bytes.count) { return ([], []) }
    let header = try StagingHeader.decode(bytes.span)
    guard header.storeID == storeID else {
      throw .corrupt(Corruption(file: StoreFile.staging, offset: 0, .identity))
    }
    let behind = all(bytes.span, header).filter { $0.position > position }
    return (behind.first?.position == position + 1 ? behind : [], bytes)
  }

  /// Makes `batch` the append of this event, which stands in the file `bytes`; false if it is none
  /// that the writer of a log with `types` could have staged.
  func fill(_ batch: EventBatch, _ types: TypeTable, _ bytes: Span<UInt8>) -> Bool {
    guard let type = types.name(Int(clamping: type)), version > 0 else { return false }
    batch.removeAll()
    let id = bytes.extracting(id)
    do throws(LogError) {
      try batch.contents.expect(.exactly(Version(version - 1)), of: id)
      try batch.contents.add(
        type,
        to: id,
        payload: bytes.extracting(payload),
        time: Timestamp(microseconds: time)
      )
      return true
    } catch {
      return false
    }
  }
}
