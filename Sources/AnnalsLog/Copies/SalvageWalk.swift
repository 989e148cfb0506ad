/// Goes through a segment that may be damaged anywhere, and takes what verifies.
struct SalvageWalk {
  let segment: Segment
  /// What is known of where it ends: of a sealed segment its end, and its last position.
  let knownEnd: Int?
  let knownPosition: UInt64?
  /// How far a writer beside has published.
  let through: UInt64

  /// Positions of events, or of what compaction removed, merged.
  private(set) var present: [ClosedRange<UInt64>] = []
  /// What does not verify.
  private(set) var damages: [Damage] = []
  /// What compaction had removed.
  private(set) var removal = Removal()
  /// The numbers of the rules of retention that verify.
  private(set) var rules: Set<UInt64> = []
  /// How many rules there were, as the watermark at the log's end tells; 0 without one.
  private(set) var watermarkRecord: UInt64 = 0
  private(set) var sum: SegmentSum
  private let content = FrameContent()
  /// Where the frames end, if nothing was damaged.
  var end: Int { sum.end }
  /// Bytes behind the end that are no frame, and of which nothing says that they were durable.
  private(set) var tornBytes = 0

  /// A place that does not verify.
  struct Damage {
    var range: Range<Int>
    /// The last position before it.
    var after: UInt64
    var error: LogError
  }

  init(
    _ segment: Segment,
    knownEnd: Int?,
    knownPosition: UInt64?,
    through: UInt64,
    record: UInt64,
    keySequence: UInt64
  ) {
    self.segment = segment
    self.knownEnd = knownEnd
    self.knownPosition = knownPosition
    self.through = through
    sum = SegmentSum(
      lastPosition: segment.base.position - 1,
      lastRecord: record,
      keySequence: keySequence
    )
  }

  /// The positions that are lost.
  var lost: [ClosedRange<UInt64>] {
    let all = Self.merged(present + removal.groups.flatMap(\.runs))
    var lost: [ClosedRange<UInt64>] = []
    var next = segment.base.position
    for run in all {
      if run.lowerBound > next { lost.append(next...run.lowerBound - 1) }
      next = max(next, run.upperBound + 1)
    }
    let last = max(knownPosition ?? 0, sum.lastPosition)
    if last >= next { lost.append(next...last) }
    return lost
  }

  /// Runs in order, those that touch made one.
  static func merged(_ runs: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
    var result: [ClosedRange<UInt64>] = []
    for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, run.lowerBound <= last.upperBound + 1 {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
      } else {
        result.append(run)
      }
    }
    return result
  }

  /// Calls `body` with the header and the offset of every frame that verifies and continues.
  mutating func run(
    _ body: (FrameHeader, Int) throws(LogError) -> Void
  ) throws(LogError) {
    let segment = segment
    let count = segment.mapping.count
    let limit = min(count, knownEnd ?? .max)
    let contentEnd = Self.contentEnd(segment, limit)
    var offset = Segment.firstFrame
    while offset + FrameHeader.byteCountMin <= limit, sum.lastPosition < through {
      do throws(LogError) {
        let header = try segment.frame(at: offset, limit: limit)
        if knownEnd == nil, contentEnd <= offset + header.byteCount,
          segment.isWatermark(header, at: offset)
        {
          // It holds the place of what comes next: the log's end.
          watermarkRecord = record(at: offset, header)
          return
        }
        if try take(header, at: offset) { try body(header, offset) }
        offset += header.byteCount
        sum.end = offset
        sum.lastChecksum = header.checksum
        continue
      } catch {
        if case .unsupportedVersion = error { throw error }
        let next = segment.resync(
          from: offset + FrameHeader.unit,
          limit: limit,
          after: sum.lastPosition,
          contentEnd: contentEnd
        )
        if next == nil, knownEnd == nil, knownPosition ?? 0 <= sum.lastPosition {
          // As a tail ends: nothing says that there was anything.
          tornBytes = max(0, contentEnd - offset)
          return
        }
        let range = offset..<(next?.offset ?? max(offset, knownEnd ?? contentEnd))
        damages.append(Damage(range: range, after: sum.lastPosition, error: error))
        guard let next else { return }
        offset = next.offset
      }
    }
    if let knownEnd, offset < knownEnd, offset >= limit, sum.lastPosition < through {
      damages.append(
        Damage(
          range: offset..<knownEnd,
          after: sum.lastPosition,
          error: .truncatedFile(
            file: segment.name,
            expected: UInt64(knownEnd),
            actual: UInt64(count)
          )
        )
      )
    }
  }

  private func record(at offset: Int, _ header: FrameHeader) -> UInt64 {
    let bytes = segment.bytes
    let count = header.byteCount
    return ControlFrame.decode(bytes, at: offset, byteCount: count, segment.base)?.record ?? 0
  }

  /// The offset behind the last byte before `limit` that is not zero.
  private static func contentEnd(_ segment: Segment, _ limit: Int) -> Int {
    let bytes = segment.bytes
    var end = limit
    let block = 64 << 10
    while end > block, bytes.isZero(end - block..<end) { end -= block }
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    return end
  }

  /// Takes up what a frame holds; false if it is none to be kept.
  private mutating func take(_ header: FrameHeader, at offset: Int) throws(LogError) -> Bool {
    let segment = segment
    let bytes = segment.bytes
    let wrong = LogError.corrupt(
      Corruption(
        file: segment.name,
        offset: offset,
        .discontinuity(expected: sum.lastPosition + 1, found: 0)
      )
    )
    var next = sum
    guard next.take(header, bytes.extracting(offset..<offset + header.byteCount), segment.base)
    else { throw wrong }
    switch header.knownKind {
    case .events, .compressedEvents:
      let content = content
      guard let frame = content.events(segment, at: offset, header) else { throw wrong }
      guard next.lastPosition - segment.base.position <= UInt64(Limits.segmentEventsMax) else {
        throw wrong
      }
      note(frame, content.bytes)
      sum = next
      return true
    case .control:
      guard
        let frame = ControlFrame.decode(
          bytes,
          at: offset,
          byteCount: header.byteCount,
          segment.base
        )
      else { throw wrong }
      // Where something follows it, what was written over it did not reach the disk.
      if frame.subject == .watermark, knownEnd == nil { throw wrong }
      sum = next
      if frame.subject == .retention { rules.insert(frame.record) }
      if frame.subject == .removal {
        guard let found = segment.removal(frame) else { throw wrong }
        removal.groups += found.groups
        removal.versions += found.versions
        return false
      }
      return frame.subject != .watermark
    case .snapshot, nil:
      return false
    }
  }

  private mutating func note(_ frame: EventsFrame, _ bytes: Span<UInt8>) {
    if !frame.hasPositions {
      note(frame.firstPosition...frame.lastPosition(bytes))
      return
    }
    for event in 0..<frame.eventCount {
      let position = frame.position(event, bytes)
      note(position...position)
    }
  }

  private mutating func note(_ run: ClosedRange<UInt64>) {
    if let last = present.last, last.upperBound + 1 == run.lowerBound {
      present[present.count - 1] = last.lowerBound...run.upperBound
    } else {
      present.append(run)
    }
  }
}
