/// The digest of an event's logical content: what caches keep to tell whether the event they stand
/// on is still the one that stands there.
///
/// Specified in `Format.md`, section "Event digest". It does not depend on how frames are formed.
package enum EventDigest {
  /// Appends the bytes that are hashed.
  package static func encode(_ event: borrowing EventView, into buffer: inout ByteBuffer) {
    buffer.append(event.position.rawValue)
    buffer.append(event.version.rawValue)
    buffer.append(event.time.microseconds)
    append(event.aggregateBytes, into: &buffer)
    append(event.type.utf8Span.span, into: &buffer)
    append(event.payload, into: &buffer)
    let id = event.id
    buffer.append(UInt8(id == nil ? 0 : 1))
    if let id {
      buffer.append(id.low)
      buffer.append(id.high)
    }
    let tags = event.tags
    buffer.appendVarint(UInt64(tags.count))
    for tag in tags { append(tag.utf8Span.span, into: &buffer) }
    // The pairs come last: they have no count, and end with the message.
    event.metadata.encode(into: &buffer)
  }

  private static func append(_ bytes: Span<UInt8>, into buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(bytes.count))
    buffer.append(bytes)
  }

  /// The digest of `event`.
  package static func digest(_ event: borrowing EventView, _ hasher: KeyHasher) -> KeyHash {
    var buffer = ByteBuffer(capacity: event.payload.count + 256)
    encode(event, into: &buffer)
    return buffer.hash(0..<buffer.count, .event, hasher)
  }
}

extension EventLog {
  /// The random identity of the log's history, renewed by restore and fork.
  package var historyID: StoreID { core.historyID }

  /// The digest of the event at `position`; nil if none can be seen there as it was written.
  ///
  /// Costs the reading of one frame, and a copy of the event.
  ///
  /// - Throws: what reading the event throws.
  package func eventDigest(at position: Position) throws(LogError) -> KeyHash? {
    try core.eventDigest(at: position)
  }
}

extension LogCore {
  /// The digest of the event at `position`; nil if none can be seen there as it was written.
  func eventDigest(at position: Position) throws(LogError) -> KeyHash? {
    try digest(at: position, ignoringRules: false)
  }

  /// The digest of the event at `position`, whatever rules say of it; nil if compaction has removed
  /// it.
  func storedDigest(at position: Position) throws(LogError) -> KeyHash? {
    try digest(at: position, ignoringRules: true)
  }

  private func digest(
    at position: Position,
    ignoringRules ignoresRetention: Bool
  ) throws(LogError) -> KeyHash? {
    guard position > .start else { return nil }
    var request = ReadRequest.all(after: Position(position.rawValue - 1))
    request.until = position.rawValue
    request.visibility = .written
    request.isGuarded = true
    request.ignoresRetention = ignoresRetention
    var cursor = try EventCursor(self, request)
    guard let event = try cursor.next(), !event.isRedacted else { return nil }
    return EventDigest.digest(event, hasher)
  }
}
