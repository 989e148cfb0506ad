import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

/// The largest and the smallest numbers that can be given are no reason to stop the process.
@Suite struct ExtremeOptionsTests {
  private static func blocking(_ balances: RunningProjection<Balances>) throws {
    try balances.reached(1, within: .seconds(Int64.max))
  }

  @Test func waitingForEverIsNoOverflow() async throws {
    let store = try EventStore.inMemory()
    try await store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: "account-1")
    let balances = try store.start(Balances())
    try await balances.reached(1, within: .seconds(Int64.max))
    try Self.blocking(balances)
    let waiting = Task { try await balances.reached(2, within: .seconds(Int64.max)) }
    try await Task.sleep(for: .milliseconds(20))
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    try await waiting.value
    await #expect(throws: ConsumerError.self) {
      try await balances.reached(99, within: .seconds(Int64.min))
    }
    balances.stop()
    try store.close()
  }

  @Test(arguments: [Int.min, -1, 0, 1, Int.max])
  func aProjectionIsKeptHoweverSeldom(_ count: Int) async throws {
    let store = try EventStore.inMemory()
    try await store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: "account-1")
    let events = (0..<9_000).map { _ in AccountEvent.deposited(amount: 1) }
    try await store.append(events, to: "account-1")
    var options = ProjectionOptions()
    options.eventsPerCheckpoint = count
    options.checkpointInterval = .seconds(Int64.max)
    let balances = try store.start(Balances(), options: options)
    try await balances.reached(9_001, within: patience)
    try await balances.rebuild()
    balances.stop()
    #expect(balances.status.savedThrough == 9_001)
    try store.close()
  }

  @Test func aMomentAtTheEndOfTimeIsTheHead() async throws {
    let store = try EventStore.inMemory()
    let last = Timestamp(microseconds: .max)
    let first = Timestamp(microseconds: .min + 1)
    try await store.append(
      [AccountEvent.opened(owner: "Ada", balance: 1)],
      to: "account-1",
      time: first
    )
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1", time: last)
    try await store.append(
      [AccountEvent.deposited(amount: 1)],
      to: "account-1",
      time: Timestamp(microseconds: 0)
    )
    #expect(try store.position(asOf: last) == 3)
    #expect(try store.position(asOf: first) == 1)
    #expect(try store.position(asOf: Timestamp(microseconds: .min)) == 0)
    let times = try store.log.read().map(\.time)
    #expect(times == [first, last, Timestamp(microseconds: 0)])
    #expect(try store.load(Account.self, "account-1", at: .time(last)).version == 3)
    try store.close()
  }

  @Test func placesBeyondEveryEndAreEmpty() async throws {
    let store = try EventStore.inMemory()
    try await store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: "account-1")
    #expect(try store.event(at: Position(.max), as: AccountEvent.self) == nil)
    #expect(try store.log.events(after: Position(.max)).isEmpty)
    #expect(try store.log.events(of: "account-1", after: Version(.max)).isEmpty)
    #expect(try store.load(Account.self, "account-1", at: .version(Version(.max))).version == 1)
    #expect(try store.load(Account.self, "account-1", at: .position(Position(.max))).version == 1)
    #expect(throws: StoreError.self) { try store.view(at: Position(.max)) }
    for isReversed in [false, true] {
      for aggregate: AggregateID? in [nil, "account-1"] {
        for (after, until) in [(UInt64.max, UInt64.max), (.max, 0), (1, 0), (.max - 1, .max)] {
          var request = ReadRequest()
          request.aggregate = aggregate
          request.after = after
          request.until = until
          request.isReversed = isReversed
          #expect(try store.log.read(request).isEmpty)
          request.query = Query(tags: ["none"])
          #expect(try store.log.read(request).isEmpty)
        }
      }
    }
    var request = ReadRequest()
    request.limit = .min
    #expect(try store.log.read(request).isEmpty)
    try store.close()
  }

  @Test func aVersionBeyondEveryEndIsAConflict() throws {
    let store = try EventStore.inMemory()
    #expect(throws: StoreError.self) {
      try store.append(
        [AccountEvent.deposited(amount: 1)],
        to: "account-1",
        expecting: .exactly(Version(.max))
      )
    }
    #expect(store.head == 0)
    try store.close()
  }
}
