extension Removal {
  /// The groups as far as they concern positions up to `position`.
  func clipped(through position: UInt64) -> [Group] {
    groups.compactMap { group in
      let runs = group.runs.compactMap { run in
        run.lowerBound > position ? nil : run.lowerBound...min(run.upperBound, position)
      }
      return runs.isEmpty ? nil : Group(record: group.record, runs: runs)
    }
  }

  /// Makes one group of those of one rule, with their runs in order and apart.
  mutating func unite() {
    var runs: [UInt64: [ClosedRange<UInt64>]] = [:]
    for group in groups { runs[group.record, default: []] += group.runs }
    groups = runs.sorted { $0.key < $1.key }.map { record, runs in
      Group(record: record, runs: SalvageWalk.merged(runs))
    }
    versions = Dictionary(grouping: versions, by: \.hash)
      .compactMap { $0.value.max { $0.version < $1.version } }
      .sorted { $0.hash < $1.hash }
  }
}

/// Writes a segment anew from frames of another one: what is missing is named by a frame of
/// removal.
///
/// Specified in `Format.md`, section "Rewritten segments".
struct RewrittenSegment {
  private(set) var header: SegmentHeader
  private(set) var sum: SegmentSum
  private let output: any LogFile
  private let files: StoreFiles
  private var buffer = Pending()
  private let checksum: FrameChecksum
  private let base: SegmentBase

  /// Bytes that are not written yet.
  private final class Pending {
    var bytes = ByteBuffer(capacity: 256 << 10)
  }

  /// Begins the file of segment `id`, for positions from `base` on.
  init(
    _ id: SegmentID,
    storeID: StoreID,
    base: SegmentBase,
    record: UInt64,
    keySequence: UInt64,
    in files: StoreFiles
  ) throws(LogError) {
    let salt = UInt32.random(in: 1 ... .max)
    header = SegmentHeader(
      storeID: storeID,
      segmentID: id,
      salt: salt,
      basePosition: base.position,
      baseTime: base.time,
      baseRecord: record,
      predecessorID: 0,
      predecessorChecksum: 0,
      predecessorEnd: 0
    )
    sum = SegmentSum(
      lastPosition: base.position - 1,
      lastRecord: record,
      keySequence: keySequence
    )
    self.files = files
    self.base = base
    checksum = FrameChecksum(salt: salt)
    output = try files.begin(StoreFile.segment(id), in: files.log)
  }

  /// Takes over a frame of a segment with the same base.
  mutating func add(_ header: FrameHeader, _ frame: Span<UInt8>) throws(LogError) {
    guard let moved = FrameRelocation.encode(frame, header, at: sum.end, checksum) else { return }
    try add(moved)
  }

  private mutating func add(_ frame: borrowing ByteBuffer) throws(LogError) {
    guard case .frame(let header) = FrameHeader.probe(frame.bytes, at: 0, limit: frame.count),
      sum.take(header, frame.bytes, base)
    else { return }
    if header.knownKind == .compressedEvents { self.header.hasCompressedFrames = true }
    let buffer = buffer
    buffer.bytes.append(frame)
    if buffer.bytes.count >= FrameStream.chunk { try flush() }
  }

  private func flush() throws(LogError) {
    let buffer = buffer
    if buffer.bytes.count == 0 { return }
    try output.write(buffer.bytes.bytes, at: sum.end - buffer.bytes.count)
    buffer.bytes.removeAll()
  }

  /// Names what is missing, ends the segment at `last`, and makes it durable.
  mutating func finish(
    _ removal: Removal,
    through last: UInt64,
    record: UInt64,
    keySequence: UInt64
  ) throws(LogError) -> SegmentList.Entry {
    if !removal.groups.isEmpty || !removal.versions.isEmpty {
      var content = ByteBuffer(capacity: 256)
      removal.encode(base: base.position, into: &content)
      var frame = ByteBuffer(capacity: 256)
      let start = ControlFrame.encode(
        .removal,
        nextPosition: last + 1 - base.position,
        record: max(record, sum.lastRecord),
        undurableUnits: 0,
        content: content.bytes,
        into: &frame
      )
      precondition(start == 0, "the buffer was empty")
      frame.sealFrame(from: 0, at: sum.end, checksum)
      try add(frame)
    }
    try flush()
    header.rewrittenThrough = last
    var block = ByteBuffer(capacity: HeaderBlock.byteCount)
    header.encode(into: &block)
    try output.write(block.bytes, at: 0)
    try files.finish(output, StoreFile.segment(header.segmentID), in: files.log)
    var entry = SegmentList.Entry(id: header.segmentID, isSealed: true)
    entry.isRewritten = true
    entry.basePosition = base.position
    entry.lastPosition = last
    entry.lastRecord = max(record, sum.lastRecord)
    entry.end = UInt64(sum.end)
    entry.lastChecksum = sum.lastChecksum
    entry.salt = header.salt
    entry.baseTime = base.time
    entry.keySequence = max(keySequence, sum.keySequence)
    return entry
  }
}
