/// Writes one rewritten segment, piece by piece.
struct SegmentWriter: ~Copyable {
  private(set) var header: SegmentHeader
  let base: SegmentBase
  private let file: any LogFile
  private let checksum: FrameChecksum
  private let options: CompactionOptions
  private let start = SystemClock.monotonicNanoseconds()
  private var output = ByteBuffer(capacity: 2 << 20)
  private var written = 0
  private(set) var lastChecksum: UInt32 = 0
  private var rewriter = FrameRewriter()
  /// The bytes of frames that were made smaller, before and after.
  private(set) var packed = (before: 0, after: 0)
  /// By rule the positions that left, less the base: the first and the last of each run, in turn.
  private var removed: [UInt64: [UInt32]] = [:]
  private var versions: [KeyHash: UInt64] = [:]

  /// How much is written by one call.
  private static let pieceBytes = 1 << 20

  init(_ file: any LogFile, _ header: SegmentHeader, _ options: CompactionOptions) {
    self.file = file
    self.header = header
    self.options = options
    base = SegmentBase(position: header.basePosition, time: header.baseTime)
    checksum = FrameChecksum(salt: header.salt)
    header.encode(into: &output)
  }

  /// Where the next frame goes.
  var offset: Int { written + output.count }

  /// Frames with fewer bytes than this are gathered until there are so many, and compressed
  /// together: alone they would hardly become smaller.
  static let gatheredBytes = 32 << 10

  /// Appends a frame of events whose events all stay.
  ///
  /// - Parameter isPacked: whether it is to be compressed.
  mutating func copy(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    isPacked: Bool = false
  ) throws(LogError) {
    if isPacked, bytes.count > 0, frame.byteCount < Self.gatheredBytes {
      rewriter.gather(frame, bytes, [])
      if rewriter.gatheredBytes >= Self.gatheredBytes { try endGathering() }
      return
    }
    try endGathering()
    let place = offset
    let start = output.count
    lastChecksum = FrameRewriter.copy(frame, bytes, at: place, base, checksum, to: &output)
    if isPacked { pack(from: start, at: place) }
    try flush(isForced: false)
  }

  /// Appends a compressed frame of events as it is.
  mutating func copy(
    _ frame: CompressedFrame,
    _ bytes: Span<UInt8>
  ) throws(LogError) {
    try endGathering()
    let place = offset
    lastChecksum = FrameRewriter.copy(frame, bytes, at: place, base, checksum, to: &output)
    header.hasCompressedFrames = true
    try flush(isForced: false)
  }

  /// Appends what was gathered, as one frame.
  private mutating func endGathering() throws(LogError) {
    if rewriter.gatheredBytes == 0 { return }
    let place = offset
    let start = output.count
    if let sum = rewriter.end(at: place, base, checksum, to: &output) { lastChecksum = sum }
    pack(from: start, at: place)
    try flush(isForced: false)
  }

  /// Compresses the frame with which the output ends, if that makes it smaller.
  private mutating func pack(from start: Int, at place: Int) {
    let before = output.count - start
    guard CompressedFrame.pack(&output, from: start, base) else { return }
    lastChecksum = output.sealFrame(from: start, at: place, checksum)
    header.hasCompressedFrames = true
    packed.before += before
    packed.after += output.count - start
  }

  /// Appends what the verdicts leave of a frame of events.
  mutating func append(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ verdicts: [EventJudge.Verdict],
    _ hasher: KeyHasher,
    isPacked: Bool = false
  ) throws(LogError) {
    for (index, verdict) in verdicts.enumerated() {
      guard case .remove(let record) = verdict else { continue }
      note(record, frame.position(index, bytes))
      let row = frame.aggregateIndex(index, bytes)
      let start = frame.idOffset(row, bytes)
      let count = Int(frame.idLengths.value(row, in: bytes))
      let hash = hasher.hash(bytes.extracting(start..<start + count), .aggregate)
      let version = frame.version(index, aggregate: row, bytes)
      versions[hash] = max(versions[hash] ?? 0, version)
    }
    if isPacked, frame.byteCount < Self.gatheredBytes {
      rewriter.gather(frame, bytes, verdicts)
      if rewriter.gatheredBytes >= Self.gatheredBytes { try endGathering() }
      return
    }
    try endGathering()
    rewriter.gather(frame, bytes, verdicts)
    let place = offset
    let start = output.count
    if let sum = rewriter.end(at: place, base, checksum, to: &output) {
      lastChecksum = sum
      if isPacked { pack(from: start, at: place) }
    }
    try flush(isForced: false)
  }

