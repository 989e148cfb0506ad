internal import AnnalsLog

/// A log and a list, to which the same is done.
///
/// An input is a row of operations of two bytes each: what, and how much.
struct FuzzOperations {
  private struct Event: Equatable {
    var aggregate: Int
    var payload: [UInt8]
  }

  private static let path = "/store"
  private static let operationsMax = 60

  private var disk = SimulatedFileSystem()
  private var log: EventLog
  private var events: [Event] = []
  /// Where appends ended, the beginning included.
  private var ends: [Int] = [0]
  /// How many events survive a power cut.
  private var durableCount = 0

  static func run(_ input: [UInt8]) {
    do {
      var life = try FuzzOperations()
      var index = 0
      while index + 1 < input.count, index < 2 * operationsMax {
        try life.take(input[index], Int(input[index + 1]))
        index += 2
      }
      try life.check()
      try life.log.close()
      try life.reopen(least: life.events.count)
    } catch {
      preconditionFailure("a sound disk gave \(error)")
    }
  }

  private static func open(_ disk: SimulatedFileSystem) throws(LogError) -> EventLog {
    var options = LogOptions()
    options.fileSystem = disk
    options.hasMaintenanceThread = false
    options.firstSegmentBytes = 16 << 10
    options.segmentBytes = 16 << 10
    options.preallocation = .reserve
    options.visibility = .written
    options.writtenSyncMilliseconds = 0
    options.clock = { 1_750_000_000_000_000 }
    return try EventLog(at: path, options: options)
  }

  private init() throws(LogError) {
    log = try Self.open(disk)
  }

  private mutating func take(_ operation: UInt8, _ amount: Int) throws {
    switch operation % 12 {
    case 0, 1: try append(amount, .durable)
    case 2, 3: try append(amount, .written)
    // Mostly a segment's worth: the log rolls.
    case 4: try append(amount, .written, byteCount: 6000)
    case 5: try appendConditionally(amount)
    case 6:
      try log.sync()
      durableCount = events.count
    case 7:
      try log.close()
      try reopen(least: events.count)
    case 8:
      disk = disk.killed()
      try reopen(least: events.count)
    case 9: try cutPower(amount)
    case 10: try fail(amount)
    default: try check()
    }
  }

  private func version(_ aggregate: Int) -> UInt64 {
    UInt64(events.count { $0.aggregate == aggregate })
  }

  private mutating func append(
    _ amount: Int,
    _ durability: Durability,
    byteCount: Int = 0
  ) throws {
    let added = (0...amount % 4).map { index in
      Event(
        aggregate: (amount + index) % 5,
        payload: [UInt8](repeating: UInt8(truncatingIfNeeded: amount), count: byteCount + amount)
      )
    }
    let batch = EventBatch()
    for event in added {
      let new = NewEvent(type: "Type\(event.aggregate % 3)", payload: event.payload, tags: ["all"])
      try batch.add(new, to: AggregateID("item-\(event.aggregate)"))
    }
    let receipt = try log.append(batch, durability: durability)
    events += added
    ends.append(events.count)
    precondition(receipt.lastPosition.rawValue == UInt64(events.count), "another position")
    if durability == .durable { durableCount = events.count }
  }

  private mutating func appendConditionally(_ amount: Int) throws {
    let aggregate = amount % 5
    let expected = UInt64(amount / 5)
    let event = Event(aggregate: aggregate, payload: [1])
    let isRight = version(aggregate) == expected
    do throws(LogError) {
      try log.append(
        [NewEvent(type: "Type0", payload: event.payload, tags: ["all"])],
        to: AggregateID("item-\(aggregate)"),
        expecting: .exactly(Version(expected))
      )
      precondition(isRight, "a wrong version was taken")
      events.append(event)
      ends.append(events.count)
      durableCount = events.count
    } catch {
      guard case .versionConflict = error, !isRight else { throw error }
    }
  }

  private mutating func cutPower(_ amount: Int) throws {
    let choices: [CrashChoice] = [.nothing, .everything, .random(UInt64(amount))]
    disk = disk.crash(choosing: choices[amount % 3])
    try reopen(least: durableCount)
  }

  /// Lets a call fail in the middle of an append; the log is opened again, as after a poisoning.
  private mutating func fail(_ amount: Int) throws {
    let kinds: [Operation.Kind] = [.write, .sync, .create, .rename, .allocate]
    disk.withFaults {
      $0.fail(.init(amount % 2 == 0 ? 5 : 28, nth: 1 + amount / 16, kinds: [kinds[amount % 5]]))
    }
    do {
      try append(amount, .durable)
    } catch {
      // Refused, or unknown: then the list may be one append longer.
      let possible = (amount % 4) + 1
      ends.append(events.count + possible)
      let added = (0...amount % 4).map { index in
        Event(
          aggregate: (amount + index) % 5,
          payload: [UInt8](repeating: UInt8(truncatingIfNeeded: amount), count: amount)
        )
      }
      events += added
      disk.withFaults { $0.clearFailures() }
      disk = disk.crash(choosing: .nothing)
      return try reopen(least: durableCount)
    }
    disk.withFaults { $0.clearFailures() }
  }

  /// Opens the log, which holds a prefix of the list.
  private mutating func reopen(least: Int) throws {
    log = try Self.open(disk)
    let count = Int(log.head(.written).rawValue)
    precondition(count >= least, "acknowledged events are lost")
    precondition(ends.contains(count), "the log ends inside an append")
    events.removeLast(events.count - count)
    ends.removeAll { $0 > count }
    durableCount = count
    try check()
  }

  private func check() throws {
    let found = try log.read()
    precondition(found.count == events.count, "another number of events")
    for (event, expected) in zip(found, events) {
      precondition(event.payload == expected.payload, "another event")
      precondition(event.aggregate.text == "item-\(expected.aggregate)", "another aggregate")
    }
    for aggregate in 0..<5 {
      let id = AggregateID("item-\(aggregate)")
      let (newest, count) = (try log.version(of: id), try log.events(of: id).count)
      precondition(newest.rawValue == version(aggregate), "another version")
      precondition(count == Int(version(aggregate)), "other events by key")
    }
    let tagged = try log.read(.matching(Query(tags: ["all"])))
    precondition(tagged.count == events.count, "events by tag")
  }
}
