/// Where everything stands in an events frame: one commit group.
///
/// Specified in `Format.md`, section "Events frame". A value of offsets, not of bytes: the bytes
/// stay in the mapping. All offsets count from the same origin as `start`.
package struct EventsFrame: Sendable, BitwiseCopyable {
  /// The first body byte.
  package enum Flags {
    package static let paddingMask: UInt8 = 0b0000_0111
    /// Everything before this frame was durable when it was written.
    package static let durableBefore: UInt8 = 0b0000_1000
    /// One event without tags, id, metadata or key, in the short form.
    package static let lone: UInt8 = 0b0001_0000
    package static let reserved: UInt8 = 0b1110_0000
  }

  /// The word that tells how the columns are stored: three bits of width each, then presence.
  package enum Columns {
    package static let idLengths: UInt32 = 0
    package static let firstVersions: UInt32 = 3
    package static let aggregates: UInt32 = 6
    package static let versionOffsets: UInt32 = 9
    package static let types: UInt32 = 12
    package static let payloadLengths: UInt32 = 15
    package static let times: UInt32 = 18
    package static let appendLengths: UInt32 = 21
    package static let positions: UInt32 = 24
    package static let hasAggregates: UInt32 = 1 << 27
    package static let hasTimes: UInt32 = 1 << 28
    package static let hasPositions: UInt32 = 1 << 29
    package static let hasExtras: UInt32 = 1 << 30
    package static let hasKeys: UInt32 = 1 << 31
  }

  package var start = 0
  package var byteCount = 0
  package var firstPosition: UInt64 = 0
  package var time: Int64 = 0
  /// The bytes before the frame, in units, that were not durable when it was written.
  package var undurableUnits: UInt64 = 0
  package var eventCount = 0
  package var aggregateCount = 0
  package var appendCount = 0
  package var isLone = false
  package var hasAggregates = false
  package var hasTimes = false
  package var hasPositions = false
  package var idLengths = Column(constant: 0)
  package var firstVersions = Column(constant: 0)
  package var aggregates = Column(constant: 0)
  package var versionOffsets = Column(constant: 0)
  package var types = Column(constant: 0)
  package var payloadLengths = Column(constant: 0)
  package var times = Column(constant: 0)
  package var appendLengths = Column(constant: 0)
  package var positions = Column(constant: 0)
  package var idsOffset = 0
  package var extrasOffset = 0
  package var extrasEnd = 0
  package var keysOffset = 0
  package var keysEnd = 0
  package var payloadsOffset = 0
  package var payloadsEnd = 0
  /// Between the two steps of reading: how the columns are stored, and where the first begins.
  var columnsWord: UInt32 = 0
  var columnsOffset = 0
  /// Where in the segment the frame stands, whatever its own offsets count in.
  package var offset = 0

  package init() {}

  /// The position of the last event.
  @inline(__always)
  package func lastPosition(_ bytes: Span<UInt8>) -> UInt64 {
    position(eventCount - 1, bytes)
  }

  /// The position of event `index`.
  @inline(__always)
  package func position(_ index: Int, _ bytes: Span<UInt8>) -> UInt64 {
    firstPosition &+ (hasPositions ? positions.value(index, in: bytes) : UInt64(index))
  }

  /// The event at `position`, if the frame holds it.
  @inline(__always)
  package func index(of position: UInt64, _ bytes: Span<UInt8>) -> Int? {
    guard position >= firstPosition else { return nil }
    let offset = position - firstPosition
    if hasPositions { return Self.index(of: offset, positions, eventCount, bytes) }
    return offset < UInt64(eventCount) ? Int(offset) : nil
  }

  // Static: handed over by itself, the frame would be copied for it.
  private static func index(
    of offset: UInt64,
    _ positions: Column,
    _ count: Int,
    _ bytes: Span<UInt8>
  ) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if positions.value(middle, in: bytes) < offset { low = middle + 1 } else { high = middle }
    }
    return low < count && positions.value(low, in: bytes) == offset ? low : nil
  }

  /// The index of the first event behind `position`; the number of events if there is none.
  package func firstIndex(behind position: UInt64, _ bytes: Span<UInt8>) -> Int {
    if position < firstPosition { return 0 }
    let offset = position - firstPosition
    if !hasPositions { return offset < UInt64(eventCount) ? Int(offset) + 1 : eventCount }
    var low = 0
    var high = eventCount
    while low < high {
      let middle = (low + high) / 2
      if positions.value(middle, in: bytes) <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The row of the aggregate table that event `index` belongs to.
  @inline(__always)
  package func aggregateIndex(_ index: Int, _ bytes: Span<UInt8>) -> Int {
    if hasAggregates { return Int(aggregates.value(index, in: bytes)) }
    return aggregateCount == 1 ? 0 : index
  }

  /// The version of event `index`, which belongs to row `aggregate`.
  @inline(__always)
  package func version(_ index: Int, aggregate: Int, _ bytes: Span<UInt8>) -> UInt64 {
    let first = firstVersions.value(aggregate, in: bytes)
    if hasAggregates { return first &+ versionOffsets.value(index, in: bytes) }
    return aggregateCount == 1 ? first &+ UInt64(index) : first
  }

  /// The time of event `index`, in microseconds.
  @inline(__always)
  package func time(_ index: Int, _ bytes: Span<UInt8>) -> Int64 {
    hasTimes ? time &+ Zigzag.decode(times.value(index, in: bytes)) : time
  }

  /// The offset of the id of aggregate row `aggregate`.
  @inline(__always)
  package func idOffset(_ aggregate: Int, _ bytes: Span<UInt8>) -> Int {
    idsOffset &+ Int(truncatingIfNeeded: idLengths.sum(aggregate, in: bytes))
  }

  /// Where one event stands in a frame.
  package struct EventPlace: Sendable, BitwiseCopyable {
    package var index = 0
    package var payload = 0
    package var payloadCount = 0
    package var row = 0
    package var id = 0
  }

  /// Where the event at `position` stands, if the frame holds it; the frame need not be verified.
  @inline(__always)
  package func place(_ position: UInt64, _ bytes: Span<UInt8>) -> EventPlace? {
    guard let index = index(of: position, bytes) else { return nil }
    var row = aggregateCount == 1 ? 0 : index
    if hasAggregates { row = Int(truncatingIfNeeded: aggregates.value(index, in: bytes)) }
    guard row >= 0, row < aggregateCount else { return nil }
    return EventPlace(
      index: index,
      payload: payloadOffset(index, bytes),
      payloadCount: Int(truncatingIfNeeded: payloadLengths.value(index, in: bytes)),
      row: row,
      id: idOffset(row, bytes)
    )
  }

  /// The offset of the payload of event `index`.
  @inline(__always)
  package func payloadOffset(_ index: Int, _ bytes: Span<UInt8>) -> Int {
    payloadsOffset &+ Int(truncatingIfNeeded: payloadLengths.sum(index, in: bytes))
  }
}
