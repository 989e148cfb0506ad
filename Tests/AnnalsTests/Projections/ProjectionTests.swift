import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct ProjectionTests {
  private func bank(_ store: EventStore, deposits: Int) async throws -> Position {
    if store.head == 0 {
      try await store.execute(.open(owner: "Ada", balance: 100), on: "account-1", as: Account.self)
      try await store.execute(.open(owner: "Bob", balance: 50), on: "account-2", as: Account.self)
    }
    var last = Position.start
    for index in 0..<deposits {
      let id: AggregateID = index % 2 == 0 ? "account-1" : "account-2"
      last = try await store.append([AccountEvent.deposited(amount: 1)], to: id).lastPosition
    }
    return last
  }

  @Test func itCatchesUpGoesLiveAndReadsWhatWasWritten() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 10)
    let balances = try store.start(Balances())
    try await balances.reached(12, within: patience)
    #expect(balances.read { $0.totals } == ["Ada": 105, "Bob": 55])
    let last = try await bank(store, deposits: 3)
    try await balances.reached(last, within: patience)
    #expect(balances.read { $0.total } == 163)
    #expect(balances.status.lag == 0)
    #expect(throws: ConsumerError.self) { try store.start(Balances()) }
    balances.stop()
    try store.close()
  }

  @Test func waitingForWhatDoesNotComeTimesOut() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 1)
    let balances = try store.start(Balances())
    await #expect(throws: ConsumerError.self) {
      try await balances.reached(99, within: .milliseconds(50))
    }
    let waiting = Task { try await balances.reached(99, within: patience) }
    try await Task.sleep(for: .milliseconds(10))
    balances.stop()
    await #expect(throws: ConsumerError.self) { try await waiting.value }
    try store.close()
  }

  @Test func itGoesOnBehindWhatItKept() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 10)
    let first = try store.start(Balances())
    try await first.reached(12, within: patience)
    first.stop()
    #expect(first.status.savedThrough == 12)
    let last = try await bank(store, deposits: 5)
    let second = try store.start(Balances())
    try await second.reached(last, within: patience)
    #expect(second.read { $0.eventCount } == 17)
    #expect(second.status.eventCount == 5)
    #expect(second.read { $0.total } == 165)
    try store.close()
  }

  @Test func anEventItCannotReadStopsItWithThePlace() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 2)
    let bad = NewEvent(type: "MoneyDeposited", payload: Array(#"{"amount":"much"}"#.utf8))
    try await store.log.append([bad], to: "account-1")
    _ = try await bank(store, deposits: 2)
    let balances = try store.start(Balances())
    do throws(ConsumerError) {
      try await balances.reached(7, within: patience)
      Issue.record("it must fail")
    } catch {
      guard case .store(.event(let reason)) = error else { throw error }
      #expect(reason.position == 5)
      #expect(reason.type == "MoneyDeposited")
    }
    #expect(balances.status.position == 4)
    #expect(balances.read { $0.total } == 152)
    try store.close()
  }

  @Test func aRebuildExchangesTheStateAndTellsWhatDiffers() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 10)
    let balances = try store.start(Balances())
    try await balances.reached(12, within: patience)
    let same = try await balances.rebuild(comparing: true)
    #expect(same.differences == [])
    #expect(same.eventCount == 12)
    balances.lock.withLock { balances.fold.state = Balances() }
    let report = try await balances.rebuild(comparing: true)
    let paths = try #require(report.differences).map(\.path)
    #expect(paths.contains("eventCount"))
    #expect(paths.contains("totals.Ada"))
    #expect(balances.read { $0.total } == 160)
    let last = try await bank(store, deposits: 1)
    try await balances.reached(last, within: patience)
    #expect(balances.read { $0.total } == 161)
    try store.close()
  }

  @Test func itsStatusesAreTold() async throws {
    let store = try EventStore.inMemory()
    _ = try await bank(store, deposits: 2)
    let balances = try store.start(Balances())
    var sawLive = false
    for await status in balances.statuses {
      if status.isLive, !sawLive {
        sawLive = true
        Task.detached { balances.stop() }
      }
      if case .stopped = status.phase { break }
    }
    #expect(sawLive)
    try store.close()
  }
}
