/// Makes a frame of the first appends of another one, where a copy ends between them.
enum FramePrefix {
  /// How many appends of `frame` end at or before `position`, and how many events they have.
  static func appends(
    of frame: EventsFrame,
    through position: UInt64,
    _ bytes: Span<UInt8>
  ) -> (appends: Int, events: Int) {
    var events = 0
    for append in 0..<frame.appendCount {
      let next = events + Int(frame.appendLengths.value(append, in: bytes))
      if frame.position(next - 1, bytes) > position { return (append, events) }
      events = next
    }
    return (frame.appendCount, events)
  }

  /// The bytes of a frame that stands at `offset` and holds the first `appends` appends of `frame`,
  /// which are its first `events` events; nil if the frame cannot be taken apart.
  ///
  /// Columns, ids, payloads and extras are taken over as they are; everything before the frame
  /// counts as durable.
  static func encode(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    appends: Int,
    events: Int,
    at offset: Int,
    _ base: SegmentBase,
    _ checksum: FrameChecksum
  ) -> ByteBuffer? {
    guard !frame.isLone, appends > 0, events > 0 else { return nil }
    var rows = frame.aggregateCount == 1 ? 1 : events
    if frame.hasAggregates {
      rows = 0
      for event in 0..<events { rows = max(rows, frame.aggregateIndex(event, bytes) + 1) }
      // Rows are in the order of their first events, and so all have one; else they stay.
      if rows > events { return nil }
    }
    var buffer = ByteBuffer(capacity: frame.byteCount)
    buffer.append(UInt64(0))
    buffer.append(UInt8(0))
    buffer.appendVarint(frame.firstPosition - base.position)
    buffer.appendZigzag(frame.time &- base.time)
    buffer.appendVarint(UInt64(events))
    buffer.appendVarint(UInt64(rows))
    buffer.appendVarint(UInt64(appends))
    let wordOffset = buffer.count
    var word: UInt32 = 0
    buffer.append(word)
    typealias Columns = EventsFrame.Columns
    word |= add(frame.idLengths, Columns.idLengths, rows, bytes, &buffer)
    word |= add(frame.firstVersions, Columns.firstVersions, rows, bytes, &buffer)
    if frame.hasAggregates {
      word |= Columns.hasAggregates
      word |= add(frame.aggregates, Columns.aggregates, events, bytes, &buffer)
      word |= add(frame.versionOffsets, Columns.versionOffsets, events, bytes, &buffer)
    }
    word |= add(frame.types, Columns.types, events, bytes, &buffer)
    word |= add(frame.payloadLengths, Columns.payloadLengths, events, bytes, &buffer)
    if frame.hasTimes {
      word |= Columns.hasTimes
      word |= add(frame.times, Columns.times, events, bytes, &buffer)
    }
    word |= add(frame.appendLengths, Columns.appendLengths, appends, bytes, &buffer)
    if frame.hasPositions {
      word |= Columns.hasPositions
      word |= add(frame.positions, Columns.positions, events, bytes, &buffer)
    }
    if frame.extrasEnd != 0 {
      guard let extras = extras(frame, bytes, events) else { return nil }
      word |= Columns.hasExtras
      buffer.appendVarint(UInt64(extras.count))
      buffer.append(extras)
    }
    if frame.keysEnd != 0 {
      guard let keys = keys(frame, bytes, appends) else { return nil }
      if keys.count > 0 {
        word |= Columns.hasKeys
        buffer.appendVarint(UInt64(keys.count))
        buffer.append(keys)
      }
    }
    buffer.store(word, at: wordOffset)
    let idBytes = Int(frame.idLengths.sum(rows, in: bytes))
    buffer.appendVarint(UInt64(idBytes))
    buffer.append(bytes.extracting(frame.idsOffset..<frame.idsOffset + idBytes))
    let payloadEnd = frame.payloadOffset(events, bytes)
    buffer.append(bytes.extracting(frame.payloadsOffset..<payloadEnd))
    buffer.endFrame(from: 0, .events, flags: EventsFrame.Flags.durableBefore)
    buffer.sealFrame(from: 0, at: offset, checksum)
    return buffer
  }

  /// Appends the first `rows` values of a column, and returns its bits of the columns word.
  private static func add(
    _ column: Column,
    _ shift: UInt32,
    _ rows: Int,
    _ bytes: Span<UInt8>,
    _ buffer: inout ByteBuffer
  ) -> UInt32 {
    if column.width == .constant {
      buffer.appendVarint(column.constant)
    } else {
      let start = column.offset
      buffer.append(bytes.extracting(start..<start + rows * column.width.byteCount))
    }
    return UInt32(column.width.rawValue) << shift
  }

  private static func extras(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ events: Int
  ) -> ByteBuffer? {
    var extras = FrameExtras()
    guard extras.decode(frame, bytes) else { return nil }
    var buffer = ByteBuffer(capacity: 256)
    for event in 0..<events { buffer.append(bytes[frame.extrasOffset + event]) }
    let places = extras.places
    for place in places.prefix(events) where place.idOffset >= 0 {
      buffer.append(bytes.extracting(place.idOffset..<place.idOffset + 16))
    }
    buffer.appendVarint(UInt64(extras.tags.count))
    for tag in extras.tags {
      buffer.appendVarint(UInt64(tag.count))
      buffer.append(bytes.extracting(tag.offset..<tag.offset + tag.count))
    }
    for (event, place) in places.prefix(events).enumerated() {
      let flags = bytes[frame.extrasOffset + event]
      if flags & FrameExtras.Flags.tags != 0 {
        buffer.appendVarint(UInt64(place.tagCount))
        var reader = ByteReader(bytes, at: place.tagsOffset)
        for _ in 0..<place.tagCount {
          guard let row = reader.readVarint() else { return nil }
          buffer.appendVarint(row)
        }
      }
      if flags & FrameExtras.Flags.metadata != 0 {
        buffer.appendVarint(UInt64(place.metadataCount))
        let start = place.metadataOffset
        buffer.append(bytes.extracting(start..<start + place.metadataCount))
      }
    }
    return buffer
  }

  private static func keys(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ appends: Int
  ) -> ByteBuffer? {
    guard let all = frame.keys(bytes) else { return nil }
    let kept = all.filter { $0.append < appends }
    var buffer = ByteBuffer(capacity: 256)
    if kept.isEmpty { return buffer }
    buffer.appendVarint(UInt64(kept.count))
    for key in kept {
      buffer.appendVarint(UInt64(key.append))
      buffer.appendVarint(UInt64(key.count))
      buffer.append(bytes.extracting(key.offset..<key.offset + key.count))
      buffer.append(key.digest.low)
      buffer.append(key.digest.high)
      buffer.appendVarint(key.sequence)
      buffer.appendZigzag(key.time &- frame.time)
    }
    return buffer
  }
}
