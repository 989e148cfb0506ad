import AnnalsLog

/// An events frame as values, with an encoder of its own: written from the specification, and not
/// from the engine's code, so that the two check each other.
struct FrameDraft {
  struct Event: Equatable {
    var aggregate: String
    var version: UInt64
    var type: UInt64 = 1
    /// Less the frame's.
    var time: Int64 = 0
    var payload: String
    var id: [UInt8]?
    var tags: [String] = []
    var metadata: [Metadata.Pair] = []
  }

  struct Key: Equatable {
    var append: Int
    var key: String
    var digest: KeyHash
    var sequence: UInt64
    var time: Int64
  }

  /// Less the segment's base.
  var position: UInt64 = 0
  /// Less the segment's base.
  var time: Int64 = 0
  /// Units before the frame that are not durable.
  var distance: UInt64 = 0
  var isLone = false
  var events: [Event]
  var appends: [Int]
  /// Less the first; nil for a frame without gaps.
  var positions: [UInt64]?
  var keys: [Key] = []

  /// The frame's bytes at `offset` under `salt`.
  func encode(at offset: Int, salt: UInt32) -> [UInt8] {
    var body = ByteBuffer()
    body.appendVarint(position)
    body.appendZigzag(time)
    if distance > 0 { body.appendVarint(distance) }
    if isLone { encodeLone(&body) } else { encodeGeneral(&body) }
    var flags: UInt8 = distance == 0 ? 8 : 0
    if isLone { flags |= 16 }
    return Self.frame(kind: 1, flags: flags, body.bytes.array, at: offset, salt: salt)
  }

  /// A frame of any kind, padded and with its checksum.
  static func frame(
    kind: UInt32,
    flags: UInt8,
    _ body: [UInt8],
    at offset: Int,
    salt: UInt32
  ) -> [UInt8] {
    let padding = (8 - (9 + body.count) % 8) % 8
    var rest = ByteBuffer()
    rest.append(UInt32((9 + body.count + padding) / 8) | kind << 28)
    rest.append(flags | UInt8(padding))
    rest.append(body.span)
    rest.appendZeros(padding)
    return seal(rest.bytes.array, at: offset, salt: salt)
  }

  /// Puts the checksum before what it covers.
  static func seal(_ rest: [UInt8], at offset: Int, salt: UInt32) -> [UInt8] {
    let seed = salt ^ (UInt32(offset / 8) &* 0x9e37_79b1)
    var frame = ByteBuffer()
    frame.append(CRC32C.checksum(rest.span, continuing: seed))
    frame.append(rest.span)
    return frame.bytes.array
  }

  private func encodeLone(_ body: inout ByteBuffer) {
    let event = events[0]
    body.appendVarint(UInt64(event.aggregate.utf8.count))
    body.appendVarint(event.version)
    body.appendVarint(event.type)
    body.append(Array(event.aggregate.utf8).span)
    body.append(Array(event.payload.utf8).span)
  }

  private func encodeGeneral(_ body: inout ByteBuffer) {
    var ids: [String] = []
    for event in events where !ids.contains(event.aggregate) { ids.append(event.aggregate) }
    let firsts = ids.map { id in events.first { $0.aggregate == id }?.version ?? 0 }
    let rows = events.map { UInt64(ids.firstIndex(of: $0.aggregate) ?? 0) }
    let isMixed = positions != nil || (ids.count > 1 && ids.count < events.count)
    let isTimed = events.contains { $0.time != 0 }
    let hasExtras = events.contains { $0.id != nil || !$0.tags.isEmpty || !$0.metadata.isEmpty }
    var word: UInt32 = 0
    var columns = ByteBuffer()
    func column(_ shift: UInt32, _ values: [UInt64], isPresent: Bool = true) {
      guard isPresent else { return }
      let greatest = values.max() ?? 0
      if values.allSatisfy({ $0 == values[0] }) {
        columns.appendVarint(values[0])
        return
      }
      let code: UInt32 =
        greatest < 1 << 8 ? 1 : greatest < 1 << 16 ? 2 : greatest < 1 << 32 ? 3 : 4
      word |= code << shift
      for value in values {
        for byte in 0..<(1 << (code - 1)) { columns.append(UInt8(value >> (8 * byte) & 0xff)) }
      }
    }
    column(0, ids.map { UInt64($0.utf8.count) })
    column(3, firsts)
    column(6, rows, isPresent: isMixed)
    let offsets = zip(events, rows).map { $0.version - firsts[Int($1)] }
    column(9, offsets, isPresent: isMixed)
    column(12, events.map(\.type))
    column(15, events.map { UInt64($0.payload.utf8.count) })
    let zigzag = events.map { UInt64(bitPattern: ($0.time << 1) ^ ($0.time >> 63)) }
    column(18, zigzag, isPresent: isTimed)
    column(21, appends.map { UInt64($0) })
    column(24, positions ?? [], isPresent: positions != nil)
    let presence = [isMixed, isTimed, positions != nil, hasExtras, !keys.isEmpty]
    for (bit, isPresent) in presence.enumerated() where isPresent { word |= 1 << (27 + bit) }

    for count in [events.count, ids.count, appends.count] { body.appendVarint(UInt64(count)) }
    body.append(word)
    body.append(columns.bytes)
    if hasExtras { Self.section(encodeExtras(), into: &body) }
    if !keys.isEmpty { Self.section(encodeKeys(), into: &body) }
    Self.section(Array(ids.joined().utf8), into: &body)
    body.append(Array(events.map(\.payload).joined().utf8).span)
  }

