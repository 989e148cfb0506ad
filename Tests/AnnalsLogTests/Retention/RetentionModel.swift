import AnnalsLog

/// The log and its rules as anybody would write them down: two lists.
struct RetentionModel {
  struct Event: Equatable {
    var aggregate: String
    var version: UInt64
    var type: String
    var payload: [UInt8]
    var tags: [String]
    var time: Int64

    var category: String { String(aggregate.prefix { $0 != "-" }) }
  }

  struct Rule {
    var rule: RetentionRule
    /// The number of events before it.
    var head: Int
    var version: UInt64
  }

  /// What a reader was promised to go on seeing.
  struct Moment {
    var head: Int
    var ruleCount: Int
    var now: Int64
  }

  var events: [Event] = []
  var rules: [Rule] = []
  var now: Int64 = 0

  var moment: Moment { Moment(head: events.count, ruleCount: rules.count, now: now) }

  func version(_ aggregate: String, head: Int? = nil) -> UInt64 {
    UInt64(events.prefix(head ?? events.count).count { $0.aggregate == aggregate })
  }

  private func concerns(_ subject: RetentionSubject, _ event: Event) -> Bool {
    switch subject {
    case .aggregate(let id): id.text == event.aggregate
    case .category(let name): name == event.category
    }
  }

  /// The positions that may be seen.
  func visible(_ moment: Moment) -> [Int] {
    (1..<moment.head + 1).filter { !isHidden($0, moment) }
  }

  func isHidden(_ position: Int, _ moment: Moment) -> Bool {
    let event = events[position - 1]
    var count: [RetentionSubject: UInt64] = [:]
    var age: [RetentionSubject: Int64] = [:]
    for made in rules.prefix(moment.ruleCount) {
      switch made.rule {
      case .delete(let subject), .tombstone(let subject):
        if concerns(subject, event), position <= made.head { return true }
      case .truncate(let id, let before):
        if id.text == event.aggregate, event.version < before.rawValue { return true }
      case .skip(let skipped):
        if Int(skipped.rawValue) == position { return true }
      case .keepCount(let subject, let kept):
        if concerns(subject, event) { count[subject] = kept ?? .max }
      case .keepAge(let subject, let kept):
        if concerns(subject, event) { age[subject] = kept ?? .max }
      default: break
      }
    }
    let newest = version(event.aggregate, head: moment.head)
    if count.values.contains(where: { $0 < newest && event.version <= newest - $0 }) { return true }
    return age.values.contains { $0 != .max && event.time < moment.now - $0 }
  }

  func isRedacted(_ position: Int, _ moment: Moment) -> Bool {
    rules.prefix(moment.ruleCount).contains { $0.rule == .redact(Position(UInt64(position))) }
  }

  enum State: Equatable { case never, exists, deleted, tombstoned }

  func state(_ aggregate: String) -> State {
    let version = version(aggregate)
    let category = String(aggregate.prefix { $0 != "-" })
    var result: State = version == 0 ? .never : .exists
    let newest = events.lastIndex { $0.aggregate == aggregate }.map { $0 + 1 }
    for subject in [RetentionSubject.aggregate(AggregateID(aggregate)), .category(category)] {
      var own: State?
      for made in rules {
        switch made.rule {
        case .tombstone(subject): own = .tombstoned
        case .delete(subject) where own != .tombstoned:
          own = newest.map { $0 <= made.head } ?? false ? .deleted : nil
        case .reopen(subject) where own != .tombstoned: own = nil
        default: break
        }
      }
      if own == .tombstoned { return .tombstoned }
      if let own { result = own }
    }
    return result
  }
}

/// Compares what a log gives with what a model says, by every way of reading.
struct RetentionComparison {
  let log: EventLog
  let model: RetentionModel
  let moment: RetentionModel.Moment
  var pin: LogPin?

  struct Difference: Error, CustomStringConvertible {
    var description: String
  }

  private func compare(
    _ request: ReadRequest,
    _ what: String,
    _ isMeant: (RetentionModel.Event) -> Bool
  ) throws {
    var request = request
    request.pin = pin
    request.visibility = .written
    var expected = model.visible(moment).filter { isMeant(model.events[$0 - 1]) }
    let found = try log.read(request)
    if request.isReversed { expected.reverse() }
    let positions = found.map { Int($0.position.rawValue) }
    guard positions == expected else {
      let extra = positions.filter { !expected.contains($0) }
      let missing = expected.filter { !positions.contains($0) }
      throw Difference(description: "\(what): extra \(extra), missing \(missing)")
    }
    for event in found {
      let position = Int(event.position.rawValue)
      let planned = model.events[position - 1]
      let isRedacted = model.isRedacted(position, moment)
      guard event.aggregate.text == planned.aggregate,
        event.version.rawValue == planned.version, event.type == planned.type,
        event.tags == planned.tags, event.time.microseconds == planned.time,
        event.isRedacted == isRedacted, event.payload == (isRedacted ? [] : planned.payload)
      else { throw Difference(description: "\(what): position \(position) is \(event)") }
    }
  }

  func run() throws {
    for isReversed in [false, true] {
      var all = ReadRequest.all()
      all.isReversed = isReversed
      try compare(all, "all, reversed \(isReversed)") { _ in true }
      for aggregate in Set(model.events.map(\.aggregate)).sorted() {
        var request = ReadRequest.aggregate(AggregateID(aggregate))
        request.isReversed = isReversed
        try compare(request, "\(aggregate), reversed \(isReversed)") {
          $0.aggregate == aggregate
        }
      }
      for tag in ["red", "blue"] {
        var request = ReadRequest.matching(Query(tags: [tag]))
        request.isReversed = isReversed
        try compare(request, "tag \(tag), reversed \(isReversed)") { $0.tags.contains(tag) }
      }
    }
    var category = ReadRequest.matching(Query(types: ["Type1"]))
    category.category = "order"
    try compare(category, "orders of a type") { $0.category == "order" && $0.type == "Type1" }
    var versions = ReadRequest.aggregate("order-1", after: 3)
    versions.until = 9
    try compare(versions, "versions 4 to 9") {
      $0.aggregate == "order-1" && $0.version > 3 && $0.version <= 9
    }
    if pin == nil { try compareVersions() }
  }

  private func compareVersions() throws {
    for aggregate in Set(model.events.map(\.aggregate)).union(["order-99"]) {
      let version = try log.version(of: AggregateID(aggregate), visibility: .written)
      guard version.rawValue == model.version(aggregate) else {
        throw Difference(description: "\(aggregate) has version \(version)")
      }
      let state: RetentionModel.State =
        switch try log.status(of: AggregateID(aggregate), visibility: .written) {
        case .neverExisted: .never
        case .exists: .exists
        case .deleted(let deletion, _): deletion.isFinal ? .tombstoned : .deleted
        }
      guard state == model.state(aggregate) else {
        throw Difference(
          description: "\(aggregate) is \(state), should be \(model.state(aggregate))"
        )
      }
    }
  }
}
