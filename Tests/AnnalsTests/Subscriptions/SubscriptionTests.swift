import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct SubscriptionTests {
  private func deposit(_ store: EventStore, _ id: AggregateID, _ count: Int) async throws {
    for _ in 0..<count {
      try await store.append([AccountEvent.deposited(amount: 1)], to: id, durability: .written)
    }
    try store.log.sync()
  }

  @Test func catchUpThenLiveWithoutLossOrDouble() async throws {
    let store = try EventStore.inMemory()
    try await deposit(store, "account-1", 500)
    async let writing: Void = deposit(store, "account-2", 500)
    var expected: UInt64 = 1
    var caughtUp: [Position] = []
    for try await item in store.subscribe() {
      switch item {
      case .event(let event):
        #expect(event.position.rawValue == expected)
        expected += 1
      case .caughtUp(let position): caughtUp.append(position)
      case .checkpoint, .gap: Issue.record("everything was asked for, and all of it is there")
      }
      if expected > 1000 { break }
    }
    try await writing
    #expect(caughtUp.count <= 1)
  }

  @Test func aFilteredIdleTailGivesCheckpoints() async throws {
    let store = try EventStore.inMemory()
    var request = SubscriptionRequest()
    request.aggregate = "account-2"
    var items = store.subscribe(request).makeAsyncIterator()
    try await deposit(store, "account-1", 3)
    guard case .checkpoint(3)? = try await items.next() else {
      Issue.record("what was looked at is told")
      return
    }
    guard case .caughtUp(3)? = try await items.next() else {
      Issue.record("the end is told")
      return
    }
    try await deposit(store, "account-2", 1)
    guard case .event(let event)? = try await items.next() else {
      Issue.record("the event is given")
      return
    }
    #expect(event.position == 4)
    try await deposit(store, "account-1", 2)
    guard case .checkpoint(6)? = try await items.next() else {
      Issue.record("a live tail without events is told, too")
      return
    }
  }

  @Test func cancellingEndsIt() async throws {
    let store = try EventStore.inMemory()
    let (seen, sees) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      var count = 0
      for try await _ in store.subscribe() {
        count += 1
        sees.yield()
      }
      return count
    }
    try await deposit(store, "account-1", 1)
    for await _ in seen { break }
    task.cancel()
    #expect(try await task.value >= 1)
  }

  @Test func closingEndsIt() async throws {
    let store = try EventStore.inMemory()
    let (seen, sees) = AsyncStream.makeStream(of: Void.self)
    let task = Task { for try await _ in store.subscribe() { sees.yield() } }
    try await deposit(store, "account-1", 1)
    for await _ in seen { break }
    try store.close()
    try await task.value
  }

  @Test(arguments: [1, 7, 64, 5000])
  func batchesHoldTheSame(countMax: Int) async throws {
    let store = try EventStore.inMemory()
    try await deposit(store, "account-1", 100)
    var request = SubscriptionRequest()
    request.isLive = false
    var positions: [UInt64] = []
    for try await batch in store.subscribe(request).batches(of: countMax) {
      #expect(batch.events.count <= countMax)
      positions += batch.events.map(\.position.rawValue)
      #expect(positions.last == batch.through.rawValue)
    }
    #expect(positions == Array(1...100))
  }

  @Test func eventsComeAsValues() async throws {
    let store = try EventStore.inMemory()
    try await store.log.append([NewEvent(type: "Other", payload: [0x7b, 0x7d])], to: "other-1")
    try await deposit(store, "account-1", 2)
    var request = SubscriptionRequest()
    request.isLive = false
    var amounts: [Money] = []
    for try await item in try store.subscribe(to: AccountEvent.self, request) {
      if case .event(let event) = item, case .deposited(let amount) = event.value {
        amounts.append(amount)
      }
    }
    #expect(amounts == [1, 1])
    var unknown: [String] = []
    for try await item in try store.subscribe(reporting: AccountEvent.self, request) {
      if case .event(.unknown(let record, let error)) = item {
        unknown.append(record.type)
        guard case .unknownType = error.reason else { throw error }
      }
    }
    #expect(unknown == ["Other"])
  }
}
