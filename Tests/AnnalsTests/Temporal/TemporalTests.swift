import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct TemporalTests {
  private func time(_ second: Int64) -> Timestamp { Timestamp(microseconds: second * 1_000_000) }

  /// Ada's account at 10 s, Bob's at 20 s, then one deposit each at 30, 40, … s.
  private func bank() throws -> EventStore {
    let store = try EventStore.inMemory()
    let (ada, bob): (AggregateID, AggregateID) = ("account-1", "account-2")
    try store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: ada, time: time(10))
    try store.append([AccountEvent.opened(owner: "Bob", balance: 1)], to: bob, time: time(20))
    for index in 0..<6 {
      try store.append(
        [AccountEvent.deposited(amount: 1)],
        to: index % 2 == 0 ? ada : bob,
        time: time(Int64(30 + 10 * index))
      )
    }
    return store
  }

  @Test func statesAtVersionsPositionsAndTimes() throws {
    let store = try bank()
    func balance(_ moment: Moment) throws -> Money {
      try store.load(Account.self, "account-1", at: moment).state.balance
    }
    #expect(try balance(.version(0)) == 0)
    #expect(try balance(.version(2)) == 2)
    #expect(try balance(.version(99)) == 4)
    #expect(try balance(.position(1)) == 1)
    #expect(try balance(.position(4)) == 2)
    #expect(try balance(.position(99)) == 4)
    #expect(try balance(.time(time(9))) == 0)
    #expect(try balance(.time(time(10))) == 1)
    #expect(try balance(.time(time(55))) == 3)
    #expect(try balance(.time(time(999))) == 4)
  }

  @Test func timesNeedNotRise() throws {
    let store = try bank()
    // Late news of early times: the first later event ends the past.
    try store.append([AccountEvent.deposited(amount: 1)], to: "account-1", time: time(15))
    #expect(try store.position(asOf: time(15)) == 1)
    #expect(try store.position(asOf: time(80)) == 9)
  }

  @Test func aHistoryHasTheStateAfterEachEvent() throws {
    let store = try bank()
    let steps = try store.history(of: "account-1", as: Account.self)
    #expect(steps.map(\.state.balance) == [1, 2, 3, 4])
    #expect(steps.map(\.record.version) == [1, 2, 3, 4])
    let later = try store.history(of: "account-1", as: Account.self, after: 2, limit: 1)
    #expect(later.map(\.state.balance) == [3])
  }

  @Test func aViewStaysWhereItIs() throws {
    let store = try bank()
    let view = try store.view(at: 4)
    try store.append([AccountEvent.withdrawn(amount: 1)], to: "account-1")
    #expect(try view.load(Account.self, "account-1").state.balance == 2)
    #expect(try view.load(Account.self, "account-2").state.balance == 2)
    #expect(try view.events().map(\.position) == [1, 2, 3, 4])
    #expect(try view.events(.aggregate("account-2")).map(\.version) == [1, 2])
    #expect(try view.fold(Balances()).total == 4)
    var newest = ReadRequest.aggregate("account-1")
    newest.isReversed = true
    newest.limit = 1
    #expect(try view.events(newest).map(\.version) == [2])
    newest.limit = 0
    #expect(try view.events(newest).isEmpty)
    #expect(throws: StoreError.self) { try store.view(at: 99) }
    #expect(try store.view(at: time(20)).position == 2)
  }
}
