import AnnalsLog
import AnnalsTesting
import Testing

/// An aggregate's events are looked at in advance, some are given by that and others by the usual
/// way: both must give what a reading of everything gives.
@Suite struct PlacesAheadTests {
  private static let aggregates = 7

  /// Batches of all sizes: frames of one event and of many, of one aggregate and of several, with
  /// and without what stands beside the payload; more events of an aggregate than are looked at at
  /// once, in several segments.
  private func makeLog(_ seed: UInt64, staged: Bool) throws -> EventLog {
    let log = try EventLog(at: "/s", options: simulatedOptions(SimulatedFileSystem()))
    var random = SplitMix64(seed: seed)
    for number in 0..<120 {
      let batch = EventBatch()
      let isRich = random.next() % 4 == 0
      let isOfOne = random.next() % 3 == 0
      let one = random.next() % UInt64(Self.aggregates)
      for _ in 0..<(1 + (random.next() % 3 == 0 ? 0 : random.next() % 9)) {
        let name = isOfOne ? one : random.next() % UInt64(Self.aggregates)
        let payload = (0..<random.next() % 300).map { UInt8(truncatingIfNeeded: $0) }
        let isTagged = isRich && random.next() % 2 == 0
        try batch.add(
          NewEvent(
            type: "T\(random.next() % 3)",
            payload: payload,
            tags: isTagged ? ["t-\(name)"] : [],
            metadata: isTagged ? Metadata([.init(name: "n", value: "\(number)")]) : Metadata()
          ),
          to: AggregateID(String(repeating: "a", count: Int(name) + 1))
        )
      }
      try log.append(batch, durability: staged ? .written : .durable)
      if number % 25 == 24 { try DamageStore.roll(log) }
    }
    return log
  }

  @Test(arguments: [1, 2, 3] as [UInt64], [false, true])
  func bothWaysGiveTheSame(seed: UInt64, staged: Bool) throws {
    let log = try makeLog(seed, staged: staged)
    var all: [RecordedEvent] = []
    try log.forEach { all.append($0.copy()) }
    var random = SplitMix64(seed: seed + 100)
    for round in 0..<300 {
      let name = AggregateID(String(repeating: "a", count: round % Self.aggregates + 1))
      let events = all.filter { $0.aggregate == name }
      var request = ReadRequest.aggregate(name)
      if round % 2 == 0 { request.after = random.next() % UInt64(events.count + 2) }
      if round % 3 == 0 { request.until = random.next() % UInt64(events.count + 2) }
      request.isReversed = random.next() % 2 == 0
      request.isGuarded = random.next() % 4 == 0
      if random.next() % 3 == 0 { request.limit = Int(random.next() % 30) }
      var expected = events.filter {
        $0.version.rawValue > request.after && $0.version.rawValue <= request.until
      }
      if request.isReversed { expected.reverse() }
      var cursor = try log.cursor(request)
      var found: [RecordedEvent] = []
      while let event = try cursor.next() { found.append(event.copy()) }
      #expect(found == Array(expected.prefix(request.limit)))
      let isAtEnd = try cursor.next() == nil
      #expect(isAtEnd)
    }
    try log.close()
  }

  /// By tag nothing is known in advance but where the frames are.
  @Test func tagsGoTheUsualWay() throws {
    let log = try makeLog(4, staged: false)
    var all: [RecordedEvent] = []
    try log.forEach { all.append($0.copy()) }
    for name in 0..<Self.aggregates {
      let expected = all.filter { $0.tags == ["t-\(name)"] }
      #expect(try log.read(.matching(Query(tags: ["t-\(name)"]))) == expected)
      var cursor = try log.cursor(.matching(Query(tags: ["t-\(name)"])))
      var found: [RecordedEvent] = []
      while let event = try cursor.next() { found.append(event.copy()) }
      #expect(found == expected)
    }
    try log.close()
  }
}
