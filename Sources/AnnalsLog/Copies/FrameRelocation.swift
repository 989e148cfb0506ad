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
    buffer.endFrame(
      from: 0,
      header.knownKind ?? .control,
      flags: flags & ~EventsFrame.Flags.paddingMask | EventsFrame.Flags.durableBefore
    )
    buffer.sealFrame(from: 0, at: offset, checksum)
    return buffer
  }
}
