/// One entry of the staging file: an events frame of one event, as it would stand in a segment
/// whose base is position 0 at time 0, with the file's salt and its offset in the file.
///
/// Specified in `Format.md`, section "Staging".
package struct StagedEvent: Sendable {
  package var position: UInt64
  package var version: UInt64
  package var type: UInt64
  package var time: Int64
  /// Where the aggregate's id stands in the file.
  package var id: Range<Int>
  /// Where the payload stands in the file.
  package var payload: Range<Int>

  private static let base = SegmentBase(position: 0, time: 0)

  /// Appends the entry of a batch of one event, whose type has the number `type`.
  static func encode(
    _ batch: borrowing BatchContents,
    position: UInt64,
    version: UInt64,
    type: UInt32,
    time: Int64,
    at offset: Int,
    _ checksum: FrameChecksum,
    into buffer: inout ByteBuffer
  ) {
    let start = buffer.count
    buffer.append(UInt64(0))
    buffer.append(UInt8(0))
    buffer.appendVarint(position)
    buffer.appendZigzag(time)
    buffer.appendVarint(UInt64(batch.ids.count))
    buffer.appendVarint(version)
    buffer.appendVarint(UInt64(type))
    buffer.append(batch.ids)
    buffer.append(batch.payloads)
    let flags = EventsFrame.Flags.lone | EventsFrame.Flags.durableBefore
    buffer.endFrame(from: start, .events, flags: flags)
    buffer.sealFrame(from: start, at: offset, checksum)
  }

  /// Appends the one event of `batch`, with the facts of `event`, as an entry, or as a frame of a
  /// segment whose base is position `base` at time 0.
  package static func encode(
    _ batch: EventBatch,
    _ event: StagedEvent,
    base: UInt64 = 0,
    at offset: Int,
    _ checksum: FrameChecksum,
    into buffer: inout ByteBuffer
  ) {
    encode(
      batch.contents,
      position: event.position - base,
      version: event.version,
      type: UInt32(event.type),
      time: event.time,
      at: offset,
      checksum,
      into: &buffer
    )
  }

  /// The entries of the whole file `bytes`, those of each half up to the first that does not
  /// continue the one before, in the order of their positions.
  ///
  /// Total over any bytes.
  package static func all(_ bytes: Span<UInt8>, _ header: StagingHeader) -> [StagedEvent] {
    let halves = (0..<2).map { half -> [StagedEvent] in
      let start = StagingHeader.offset(ofHalf: half)
      let end = min(start + StagingHeader.halfByteCount, bytes.count)
      var events: [StagedEvent] = []
      var offset = start
      while let (event, byteCount) = read(bytes, at: offset, limit: end, header) {
        if let last = events.last, event.position != last.position + 1 { break }
        events.append(event)
        offset += byteCount
      }
      return events
    }
    let isFirst = halves[0].first?.position ?? .max < halves[1].first?.position ?? .max
    return isFirst ? halves[0] + halves[1] : halves[1] + halves[0]
  }

  private static func read(
    _ bytes: Span<UInt8>,
    at offset: Int,
    limit: Int,
    _ header: StagingHeader
  ) -> (StagedEvent, byteCount: Int)? {
    guard case .frame(let found) = FrameHeader.probe(bytes, at: offset, limit: limit),
      found.knownKind == .events,
      found.checksum
        == header.checksum.checksum(bytes, offset..<offset + found.byteCount, at: offset),
      let frame = EventsFrame.decode(bytes, at: offset, byteCount: found.byteCount, base),
      frame.isLone, frame.isConsistent(bytes)
    else { return nil }
    let idEnd = frame.idsOffset + Int(frame.idLengths.constant)
    let event = StagedEvent(
      position: frame.firstPosition,
      version: frame.firstVersions.constant,
      type: frame.types.constant,
      time: frame.time,
      id: frame.idsOffset..<idEnd,
      payload: frame.payloadsOffset..<frame.payloadsEnd
    )
    return (event, found.byteCount)
  }
}
