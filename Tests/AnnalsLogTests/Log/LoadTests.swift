import AnnalsLog
import AnnalsTesting
import Testing

/// Loads that lead over several segments and more places than are looked up together.
@Suite struct LoadTests {
  /// A log whose keys stand all over small segments, in frames of every shape, and what is in it.
  private func fill(_ disk: SimulatedFileSystem) throws -> (EventLog, [RecordedEvent]) {
    let log = try EventLog(at: "/store", options: simulatedOptions(disk))
    let batch = EventBatch()
    var random = SplitMix64(seed: 5)
    for round in 0..<300 {
      batch.removeAll()
      let events = [1, 1, 3, 40][round % 4]
      for number in 0..<events {
        // Ids and payloads of different lengths, and now and then several events in a row.
        let key = Int.random(in: 0..<6, using: &random)
        let id = AggregateID("k" + String(repeating: "x", count: key * 3) + "-\(key)")
        let count = Int.random(in: 0..<[10, 300][key % 2], using: &random)
        let tags = key == 2 ? ["even", "t\(number % 2)"] : []
        let payload = [UInt8](repeating: UInt8(number & 0xff), count: count)
        let event = NewEvent(type: "T\(key % 3)", payload: payload, tags: tags)
        try batch.add(event, to: id)
      }
      try log.append(batch, durability: .written)
    }
    try log.sync()
    return (log, try log.read())
  }

  @Test func everyWayOfLoadingGivesWhatAReplayGives() throws {
    let (log, all) = try fill(SimulatedFileSystem())
    let ids = Set(all.map(\.aggregate))
    #expect(ids.count == 6)
    for id in ids {
      let own = all.filter { $0.aggregate == id }
      #expect(own.map(\.version.rawValue) == Array(1...UInt64(own.count)))
      for (after, until) in [(0, UInt64.max), (17, .max), (0, 30), (100, 131), (40, 40)] {
        var request = ReadRequest.aggregate(id, after: Version(UInt64(after)))
        request.until = until
        let expected = own.filter {
          $0.version.rawValue > UInt64(after) && $0.version.rawValue <= until
        }
        for isGuarded in [false, true] {
          request.isGuarded = isGuarded
          request.isReversed = false
          #expect(try collect(log, request) == expected)
          request.isReversed = true
          #expect(try collect(log, request) == expected.reversed())
        }
      }
    }
    var tagged = ReadRequest.matching(Query(tags: ["even"]))
    let expected = all.filter { $0.tags.contains("even") }
    #expect(try collect(log, tagged) == expected)
    tagged.isReversed = true
    #expect(try collect(log, tagged) == expected.reversed())
  }

  private func collect(_ log: EventLog, _ request: ReadRequest) throws -> [RecordedEvent] {
    var found: [RecordedEvent] = []
    var cursor = try log.cursor(request)
    while let event = try cursor.next() { found.append(event.copy()) }
    return found
  }

  /// What is asked of an event twice, in any order, is the same.
  @Test func anEventTellsTheSameHoweverOftenItIsAsked() throws {
    let (log, all) = try fill(SimulatedFileSystem())
    var cursor = try log.cursor()
    var index = 0
    while let event = try cursor.next() {
      let last = event.aggregateBytes.count
      #expect(event.copy() == all[index])
      #expect(event.typeNumber > 0 && event.aggregateBytes.count == last)
      #expect(event.copy() == all[index])
      index += 1
    }
    #expect(index == all.count)
  }
}