  /// Appends a control frame.
  mutating func control(
    _ subject: ControlFrame.Subject,
    nextPosition: UInt64,
    record: UInt64,
    _ content: borrowing ByteBuffer
  ) throws(LogError) {
    try endGathering()
    let place = offset
    lastChecksum = FrameRewriter.control(
      subject,
      nextPosition: nextPosition,
      record: record,
      content: content,
      at: place,
      base,
      checksum,
      to: &output
    )
    try flush(isForced: false)
  }

  /// Takes over what an earlier rewriting removed.
  mutating func take(_ removal: Removal) {
    for group in removal.groups {
      for run in group.runs { append(run, to: group.record) }
    }
    for entry in removal.versions {
      versions[entry.hash] = max(versions[entry.hash] ?? 0, entry.version)
    }
  }

  private mutating func note(_ record: UInt64, _ position: UInt64) {
    append(position...position, to: record)
  }

  private mutating func append(_ run: ClosedRange<UInt64>, to record: UInt64) {
    let first = UInt32(run.lowerBound - base.position)
    let last = UInt32(run.upperBound - base.position)
    removed[record, default: []].appendRun(first, last)
  }

  /// What is to be told of what left.
  ///
  /// - Parameter isNewest: whether an aggregate has no newer event than this one of it.
  func removal(
    _ isNewest: (KeyHash, UInt64) throws(LogError) -> Bool
  ) throws(LogError) -> Removal {
    var removal = Removal()
    for (record, bounds) in removed.sorted(by: { $0.key < $1.key }) {
      var places = (0..<bounds.count / 2).map { (bounds[2 * $0], bounds[2 * $0 + 1]) }
      // Those of an earlier rewriting may have come between.
      places.sort { $0.0 < $1.0 }
      var merged: [UInt32] = []
      for (first, last) in places { merged.appendRun(first, last) }
      let runs = (0..<merged.count / 2).map {
        base.position + UInt64(merged[2 * $0])...base.position + UInt64(merged[2 * $0 + 1])
      }
      removal.groups.append(Removal.Group(record: record, runs: runs))
    }
    for (hash, version) in versions.sorted(by: { $0.key < $1.key })
    where try isNewest(hash, version) {
      removal.versions.append(Removal.LastVersion(hash: hash, version: version))
    }
    return removal
  }

  /// Writes what is left.
  mutating func finish() throws(LogError) {
    try endGathering()
    try flush(isForced: true)
    guard header.hasCompressedFrames else { return }
    var block = ByteBuffer(capacity: HeaderBlock.byteCount)
    header.encode(into: &block)
    try Self.write(block, to: file, at: 0)
  }

  private mutating func flush(isForced: Bool) throws(LogError) {
    if output.count == 0 || !isForced && output.count < Self.pieceBytes { return }
    if options.isCancelled() { throw .closed }
    try Self.write(output, to: file, at: written)
    written += output.count
    output.removeAll()
    guard let rate = options.bytesPerSecond, rate > 0 else { return }
    let due = UInt64(Double(written) / Double(rate) * 1e9)
    let passed = SystemClock.monotonicNanoseconds() - start
    var rest = due > passed ? due - passed : 0
    while rest > 0, !options.isCancelled() {
      let step = min(rest, 50_000_000)
      SystemClock.sleep(nanoseconds: step)
      rest -= step
    }
  }

  private static func write(
    _ buffer: borrowing ByteBuffer,
    to file: any LogFile,
    at offset: Int
  ) throws(LogError) {
    try file.write(buffer.bytes, at: offset)
  }
}

extension [UInt32] {
  /// Adds a run of numbers to pairs of first and last ones, or to the last pair if it goes on.
  fileprivate mutating func appendRun(_ first: UInt32, _ last: UInt32) {
    if let end = self.last, first == end + 1 {
      self[count - 1] = last
    } else {
      append(first)
      append(last)
    }
  }
}
