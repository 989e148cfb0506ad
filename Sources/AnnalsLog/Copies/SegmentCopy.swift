/// How the bytes of a copy come to their place.
enum CopyMethod {
  /// By sharing blocks where the file system can, else byte by byte.
  case copy
  /// By a second name for the same file, else as `copy`.
  case link
  /// By sharing blocks where the file system can, else as `link`.
  case share
}

/// Copies the segments of one store to another place.
struct SegmentCopy {
  let source: CopySource
  let target: CopyTarget
  let method: CopyMethod
  /// Whether every frame is read and verified.
  let verifies: Bool
  var progress: CopyProgressSink
  /// The bytes that were written, or shared anew.
  var bytesCopied = 0
  var bytesShared = 0
  /// The footers that were left out because they were damaged.
  var cachesLeftOut = 0

  /// Copies a segment from its start to the end of `piece`, or carries `older` on.
  ///
  /// - Returns: what the copy holds.
  mutating func copy(
    _ piece: CopySource.Piece,
    carryingOn older: (entry: SegmentList.Entry, copy: BackupCatalog.Entry)? = nil
  ) throws(LogError) -> SegmentSum {
    let segment = piece.segment
    let name = StoreFile.segment(segment.id)
    let file = try open(name, piece)
    if let older, let sum = try carryOn(older, piece, file, name) { return sum }
    if method != .copy, piece.isFinal, try link(name, piece, file) {
      return verifies ? try verify(piece, file, nil) : piece.sum
    }
    if target.existing != nil, try target.log.names().contains(name) {
      // Of an interrupted backup, or one that was found too short.
      try target.log.remove(name)
    }
    let output = try target.files.begin(name, in: target.log)
    let sum: SegmentSum
    if try output.clone(file) {
      if piece.fileByteCount > piece.sum.end { try output.truncate(piece.sum.end) }
      sum = verifies ? try verify(piece, file, nil) : piece.sum
      bytesShared += piece.sum.end
    } else {
      sum = try verify(piece, file, output)
    }
    try target.files.finish(output, name, in: target.log)
    return sum
  }

  private func open(_ name: String, _ piece: CopySource.Piece) throws(LogError) -> any LogFile {
    do throws(LogError) {
      return try source.files.log.openFile(name, .readOnly)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      throw .missingFile(
        file: StoreFile.logDirectory + "/" + name,
        positions: PositionRange(
          Position(piece.segment.base.position),
          Position(max(piece.segment.base.position, piece.sum.lastPosition))
        )
      )
    }
  }

  /// Gives the source's file a second name in the copy; false where that cannot be.
  private mutating func link(
    _ name: String,
    _ piece: CopySource.Piece,
    _ file: any LogFile
  ) throws(LogError) -> Bool {
    // A file that is longer than its frames is not what a copy would be, and takes no more room.
    if method == .share {
      let output = try target.files.begin(name, in: target.log)
      if try output.clone(file) {
        if piece.fileByteCount > piece.sum.end { try output.truncate(piece.sum.end) }
        try target.files.finish(output, name, in: target.log)
        bytesShared += piece.sum.end
        return true
      }
      try target.log.remove(name + StoreFile.temporarySuffix)
    }
    if try target.log.names().contains(name) { try target.log.remove(name) }
    do throws(LogError) {
      try source.files.log.link(name, to: target.log, as: name)
    } catch {
      guard case .system(let cause) = error, cause.isLinkRefused else { throw error }
      return false
    }
    bytesShared += piece.sum.end
    return true
  }

  /// Adds to an older copy what its segment has got since; nil if it is not that segment's.
  private mutating func carryOn(
    _ older: (entry: SegmentList.Entry, copy: BackupCatalog.Entry),
    _ piece: CopySource.Piece,
    _ file: any LogFile,
    _ name: String
  ) throws(LogError) -> SegmentSum? {
    let (entry, copy) = older
    let end = Int(clamping: entry.end)
    guard entry.salt == piece.segment.salt, entry.basePosition == piece.segment.base.position,
      copy.byteCount == entry.end, end <= piece.sum.end,
      let output = try? target.log.openFile(name, .readWrite), try output.size() >= end
    else { return nil }
    var sum = SegmentSum(
      lastPosition: entry.lastPosition,
      lastRecord: entry.lastRecord,
      keySequence: entry.keySequence
    )
    sum.end = end
    sum.lastChecksum = entry.lastChecksum
    sum.eventCount = copy.eventCount
    sum.checksum = copy.checksum
    if end == piece.sum.end {
      guard sum.lastChecksum == piece.sum.lastChecksum else { return nil }
      progress.skip(end)
      return sum
    }
    progress.skip(end)
    sum = try walk(piece, file, output, from: sum)
    // Of a backup that was interrupted when the segment was longer: it was another store's.
    if try output.size() > sum.end { try output.truncate(sum.end) }
    try output.sync()
    return sum
  }

