import AnnalsLog

/// The log as it must be: a plain list, against which the engine's answers are held.
struct ExpectedLog: Sendable {
  /// One event with its place.
  struct Event: Sendable {
    var planned: PlannedEvent
    var position: UInt64
    var version: UInt64
  }

  private(set) var appends: [PlannedAppend] = []
  private(set) var events: [Event] = []
  /// The positions of each aggregate's events.
  private(set) var aggregates: [AggregateID: [UInt64]] = [:]
  /// The positions of each tag's events.
  private(set) var tags: [String: [UInt64]] = [:]

  init(_ appends: some Sequence<PlannedAppend> = []) {
    for append in appends { add(append) }
  }

  /// The position of the last event.
  var head: UInt64 { UInt64(events.count) }

  /// Notes an append.
  mutating func add(_ append: PlannedAppend) {
    appends.append(append)
    for planned in append.events {
      let position = head + 1
      aggregates[planned.aggregate, default: []].append(position)
      for tag in planned.tags { tags[tag, default: []].append(position) }
      events.append(
        Event(
          planned: planned, position: position,
          version: UInt64(aggregates[planned.aggregate]?.count ?? 0)))
    }
  }

  /// The batch of an append that comes next; it demands the versions that are expected.
  func makeBatch(_ append: PlannedAppend) throws(LogError) -> EventBatch {
    let batch = EventBatch()
    for event in append.events where batch.count == 0 {
      let version = UInt64(aggregates[event.aggregate]?.count ?? 0)
      try batch.expect(.exactly(Version(version)), of: event.aggregate)
    }
    for event in append.events { try batch.add(event.newEvent, to: event.aggregate) }
    batch.key = append.key
    if append.hasCondition {
      batch.condition = AppendCondition(
        noEventMatching: Query(tags: ["nobody-has-this"]), after: 0)
    }
    return batch
  }

  /// How many of `appends` a log that ends at `position` holds; nil if it ends inside one.
  static func count(_ appends: [PlannedAppend], through position: UInt64) -> Int? {
    var end: UInt64 = 0
    for (index, append) in appends.enumerated() {
      if end == position { return index }
      end += UInt64(append.events.count)
    }
    return end == position ? appends.count : nil
  }
}

// MARK: Checking

extension ExpectedLog {
  /// Throws unless `log` holds exactly what is expected, whichever way it is asked.
  func check(_ log: EventLog, visibility: Durability = .written) throws {
    guard log.head(visibility).rawValue == head else {
      throw Violation("the head is \(log.head(visibility)), not \(head)")
    }
    var request = ReadRequest.all()
    request.visibility = visibility
    try check(log, request, "all", Array(1..<head + 1))
    request.isReversed = true
    try check(log, request, "all, reversed", Array((1..<head + 1).reversed()))
    for (aggregate, positions) in aggregates {
      request = .aggregate(aggregate)
      request.visibility = visibility
      try check(log, request, aggregate.text, positions)
      request.isReversed = true
      try check(log, request, "\(aggregate.text), reversed", positions.reversed())
      let version = try log.version(of: aggregate, visibility: visibility)
      guard version.rawValue == UInt64(positions.count) else {
        throw Violation("\(aggregate.text) has version \(version), not \(positions.count)")
      }
    }
    for (tag, positions) in tags {
      request = .matching(Query(tags: [tag]))
      request.visibility = visibility
      try check(log, request, tag, positions)
      request.isReversed = true
      try check(log, request, "\(tag), reversed", positions.reversed())
    }
  }

  private func check(
    _ log: EventLog, _ request: ReadRequest, _ what: String, _ positions: [UInt64]
  ) throws {
    var cursor = try log.cursor(request)
    var index = 0
    while let event = try cursor.next() {
      guard index < positions.count, event.position.rawValue == positions[index] else {
        throw Violation("\(what): read \(event.position) as number \(index) of \(positions)")
      }
      let expected = events[Int(positions[index]) - 1]
      guard event.version.rawValue == expected.version, event.type == expected.planned.type,
        event.aggregateBytes.equals(expected.planned.aggregate.text.utf8Span.span),
        event.payload.count == expected.planned.payload.count,
        what != "all" || event.payload.equals(expected.planned.payload.span)
      else {
        throw Violation("\(what): \(Self.brief(event)), where \(Self.brief(expected)) should be")
      }
      index += 1
    }
    guard index == positions.count else {
      throw Violation("\(what): \(index) events of \(positions)")
    }
  }

  private static func brief(_ event: borrowing EventView) -> String {
    "\(event.position) \(event.aggregate.text)/\(event.version) \(event.type) \(event.payload.count) bytes"
  }

  private static func brief(_ event: Event) -> String {
    let planned = event.planned
    return "\(event.position) \(planned.aggregate.text)/\(event.version) \(planned.type)"
      + " \(planned.payload.count) bytes"
  }

  /// Throws unless the keys of what the log holds are remembered.
  func checkKeys(_ log: EventLog) throws {
    var position: UInt64 = 0
    for append in appends {
      let first = position + 1
      position += UInt64(append.events.count)
      guard append.key != nil else { continue }
      let batch = EventBatch()
      for event in append.events { try batch.add(event.newEvent, to: event.aggregate) }
      batch.key = append.key
      let receipt = try log.append(batch)
      guard receipt.isRepeated, receipt.firstPosition.rawValue == first,
        receipt.lastPosition.rawValue == position
      else { throw Violation("the key of \(first)...\(position) gave \(receipt)") }
    }
  }
}
