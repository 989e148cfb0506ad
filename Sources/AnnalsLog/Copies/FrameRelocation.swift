/// Takes a verified frame over to another place: what it says stays, where it stands and what was
/// durable before it does not.
enum FrameRelocation {
  /// The bytes of `frame` for the offset `offset` of a segment with the same base, in which
  /// everything before it is durable.
  static func encode(
    _ frame: Span<UInt8>,
    _ header: FrameHeader,
    at offset: Int,
    _ checksum: FrameChecksum
  ) -> ByteBuffer? {
    var buffer = ByteBuffer(capacity: frame.count + 8)
    let flagsOffset = FrameHeader.Layout.byteCount
    let flags = frame[flagsOffset]
    let end = frame.count - Int(flags & EventsFrame.Flags.paddingMask)
    var reader = ByteReader(frame, at: flagsOffset + 1)
    if header.knownKind == .control {
      guard reader.read(UInt8.self) != nil, reader.readVarint() != nil, reader.readVarint() != nil
      else { return nil }
    } else {
      guard reader.readVarint() != nil, reader.readZigzag() != nil else { return nil }
    }
    buffer.append(frame.extracting(0..<reader.offset))
    if flags & EventsFrame.Flags.durableBefore == 0, reader.readVarint() == nil { return nil }
    guard reader.offset <= end else { return nil }
    buffer.append(frame.extracting(reader.offset..<end))
    let padding = -buffer.count & (FrameHeader.unit - 1)
    buffer.appendZeros(padding)
    buffer.store(
      flags & ~EventsFrame.Flags.paddingMask | UInt8(padding) | EventsFrame.Flags.durableBefore,
      at: flagsOffset
    )
    seal(&buffer, header.knownKind ?? .control, at: offset, checksum)
    return buffer
  }

  /// Gives the frame in `buffer` its length and its checksum.
  static func seal(
    _ buffer: inout ByteBuffer,
    _ kind: FrameHeader.Kind,
    at offset: Int,
    _ checksum: FrameChecksum
  ) {
    let start = FrameHeader.Layout.lengthAndKind.lowerBound
    buffer.store(FrameHeader.lengthAndKind(buffer.count, kind), at: start)
    let sum = buffer.checksum(
      from: FrameHeader.checkedStart,
      continuing: checksum.seed(offset)
    )
    buffer.store(sum, at: 0)
  }
}
