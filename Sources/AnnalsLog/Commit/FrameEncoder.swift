/// Turns a commit group into an events frame.
///
/// Specified in `Format.md`, section "Events frame". The frame is made in two parts, written by one
/// call: everything before the payloads, made here, and the payloads as the group collected them,
/// which are handed over: the rest of the group is only read, and may be by others meanwhile.
package struct FrameEncoder: ~Copyable {
  /// Everything before the payloads.
  package var head = ByteBuffer(capacity: 8192)
  /// The payloads of the group, and what is to be written behind them.
  package var payloads = ByteBuffer(capacity: 64 << 10)
  private var tagRows: [UInt32] = []
  private var tagTable: [BatchContents.Tag] = []
  private var section = ByteBuffer(capacity: 256)

  package init() {}

  /// Takes over the payloads of a group, for those of the one before.
  package mutating func take(_ group: inout GroupContents) {
    payloads.removeAll()
    swap(&payloads, &group.payloads)
  }

  /// Appends the frame of `group`, whose payloads were taken over, to `head`, and its padding to
  /// the payloads.
  ///
  /// - Parameters:
  ///   - offset: where in the segment the frame will stand.
  ///   - now: the time of events that take the clock's.
  /// - Returns: the frame's length.
  package mutating func encode(
    _ group: borrowing GroupContents,
    at offset: Int,
    undurableUnits: Int,
    base: SegmentBase,
    now: Int64,
    _ checksum: FrameChecksum
  ) -> (byteCount: Int, checksum: UInt32) {
    let start = head.count
    let time = group.events[0].time == BatchContents.timeUnset ? now : group.events[0].time
    let isLone =
      group.events.count == 1 && group.extras.isEmpty && group.keys.isEmpty
      && group.aggregates.count == 1
    head.append(UInt64(0))
    head.append(UInt8(0))
    head.appendVarint(group.firstPosition - base.position)
    head.appendZigzag(time &- base.time)
    if undurableUnits != 0 { head.appendVarint(UInt64(undurableUnits)) }
    if isLone { encodeLone(group) } else { encodeColumns(group, time: time, now: now) }

    let unpadded = head.count - start + payloads.count
    let padding = -unpadded & (FrameHeader.unit - 1)
    payloads.appendZeros(padding)
    let byteCount = unpadded + padding
    var flags = UInt8(padding)
    if undurableUnits == 0 { flags |= EventsFrame.Flags.durableBefore }
    if isLone { flags |= EventsFrame.Flags.lone }
    head.store(flags, at: start + FrameHeader.Layout.byteCount)
    head.store(
      FrameHeader.lengthAndKind(byteCount, .events),
      at: start + FrameHeader.Layout.lengthAndKind.lowerBound
    )
    let bodyStart = start + FrameHeader.checkedStart
    let partial = head.checksum(from: bodyStart, continuing: checksum.seed(offset))
    let sum = payloads.checksum(continuing: partial)
    head.store(sum, at: start)
    return (byteCount, sum)
  }

  private mutating func encodeLone(_ group: borrowing GroupContents) {
    let aggregate = group.aggregates[0]
    head.appendVarint(UInt64(aggregate.idCount))
    head.appendVarint(aggregate.firstVersion)
    head.appendVarint(UInt64(group.events[0].type))
    head.append(group.ids)
  }
}

// MARK: The general form

extension FrameEncoder {
  private mutating func encodeColumns(_ group: borrowing GroupContents, time: Int64, now: Int64) {
    let events = group.events.count
    let rows = group.aggregates.count
    let hasPositions = !group.positions.isEmpty
    let hasAggregates = rows > 1 && rows < events || hasPositions
    head.appendVarint(UInt64(events))
    head.appendVarint(UInt64(rows))
    head.appendVarint(UInt64(group.appendCounts.count))
    let wordOffset = head.count
    head.append(UInt32(0))
    var word: UInt32 = 0
    typealias Columns = EventsFrame.Columns

    word |= column(Columns.idLengths, group.aggregates.span) { UInt64($0.idCount) }
    word |= column(Columns.firstVersions, group.aggregates.span) { $0.firstVersion }
    let all = group.events.span
    if hasAggregates {
      word |= Columns.hasAggregates
      word |= column(Columns.aggregates, all) { UInt64($0.aggregate) }
      word |= column(Columns.versionOffsets, all) { UInt64($0.versionOffset) }
    }
    // A frame holds at least a byte for each event, so that what it can claim is bounded by its
    // size: without payloads, that byte is the type's.
    word |= column(Columns.types, all, isStored: payloads.count < events) { UInt64($0.type) }
    word |= column(Columns.payloadLengths, all) { UInt64($0.payloadCount) }
    @inline(__always)
    func delta(_ event: GroupContents.Event) -> UInt64 {
      Zigzag.encode((event.time == BatchContents.timeUnset ? now : event.time) &- time)
    }
    for index in all.indices where delta(all[index]) != 0 {
      word |= Columns.hasTimes
      word |= column(Columns.times, all) { delta($0) }
      break
    }
    word |= column(Columns.appendLengths, group.appendCounts.span) { UInt64($0) }
    if hasPositions {
      word |= Columns.hasPositions
      word |= column(Columns.positions, group.positions.span) { $0 }
    }
    if !group.extras.isEmpty {
      word |= Columns.hasExtras
      encodeExtras(group)
    }
    if !group.keys.isEmpty {
      word |= Columns.hasKeys
      encodeKeys(group, time: time)
    }
    head.store(word, at: wordOffset)
    head.appendVarint(UInt64(group.ids.count))
    head.append(group.ids)
  }

