import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct ExecuteTests {
  @Test func aCommandIsDecidedAndAppended() throws {
    let store = try EventStore.inMemory()
    try store.execute(.open(owner: "Ada", balance: 1000), on: "account-1", as: Account.self)
    try store.execute(.deposit(500), on: "account-1", as: Account.self)
    let done = try store.execute(.withdraw(200), on: "account-1", as: Account.self)
    #expect(done.state.balance == 1300)
    #expect(done.version == 3)
    let loaded = try store.load(Account.self, "account-1")
    #expect(loaded.state == done.state)
    #expect(loaded.version == 3)
    #expect(loaded.position == 3)
    let records = try store.log.read(.all())
    #expect(records.map(\.type) == ["AccountOpened", "MoneyDeposited", "MoneyWithdrawn"])
    #expect(String(decoding: records[1].payload, as: UTF8.self) == #"{"amount":50000}"#)
  }

  @Test func aRefusalIsTypedAndAppendsNothing() throws {
    let store = try EventStore.inMemory()
    try store.execute(.open(owner: "Ada", balance: 10), on: "account-1", as: Account.self)
    do throws(ExecuteError<AccountRefusal>) {
      try store.execute(.withdraw(11), on: "account-1", as: Account.self)
      Issue.record("an overdraft must be refused")
    } catch {
      guard case .refused(.insufficientFunds(let balance)) = error else { throw error }
      #expect(balance == 10)
    }
    #expect(store.head == 1)
  }

  @Test func aConflictFoldsWhatWasMissedAndDecidesAgain() async throws {
    let store = try EventStore.inMemory()
    try await store.execute(.open(owner: "Ada", balance: 10), on: "account-1", as: Account.self)
    // Appended between the loading and the appending, as another process would.
    var interruptions = 3
    let receipt = try await store.execute(on: Target(Account.self, "account-1")) {
      account throws(AccountRefusal) in
      if interruptions > 0 {
        interruptions -= 1
        _ = try? store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
      }
      return (try account.decide(.withdraw(10)))
    }
    #expect(receipt?.version == 5)
    #expect(try store.load(Account.self, "account-1").state.balance == 3)
  }

  @Test func severalAggregatesChangeTogetherOrNotAtAll() async throws {
    let store = try EventStore.inMemory()
    try await store.execute(.open(owner: "Ada", balance: 10), on: "account-1", as: Account.self)
    try await store.execute(.open(owner: "Bob", balance: 0), on: "account-2", as: Account.self)
    func transfer(_ amount: Money) async throws(ExecuteError<AccountRefusal>) {
      try await store.execute(
        on: Target(Account.self, "account-1"),
        Target(Account.self, "account-2")
      ) { from, to throws(AccountRefusal) in
        (try from.decide(.withdraw(amount)), try to.decide(.deposit(amount)))
      }
    }
    try await transfer(4)
    await #expect(throws: ExecuteError<AccountRefusal>.self) { try await transfer(7) }
    #expect(try store.load(Account.self, "account-1").state.balance == 6)
    #expect(try store.load(Account.self, "account-2").state.balance == 4)
    #expect(store.head == 4)
  }
}
