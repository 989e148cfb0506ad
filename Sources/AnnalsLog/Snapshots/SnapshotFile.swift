/// One file of the snapshots' log, open.
///
/// Read by calls and not through a mapping: a snapshot is one call, and a file that is cut or that
/// the disk cannot read costs a snapshot and raises no signal.
struct SnapshotFile: Sendable {
  let header: SnapshotFileHeader
  let file: any LogFile

  /// Where the first frame stands.
  static let firstFrame = HeaderBlock.byteCount
  /// How much is read at a time.
  private static let windowByteCount = 1 << 20

  var number: UInt32 { header.number }

  private var checksum: FrameChecksum { FrameChecksum(salt: header.salt) }

  /// Opens file `number`; it must be of this store and have the number of its name.
  static func open(
    _ number: UInt32,
    in directory: any LogDirectory,
    _ mode: FileMode,
    _ storeID: StoreID
  ) throws(LogError) -> SnapshotFile {
    let file = try directory.openFile(StoreFile.snapshots(number), mode)
    let block = try file.read(HeaderBlock.byteCount, at: 0)
    let header = try SnapshotFileHeader.decode(block.span, file: file.name)
    guard header.storeID == storeID, header.number == number else {
      throw .corrupt(Corruption(file: file.name, offset: 0, .identity))
    }
    return SnapshotFile(header: header, file: file)
  }

  /// Makes file `number`, whose name and bytes are durable only once they are synced.
  static func create(
    _ number: UInt32,
    in directory: any LogDirectory,
    _ storeID: StoreID
  ) throws(LogError) -> SnapshotFile {
    let name = StoreFile.snapshots(number)
    let file = try directory.openFile(name, .create)
    let salt = UInt32.random(in: 1 ... .max)
    let header = SnapshotFileHeader(storeID: storeID, number: number, salt: salt)
    var buffer = ByteBuffer(capacity: HeaderBlock.byteCount)
    header.encode(into: &buffer)
    do {
      try file.write(buffer.bytes, at: 0)
    } catch {
      try? directory.remove(name)
      throw error
    }
    return SnapshotFile(header: header, file: file)
  }

  /// Puts the checksum into the frame that begins at `start` of `buffer`, for `offset` in the file.
  func seal(_ buffer: inout ByteBuffer, from start: Int, at offset: Int) {
    let sum = checksum.checksum(buffer.bytes, start..<buffer.count, at: offset)
    buffer.store(sum, at: start)
  }

  // MARK: Reading

  /// The frame of `byteCount` bytes at `offset`; nil if it does not verify.
  func read(
    at offset: Int,
    byteCount: Int
  ) throws(LogError) -> (bytes: [UInt8], frame: SnapshotFrame)? {
    let bytes = try file.read(byteCount, at: offset)
    guard bytes.count == byteCount,
      case .frame(let header) = FrameHeader.probe(bytes.span, at: 0, limit: byteCount),
      header.byteCount == byteCount, let frame = verify(bytes.span, 0, header, at: offset)
    else { return nil }
    return (bytes, frame)
  }

  /// The frame at `start` of `bytes`, which is at `offset` of the file; nil if it does not verify.
  private func verify(
    _ bytes: Span<UInt8>,
    _ start: Int,
    _ header: FrameHeader,
    at offset: Int
  ) -> SnapshotFrame? {
    let range = start..<start + header.byteCount
    guard header.knownKind == .snapshot,
      checksum.checksum(bytes, range, at: offset) == header.checksum
    else { return nil }
    return SnapshotFrame.decode(bytes, at: start, byteCount: header.byteCount)
  }

  /// What a scan hands out: a frame that verifies.
  struct Found {
    var frame: SnapshotFrame
    /// Where in the file it begins.
    var offset: Int
    var byteCount: Int
    /// The hash of the aggregate's id.
    var hash: KeyHash
  }

  /// Walks the frames from `start` on, as long as they verify; returns the offset behind the last.
  ///
  /// Holds one window, or one frame if that is larger, in memory. `body` is lent the bytes that the
  /// offsets of the frame are meant in.
  func scan(
    from start: Int,
    _ hasher: KeyHasher,
    _ body: (Found, Span<UInt8>) -> Void
  ) throws(LogError) -> Int {
    var offset = start
    let size = try file.size()
    var window: [UInt8] = []
    var windowStart = offset
    while offset + FrameHeader.byteCountMin <= size {
      if offset + FrameHeader.byteCountMin > windowStart + window.count {
        (window, windowStart) = (try file.read(Self.windowByteCount, at: offset), offset)
      }
      let at = offset - windowStart
      let limit = at + (size - offset)
      guard at + FrameHeader.byteCountMin <= window.count,
        case .frame(let header) = FrameHeader.probe(window.span, at: at, limit: limit),
        header.byteCount <= SnapshotFrame.byteCountMax
      else { return offset }
      if at + header.byteCount > window.count {
        let count = max(header.byteCount, Self.windowByteCount)
        (window, windowStart) = (try file.read(count, at: offset), offset)
        guard window.count >= header.byteCount else { return offset }
        continue
      }
      if header.isSkippable {
        let range = at..<at + header.byteCount
        guard checksum.checksum(window.span, range, at: offset) == header.checksum else {
          return offset
        }
      } else {
        guard let frame = verify(window.span, at, header, at: offset) else { return offset }
        let id = window.span.extracting(frame.idOffset..<frame.idOffset + frame.idCount)
        body(
          Found(
            frame: frame,
            offset: offset,
            byteCount: header.byteCount,
            hash: hasher.hash(id, .aggregate)
          ),
          window.span
        )
      }
      offset += header.byteCount
    }
    return offset
  }

  /// Whether nothing but zeros stands from `start` up to `end`.
  func isZero(from start: Int, to end: Int) throws(LogError) -> Bool {
    guard start >= Self.firstFrame else { return false }
    var offset = start
    while offset < end {
      let bytes = try file.read(min(Self.windowByteCount, end - offset), at: offset)
      if bytes.isEmpty || !bytes.span.isZero(0..<bytes.count) { return false }
      offset += bytes.count
    }
    return true
  }

  /// The index of the file; nil if it has none that fits.
  ///
  /// - Throws: `.corrupt`, `.truncatedFile`, `.unsupportedVersion`, `.system`.
  func readIndex(
    in directory: any LogDirectory
  ) throws(LogError) -> SnapshotIndexFile? {
    let index: any LogFile
    do throws(LogError) {
      index = try directory.openFile(StoreFile.snapshotIndex(number), .readOnly)
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return nil }
      throw error
    }
    let bytes = try index.read(try index.size(), at: 0)
    let found = try SnapshotIndexFile.decode(bytes.span, file: index.name)
    guard found.storeID == header.storeID, found.number == number, found.salt == header.salt
    else { throw .corrupt(Corruption(file: index.name, offset: 0, .identity)) }
    let size = try file.size()
    guard found.end <= UInt64(size) else {
      throw .truncatedFile(file: file.name, expected: found.end, actual: UInt64(size))
    }
    return found
  }
}
