import AnnalsLog
import AnnalsTesting
import Testing

/// Where a test's store lies: every engine test that takes one runs on both.
enum Backend: String, CaseIterable, CustomTestStringConvertible {
  case simulated, system

  var testDescription: String { rawValue }

  /// A file system and a path on it, kept while the owner lives.
  func make() -> (fileSystem: any FileSystem, path: String, owner: AnyObject?) {
    switch self {
    case .simulated: return (SimulatedFileSystem(), "/store", nil)
    case .system:
      let directory = TemporaryDirectory()
      return (SystemFileSystem.shared, directory.path + "/store", directory)
    }
  }
}

/// The log as anybody would write it down: a list.
struct LogModel {
  struct Event: Equatable {
    var aggregate: String
    var version: UInt64
    var type: String
    var payload: [UInt8]
    var tags: [String]
    var id: EventID?
    var actor: String?
    var time: Int64?
  }

  var events: [Event] = []
  var keys: [[UInt8]: (first: UInt64, events: [NewEvent], aggregate: String)] = [:]

  func version(_ aggregate: String) -> UInt64 {
    UInt64(events.count { $0.aggregate == aggregate })
  }
}

@Suite struct ModelTests {
  /// The seeds of so many lives; `ANNALS_MODEL_LIVES` raises it.
  static func seeds(_ count: UInt64) -> Range<UInt64> {
    let lives = Proof.number("ANNALS_MODEL_LIVES") ?? Int(count)
    let count = UInt64(clamping: Proof.share(of: lives))
    let first = (Proof.seed &- 1) &* count
    return first..<first + count
  }

  @Test(arguments: Backend.allCases, seeds(6))
  func randomOperationsAgreeWithAList(backend: Backend, seed: UInt64) throws {
    defer { print(Proof.line("model", 300)) }
    var random = SeededRandom(seed: seed)
    let place = backend.make()
    func options() -> LogOptions {
      var options = LogOptions()
      options.fileSystem = place.fileSystem
      options.hasMaintenanceThread = backend == .system && random.next() % 2 == 0
      options.firstSegmentBytes = 64 << 10
      options.segmentBytes = random.next() % 2 == 0 ? 64 << 10 : 256 << 10
      options.preallocation = random.next() % 2 == 0 ? .reserve : .zeroAhead(16 << 10)
      options.indexKeysMax = random.next() % 2 == 0 ? 8 : 1_000_000
      options.visibility = .written
      options.stagesWithoutThread = random.next() % 2 == 0
      options.interimFooterBytes = random.next() % 2 == 0 ? 10_000 : 8 << 20
      return options
    }
    var model = LogModel()
    var log = try EventLog(at: place.path, options: options())
    for _ in 0..<300 {
      switch random.next() % 20 {
      case 0:
        try log.close()
        log = try EventLog(at: place.path, options: options())
      case 1: try check(log, model, &random)
      case 2: try retryKey(log, &model, &random)
      default: try append(log, &model, &random)
      }
    }
    try check(log, model, &random)
    try log.close()
    log = try EventLog(at: place.path, options: options())
    try check(log, model, &random)
  }

  private func append(
    _ log: EventLog,
    _ model: inout LogModel,
    _ random: inout SeededRandom
  ) throws {
    let batch = EventBatch()
    var added: [LogModel.Event] = []
    var isRefused = false
    for _ in 0..<1 + random.next() % 6 {
      let aggregate = "\(["order", "account"][Int(random.next() % 2)])-\(random.next() % 12)"
      let version =
        model.version(aggregate) + UInt64(added.count { $0.aggregate == aggregate })
      let event = NewEvent(
        type: "Type\(random.next() % 5)",
        payload: [UInt8](
          repeating: UInt8(random.next() % 256),
          count: Int(random.next() % 3000)
        ),
        time: random.next() % 3 == 0
          ? Timestamp(microseconds: Int64(random.next() % 1 << 50)) : nil,
        id: random.next() % 4 == 0 ? EventID(low: random.next(), high: random.next()) : nil,
        tags: (0..<random.next() % 3).map { _ in "tag-\(random.next() % 6)" },
        metadata: random.next() % 4 == 0
          ? Metadata([Metadata.Pair(name: "actor", value: "a\(random.next() % 9)")]) : Metadata()
      )
      try batch.add(event, to: AggregateID(aggregate))
      added.append(
        LogModel.Event(
          aggregate: aggregate,
          version: version + 1,
          type: event.type,
          payload: event.payload,
          tags: event.tags,
          id: event.id,
          actor: event.metadata["actor"],
          time: event.time?.microseconds
        )
      )
    }
    if random.next() % 3 == 0 {
      let aggregate = "order-\(random.next() % 12)"
      let current = model.version(aggregate)
      let isWrong = random.next() % 3 == 0
      try batch.expect(
        .exactly(Version(isWrong ? current + 1 : current)),
        of: AggregateID(aggregate)
      )
      isRefused = isWrong
    }
    if random.next() % 4 == 0 {
      let tag = "tag-\(random.next() % 6)"
      let after = random.next() % (UInt64(model.events.count) + 1)
      batch.condition = AppendCondition(
        noEventMatching: Query(types: ["Type1"], tags: [tag]),
        after: Position(after)
      )
      if model.events.dropFirst(Int(after)).contains(where: {
        $0.type == "Type1" && $0.tags.contains(tag)
      }) {
        isRefused = true
      }
    }
    let durability: Durability = random.next() % 3 == 0 ? .durable : .written
    do throws(LogError) {
      let receipt = try log.append(batch, durability: durability)
      #expect(!isRefused)
      #expect(receipt.firstPosition.rawValue == UInt64(model.events.count + 1))
      model.events += added
      #expect(receipt.lastPosition.rawValue == UInt64(model.events.count))
      if durability == .durable { #expect(log.durableThrough == receipt.lastPosition) }
    } catch {
      #expect(isRefused, "\(error)")
    }
  }

  private func retryKey(
    _ log: EventLog,
    _ model: inout LogModel,
    _ random: inout SeededRandom
  ) throws {
    let key = [UInt8(random.next() % 8), 1]
    if let use = model.keys[key] {
      let receipt = try log.append(
        use.events,
        to: AggregateID(use.aggregate),
        expecting: .absent,
        key: key
      )
      #expect(receipt.isRepeated)
      #expect(receipt.firstPosition.rawValue == use.first)
      #expect(throws: LogError.keyReused(firstPosition: Position(use.first))) {
        try log.append(
          [NewEvent(type: "Other", payload: [1])],
          to: AggregateID(use.aggregate),
          key: key
        )
      }
      return
    }
    let aggregate = "keyed-\(random.next())"
    let events = [NewEvent(type: "Keyed", payload: key), NewEvent(type: "Keyed", payload: [])]
    let receipt = try log.append(
      events,
      to: AggregateID(aggregate),
      expecting: .absent,
      key: key,
      durability: random.next() % 2 == 0 ? .durable : .written
    )
    #expect(!receipt.isRepeated)
    model.keys[key] = (receipt.firstPosition.rawValue, events, aggregate)
    for (index, event) in events.enumerated() {
      model.events.append(
        LogModel.Event(
          aggregate: aggregate,
          version: UInt64(index + 1),
          type: event.type,
          payload: event.payload,
          tags: []
        )
      )
    }
  }

