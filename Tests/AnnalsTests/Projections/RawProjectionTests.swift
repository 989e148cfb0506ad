import Annals
import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct RawProjectionTests {
  private func store(_ count: Int) async throws -> EventStore {
    let store = try EventStore.inMemory()
    for number in 0..<count {
      let event = NewEvent(type: number % 2 == 0 ? "Even" : "Odd", payload: [UInt8(number % 256)])
      try await store.log.append([event], to: "number-1")
    }
    return store
  }

  @Test func itSeesEachEventOnceWhereItStands() async throws {
    let store = try await store(300)
    let sums = try store.start(raw: Sums())
    try await sums.reached(300, within: patience)
    #expect(sums.read { $0.positions } == Array(1...300))
    #expect(sums.status.eventCount == 300)
    let report = try await sums.rebuild(comparing: true)
    #expect(report.eventCount == 300)
    #expect(report.differences == [])
    try store.close()
  }

  @Test func onlyWhatItsQueryFinds() async throws {
    let store = try await store(20)
    let odd = try store.start(raw: Sums(query: Query(types: ["Odd"])))
    try await odd.reached(20, within: patience)
    #expect(odd.read { $0.positions } == (1...10).map { 2 * $0 })
    try store.close()
  }

  /// State and checkpoint belong together where its handler throws: nothing is taken twice.
  @Test func whatItRefusesStopsItBeforeThatEvent() async throws {
    let store = try await store(20)
    let sums = try store.start(raw: Sums(refused: 13))
    await #expect(throws: ConsumerError.self) {
      try await sums.reached(20, within: patience)
    }
    #expect(sums.read { $0.positions } == Array(1...12))
    #expect(sums.status.position == 12)
    guard case .failed(.handler(let position, _)) = sums.status.phase else {
      Issue.record("\(sums.status.phase)")
      return
    }
    #expect(position == 13)
    try store.close()
  }

  /// What it noted of an event before it refused that is not taken for a state without the event.
  @Test func whatItRefusesHalfwayIsNotTakenTwice() async throws {
    let store = try await store(20)
    let first = try store.start(raw: Halfway(refused: 13))
    await #expect(throws: ConsumerError.self) {
      try await first.reached(20, within: patience)
    }
    let second = try store.start(raw: Halfway())
    try await second.reached(20, within: patience)
    #expect(second.read { $0.positions } == Array(1...20))
    try store.close()
  }

  /// Taking in by itself, it may stop where it likes: the rest is offered again.
  @Test(arguments: [0, 1, 7]) func whatItDoesNotTakeIsOfferedAgain(size: Int) async throws {
    let store = try await store(50)
    let bites = try store.start(raw: Bites(size: size))
    try await bites.reached(50, within: patience)
    #expect(bites.read { $0.positions } == Array(1...50))
    try store.close()
  }

  /// A damaged event is never passed over, not even by a projection that hides the error.
  @Test func damageIsNotPassedOver() async throws {
    let fileSystem = SimulatedFileSystem()
    var options = StoreOptions()
    options.log.fileSystem = fileSystem
    var store = try EventStore(at: "/store", options: options)
    for number in 0..<50 {
      let event = NewEvent(type: "Number", payload: Array("number \(number)".utf8))
      try await store.log.append([event], to: "number-1")
    }
    try store.close()
    let directory = try fileSystem.openDirectory("/store/log", create: false)
    let name = try #require(try directory.names().first { $0.hasSuffix("1.segment") })
    let file = try directory.openFile(name, .readWrite)
    let bytes = try file.read(16 << 10, at: 0)
    let text = Array("number 30".utf8)
    let place = try #require(
      bytes.indices.dropLast(text.count).first { Array(bytes[$0..<$0 + text.count]) == text }
    )
    try file.write([text[0] ^ 1].span, at: place)
    store = try EventStore(at: "/store", options: options)
    for projection in [Bites(size: 7), Bites(size: 7, isHiding: true)] {
      let bites = try store.start(raw: projection)
      await #expect(throws: ConsumerError.self) {
        try await bites.reached(50, within: patience)
      }
      #expect(bites.read { $0.positions } == Array(1...30))
      #expect(bites.status.position == 30)
      bites.stop()
      try store.consumers.remove("bites")
    }
    try store.close()
  }
}

/// Notes the positions it sees.
private struct Sums: RawProjection {
  static let name = "sums"
  var query = Query.all
  var refused: Int?
  var positions: [Int] = []

  struct Refused: Error {}
  enum CodingKeys: CodingKey { case refused, positions }

  mutating func apply(_ record: borrowing EventView) throws {
    let position = Int(record.position.rawValue)
    if position == refused { throw Refused() }
    positions.append(position)
  }
}

/// Notes the positions it sees before it looks at the events.
private struct Halfway: RawProjection {
  static let name = "halfway"
  var refused: Int?
  var positions: [Int] = []

  enum CodingKeys: CodingKey { case positions }

  mutating func apply(_ record: borrowing EventView) throws {
    positions.append(Int(record.position.rawValue))
    if positions.last == refused { throw Sums.Refused() }
  }
}

/// Takes a few events at a time.
private struct Bites: RawProjection {
  static let name = "bites"
  var size: Int
  /// Whether it keeps the log's errors to itself.
  var isHiding = false
  var positions: [Int] = []

  mutating func apply(_ record: borrowing EventView) throws {
    positions.append(Int(record.position.rawValue))
  }

  mutating func apply(all events: inout PendingEvents) throws {
    for _ in 0..<size {
      do {
        guard let event = try events.next() else { return }
        try apply(event)
      } catch  where isHiding {
        continue
      }
    }
  }
}
