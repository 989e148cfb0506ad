/// An events frame whose content is stored as one LZ4 block.
///
/// Specified in `Format.md`, section "Compressed events frame". What counts from the segment's base
/// stands outside of the block, so that a frame is taken to another segment as it is; everything
/// that walks over frames without reading them goes by what stands there, too.
package struct CompressedFrame: Sendable {
  package var firstPosition: UInt64 = 0
  package var lastPosition: UInt64 = 0
  package var time: Int64 = 0
  package var isLone = false
  /// The bytes that the block holds.
  package var rawByteCount = 0
  /// Where position and time stand, which the expanded frame begins with as well.
  package var prefix = 0..<0
  /// What stands behind them, the block included.
  package var rest = 0..<0
  package var block = 0..<0

  /// Reads what stands before the block; nil where the bytes are not what a writer makes.
  ///
  /// Total over any bytes. The block is not looked at.
  package static func decode(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase
  ) -> CompressedFrame? {
    let end = start + byteCount
    guard end <= bytes.count else { return nil }
    let body = start + FrameHeader.Layout.byteCount
    var reader = ByteReader(bytes.extracting(0..<end), at: body)
    typealias Flags = EventsFrame.Flags
    guard let flags = reader.read(UInt8.self), flags & Flags.reserved == 0,
      flags & Flags.durableBefore != 0, let position = reader.readVarint(),
      let time = reader.readZigzag()
    else { return nil }
    let (first, overflow) = base.position.addingReportingOverflow(position)
    guard !overflow, first > 0, first <= Limits.ordinalMax else { return nil }
    var frame = CompressedFrame()
    frame.prefix = body + 1..<reader.offset
    let contentEnd = end - Int(flags & Flags.paddingMask)
    guard let span = reader.readVarint(), span <= Limits.ordinalMax - first,
      // With what stands before it in an events frame it has to be one that a writer may make.
      let raw = reader.readCount(maximum: FrameHeader.byteCountMax - 64), raw > 0,
      reader.offset < contentEnd, contentEnd - reader.offset < raw
    else { return nil }
    frame.firstPosition = first
    frame.lastPosition = first + span
    frame.time = base.time &+ time
    frame.isLone = flags & Flags.lone != 0
    frame.rawByteCount = raw
    frame.block = reader.offset..<contentEnd
    frame.rest = frame.prefix.upperBound..<contentEnd
    return frame
  }

  /// Makes the events frame that is stored here in `buffer`; false if the block does not hold it.
  package func expand(_ bytes: Span<UInt8>, into buffer: inout ByteBuffer) -> Bool {
    buffer.removeAll()
    buffer.append(UInt64(0))
    buffer.append(EventsFrame.Flags.durableBefore | (isLone ? EventsFrame.Flags.lone : 0))
    buffer.append(bytes.extracting(prefix))
    return LZ4.decompress(bytes.extracting(block), rawByteCount, appendingTo: &buffer)
  }

  /// The events frame that is stored at `start`, whose offsets count in `buffer`; nil where the
  /// bytes are not what a writer makes.
  ///
  /// - Parameter offset: where in the segment it stands.
  package static func events(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase,
    offset: Int,
    into buffer: inout ByteBuffer
  ) -> EventsFrame? {
    guard let stored = decode(bytes, at: start, byteCount: byteCount, base),
      stored.expand(bytes, into: &buffer)
    else { return nil }
    var frame = EventsFrame()
    let expanded = buffer.bytes
    guard frame.read(expanded, at: 0, byteCount: expanded.count, base) else { return nil }
    frame.offset = offset
    return frame
  }

  /// Whether the bytes at `start` are a frame that holds what stands before its block, and that in
  /// itself agrees.
  package static func isConsistent(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase
  ) -> Bool {
    guard let stored = decode(bytes, at: start, byteCount: byteCount, base),
      bytes.isZero(stored.block.upperBound..<start + byteCount)
    else { return false }
    var buffer = ByteBuffer(capacity: 16)
    guard stored.expand(bytes, into: &buffer) else { return false }
    var frame = EventsFrame()
    let expanded = buffer.bytes
    return frame.read(expanded, at: 0, byteCount: expanded.count, base)
      && frame.isConsistent(expanded) && frame.lastPosition(expanded) == stored.lastPosition
  }
}

extension CompressedFrame {
  /// Puts a compressed frame in the place of the events frame with which `output` ends, if it is
  /// shorter; the frame's checksum is left to the caller.
  ///
  /// - Parameter start: where in `output` the frame begins; everything before it is durable.
  /// - Returns: whether it did.
  package static func pack(
    _ output: inout ByteBuffer,
    from start: Int,
    _ base: SegmentBase
  ) -> Bool {
    let byteCount = output.count - start
    var made = ByteBuffer(capacity: 64)
    guard let block = content(output.bytes, start, byteCount, base, into: &made) else {
      return false
    }
    let length = made.count + block.count
    let padding = -length & (FrameHeader.unit - 1)
    guard length + padding < byteCount else { return false }
    let flags = made.bytes[FrameHeader.Layout.byteCount] | UInt8(padding)
    made.store(flags, at: FrameHeader.Layout.byteCount)
    made.store(
      FrameHeader.lengthAndKind(length + padding, .compressedEvents),
      at: FrameHeader.Layout.lengthAndKind.lowerBound
    )
    output.truncate(to: start)
    output.append(made)
    output.append(block.span)
    output.appendZeros(padding)
    return true
  }

  /// Writes what stands before the block, and gives the block.
  private static func content(
    _ bytes: Span<UInt8>,
    _ start: Int,
    _ byteCount: Int,
    _ base: SegmentBase,
    into made: inout ByteBuffer
  ) -> [UInt8]? {
    guard let frame = EventsFrame.decode(bytes, at: start, byteCount: byteCount, base),
      frame.undurableUnits == 0
    else { return nil }
    let body = start + FrameHeader.Layout.byteCount
    var reader = ByteReader(bytes, at: body + 1)
    guard reader.readVarint() != nil, reader.readZigzag() != nil,
      let block = LZ4.compress(bytes.extracting(reader.offset..<frame.payloadsEnd))
    else { return nil }
    made.append(UInt64(0))
    made.append(
      EventsFrame.Flags.durableBefore | (frame.isLone ? EventsFrame.Flags.lone : 0)
    )
    made.append(bytes.extracting(body + 1..<reader.offset))
    made.appendVarint(frame.lastPosition(bytes) - frame.firstPosition)
    made.appendVarint(UInt64(frame.payloadsEnd - reader.offset))
    return block
  }
}