  private func check(
    _ log: EventLog,
    _ model: LogModel,
    _ random: inout SeededRandom
  ) throws {
    func compare(_ found: [RecordedEvent], _ positions: [Int], _ what: String) {
      let foundPositions = found.map { Int($0.position.rawValue) }
      if foundPositions != positions {
        let extra = foundPositions.filter { !positions.contains($0) }
        let missing = positions.filter { !foundPositions.contains($0) }
        Issue.record(
          "\(what): \(foundPositions.count) for \(positions.count), extra \(extra), missing \(missing)"
        )
        return
      }
      for event in found {
        let expected = model.events[Int(event.position.rawValue) - 1]
        let isSame =
          event.aggregate.text == expected.aggregate
          && event.version.rawValue == expected.version && event.type == expected.type
          && event.payload == expected.payload && event.tags == expected.tags
          && event.id == expected.id && event.metadata["actor"] == expected.actor
          && (expected.time == nil || event.time.microseconds == expected.time)
        #expect(isSame, "\(what): position \(event.position)")
      }
    }
    let all = Array(1..<model.events.count + 1)
    func positions(_ isMeant: (LogModel.Event) -> Bool) -> [Int] {
      all.filter { isMeant(model.events[$0 - 1]) }
    }
    compare(try log.read(), all, "all")
    var request = ReadRequest.all(after: Position(random.next() % (UInt64(all.count) + 1)))
    request.isReversed = random.next() % 2 == 0
    request.limit = 1 + Int(random.next() % 50)
    var expected = all.filter { $0 > Int(request.after) }
    if request.isReversed { expected.reverse() }
    compare(try log.read(request), Array(expected.prefix(request.limit)), "range")
    let aggregate = "order-\(random.next() % 12)"
    compare(
      try log.events(of: AggregateID(aggregate)),
      positions { $0.aggregate == aggregate },
      aggregate
    )
    #expect(try log.version(of: AggregateID(aggregate)).rawValue == model.version(aggregate))
    var ofAggregate = ReadRequest.aggregate(
      AggregateID(aggregate),
      after: Version(random.next() % 5)
    )
    ofAggregate.isReversed = true
    ofAggregate.limit = 3
    compare(
      try log.read(ofAggregate),
      Array(
        positions { $0.aggregate == aggregate && $0.version > ofAggregate.after }.reversed()
          .prefix(3)
      ),
      "last of \(aggregate)"
    )
    let tag = "tag-\(random.next() % 6)"
    compare(
      try log.read(.matching(Query(tags: [tag]))),
      positions { $0.tags.contains(tag) },
      tag
    )
    var both = ReadRequest.matching(
      Query([
        Query.Item(types: ["Type1", "Type2"], tags: [tag]), Query.Item(types: ["Type3"]),
      ])
    )
    both.category = "account"
    compare(
      try log.read(both),
      positions {
        $0.aggregate.hasPrefix("account-")
          && ($0.type == "Type3"
            || ["Type1", "Type2"].contains($0.type) && $0.tags.contains(tag))
      },
      "query"
    )
  }
}

/// SplitMix64.
struct SeededRandom {
  private var state: UInt64

  init(seed: UInt64) { state = (seed &+ 1) &* 0xd1b5_4a32_d192_ed03 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
