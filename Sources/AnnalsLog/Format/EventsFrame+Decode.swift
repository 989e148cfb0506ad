/// What frames of one segment count from.
package struct SegmentBase: Sendable, BitwiseCopyable, Equatable {
  package var position: UInt64
  package var time: Int64

  package init(position: UInt64, time: Int64) {
    self.position = position
    self.time = time
  }
}

extension EventsFrame {
  /// The most bytes an aggregate id has in a frame.
  package static let idLengthMax: UInt64 = 1024

  /// Finds everything in the frame at `start`, whose header told `byteCount`; nil where the bytes
  /// are not what a writer makes.
  ///
  /// Total over any bytes. Costs the number of columns, not of events; `isConsistent` looks at
  /// every value and is asked once, when a frame is verified.
  package static func decode(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase
  ) -> EventsFrame? {
    var frame = EventsFrame()
    return frame.read(bytes, at: start, byteCount: byteCount, base) ? frame : nil
  }

  /// As `decode`, in place: the value is too large to be handed from function to function.
  ///
  /// - Returns: false where the bytes are not what a writer makes; the value then means nothing.
  package mutating func read(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase
  ) -> Bool {
    // Columns that the frame does not have keep what they were: nobody asks for them.
    self.start = start
    offset = start
    self.byteCount = byteCount
    undurableUnits = 0
    (extrasOffset, extrasEnd) = (0, 0)
    (keysOffset, keysEnd) = (0, 0)
    let end = start + byteCount
    guard end <= bytes.count else { return false }
    var reader = ByteReader(
      bytes.extracting(0..<end),
      at: start + FrameHeader.Layout.byteCount
    )
    guard let flags = reader.read(UInt8.self), flags & Flags.reserved == 0,
      let position = reader.readVarint(), let time = reader.readZigzag()
    else { return false }
    let (first, overflow) = base.position.addingReportingOverflow(position)
    guard !overflow, first > 0, first <= Limits.ordinalMax else { return false }
    firstPosition = first
    self.time = base.time &+ time
    payloadsEnd = end - Int(flags & Flags.paddingMask)
    if flags & Flags.durableBefore == 0 {
      guard let distance = reader.readVarint(), distance <= UInt64(start) / 8 || start == 0 else {
        return false
      }
      undurableUnits = distance
    }
    if flags & Flags.lone != 0 { return decodeLone(&reader) }
    return decodeColumns(&reader)
  }

  private mutating func decodeLone(_ reader: inout ByteReader) -> Bool {
    guard let length = reader.readVarint(), length >= 1, length <= Self.idLengthMax,
      let version = reader.readVarint(), let type = reader.readVarint(),
      let ids = reader.skip(Int(length)), reader.offset <= payloadsEnd
    else { return false }
    isLone = true
    hasAggregates = false
    hasTimes = false
    hasPositions = false
    eventCount = 1
    aggregateCount = 1
    appendCount = 1
    idLengths = Column(constant: length)
    firstVersions = Column(constant: version)
    types = Column(constant: type)
    appendLengths = Column(constant: 1)
    idsOffset = ids.lowerBound
    payloadsOffset = reader.offset
    payloadLengths = Column(constant: UInt64(payloadsEnd - payloadsOffset))
    return true
  }

  @inline(__always)
  private mutating func decodeColumns(_ reader: inout ByteReader) -> Bool {
    // At least one byte stands in the frame for each event: what a frame can claim is bounded by
    // its size.
    guard let events = reader.readCount(maximum: byteCount), events >= 1,
      let aggregateRows = reader.readCount(maximum: events), aggregateRows >= 1,
      let appends = reader.readCount(maximum: events), appends >= 1,
      let word = reader.read(UInt32.self)
    else { return false }
    isLone = false
    eventCount = events
    aggregateCount = aggregateRows
    appendCount = appends
    hasAggregates = word & Columns.hasAggregates != 0
    hasTimes = word & Columns.hasTimes != 0
    hasPositions = word & Columns.hasPositions != 0
    guard hasAggregates || aggregateRows == 1 || aggregateRows == events,
      hasAggregates || !hasPositions
    else { return false }

    guard Self.read(&idLengths, word >> Columns.idLengths, aggregateRows, &reader),
      Self.read(&firstVersions, word >> Columns.firstVersions, aggregateRows, &reader),
      hasAggregates
        ? Self.read(&aggregates, word >> Columns.aggregates, events, &reader)
          && Self.read(&versionOffsets, word >> Columns.versionOffsets, events, &reader)
        : (word >> Columns.aggregates) & 0b111_111 == 0,
      Self.read(&types, word >> Columns.types, events, &reader),
      Self.read(&payloadLengths, word >> Columns.payloadLengths, events, &reader),
      hasTimes
        ? Self.read(&times, word >> Columns.times, events, &reader)
        : (word >> Columns.times) & 0b111 == 0,
      Self.read(&appendLengths, word >> Columns.appendLengths, appends, &reader),
      hasPositions
        ? Self.read(&positions, word >> Columns.positions, events, &reader)
        : (word >> Columns.positions) & 0b111 == 0
    else { return false }
    return decodeSections(&reader, word)
  }

