// The files of segments that are not sealed, and what of them is believed.

extension LogOpener {
  /// The file of a segment that is not sealed.
  struct UnsealedFile {
    var entry: SegmentList.Entry
    var file: any LogFile
    var mapping: Mapping
    /// Nothing but zeros stands behind this offset.
    var contentEnd: Int
  }

  /// From how many bytes on reading ahead is worth the calls that begin it.
  private static let scanMin = 1 << 20

  func openUnsealedFile(
    _ entry: SegmentList.Entry
  ) throws(LogError) -> any LogFile {
    let name = StoreFile.segment(entry.id)
    let file: any LogFile
    do throws(LogError) {
      file = try core.files.log.openFile(name, isWritingAllowed ? .readWrite : .readOnly)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      throw .missingFile(file: StoreFile.logDirectory + "/" + name, positions: nil)
    }
    if !isBesideWriter, !manifest.isClosed {
      // What the page cache shows of a killed process, or after a failed sync, is not what the
      // disk holds: push it out, drop it, and believe what is read back. A log that was closed was
      // synced, by a writer that had begun with this and whose syncs all succeeded.
      // A spare that nothing was written to has nothing to show; and what the manifest knows to be
      // durable need not be read again.
      let contentEnd = try? file.contentEnd(from: 0)
      if contentEnd != 0 {
        let start = manifest.tail.segment == entry.id ? Int(clamping: manifest.tail.end) : 0
        try file.sync()
        file.dropCache(from: start)
        if let contentEnd, contentEnd - start >= Self.scanMin {
          core.files.log.startScan(StoreFile.segment(entry.id), at: start)
        }
      }
    }
    return file
  }

  static func header(
    _ mapping: Mapping,
    _ name: String,
    _ entry: SegmentList.Entry
  ) -> SegmentHeader? {
    guard let header = try? SegmentHeader.decode(mapping.bytes, file: name),
      header.segmentID == entry.id, header.salt == entry.salt
    else { return nil }
    return header
  }

  /// What a segment is that has no header of its own, and no frame that says it was durable.
  enum Headless {
    /// The spare, or begun and never synced.
    case neverBegun
    /// Its frames verify: only the header is damaged.
    case begun
    /// No crash leaves this: the file is another's, or what it held is gone.
    case foreign
  }

  func judge(
    _ segment: Segment,
    _ problem: Corruption.Kind,
    contentEnd: Int
  ) -> Headless {
    let bytes = segment.bytes
    if problem == .identity || bytes.count < HeaderBlock.byteCount { return .foreign }
    // A writer beside this may be writing the header just now.
    if manifest.isClosed || isBesideWriter || segment.header.isLeft(in: bytes) {
      return .neverBegun
    }
    if bytes.isZero(Segment.firstFrame..<max(Segment.firstFrame, contentEnd)) {
      return .neverBegun
    }
    let frame = segment.resync(
      from: Segment.firstFrame,
      limit: bytes.count,
      after: segment.base.position - 1,
      contentEnd: contentEnd
    )
    return frame == nil ? .foreign : .begun
  }

  /// A header as the list's second copies tell it.
  func restored(
    _ entry: SegmentList.Entry,
    base: UInt64,
    record: UInt64
  ) -> SegmentHeader {
    SegmentHeader(
      storeID: core.storeID,
      segmentID: entry.id,
      salt: entry.salt,
      basePosition: base,
      baseTime: entry.baseTime,
      baseRecord: record,
      predecessorID: segments.last?.id ?? 0,
      predecessorChecksum: tail?.scan.lastChecksum
        ?? segments.last?.current.entry.lastChecksum ?? 0,
      predecessorEnd: UInt64(tail?.scan.offset ?? Int(segments.last?.current.entry.end ?? 0))
    )
  }

  /// Whether a segment without a valid header was durable once, by what else is known.
  func hasDurableFrames(
    _ segment: Segment,
    _ successor: SegmentHeader?,
    contentEnd: Int
  ) -> Bool {
    if successor != nil || manifest.tail.segment == segment.id { return true }
    // After a proper close nothing stands behind the tail.
    if manifest.isClosed { return false }
    var offset = Segment.firstFrame
    var position = segment.base.position - 1
    while let found = segment.resync(
      from: offset,
      limit: segment.mapping.count,
      after: position,
      contentEnd: contentEnd
    ) {
      if segment.durableEnd(at: found.offset, found.header) > Segment.firstFrame { return true }
      if let last = segment.lastPosition(at: found.offset, found.header) { position = last }
      offset = found.offset + found.header.byteCount
    }
    return false
  }

  func partialFooter(_ segment: Segment, _ mark: Manifest.Tail) -> Footer? {
    guard mark.segment == segment.id,
      let file = try? core.files.log.openFile(StoreFile.footer(segment.id), .readOnly),
      let mapping = try? StoreFiles.mapAll(file),
      let footer = try? Footer(
        mapping,
        storeID: core.storeID,
        segment: segment.header,
        name: file.name
      ),
      footer.header.end <= mark.end, footer.header.end <= UInt64(segment.mapping.count),
      // Its sum may be right and what it says still be of no segment.
      footer.header.lastPosition >= segment.base.position - 1,
      footer.header.lastPosition - (segment.base.position - 1) <= UInt64(Limits.segmentEventsMax),
      footer.header.lastPosition <= mark.position, footer.header.lastRecord <= mark.record,
      footer.header.keySequence <= mark.keySequence
    else { return nil }
    return footer
  }
}
