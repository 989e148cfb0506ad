extension Segment {
  /// The next offset at or behind `offset` where a frame verifies, as damaged bytes are passed
  /// over.
  ///
  /// Nothing but zeros stands behind `contentEnd`.
  ///
  /// A length that can not be trusted gives no next offset, so every multiple of 8 is tried; what
  /// is there must look like a frame of this segment that comes later before its checksum is
  /// computed. The bytes summed are bounded by a multiple of the bytes passed, whatever they hold.
  package func resync(
    from offset: Int,
    limit: Int,
    after position: UInt64,
    contentEnd: Int = .max
  ) -> (offset: Int, header: FrameHeader)? {
    let bytes = bytes
    let limit = min(limit, bytes.count)
    let contentEnd = min(limit, contentEnd)
    var candidate = offset + (-offset & (FrameHeader.unit - 1))
    var budget = 16 * max(0, limit - offset) + 1 << 20
    while candidate + FrameHeader.byteCountMin <= limit, candidate < contentEnd {
      // Most of what is passed over was never written.
      while candidate + Self.blankBytes <= contentEnd,
        bytes.isZero(candidate..<candidate + Self.blankBytes)
      {
        candidate += Self.blankBytes
      }
      defer { candidate += FrameHeader.unit }
      guard case .frame(let header) = FrameHeader.probe(bytes, at: candidate, limit: limit),
        isPlausible(header, at: candidate, bytes, after: position)
      else { continue }
      budget -= header.byteCount
      if budget < 0 { return nil }
      if (try? verify(header, at: candidate, bytes)) != nil { return (candidate, header) }
    }
    return nil
  }

  /// The next frame that verifies behind a damaged one at `offset`, and the position of the first
  /// event at or behind it.
  package func nextFrame(
    behind offset: Int,
    limit: Int,
    after position: UInt64
  ) -> (offset: Int, first: UInt64)? {
    let found = resync(from: offset + FrameHeader.unit, limit: limit, after: position)
    return found.flatMap { found in
      firstPosition(at: found.offset, found.header).map { (found.offset, $0) }
    }
  }

  /// The position of the first event at or behind the verified frame at `offset`.
  package func firstPosition(at offset: Int, _ header: FrameHeader) -> UInt64? {
    if header.knownKind == .events { return eventsFrame(at: offset, header)?.firstPosition }
    if header.knownKind == .compressedEvents {
      return compressedFrame(at: offset, header)?.firstPosition
    }
    let frame = ControlFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
    return frame?.nextPosition
  }

  /// How much is looked at in one step for having nothing in it.
  private static let blankBytes = 256

  private func isPlausible(
    _ header: FrameHeader,
    at offset: Int,
    _ bytes: Span<UInt8>,
    after position: UInt64
  ) -> Bool {
    switch header.knownKind {
    case .events:
      guard
        let frame = EventsFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
      else { return false }
      return frame.firstPosition > position
        && frame.firstPosition - base.position <= UInt64(Limits.segmentEventsMax)
    case .compressedEvents:
      guard let frame = compressedFrame(at: offset, header) else { return false }
      return frame.firstPosition > position
        && frame.lastPosition - base.position <= UInt64(Limits.segmentEventsMax)
    case .control:
      guard
        let frame = ControlFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
      else { return false }
      return frame.nextPosition > position
    case .snapshot, nil:
      return false
    }
  }

  /// The offset up to which the frame at `offset` says everything was durable when it was written.
  package func durableEnd(at offset: Int, _ header: FrameHeader) -> Int {
    let bytes = bytes
    let units: UInt64
    switch header.knownKind {
    case .events: units = eventsFrame(at: offset, header)?.undurableUnits ?? 0
    case .compressedEvents: units = 0
    case .control:
      units =
        ControlFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)?
        .undurableUnits ?? 0
    case .snapshot, nil: return 0
    }
    guard units <= UInt64(offset / FrameHeader.unit) else { return 0 }
    return offset - Int(units) * FrameHeader.unit
  }
}
