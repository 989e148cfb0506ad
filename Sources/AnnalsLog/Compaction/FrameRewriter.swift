/// Makes frames of a rewritten segment out of those of the segments it replaces.
struct FrameRewriter: ~Copyable {
  private var encoder = FrameEncoder()
  private var contents = GroupContents()
  private var extras = FrameExtras()
  private var rows: [UInt32] = []
  /// The rows of the aggregates of all frames that were gathered, by a checksum of their ids.
  private var known: [UInt32: [UInt32]] = [:]

  init() {}

  /// About how many bytes were gathered; 0 only if no event was.
  var gatheredBytes: Int {
    contents.payloads.count + contents.ids.count + contents.texts.count
      + contents.events.count * 16
  }

  /// Appends one frame of what was gathered.
  ///
  /// - Parameter offset: where in the new segment it will stand.
  /// - Returns: its checksum; nil if nothing was.
  mutating func end(
    at offset: Int,
    _ base: SegmentBase,
    _ checksum: FrameChecksum,
    to output: inout ByteBuffer
  ) -> UInt32? {
    if contents.events.isEmpty { return nil }
    defer {
      contents.removeAll()
      known.removeAll(keepingCapacity: true)
    }
    contents.dropGaplessPositions()
    encoder.head.removeAll()
    encoder.take(&contents)
    let made = encoder.encode(
      contents,
      at: offset,
      undurableUnits: 0,
      base: base,
      now: 0,
      checksum
    )
    output.append(encoder.head)
    output.append(encoder.payloads)
    return made.checksum
  }

  /// Takes the events that stay behind those that were taken before.
  ///
  /// - Parameter verdicts: one for each event; none if all stay.
  mutating func gather(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ verdicts: [EventJudge.Verdict]
  ) {
    _ = extras.decode(frame, bytes)
    rows.removeAll(keepingCapacity: true)
    for _ in 0..<frame.aggregateCount { rows.append(.max) }
    var appends: [Int] = []
    var payload = frame.payloadsOffset
    var index = 0
    for append in 0..<frame.appendCount {
      let count = Int(frame.appendLengths.value(append, in: bytes))
      var kept: UInt32 = 0
      for _ in 0..<count {
        let length = Int(truncatingIfNeeded: frame.payloadLengths.value(index, in: bytes))
        let verdict = verdicts.isEmpty ? .keep : verdicts[index]
        if take(frame, bytes, index, payload..<payload + length, verdict) { kept += 1 }
        payload += length
        index += 1
      }
      appends.append(kept == 0 ? -1 : contents.appendCounts.count)
      if kept > 0 { contents.appendCounts.append(kept) }
    }
    takeKeys(frame, bytes, appends)
  }

  private mutating func take(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ index: Int,
    _ payload: Range<Int>,
    _ verdict: EventJudge.Verdict
  ) -> Bool {
    var keepsPayload = true
    var keepsExtras = true
    switch verdict {
    case .remove: return false
    case .redact: keepsPayload = false
    case .empty:
      keepsPayload = false
      keepsExtras = false
    case .keep, .hold: break
    }
    let row = frame.aggregateIndex(index, bytes)
    let version = frame.version(index, aggregate: row, bytes)
    if rows[row] == .max { rows[row] = self.row(frame, bytes, row, version) }
    let position = frame.position(index, bytes)
    if contents.events.isEmpty { contents.firstPosition = position }
    contents.positions.append(position - contents.firstPosition)
    contents.events.append(
      GroupContents.Event(
        aggregate: rows[row],
        versionOffset: UInt32(
          truncatingIfNeeded: version - contents.aggregates[Int(rows[row])].firstVersion
        ),
        type: UInt32(truncatingIfNeeded: frame.types.value(index, in: bytes)),
        payloadCount: keepsPayload ? UInt32(payload.count) : 0,
        extras: keepsExtras ? takeExtras(index, bytes) : -1,
        time: frame.time(index, bytes)
      )
    )
    if keepsPayload { contents.payloads.append(bytes.extracting(payload)) }
    return true
  }

  /// The row of an aggregate among what was gathered.
  private mutating func row(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ row: Int,
    _ version: UInt64
  ) -> UInt32 {
    let start = frame.idOffset(row, bytes)
    let id = bytes.extracting(start..<start + Int(frame.idLengths.value(row, in: bytes)))
    let sum = CRC32C.checksum(id)
    for row in known[sum] ?? [] {
      let aggregate = contents.aggregates[Int(row)]
      let range = Int(aggregate.idOffset)..<Int(aggregate.idOffset + aggregate.idCount)
      if contents.ids.equals(id, in: range) { return row }
    }
    let made = UInt32(contents.aggregates.count)
    contents.aggregates.append(
      GroupContents.Aggregate(
        hash: KeyHash(high: 0, low: 0),
        idOffset: UInt32(contents.ids.count),
        idCount: UInt32(id.count),
        firstVersion: version
      )
    )
    contents.ids.append(id)
    known[sum, default: []].append(made)
    return made
  }