  private static func section(_ bytes: [UInt8], into body: inout ByteBuffer) {
    body.appendVarint(UInt64(bytes.count))
    body.append(bytes.span)
  }

  private func encodeExtras() -> [UInt8] {
    var bytes = ByteBuffer()
    for event in events {
      bytes.append(
        UInt8(
          (event.id == nil ? 0 : 1) + (event.tags.isEmpty ? 0 : 2)
            + (event.metadata.isEmpty ? 0 : 4)
        )
      )
    }
    for id in events.compactMap(\.id) { bytes.append(id.span) }
    var table: [String] = []
    for tag in events.flatMap(\.tags) where !table.contains(tag) { table.append(tag) }
    bytes.appendVarint(UInt64(table.count))
    for tag in table { Self.section(Array(tag.utf8), into: &bytes) }
    for event in events {
      if !event.tags.isEmpty {
        bytes.appendVarint(UInt64(event.tags.count))
        for tag in event.tags { bytes.appendVarint(UInt64(table.firstIndex(of: tag) ?? 0)) }
      }
      guard !event.metadata.isEmpty else { continue }
      var pairs = ByteBuffer()
      for pair in event.metadata {
        Self.section(Array(pair.name.utf8), into: &pairs)
        Self.section(Array(pair.value.utf8), into: &pairs)
      }
      Self.section(pairs.bytes.array, into: &bytes)
    }
    return bytes.bytes.array
  }

  private func encodeKeys() -> [UInt8] {
    var bytes = ByteBuffer()
    bytes.appendVarint(UInt64(keys.count))
    for key in keys {
      bytes.appendVarint(UInt64(key.append))
      Self.section(Array(key.key.utf8), into: &bytes)
      bytes.append(key.digest.low)
      bytes.append(key.digest.high)
      bytes.appendVarint(key.sequence)
      bytes.appendZigzag(key.time)
    }
    return bytes.bytes.array
  }
}

extension FrameDraft {
  /// Reads a frame back with the engine's decoder; nil where it is malformed.
  static func decode(_ bytes: [UInt8], at start: Int, _ base: SegmentBase) -> FrameDraft? {
    let span = bytes.span
    guard case .frame(let header) = FrameHeader.probe(span, at: start, limit: span.count),
      header.knownKind == .events,
      let frame = EventsFrame.decode(span, at: start, byteCount: header.byteCount, base),
      frame.isConsistent(span), let found = frame.keys(span)
    else { return nil }
    var extras = FrameExtras()
    guard extras.decode(frame, span) else { return nil }
    var draft = FrameDraft(events: [], appends: [])
    draft.position = frame.firstPosition - base.position
    draft.time = frame.time &- base.time
    draft.distance = frame.undurableUnits
    draft.isLone = frame.isLone
    for index in 0..<frame.eventCount {
      draft.events.append(event(index, frame, extras, span))
    }
    draft.appends = (0..<frame.appendCount).map { frame.events(ofAppend: $0, span).count }
    if frame.hasPositions {
      draft.positions = (0..<frame.eventCount).map {
        frame.position($0, span) - frame.firstPosition
      }
    }
    for key in found {
      draft.keys.append(
        Key(
          append: key.append,
          key: text(key.offset, key.count, span),
          digest: key.digest,
          sequence: key.sequence,
          time: key.time &- frame.time
        )
      )
    }
    return draft
  }

  private static func text(_ offset: Int, _ count: Int, _ span: Span<UInt8>) -> String {
    span.extracting(offset..<offset + count).text
  }

  private static func event(
    _ index: Int,
    _ frame: EventsFrame,
    _ extras: FrameExtras,
    _ span: Span<UInt8>
  ) -> Event {
    let row = frame.aggregateIndex(index, span)
    var event = Event(
      aggregate: text(
        frame.idOffset(row, span),
        Int(frame.idLengths.value(row, in: span)),
        span
      ),
      version: frame.version(index, aggregate: row, span),
      type: frame.types.value(index, in: span),
      time: frame.time(index, span) &- frame.time,
      payload: text(
        frame.payloadOffset(index, span),
        Int(frame.payloadLengths.value(index, in: span)),
        span
      )
    )
    guard index < extras.places.count else { return event }
    let place = extras.places[index]
    if place.idOffset >= 0 {
      event.id = span.extracting(place.idOffset..<place.idOffset + 16).array
    }
    var reader = ByteReader(span, at: place.tagsOffset)
    for _ in 0..<place.tagCount {
      let tag = extras.tags[reader.readCount(maximum: extras.tags.count - 1) ?? 0]
      event.tags.append(text(tag.offset, tag.count, span))
    }
    let metadata = place.metadataOffset..<place.metadataOffset + place.metadataCount
    event.metadata = Metadata.decode(span.extracting(metadata))?.pairs ?? []
    return event
  }
}

extension FrameDraft: Equatable {}
