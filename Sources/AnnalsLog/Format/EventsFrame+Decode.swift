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
    readStart(bytes, at: start, byteCount: byteCount, base) && readColumns(bytes)
  }

  /// The first step of `read`: all up to the columns.
  @inline(__always)
  mutating func readStart(
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
    guard start >= 0, end <= bytes.count else { return false }
    var reader = ColumnReader(
      bytes.extracting(0..<end),
      at: start + FrameHeader.Layout.byteCount
    )
    let flags = reader.byte()
    let position = reader.wideVarint()
    let time = Zigzag.decode(reader.wideVarint())
    let (first, overflow) = base.position.addingReportingOverflow(position)
    guard flags & Flags.reserved == 0, !overflow, first > 0, first <= Limits.ordinalMax else {
      return false
    }
    firstPosition = first
    self.time = base.time &+ time
    payloadsEnd = end - Int(flags & Flags.paddingMask)
    if flags & Flags.durableBefore == 0 {
      undurableUnits = reader.wideVarint()
      guard undurableUnits <= UInt64(start) / 8 || start == 0 else { return false }
    }
    isLone = flags & Flags.lone != 0
    return isLone ? decodeLone(&reader) : decodeCounts(&reader)
  }

  @inline(__always)
  private mutating func decodeLone(_ reader: inout ColumnReader) -> Bool {
    let length = reader.varint()
    let version = reader.varint()
    let type = reader.varint()
    guard length >= 1, length <= Self.idLengthMax else { return false }
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
    idsOffset = reader.skip(Int(length))
    payloadsOffset = reader.offset
    guard reader.isWhole, payloadsOffset <= payloadsEnd else { return false }
    payloadLengths = Column(constant: UInt64(payloadsEnd - payloadsOffset))
    return true
  }

  @inline(__always)
  private mutating func decodeCounts(_ reader: inout ColumnReader) -> Bool {
    // At least one byte stands in the frame for each event: what a frame can claim is bounded by
    // its size.
    let events = reader.count(maximum: byteCount)
    let aggregateRows = reader.count(maximum: events)
    let appends = reader.count(maximum: events)
    let word = reader.word()
    guard reader.isWhole, events >= 1, aggregateRows >= 1, appends >= 1 else { return false }
    eventCount = events
    aggregateCount = aggregateRows
    appendCount = appends
    hasAggregates = word & Columns.hasAggregates != 0
    hasTimes = word & Columns.hasTimes != 0
    hasPositions = word & Columns.hasPositions != 0
    guard hasAggregates || aggregateRows == 1 || aggregateRows == events,
      hasAggregates || !hasPositions,
      hasAggregates || (word >> Columns.aggregates) & 0b111_111 == 0,
      hasTimes || (word >> Columns.times) & 0b111 == 0,
      hasPositions || (word >> Columns.positions) & 0b111 == 0
    else { return false }
    columnsWord = word
    columnsOffset = reader.offset
    return true
  }

  /// The second step of `read`, behind `readStart`.
  @inline(__always)
  mutating func readColumns(_ bytes: Span<UInt8>) -> Bool {
    if isLone { return true }
    var reader = ColumnReader(bytes.extracting(0..<start + byteCount), at: columnsOffset)
    let word = columnsWord
    idLengths = reader.column(word >> Columns.idLengths, rows: aggregateCount)
    firstVersions = reader.column(word >> Columns.firstVersions, rows: aggregateCount)
    if hasAggregates {
      aggregates = reader.column(word >> Columns.aggregates, rows: eventCount)
      versionOffsets = reader.column(word >> Columns.versionOffsets, rows: eventCount)
    }
    types = reader.column(word >> Columns.types, rows: eventCount)
    payloadLengths = reader.column(word >> Columns.payloadLengths, rows: eventCount)
    if hasTimes { times = reader.column(word >> Columns.times, rows: eventCount) }
    appendLengths = reader.column(word >> Columns.appendLengths, rows: appendCount)
    if hasPositions { positions = reader.column(word >> Columns.positions, rows: eventCount) }
    return decodeSections(&reader, word)
  }

  /// Calls `body` with about where the second step will read what stands behind each stored column:
  /// the others are numbers between them, lines apart.
  @inline(__always)
  func forEachGap(_ body: (Int) -> Void) {
    if isLone { return }
    var offset = columnsOffset
    @inline(__always)
    func pass(_ column: UInt32, _ rows: Int) {
      let code = columnsWord >> column & 7
      if code == 0 {
        offset &+= 1
      } else {
        offset &+= rows &<< Int(truncatingIfNeeded: code &- 1)
        body(offset)
      }
    }
    pass(Columns.idLengths, aggregateCount)
    pass(Columns.firstVersions, aggregateCount)
    if hasAggregates {
      pass(Columns.aggregates, eventCount)
      pass(Columns.versionOffsets, eventCount)
    }
    pass(Columns.types, eventCount)
    pass(Columns.payloadLengths, eventCount)
    if hasTimes { pass(Columns.times, eventCount) }
    pass(Columns.appendLengths, appendCount)
    if hasPositions { pass(Columns.positions, eventCount) }
  }

  @inline(__always)
  private mutating func decodeSections(_ reader: inout ColumnReader, _ word: UInt32) -> Bool {
    if word & Columns.hasExtras != 0 {
      extrasOffset = reader.skip(reader.count(maximum: byteCount))
      extrasEnd = reader.offset
    }
    if word & Columns.hasKeys != 0 {
      keysOffset = reader.skip(reader.count(maximum: byteCount))
      keysEnd = reader.offset
    }
    // Ids come last before the payloads; their lengths are summed when the frame is verified, and
    // the total stands here so that the payloads are found without it.
    idsOffset = reader.skip(reader.count(maximum: byteCount))
    payloadsOffset = reader.offset
    return reader.isWhole && payloadsOffset <= payloadsEnd
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
