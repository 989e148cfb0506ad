import AnnalsLog
import AnnalsTesting
import Testing

/// Lives that end with a kill: what a reader shows of what was staged is what the next writer takes
/// up, at once, while that writer goes on, and in a pin that was taken before it came.
@Suite struct StagedLivesTests {
  private func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access
  ) -> LogOptions {
    var options = simulatedOptions(disk)
    options.stagesWithoutThread = true
    options.visibility = .written
    options.access = access
    options.interimFooterBytes = 6000
    options.clock = { 10_000_000 }
    return options
  }

  private static let categories = ["order", "account", "solo"]
  private static let ids = (0..<6).map { AggregateID("\(categories[$0 % 3])-\($0)") }

  private func event(_ random: inout SeededRandom, isTagged: Bool = false) -> NewEvent {
    NewEvent(
      type: "Type\(random.next() % 3)",
      payload: [UInt8](repeating: UInt8(random.next() % 250), count: Int(random.next() % 400)),
      time: random.next() % 2 == 0
        ? Timestamp(microseconds: Int64(random.next() % 10_000_000)) : nil,
      tags: isTagged ? ["tag-\(random.next() % 3)"] : []
    )
  }

  private func rule(_ random: inout SeededRandom, _ log: EventLog) -> RetentionRule {
    let id = Self.ids[Int(random.next() % 6)]
    let about: RetentionSubject =
      random.next() % 2 == 0
      ? .aggregate(id) : .category(Self.categories[Int(random.next() % 3)])
    let position = Position(1 + random.next() % max(1, log.head(.written).rawValue))
    switch random.next() % 8 {
    case 0: return .delete(about)
    case 1: return .reopen(about)
    case 2: return .truncate(id, before: Version(1 + random.next() % 10))
    case 3: return .keepCount(about, 1 + random.next() % 4)
    case 4: return .keepAge(about, microseconds: Int64(1 + random.next() % 9_000_000))
    case 5: return .redact(position)
    case 6: return .skip(position)
    default: return .keepCount(about, nil)
    }
  }

  /// One step; rules and appends that rules forbid are refused.
  private func step(_ log: EventLog, _ random: inout SeededRandom, compacts: Bool) throws {
    let id = Self.ids[Int(random.next() % 6)]
    do throws(LogError) {
      switch random.next() % 40 {
      case 0...2: try log.retain(rule(&random, log))
      case 3: if compacts { try log.compact() }
      case 4...7:
        let batch = EventBatch()
        for _ in 0..<1 + random.next() % 4 {
          let event = event(&random, isTagged: random.next() % 2 == 0)
          try batch.add(event, to: Self.ids[Int(random.next() % 6)])
        }
        try log.append(batch, durability: random.next() % 2 == 0 ? .durable : .written)
      case 8: try log.sync()
      case 9:
        // For rolls.
        let large = NewEvent(type: "Type0", payload: [UInt8](repeating: 7, count: 20_000))
        try log.append([large], to: id)
      default: try log.append([event(&random)], to: id, durability: .written)
      }
    } catch {
      switch error {
      case .refusedByRetention, .positionBeyondHead: return
      default: throw error
      }
    }
  }

  private func requests(_ random: inout SeededRandom) -> [(String, ReadRequest)] {
    var result: [(String, ReadRequest)] = [("all", .all())]
    for id in Self.ids {
      result.append(("\(id)", .aggregate(id)))
      result.append(("\(id) after", .aggregate(id, after: Version(random.next() % 8))))
      var until = ReadRequest.aggregate(id)
      until.until = 1 + random.next() % 8
      result.append(("\(id) until \(until.until)", until))
    }
    for category in Self.categories {
      var request = ReadRequest.all()
      request.category = category
      result.append((category, request))
    }
    for tag in 0..<3 { result.append(("tag \(tag)", .matching(Query(tags: ["tag-\(tag)"])))) }
    var part = ReadRequest.all()
    part.after = random.next() % 100
    part.until = part.after + random.next() % 50
    result.append(("after \(part.after) until \(part.until)", part))
    for (name, request) in result {
      var reversed = request
      reversed.isReversed = true
      result.append(("\(name) reversed", reversed))
    }
    return result
  }

  /// Whether both logs give the same, each under its pin if there are any.
  private func agree(
    _ reader: (log: EventLog, pin: LogPin?),
    _ truth: (log: EventLog, pin: LogPin?),
    _ what: String,
    _ random: inout SeededRandom
  ) throws -> Bool {
    if reader.pin == nil, reader.log.head() != truth.log.head() {
      Issue.record("\(what): head \(reader.log.head()), not \(truth.log.head())")
      return false
    }
    for (name, request) in requests(&random) {
      var (mine, other) = (request, request)
      (mine.pin, other.pin) = (reader.pin, truth.pin)
      mine.isGuarded = random.next() % 2 == 0
      var found: [RecordedEvent] = []
      try reader.log.forEach(mine) { found.append($0.copy()) }
      let expected = try truth.log.read(other)
      if found != expected {
        let positions = (found.map(\.position.rawValue), expected.map(\.position.rawValue))
        Issue.record("\(what), \(name): \(positions.0), not \(positions.1)")
        return false
      }
    }
    if reader.pin != nil { return true }
    for id in Self.ids where try reader.log.status(of: id) != truth.log.status(of: id) {
      Issue.record("\(what): status of \(id)")
      return false
    }
    return true
  }

  @Test(arguments: ModelTests.seeds(10))
  func readersSeeWhatTheNextWriterTakesUp(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var disk = SimulatedFileSystem()
    var log = try EventLog(at: "/store", options: options(disk, .readWrite))
    let compacts = seed % 2 == 0
    for round in 0..<6 {
      let what = "seed \(seed), round \(round)"
      for _ in 0..<random.next() % 60 { try step(log, &random, compacts: compacts) }
      let killed = disk.killed()
      withExtendedLifetime(log) {}
      let reader = try EventLog(at: "/store", options: options(killed, .readOnly))
      let truth = try EventLog(at: "/store", options: options(killed.killed(), .readWrite))
      guard try agree((reader, nil), (truth, nil), what, &random) else { return }
      let pins = (try reader.pin(), try truth.pin())
      let writer = try EventLog(at: "/store", options: options(killed, .readWrite))
      if random.next() % 2 == 0 {
        try reader.refresh()
        guard try agree((reader, nil), (truth, nil), "\(what), taken up", &random) else { return }
      }
      for _ in 0..<random.next() % 60 { try step(writer, &random, compacts: compacts) }
      let isNew = writer.head() > reader.head()
      #expect(try reader.refresh() || !isNew, "\(what)")
      guard try agree((reader, nil), (writer, nil), "\(what), followed", &random),
        try agree((reader, pins.0), (truth, pins.1), "\(what), pinned", &random)
      else { return }
      (disk, log) = (killed, writer)
    }
  }
}
