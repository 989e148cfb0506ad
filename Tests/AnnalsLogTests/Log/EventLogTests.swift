import AnnalsLog
import AnnalsTesting
import Testing

/// Options of a log on a simulated disk, with small segments and nothing in the background.
func simulatedOptions(_ disk: SimulatedFileSystem) -> LogOptions {
  var options = LogOptions()
  options.fileSystem = disk
  options.hasMaintenanceThread = false
  options.firstSegmentBytes = 64 << 10
  options.segmentBytes = 64 << 10
  options.preallocation = .reserve
  return options
}

@Suite struct EventLogTests {
  @Test func whatIsAppendedIsReadBackInOrder() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: simulatedOptions(disk))
    for number in 1...100 {
      let receipt = try log.append(
        [
          NewEvent(
            type: "Added",
            payload: Array("{\"n\":\(number)}".utf8),
            tags: ["odd\(number % 2)"]
          )
        ],
        to: AggregateID("account-\(number % 7)")
      )
      #expect(receipt.firstPosition == Position(UInt64(number)))
    }
    let events = try log.read()
    #expect(events.map(\.position.rawValue) == Array(1...100))
    #expect(events[9].payload == Array("{\"n\":10}".utf8))
    #expect(events[9].type == "Added")
    #expect(try log.events(of: "account-3").map(\.version.rawValue) == Array(1...14))
    let tagged = try log.read(.matching(Query(tags: ["odd1"])))
    #expect(
      tagged.map(\.position.rawValue) == stride(from: 1, through: 99, by: 2).map { UInt64($0) }
    )
    var reversed = ReadRequest.all()
    reversed.isReversed = true
    #expect(try log.read(reversed).map(\.position.rawValue) == Array((1...100).reversed()))
    try log.close()
    let again = try EventLog(at: "/store", options: simulatedOptions(disk))
    #expect(again.recovery.wasClosed)
    #expect(try again.read() == events)
    #expect(try again.events(of: "account-3").count == 14)
    #expect(try again.version(of: "account-3") == 14)
  }

  @Test func segmentsRollAndEverythingStaysReadable() throws {
    let disk = SimulatedFileSystem()
    var log = try EventLog(at: "/store", options: simulatedOptions(disk))
    let payload = [UInt8](repeating: 0x61, count: 1000)
    for number in 1...1000 {
      try log.append(
        [NewEvent(type: "T\(number % 3)", payload: payload, tags: ["t\(number % 5)"])],
        to: AggregateID("a-\(number % 13)"),
        durability: number % 2 == 0 ? .durable : .written
      )
      if number % 300 == 0 {
        try log.close()
        log = try EventLog(at: "/store", options: simulatedOptions(disk))
      }
    }
    #expect(log.core.currentView.segments.count > 10)
    var written = ReadRequest.all()
    written.visibility = .written
    #expect(try log.read(written).map(\.position.rawValue) == Array(1...1000))
    for aggregate in 0..<13 {
      var request = ReadRequest.aggregate(AggregateID("a-\(aggregate)"))
      request.visibility = .written
      let versions = try log.read(request).map(\.version.rawValue)
      #expect(versions == Array(1...UInt64(versions.count)))
      #expect(versions.count == 1000 / 13 + (1...(1000 % 13)).filter { $0 == aggregate }.count)
      request.isReversed = true
      #expect(try log.read(request).map(\.version.rawValue) == versions.reversed())
      request.after = 70
      #expect(
        try log.read(request).map(\.version.rawValue) == versions.filter { $0 > 70 }.reversed()
      )
    }
    var reversed = written
    reversed.isReversed = true
    #expect(try log.read(reversed).map(\.position.rawValue) == Array((1...1000).reversed()))
    let killed = disk.killed()
    let reopened = try EventLog(at: "/store", options: simulatedOptions(killed))
    #expect(try reopened.read().map(\.position.rawValue) == Array(1...1000))
    var tagged = ReadRequest.matching(Query(types: ["T1"], tags: ["t2"]))
    tagged.visibility = .written
    #expect(
      try log.read(tagged).map(\.position.rawValue)
        == (1...1000).filter { $0 % 3 == 1 && $0 % 5 == 2 }
    )
  }

  @Test func versionsKeysAndConditionsAreChecked() throws {
    let log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
    let event = NewEvent(type: "Opened", payload: [1], tags: ["seat-1"])
    try log.append([event], to: "a-1", expecting: .absent, key: [7])
    #expect(
      throws: LogError.versionConflict(
        VersionConflict(aggregate: "a-1", expected: .absent, actual: 1)
      )
    ) {
      try log.append([event], to: "a-1", expecting: .absent)
    }
    let again = try log.append([event], to: "a-1", expecting: .absent, key: [7])
    #expect(again.isRepeated && again.firstPosition == 1)
    #expect(throws: LogError.keyReused(firstPosition: 1)) {
      try log.append([NewEvent(type: "Opened", payload: [2])], to: "a-1", key: [7])
    }
    let batch = EventBatch()
    try batch.add(event, to: "b-1")
    batch.condition = AppendCondition(noEventMatching: Query(tags: ["seat-1"]), after: 0)
    #expect(throws: LogError.conditionFailed(ConditionConflict(after: 0, found: 1))) {
      try log.append(batch)
    }
    batch.condition?.after = 1
    #expect(try log.append(batch).firstPosition == 2)
    #expect(log.head() == 2)
  }
}
