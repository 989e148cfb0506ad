internal import AnnalsLog

/// Decodes one frame as if its checksum had fit.
enum FuzzFrames {
  static func run(_ bytes: [UInt8]) {
    // The first byte tells the kind and how far up the numbers begin.
    guard let first = bytes.first else { return }
    let isHigh = first & 0x80 != 0
    let base = SegmentBase(
      position: isHigh ? Limits.ordinalMax : 1,
      time: isHigh ? .max : 1_750_000_000_000_000
    )
    let frame = [UInt8](bytes.dropFirst())
    let span = frame.span
    _ = FrameHeader.probe(span, at: 0, limit: span.count)
    guard span.count >= FrameHeader.byteCountMin else { return }
    switch first % 8 {
    case 0...2: decodeEvents(span, base)
    case 3: decodeCompressed(span, base)
    case 4: decodeControl(span, base)
    case 5: _ = TypeNames.decode(span)
    case 6: _ = RetentionRecord.decode(span, baseTime: base.time)
    default: _ = Removal.decode(span, base: base.position)
    }
  }

  private static func decodeEvents(_ bytes: Span<UInt8>, _ base: SegmentBase) {
    guard let frame = EventsFrame.decode(bytes, at: 0, byteCount: bytes.count, base) else { return }
    precondition(frame.payloadsEnd <= bytes.count, "payloads end outside of their frame")
    _ = frame.lastPosition(bytes)
    for index in 0..<min(frame.eventCount, 64) { _ = frame.position(index, bytes) }
    if frame.extrasAreConsistent(bytes) {
      var extras = FrameExtras()
      _ = extras.decode(frame, bytes)
    }
    _ = frame.keysAreConsistent(bytes)
  }

  private static func decodeCompressed(_ bytes: Span<UInt8>, _ base: SegmentBase) {
    let stored = CompressedFrame.decode(bytes, at: 0, byteCount: bytes.count, base)
    guard let stored else { return }
    precondition(
      stored.block.upperBound <= bytes.count && stored.firstPosition <= stored.lastPosition,
      "the block ends outside of its frame"
    )
    _ = CompressedFrame.isConsistent(bytes, at: 0, byteCount: bytes.count, base)
    var buffer = ByteBuffer(capacity: 16)
    guard stored.expand(bytes, into: &buffer) else { return }
    precondition(buffer.count <= stored.block.count * 255 + 64, "a block grew beyond its bound")
    decodeEvents(buffer.bytes, base)
  }

  private static func decodeControl(_ bytes: Span<UInt8>, _ base: SegmentBase) {
    guard let frame = ControlFrame.decode(bytes, at: 0, byteCount: bytes.count, base) else {
      return
    }
    precondition(
      frame.contentOffset <= frame.contentEnd && frame.contentEnd <= bytes.count,
      "the content ends outside of its frame"
    )
    let content = bytes.extracting(frame.contentOffset..<frame.contentEnd)
    _ = TypeNames.decode(content)
    _ = RetentionRecord.decode(content, baseTime: base.time)
    _ = Removal.decode(content, base: base.position)
  }

  /// The frames that stand one behind the other in `bytes`.
  static func seeds(_ bytes: [UInt8]) -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    var offset = 0
    while case .frame(let header) = FrameHeader.probe(bytes.span, at: offset, limit: bytes.count) {
      let kind: UInt8 = header.knownKind == .control ? 4 : 0
      let frame = bytes[offset..<offset + header.byteCount]
      seeds.append([kind] + frame)
      if let packed = packed(frame) { seeds.append([3] + packed) }
      offset += header.byteCount
    }
    return seeds
  }

  /// The frame of events compressed, where that makes it smaller.
  private static func packed(_ frame: ArraySlice<UInt8>) -> [UInt8]? {
    var buffer = ByteBuffer()
    buffer.append(Array(frame).span)
    let base = SegmentBase(position: 1, time: 1_750_000_000_000_000)
    guard CompressedFrame.pack(&buffer, from: 0, base) else { return nil }
    return buffer.bytes.array
  }
}
