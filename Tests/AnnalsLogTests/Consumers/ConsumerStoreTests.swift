import AnnalsLog
import AnnalsTesting
import Testing

/// A log with a few durable events.
func logWithEvents(
  _ disk: SimulatedFileSystem,
  _ count: Int = 9,
  _ access: LogOptions.Access = .readWrite
) throws -> EventLog {
  var options = simulatedOptions(disk)
  options.access = access
  let log = try EventLog(at: "/store", options: options)
  if access == .readWrite {
    while log.head().rawValue < UInt64(count) {
      let number = log.head().rawValue + 1
      try log.append([NewEvent(type: "T", payload: [UInt8(truncatingIfNeeded: number)])], to: "a-1")
    }
  }
  return log
}

extension EventLog {
  /// A record that stands on `position` and has `state`.
  func record(_ position: UInt64, _ state: [UInt8] = []) throws -> ConsumerRecord {
    ConsumerRecord(
      position: position,
      history: historyID,
      eventDigest: try eventDigest(at: Position(position)) ?? KeyHash(high: 0, low: 0),
      fingerprint: 7,
      kind: ConsumerRecord.Kind.projection.rawValue,
      state: state
    )
  }
}

@Suite struct ConsumerStoreTests {
  @Test func whatWasSavedLastIsLoaded() throws {
    let disk = SimulatedFileSystem()
    let log = try logWithEvents(disk)
    let store = ConsumerStore(log)
    #expect(try store.load("orders") == nil)
    #expect(try store.list().isEmpty)
    let sizes = [0, 1, 100, 20_000, 50, 300_000, 10, 0, 5_000]
    for (index, size) in sizes.enumerated() {
      let state = index % 2 == 0 ? noise(size) : [UInt8](repeating: 5, count: size)
      let record = try log.record(UInt64(index + 1), state)
      try store.save("orders", record)
      #expect(try store.load("orders") == record)
      #expect(try ConsumerStore(log).load("orders") == record)
    }
    #expect(store.damagedCount == 0)
  }

