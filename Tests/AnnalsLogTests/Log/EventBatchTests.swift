import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct EventBatchTests {
  private func open(_ path: String, _ disk: SimulatedFileSystem) throws -> EventLog {
    try EventLog(at: path, options: simulatedOptions(disk))
  }

  private func fill(_ batch: EventBatch, _ aggregates: Int, _ round: Int) throws {
    batch.removeAll()
    // Twice, so that every second event looks for a row that is there.
    for number in 0..<2 * aggregates {
      let id = AggregateID("cart-\(number % aggregates)")
      try batch.add(NewEvent(type: "Added", payload: Array("\(round)/\(number)".utf8)), to: id)
    }
  }

  /// Few aggregates are found by looking at all, many by a table, which grows.
  @Test(arguments: [1, 8, 9, 10, 127, 128, 129, 400])
  func eachAggregateHasOneRowHoweverManyThereAre(aggregates: Int) throws {
    let disk = SimulatedFileSystem()
    let first = try open("/first", disk)
    let second = try open("/second", disk)
    let batch = EventBatch()
    for round in 0..<4 {
      try fill(batch, aggregates, round)
      // Another log has other hashes: the batch must not take one log's to the other.
      let log = round % 2 == 0 ? first : second
      let receipt = try log.append(batch, durability: .written)
      #expect(
        receipt.lastPosition.rawValue - receipt.firstPosition.rawValue + 1
          == UInt64(2 * aggregates)
      )
    }
    for log in [first, second] {
      try log.sync()
      for number in 0..<aggregates {
        let events = try log.events(of: AggregateID("cart-\(number)"))
        #expect(events.map(\.version.rawValue) == [1, 2, 3, 4])
      }
    }
  }

  /// The hashes of an append stay right when the batch is filled further for another log.
  @Test func aBatchFilledFurtherForAnotherLogFindsItsRows() throws {
    let disk = SimulatedFileSystem()
    let first = try open("/first", disk)
    let second = try open("/second", disk)
    let batch = EventBatch()
    try fill(batch, 30, 0)
    try first.append(batch, durability: .written)
    try second.append(batch, durability: .written)
    for number in 0..<40 {
      let id = AggregateID("cart-\(number)")
      try batch.add(NewEvent(type: "Added", payload: []), to: id)
    }
    try second.append(batch, durability: .written)
    try first.sync()
    try second.sync()
    #expect(try second.version(of: "cart-3") == 5)
    #expect(try second.version(of: "cart-35") == 1)
    #expect(try first.version(of: "cart-3") == 2)
  }

  /// Types are kept when the batch is emptied, so there may be very many of them.
  @Test func eachTypeIsFoundHoweverManyThereAre() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.firstSegmentBytes = 4 << 20
    options.segmentBytes = 4 << 20
    let log = try EventLog(at: "/store", options: options)
    let batch = EventBatch()
    for round in 0..<3 {
      batch.removeAll()
      for number in 0..<2000 {
        let type = "Type \(number * (round + 1) % 3000)"
        try batch.add(NewEvent(type: type, payload: []), to: "a-1")
      }
      try log.append(batch)
      let types = try log.read().suffix(2000).map(\.type)
      let isSame = types == (0..<2000).map { "Type \($0 * (round + 1) % 3000)" }
      #expect(isSame, "round \(round)")
    }
    // A name that can not be is refused, and the batch is as it was.
    #expect(throws: LogError.self) { try batch.add(NewEvent(type: "", payload: []), to: "a-1") }
    try batch.add(NewEvent(type: "Type 2999", payload: []), to: "a-1")
    #expect(try log.append(batch).lastPosition == 8001)
  }

  /// The numbers of a batch's types are those of the log it goes to, also where the log came to
  /// stand in the memory that the one before it stood in.
  @Test func aBatchThatOutlivesItsLogTakesNoNumbersToTheNext() throws {
    let batch = EventBatch()
    let types = (0..<5).map { "Type\($0)" }
    func append(_ round: Int, _ log: EventLog) throws {
      // Each log gives them other numbers.
      for index in types.indices {
        let event = NewEvent(type: types[(index + round) % types.count], payload: [])
        try log.append([event], to: "first")
      }
      batch.removeAll()
      for type in types { try batch.add(NewEvent(type: type, payload: []), to: "second") }
      try log.append(batch)
    }
    // How often that happens is the allocator's affair; it takes a few rounds.
    var meetingCount = 0
    for round in 0..<50 where meetingCount < 3 {
      let disk = SimulatedFileSystem()
      var log: EventLog? = try open("/before", disk)
      let place = log.map { ObjectIdentifier($0.core.types) }
      // Not read: the thread would keep the table.
      try log.map { try append(round, $0) }
      log = nil
      let others = try (0..<20).map { try open("/after\($0)", disk) }
      for other in others where ObjectIdentifier(other.core.types) == place {
        meetingCount += 1
        try append(round + 1, other)
        #expect(try other.events(of: "second").map(\.type) == types)
      }
    }
  }
}