  /// Reads a column whose width stands in the lowest bits of `word`.
  @inline(__always)
  private static func read(
    _ column: inout Column,
    _ word: UInt32,
    _ rows: Int,
    _ reader: inout ByteReader
  ) -> Bool {
    guard let width = ColumnWidth(rawValue: UInt8(truncatingIfNeeded: word) & 7),
      let found = reader.readColumn(width, rows: rows)
    else { return false }
    column = found
    return true
  }

  @inline(__always)
  private mutating func decodeSections(
    _ reader: inout ByteReader,
    _ word: UInt32
  ) -> Bool {
    if word & Columns.hasExtras != 0 {
      guard let length = reader.readCount(maximum: byteCount), let range = reader.skip(length)
      else { return false }
      (extrasOffset, extrasEnd) = (range.lowerBound, range.upperBound)
    }
    if word & Columns.hasKeys != 0 {
      guard let length = reader.readCount(maximum: byteCount), let range = reader.skip(length)
      else { return false }
      (keysOffset, keysEnd) = (range.lowerBound, range.upperBound)
    }
    // Ids come last before the payloads; their lengths are summed when the frame is verified, and
    // the total stands here so that the payloads are found without it.
    guard let idBytes = reader.readCount(maximum: byteCount), let ids = reader.skip(idBytes),
      reader.offset <= payloadsEnd
    else { return false }
    idsOffset = ids.lowerBound
    payloadsOffset = ids.upperBound
    return true
  }

  /// Whether every value of the frame agrees with every other; costs the number of events.
  package func isConsistent(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.isZero(payloadsEnd..<start + byteCount) else { return false }
    if isLone {
      return Self.isVersion(firstVersions.constant) && Self.isType(types.constant)
    }
    guard positionsAreConsistent(bytes), typesAreConsistent(bytes) else { return false }
    guard sumIsExactly(payloadsEnd - payloadsOffset, payloadLengths, eventCount, bytes),
      sumIsExactly(payloadsOffset - idsOffset, idLengths, aggregateCount, bytes),
      sumIsExactly(eventCount, appendLengths, appendCount, bytes)
    else { return false }
    for row in 0..<(idLengths.width == .constant ? 1 : aggregateCount) {
      let length = idLengths.value(row, in: bytes)
      guard length >= 1, length <= Self.idLengthMax else { return false }
    }
    for row in 0..<appendCount where appendLengths.value(row, in: bytes) == 0 { return false }
    return versionsAreConsistent(bytes) && extrasAreConsistent(bytes) && keysAreConsistent(bytes)
  }

  private func positionsAreConsistent(_ bytes: Span<UInt8>) -> Bool {
    var offset = UInt64(eventCount - 1)
    if hasPositions {
      guard positions.value(0, in: bytes) == 0 else { return false }
      offset = 0
      for row in 1..<max(1, eventCount) {
        let next = positions.value(row, in: bytes)
        guard next > offset else { return false }
        offset = next
      }
    }
    return offset <= Limits.ordinalMax - firstPosition
  }

  private func typesAreConsistent(_ bytes: Span<UInt8>) -> Bool {
    let rows = types.width == .constant ? 1 : eventCount
    for row in 0..<rows where !Self.isType(types.value(row, in: bytes)) { return false }
    return true
  }

  private static func isType(_ type: UInt64) -> Bool {
    type >= 1 && type <= UInt64(Limits.typesMax)
  }

  private func versionsAreConsistent(_ bytes: Span<UInt8>) -> Bool {
    for row in 0..<aggregateCount
    where !Self.isVersion(firstVersions.value(row, in: bytes)) {
      return false
    }
    if !hasAggregates {
      return aggregateCount != 1
        || Self.isVersion(firstVersions.value(0, in: bytes) + UInt64(eventCount - 1))
    }
    for index in 0..<eventCount {
      let row = aggregates.value(index, in: bytes)
      let offset = versionOffsets.value(index, in: bytes)
      guard row < UInt64(aggregateCount), offset <= Limits.ordinalMax,
        Self.isVersion(firstVersions.value(Int(row), in: bytes) + offset)
      else { return false }
    }
    return true
  }

  private static func isVersion(_ version: UInt64) -> Bool {
    version >= 1 && version <= Limits.ordinalMax
  }

  private func sumIsExactly(
    _ total: Int,
    _ column: Column,
    _ rows: Int,
    _ bytes: Span<UInt8>
  ) -> Bool {
    if column.width == .constant {
      let (sum, overflow) = column.constant.multipliedReportingOverflow(by: UInt64(rows))
      return !overflow && sum == UInt64(total)
    }
    var sum: UInt64 = 0
    for row in 0..<rows {
      let value = column.value(row, in: bytes)
      guard value <= UInt64(total) else { return false }
      sum &+= value
    }
    return sum == UInt64(total)
  }
}
