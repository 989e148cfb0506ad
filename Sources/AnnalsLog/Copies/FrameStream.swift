/// Reads the frames of a segment's file one after the other, by calls and not through a mapping,
/// and verifies each.
///
/// Memory: 1 MiB, or the largest frame.
struct FrameStream {
  private let segment: Segment
  private let file: any LogFile
  /// The offset behind the last byte that belongs to a frame.
  private let limit: Int
  /// The offset of the frame that comes next.
  private(set) var offset: Int
  private var window: [UInt8] = []
  private var windowStart = 0
  private var frameRange = 0..<0
  /// What is stored compressed in the frame; empty if it is not.
  private var expanded: [UInt8] = []

  /// How much is read at a time.
  static let chunk = 1 << 20

  /// The frames of `segment`, whose file is `file`, from `offset` up to `limit`.
  init(_ segment: Segment, _ file: any LogFile, from offset: Int, limit: Int) {
    // Nothing is read through the mapping: that another program cut the file must be an error.
    self.segment = segment
    self.file = file
    self.limit = limit
    self.offset = offset
  }

  /// The bytes of the frame that was read last.
  var frame: Span<UInt8> {
    @_lifetime(borrow self)
    get { window.span.extracting(frameRange) }
  }

  /// What the offsets of the events frame count in that `events` gave: the frame, or what is stored
  /// compressed in it.
  var content: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      if expanded.isEmpty { return frame }
      return expanded.span
    }
  }

  /// The events frame that was read last, whose header is given; nil if it is none.
  mutating func events(_ header: FrameHeader) -> EventsFrame? {
    expanded.removeAll(keepingCapacity: true)
    if header.knownKind == .compressedEvents {
      var buffer = ByteBuffer(capacity: 64 << 10)
      let events = CompressedFrame.events(
        frame,
        at: 0,
        byteCount: header.byteCount,
        segment.base,
        offset: 0,
        into: &buffer
      )
      if events != nil { expanded = buffer.bytes.array }
      return events
    }
    guard header.knownKind == .events else { return nil }
    return EventsFrame.decode(frame, at: 0, byteCount: header.byteCount, segment.base)
  }

  /// Reads and verifies the next frame; nil at the end.
  mutating func next() throws(LogError) -> FrameHeader? {
    if offset >= limit { return nil }
    try load(FrameHeader.byteCountMin)
    let word = window.span.load(UInt64.self, at: offset - windowStart)
    let high = UInt32(truncatingIfNeeded: word >> 32)
    let header = FrameHeader(
      checksum: UInt32(truncatingIfNeeded: word),
      kind: UInt8(high >> 28),
      byteCount: Int(high & 0x0fff_ffff) * FrameHeader.unit
    )
    guard header.kind != 0, header.byteCount >= FrameHeader.byteCountMin,
      header.byteCount <= limit - offset
    else {
      throw .corrupt(
        Corruption(file: segment.name, offset: offset, word == 0 ? .erased : .malformed(.frame))
      )
    }
    try load(header.byteCount)
    frameRange = offset - windowStart..<offset - windowStart + header.byteCount
    let range = frameRange
    let start = offset
    try segment.verify(header, at: start, window.span.extracting(range), copiedTo: 0)
    offset += header.byteCount
    return header
  }

  /// Has the next `byteCount` bytes in the window.
  private mutating func load(_ byteCount: Int) throws(LogError) {
    if offset >= windowStart, offset + byteCount <= windowStart + window.count { return }
    let wanted = min(max(byteCount, Self.chunk), limit - offset)
    window = try file.read(wanted, at: offset)
    windowStart = offset
    guard window.count >= byteCount else {
      throw .truncatedFile(
        file: segment.name,
        expected: UInt64(limit),
        actual: UInt64(offset + window.count)
      )
    }
  }
}

/// What was read of a segment so far: where it ends, and what its entry in a list needs.
struct SegmentSum {
  /// The offset behind the last frame.
  var end = Segment.firstFrame
  var lastPosition: UInt64
  var lastRecord: UInt64
  var keySequence: UInt64
  var lastChecksum: UInt32 = 0
  var eventCount: UInt64 = 0
  /// Of the bytes of the file up to `end`, as a backup's catalog has it.
  var checksum: UInt32 = 0

  /// A segment of which nothing was read, behind a log that ends as given.
  init(lastPosition: UInt64, lastRecord: UInt64, keySequence: UInt64) {
    self.lastPosition = lastPosition
    self.lastRecord = lastRecord
    self.keySequence = keySequence
  }

  /// Takes up a verified frame at `end`, whose bytes are `frame`; false if it does not continue.
  mutating func take(
    _ header: FrameHeader,
    _ frame: Span<UInt8>,
    _ base: SegmentBase
  ) -> Bool {
    switch header.knownKind {
    case .events:
      guard
        let events = EventsFrame.decode(frame, at: 0, byteCount: header.byteCount, base),
        take(events, frame)
      else { return false }
    case .compressedEvents:
      var buffer = ByteBuffer(capacity: 64 << 10)
      let events = CompressedFrame.events(
        frame,
        at: 0,
        byteCount: header.byteCount,
        base,
        offset: 0,
        into: &buffer
      )
      guard let events, take(events, buffer.bytes) else { return false }
    case .control:
      guard
        let control = ControlFrame.decode(frame, at: 0, byteCount: header.byteCount, base),
        control.nextPosition > lastPosition, control.record >= lastRecord
      else { return false }
      lastRecord = control.record
    case .snapshot, nil:
      break
    }
    lastChecksum = header.checksum
    end += header.byteCount
    checksum = CRC32C.checksum(frame, continuing: checksum)
    return true
  }

  private mutating func take(_ events: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    guard events.firstPosition > lastPosition else { return false }
    lastPosition = events.lastPosition(bytes)
    eventCount += UInt64(events.eventCount)
    if events.keysEnd != 0, let keys = events.keys(bytes) {
      for key in keys { keySequence = max(keySequence, key.sequence) }
    }
    return true
  }
}
