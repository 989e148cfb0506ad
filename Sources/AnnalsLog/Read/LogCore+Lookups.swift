extension LogCore {
  /// The first event behind `after` and up to `through` that the query matches.
  package func firstMatch(
    _ query: Query,
    after: UInt64,
    through: UInt64
  ) throws(LogError) -> UInt64? {
    if after >= through { return nil }
    // A tag whose newest event is not behind `after` rules its alternative out.
    var items: [Query.Item] = []
    for item in query.items {
      var isRuledOut = false
      for tag in item.tags where try newestPosition(ofTag: tag) <= after { isRuledOut = true }
      if !isRuledOut { items.append(item) }
    }
    if items.isEmpty, !query.items.isEmpty { return nil }
    var request = ReadRequest.matching(Query(items), after: Position(after))
    request.until = through
    request.visibility = .written
    request.limit = 1
    var cursor = try EventCursor(self, request)
    guard let event = try cursor.next() else { return nil }
    return event.position.rawValue
  }

  /// The position of the newest event with a tag, admitted ones included; 0 if there is none.
  private func newestPosition(ofTag tag: String) throws(LogError) -> UInt64 {
    let hash = hasher.hash(tag.utf8Span.span, .tag)
    let known = index.withState { state in
      state.knownSlot(hash).map { state.table[$0].version }
    }
    if let known { return known }
    return try newestInFooters(hash)?.version ?? 0
  }

  /// The newest version of an aggregate, if that is not newer than the position; and whether where
  /// it stands is what tells so, or only that the index does not know the aggregate.
  package func settledVersion(
    of id: Span<UInt8>,
    through: UInt64
  ) throws(LogError) -> (version: UInt64, isPlaced: Bool)? {
    let hash = hasher.hash(id, .aggregate)
    let known = index.withState { state -> (version: UInt64, position: UInt64)? in
      guard let slot = state.knownSlot(hash) else { return nil }
      let key = state.table[slot]
      return (key.version, state.newestPosition(key) ?? 0)
    }
    // Where the tail is damaged, newer events of the aggregate may be what is lost.
    for damage in damages {
      guard let lost = damage.positions else { continue }
      if lost.first.rawValue > known?.position ?? 0, lost.first.rawValue <= through {
        throw .corrupt(damage)
      }
    }
    guard let known else { return (try newestInFooters(hash)?.version ?? 0, false) }
    return known.position <= through ? (known.version, known.position > 0) : nil
  }

  /// The version of an aggregate at what is written.
  package func version(of id: Span<UInt8>, through: UInt64) throws(LogError) -> UInt64 {
    if let settled = try settledVersion(of: id, through: through) { return settled.version }
    let hash = hasher.hash(id, .aggregate)
    // The newest events are not visible yet: look at those that are.
    var request = ReadRequest.aggregate(AggregateID(id.text))
    request.isReversed = true
    request.limit = 1
    request.visibility = durableThrough == through ? .durable : .written
    request.ignoresRetention = true
    var cursor = try EventCursor(self, request)
    let found = try cursor.next()?.version.rawValue ?? 0
    // Where compaction removed events, footers still tell the version.
    return max(found, retention.record == 0 ? 0 : try newestInFooters(hash)?.version ?? 0)
  }

  /// What the append that used an idempotency key did.
  package struct KeyUse: Sendable {
    package var digest: KeyHash
    package var time: Int64
    package var firstPosition: UInt64
    package var lastPosition: UInt64
    /// The last version the append gave to each of its aggregates.
    package var versions: [AggregateID: UInt64]
  }

  /// The use of `key` that has the number `sequence`; nil if the log no longer holds it.
  package func findKey(
    _ hash: KeyHash,
    _ key: [UInt8],
    sequence: UInt64
  ) throws(LogError) -> KeyUse? {
    let view = currentView
    var found = Postings()
    try findPostings(hash, view, into: &found)
    guard let newest = found.parts.first, let last = newest.places.last else { return nil }
    let position = newest.segment.base.position + UInt64(found.ordinals[last])
    let offset = try locate(position, in: newest.segment)
    let header = try newest.segment.frame(at: offset, limit: newest.segment.mapping.count)
    let content = FrameContent()
    guard let frame = content.events(newest.segment, at: offset, header) else { return nil }
    let bytes = content.bytes
    for found in frame.keys(bytes) ?? [] where found.sequence == sequence {
      guard bytes.extracting(found.offset..<found.offset + found.count).equals(key.span) else {
        continue
      }
      let events = frame.events(ofAppend: found.append, bytes)
      var versions: [AggregateID: UInt64] = [:]
      for index in events {
        let row = frame.aggregateIndex(index, bytes)
        let start = frame.idOffset(row, bytes)
        let id = bytes.extracting(start..<start + Int(frame.idLengths.value(row, in: bytes)))
        versions[AggregateID(id.text)] = frame.version(index, aggregate: row, bytes)
      }
      return KeyUse(
        digest: found.digest,
        time: found.time,
        firstPosition: frame.position(events.lowerBound, bytes),
        lastPosition: frame.position(events.upperBound - 1, bytes),
        versions: versions
      )
    }
    return nil
  }
}