  /// Reads a whole segment, and writes it where there is an output.
  private mutating func verify(
    _ piece: CopySource.Piece,
    _ file: any LogFile,
    _ output: (any LogFile)?
  ) throws(LogError) -> SegmentSum {
    let segment = piece.segment
    let head = try file.read(HeaderBlock.byteCount, at: 0)
    guard let header = try SegmentHeader.decode(head.span, file: segment.name),
      header.segmentID == segment.id, header.salt == segment.salt,
      header.storeID == source.core.storeID, header.basePosition == segment.base.position
    else { throw .corrupt(Corruption(file: segment.name, offset: 0, .identity)) }
    try output?.write(head.span, at: 0)
    if output != nil { bytesCopied += head.count }
    var sum = SegmentSum(
      lastPosition: header.basePosition - 1,
      lastRecord: header.baseRecord,
      keySequence: 0
    )
    sum.checksum = BackupCatalog.checksum(of: head.span)
    return try walk(piece, file, output, from: sum)
  }

  /// Reads, verifies and writes the frames from where `sum` ends to where `piece` does.
  private mutating func walk(
    _ piece: CopySource.Piece,
    _ file: any LogFile,
    _ output: (any LogFile)?,
    from start: SegmentSum
  ) throws(LogError) -> SegmentSum {
    let segment = piece.segment
    var sum = start
    var stream = FrameStream(segment, file, from: sum.end, limit: piece.sum.end)
    var buffer = ByteBuffer(capacity: output == nil ? 64 : FrameStream.chunk + 64 << 10)
    while let header = try stream.next() {
      let offset = sum.end
      guard sum.take(header, stream.frame, segment.base) else {
        throw .corrupt(
          Corruption(
            file: segment.name,
            offset: offset,
            .discontinuity(expected: sum.lastPosition + 1, found: 0)
          )
        )
      }
      guard let output else {
        progress.advance(header.byteCount, segment.name)
        continue
      }
      buffer.append(stream.frame)
      if buffer.count >= FrameStream.chunk { try flush(&buffer, output, sum.end, segment.name) }
    }
    if let output { try flush(&buffer, output, sum.end, segment.name) }
    // The numbers the entry has were the store's word for it; a frame cannot be missing at the end.
    guard sum.lastChecksum == piece.sum.lastChecksum, sum.lastPosition <= piece.sum.lastPosition
    else {
      throw .corrupt(
        Corruption(
          file: segment.name,
          offset: sum.end,
          .checksum(stored: piece.sum.lastChecksum, computed: sum.lastChecksum)
        )
      )
    }
    // Where compaction removed the last events the entry knows more than the frames.
    sum.lastPosition = piece.sum.lastPosition
    sum.lastRecord = max(sum.lastRecord, piece.sum.lastRecord)
    sum.keySequence = max(sum.keySequence, piece.sum.keySequence)
    return sum
  }

  private mutating func flush(
    _ buffer: inout ByteBuffer,
    _ output: any LogFile,
    _ end: Int,
    _ name: String
  ) throws(LogError) {
    if buffer.count == 0 { return }
    try output.write(buffer.bytes, at: end - buffer.count)
    bytesCopied += buffer.count
    progress.advance(buffer.count, name)
    buffer.removeAll()
  }

  /// Copies the footer of a segment that is copied whole, if it has one that verifies.
  mutating func copyFooter(_ piece: CopySource.Piece) throws(LogError) {
    let name = StoreFile.footer(piece.segment.id)
    let existing = try target.log.names()
    if existing.contains(name) { return }
    let file: any LogFile
    do throws(LogError) {
      file = try source.files.log.openFile(name, .readOnly)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      return
    }
    if method != .copy {
      do throws(LogError) {
        return try source.files.log.link(name, to: target.log, as: name)
      } catch {
        guard case .system(let cause) = error, cause.isLinkRefused else { throw error }
      }
    }
    let reading = try Mapping.reading(file)
    guard reading.unreadable.isEmpty,
      let footer = try? Footer(
        reading.mapping,
        storeID: source.core.storeID,
        segment: piece.segment.header,
        name: file.name
      ),
      footer.header.end == UInt64(piece.sum.end), footer.checkAll().isEmpty
    else {
      cachesLeftOut += 1
      return
    }
    let mapping = reading.mapping
    try target.files.replace(name, in: target.log, with: mapping.bytes)
    bytesCopied += mapping.count
  }

  /// The list's entry for a copy that holds `sum`.
  static func entry(_ segment: Segment, _ sum: SegmentSum) -> SegmentList.Entry {
    var entry = SegmentList.Entry(id: segment.id, isSealed: true)
    entry.isRewritten = segment.isRewritten
    entry.basePosition = segment.base.position
    entry.lastPosition = sum.lastPosition
    entry.lastRecord = sum.lastRecord
    entry.end = UInt64(sum.end)
    entry.lastChecksum = sum.lastChecksum
    entry.salt = segment.salt
    entry.baseTime = segment.base.time
    entry.keySequence = sum.keySequence
    return entry
  }
}
