/// The events frames of segments, one after the other: those that are stored compressed are
/// expanded into memory of its own.
///
/// Not for two threads at once.
@safe
package final class FrameContent {
  private var segment: Segment?
  private var expanded = ByteBuffer(capacity: 16)
  private var isExpanded = false

  package init() {}

  /// What the offsets of the frame count in that was given last.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      if !isExpanded, let segment {
        // The segment is kept until the next frame is asked for.
        return unsafe _overrideLifetime(segment.bytes, borrowing: self)
      }
      return unsafe _overrideLifetime(expanded.bytes, borrowing: self)
    }
  }

  /// The events frame at `offset`, which `Segment.frame(at:limit:)` has checked; nil if it is none.
  package func events(
    _ segment: Segment,
    at offset: Int,
    _ header: FrameHeader
  ) -> EventsFrame? {
    self.segment = segment
    isExpanded = header.knownKind == .compressedEvents
    if header.knownKind == .events { return segment.eventsFrame(at: offset, header) }
    guard isExpanded else { return nil }
    return CompressedFrame.events(
      segment.bytes,
      at: offset,
      byteCount: header.byteCount,
      segment.base,
      offset: offset,
      into: &expanded
    )
  }
}