  /// Appends a column and returns its bits of the columns word.
  @inline(__always)
  private mutating func column<Row: BitwiseCopyable>(
    _ shift: UInt32,
    _ rows: Span<Row>,
    isStored: Bool = false,
    _ value: (Row) -> UInt64
  ) -> UInt32 {
    UInt32(head.appendColumn(rows, isStored: isStored, value).rawValue) << shift
  }

  private mutating func encodeExtras(_ group: borrowing GroupContents) {
    section.removeAll()
    for event in group.events {
      var flags: UInt8 = 0
      if event.extras >= 0 {
        let extras = group.extras[Int(event.extras)]
        if extras.id != nil { flags |= FrameExtras.Flags.id }
        if extras.tagCount > 0 { flags |= FrameExtras.Flags.tags }
        if extras.metadataCount > 0 { flags |= FrameExtras.Flags.metadata }
      }
      section.append(flags)
    }
    for event in group.events where event.extras >= 0 {
      if let id = group.extras[Int(event.extras)].id {
        section.append(id.low)
        section.append(id.high)
      }
    }
    makeTagTable(group)
    section.appendVarint(UInt64(tagTable.count))
    for tag in tagTable {
      section.appendVarint(UInt64(tag.count))
      section.append(group.texts, Self.range(tag))
    }
    for event in group.events where event.extras >= 0 {
      let extras = group.extras[Int(event.extras)]
      if extras.tagCount > 0 {
        section.appendVarint(UInt64(extras.tagCount))
        for tag in Int(extras.firstTag)..<Int(extras.firstTag + extras.tagCount) {
          section.appendVarint(UInt64(tagRows[tag]))
        }
      }
      if extras.metadataCount > 0 {
        section.appendVarint(UInt64(extras.metadataCount))
        let start = Int(extras.metadataOffset)
        section.append(group.texts, start..<start + Int(extras.metadataCount))
      }
    }
    head.appendVarint(UInt64(section.count))
    head.append(section)
  }

  /// Gives each use of a tag the row of the first use of the same text.
  private mutating func makeTagTable(_ group: borrowing GroupContents) {
    let texts = group.texts.bytes.array
    tagRows.removeAll(keepingCapacity: true)
    tagTable.removeAll(keepingCapacity: true)
    var rows: [Int: [UInt32]] = [:]
    for tag in group.tags {
      let text = texts.span.extracting(Self.range(tag))
      let sum = Int(CRC32C.checksum(text))
      var found: UInt32?
      for row in rows[sum] ?? []
      where texts.span.extracting(Self.range(tagTable[Int(row)])).equals(text) {
        found = row
      }
      if let found {
        tagRows.append(found)
      } else {
        rows[sum, default: []].append(UInt32(tagTable.count))
        tagRows.append(UInt32(tagTable.count))
        tagTable.append(tag)
      }
    }
  }

  private mutating func encodeKeys(_ group: borrowing GroupContents, time: Int64) {
    section.removeAll()
    section.appendVarint(UInt64(group.keys.count))
    for key in group.keys {
      section.appendVarint(UInt64(key.append))
      section.appendVarint(UInt64(key.count))
      let start = Int(key.offset)
      section.append(group.texts, start..<start + Int(key.count))
      section.append(key.digest.low)
      section.append(key.digest.high)
      section.appendVarint(key.sequence)
      section.appendZigzag(key.time &- time)
    }
    head.appendVarint(UInt64(section.count))
    head.append(section)
  }

  private static func range(_ tag: BatchContents.Tag) -> Range<Int> {
    Int(tag.offset)..<Int(tag.offset + tag.count)
  }
}