  private mutating func takeExtras(_ index: Int, _ bytes: Span<UInt8>) -> Int32 {
    guard index < extras.places.count else { return -1 }
    let place = extras.places[index]
    if place.idOffset < 0, place.tagCount == 0, place.metadataCount == 0 { return -1 }
    var taken = BatchContents.Extras(
      id: nil,
      firstTag: Int32(contents.tags.count),
      tagCount: Int32(place.tagCount),
      metadataOffset: 0,
      metadataCount: Int32(place.metadataCount)
    )
    if place.idOffset >= 0 {
      taken.id = EventID(
        low: bytes.load(UInt64.self, at: place.idOffset),
        high: bytes.load(UInt64.self, at: place.idOffset + 8)
      )
    }
    var reader = ByteReader(bytes, at: place.tagsOffset)
    for _ in 0..<place.tagCount {
      guard let row = reader.readCount(maximum: extras.tags.count - 1) else { break }
      let tag = extras.tags[row]
      contents.tags.append(
        BatchContents.Tag(offset: UInt32(contents.texts.count), count: UInt32(tag.count))
      )
      contents.texts.append(bytes.extracting(tag.offset..<tag.offset + tag.count))
    }
    taken.metadataOffset = Int32(contents.texts.count)
    let metadata = place.metadataOffset..<place.metadataOffset + place.metadataCount
    contents.texts.append(bytes.extracting(metadata))
    contents.extras.append(taken)
    return Int32(contents.extras.count - 1)
  }

  private mutating func takeKeys(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ appends: [Int]
  ) {
    for key in frame.keys(bytes) ?? [] where appends[key.append] >= 0 {
      contents.keys.append(
        GroupContents.Key(
          append: UInt32(appends[key.append]),
          offset: UInt32(contents.texts.count),
          count: UInt32(key.count),
          digest: key.digest,
          sequence: key.sequence,
          time: key.time
        )
      )
      contents.texts.append(bytes.extracting(key.offset..<key.offset + key.count))
    }
  }
}

extension FrameRewriter {
  /// Appends an events frame whose events all stay: its bytes but for what counts from the
  /// segment's base, and for the checksum.
  ///
  /// - Returns: its checksum.
  static func copy(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    at offset: Int,
    _ base: SegmentBase,
    _ checksum: FrameChecksum,
    to output: inout ByteBuffer
  ) -> UInt32 {
    var reader = ByteReader(bytes, at: frame.start + FrameHeader.Layout.byteCount)
    let flags = reader.read(UInt8.self) ?? 0
    _ = reader.readVarint()
    _ = reader.readZigzag()
    if flags & EventsFrame.Flags.durableBefore == 0 { _ = reader.readVarint() }
    let start = again(
      .events,
      frame.firstPosition,
      frame.time,
      flags: flags & ~(EventsFrame.Flags.paddingMask | EventsFrame.Flags.durableBefore),
      bytes.extracting(reader.offset..<frame.payloadsEnd),
      base,
      to: &output
    )
    return output.sealFrame(from: start, at: offset, checksum)
  }

  /// Appends a frame but for its checksum: position and time count from another base than they did,
  /// what stands behind them is `rest`, and everything before the frame is durable.
  ///
  /// - Returns: where in the output it begins.
  private static func again(
    _ kind: FrameHeader.Kind,
    _ firstPosition: UInt64,
    _ time: Int64,
    flags: UInt8,
    _ rest: Span<UInt8>,
    _ base: SegmentBase,
    to output: inout ByteBuffer
  ) -> Int {
    let start = output.count
    output.append(UInt64(0))
    output.append(UInt8(0))
    output.appendVarint(firstPosition - base.position)
    output.appendZigzag(time &- base.time)
    output.append(rest)
    output.endFrame(from: start, kind, flags: flags | EventsFrame.Flags.durableBefore)
    return start
  }

  /// Appends a control frame.
  ///
  /// - Returns: its checksum.
  static func control(
    _ subject: ControlFrame.Subject,
    nextPosition: UInt64,
    record: UInt64,
    content: borrowing ByteBuffer,
    at offset: Int,
    _ base: SegmentBase,
    _ checksum: FrameChecksum,
    to output: inout ByteBuffer
  ) -> UInt32 {
    let start = ControlFrame.encode(
      subject,
      nextPosition: nextPosition - base.position,
      record: record,
      undurableUnits: 0,
      content: content.bytes,
      into: &output
    )
    return output.sealFrame(from: start, at: offset, checksum)
  }

  /// Appends a compressed frame whose events all stay.
  ///
  /// - Returns: its checksum.
  static func copy(
    _ frame: CompressedFrame,
    _ bytes: Span<UInt8>,
    at offset: Int,
    _ base: SegmentBase,
    _ checksum: FrameChecksum,
    to output: inout ByteBuffer
  ) -> UInt32 {
    let start = again(
      .compressedEvents,
      frame.firstPosition,
      frame.time,
      flags: frame.isLone ? EventsFrame.Flags.lone : 0,
      bytes.extracting(frame.rest),
      base,
      to: &output
    )
    return output.sealFrame(from: start, at: offset, checksum)
  }
}