  @Test func anyNameIsItsOwn() throws {
    let log = try logWithEvents(SimulatedFileSystem())
    let store = ConsumerStore(log)
    let long = String(repeating: "x", count: 199)
    let names = ["a", "A", "..", "a/b", "a_b", "größe", " ", long + "1", long + "2", "con.0", ".tmp"]
    for (index, name) in names.enumerated() {
      try store.save(name, try log.record(1, [UInt8(index)]))
    }
    for (index, name) in names.enumerated() {
      #expect(try store.load(name)?.state == [UInt8(index)])
    }
    #expect(try store.list().map(\.name) == names.sorted())
    #expect(throws: LogError.invalidName(InvalidName(.consumer, .empty))) { try store.load("") }
    #expect(throws: LogError.invalidName(InvalidName(.consumer, .containsNUL))) {
      try store.load("a\0")
    }
    #expect(
      throws: LogError.limitExceeded(LimitExceeded(.consumerNameBytes, value: 201, maximum: 200))
    ) { try store.load(long + "xx") }
  }

  @Test func theListSaysWhatIsThere() throws {
    let log = try logWithEvents(SimulatedFileSystem())
    let store = ConsumerStore(log)
    try store.save("b", try log.record(2, [UInt8](repeating: 1, count: 5000)))
    try store.save("b", try log.record(3, [UInt8](repeating: 1, count: 6000)))
    try store.save("a", try log.record(0))
    let list = try store.list()
    #expect(list.map(\.name) == ["a", "b"])
    #expect(list.map(\.position) == [0, 3])
    #expect(list.map(\.stateBytes) == [0, 6000])
    #expect(list.map(\.storedBytes) == [4096, 8192])
    #expect(list.map(\.fingerprint) == [7, 7])
    #expect(list.map(\.damagedCount) == [0, 0])
  }

  @Test func whatWasRemovedIsGone() throws {
    let disk = SimulatedFileSystem()
    let log = try logWithEvents(disk)
    let store = ConsumerStore(log)
    for position in 1...3 { try store.save("a", try log.record(UInt64(position))) }
    try store.remove("a")
    #expect(try store.load("a") == nil)
    #expect(try store.list().isEmpty)
    try store.remove("a")
    try store.remove("never")
    try store.save("a", try log.record(1))
    #expect(try ConsumerStore(log).load("a")?.position == 1)
  }

  @Test func aLogOpenedForReadingOnlyLoads() throws {
    let disk = SimulatedFileSystem()
    let log = try logWithEvents(disk)
    let readerBefore = ConsumerStore(try logWithEvents(disk, 0, .readOnly))
    #expect(try readerBefore.load("a") == nil)
    let record = try log.record(4, [1, 2, 3])
    try ConsumerStore(log).save("a", record)
    #expect(try readerBefore.load("a") == record)
    #expect(try readerBefore.list().map(\.position) == [4])
    #expect(throws: LogError.readOnly) { try readerBefore.save("a", record) }
    #expect(throws: LogError.readOnly) { try readerBefore.remove("a") }
  }

  @Test func aPositionThatIsNotDurableIsRefused() throws {
    let log = try logWithEvents(SimulatedFileSystem(), 3)
    let store = ConsumerStore(log)
    try log.append([NewEvent(type: "T", payload: [])], to: "a-1", durability: .written)
    #expect(throws: LogError.positionBeyondHead(requested: 4, head: 3)) {
      try store.save("a", try log.record(4))
    }
    try log.sync()
    try store.save("a", try log.record(4))
    try log.close()
    #expect(throws: LogError.closed) { try store.save("a", try log.record(4)) }
  }

  @Test func aRecordFitsOnlyTheHistoryItStandsOn() throws {
    let log = try logWithEvents(SimulatedFileSystem(), 3)
    let other = try logWithEvents(SimulatedFileSystem(), 3)
    var record = try log.record(2)
    #expect(try log.standing(of: record) == .fits)
    #expect(try other.standing(of: record) == .anotherHistory)
    record.eventDigest.low ^= 1
    #expect(try log.standing(of: record) == .anotherHistory)
    record.position = 4
    #expect(try log.standing(of: record) == .beyondHead)
    record.position = 0
    #expect(try log.standing(of: record) == .fits)
    #expect(try log.eventDigest(at: 0) == nil)
    #expect(try log.eventDigest(at: 4) == nil)
  }

  @Test func theDigestDependsOnEveryPartOfTheEvent() throws {
    let time = Timestamp(microseconds: 1)
    let id = try #require(EventID(bytes: [UInt8](repeating: 1, count: 16)))
    let events = [
      NewEvent(type: "T", payload: [1], time: time), NewEvent(type: "U", payload: [1], time: time),
      NewEvent(type: "T", payload: [2], time: time),
      NewEvent(type: "T", payload: [1], time: Timestamp(microseconds: 2)),
      NewEvent(type: "T", payload: [1], time: time, id: id),
      NewEvent(type: "T", payload: [1], time: time, tags: ["t"]),
      NewEvent(
        type: "T",
        payload: [1],
        time: time,
        metadata: Metadata([.init(name: "a", value: "b")])
      ),
    ]
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: simulatedOptions(disk))
    let batch = EventBatch()
    for event in events { try batch.add(event, to: "a-1") }
    try log.append(batch)
    var content: Set<[UInt8]> = []
    var cursor = try log.cursor()
    while let event = try cursor.next() {
      var buffer = ByteBuffer()
      EventDigest.encode(event, into: &buffer)
      // Without position and version, which differ anyhow.
      content.insert(Array(buffer.bytes.array.dropFirst(16)))
    }
    #expect(content.count == events.count)
    let digests = try (1...7).map { try log.eventDigest(at: Position($0)) }
    #expect(Set(digests).count == 7)
    try log.close()
    let again = try EventLog(at: "/store", options: simulatedOptions(disk))
    #expect(try (1...7).map { try again.eventDigest(at: Position($0)) } == digests)
  }
}
