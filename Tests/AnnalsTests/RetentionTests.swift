import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct RetentionTests {
  private func bank() throws -> EventStore {
    let store = try EventStore.inMemory()
    for owner in ["Ada", "Bob"] {
      let id: AggregateID = owner == "Ada" ? "account-1" : "account-2"
      try store.append([AccountEvent.opened(owner: owner, balance: 1)], to: id)
      for _ in 0..<3 { try store.append([AccountEvent.deposited(amount: 1)], to: id) }
    }
    return store
  }

  @Test func aDeletedAggregateIsToldFromOneThatNeverWas() throws {
    let store = try bank()
    // It is in the cache before it is deleted.
    #expect(try store.load(Account.self, "account-1").state.balance == 4)
    try store.retain(.delete(.aggregate("account-1")), reason: "asked")
    let deleted = try store.load(Account.self, "account-1")
    #expect(!deleted.exists)
    #expect(deleted.version == 4)
    #expect(deleted.state.balance == 0)
    #expect(deleted.deletion?.reason == "asked")
    let absent = try store.load(Account.self, "account-3")
    #expect(!absent.exists && absent.deletion == nil && absent.version == 0)
    #expect(try store.status(of: "account-3") == .neverExisted)
    #expect(try store.load(Account.self, "account-2").state.balance == 4)
  }

  @Test func aCommandBeginsItAgainAndVersionsGoOn() throws {
    let store = try bank()
    try store.retain(.delete(.aggregate("account-1")))
    let execution = try store.execute(
      .open(owner: "Eve", balance: 2),
      on: "account-1",
      as: Account.self
    )
    #expect(execution.version == 5)
    let again = try store.load(Account.self, "account-1")
    #expect(again.exists)
    #expect(again.version == 5)
    #expect(again.state.balance == 2)
    #expect(try store.log.events(of: "account-1").map(\.version) == [5])
  }

  @Test func aTombstoneRefusesForEver() throws {
    let store = try bank()
    try store.retain(.tombstone(.aggregate("account-1")), reason: "closed")
    #expect(throws: (any Error).self) {
      try store.execute(.open(owner: "Eve", balance: 2), on: "account-1", as: Account.self)
    }
    #expect(throws: StoreError.self) { try store.retain(.reopen(.aggregate("account-1"))) }
    let status = try store.status(of: "account-1")
    guard case .deleted(let deletion, 4) = status else {
      Issue.record("\(status)")
      return
    }
    #expect(deletion.isFinal)
  }

  @Test func foldsPassOverWhatIsRedacted() throws {
    let store = try bank()
    try store.retain(.redact(3), reason: "a test")
    #expect(try store.load(Account.self, "account-1").state.balance == 3)
    #expect(try store.load(Account.self, "account-1").version == 4)
    #expect(try store.events(of: "account-1", as: AccountEvent.self).count == 3)
    let records = try store.log.events(of: "account-1")
    #expect(records.filter(\.isRedacted).map(\.position) == [3])
  }

  @Test func aViewFromBeforeStillSees() throws {
    let store = try bank()
    let view = try store.view()
    try store.retain(.delete(.aggregate("account-1")))
    try store.log.compact()
    #expect(try view.load(Account.self, "account-1").state.balance == 4)
    #expect(try view.fold(Balances()).total == 8)
    #expect(try store.view().fold(Balances()).total == 4)
    #expect(try store.load(Account.self, "account-1").version == 4)
  }

  @Test func countedEventsChangeNoAnswerOfTheCache() throws {
    let store = try bank()
    try store.retain(.keepCount(.category("account"), 2))
    #expect(try store.load(Account.self, "account-1").state.balance == 2)
    try store.append([AccountEvent.deposited(amount: 5)], to: "account-1")
    #expect(try store.load(Account.self, "account-1").state.balance == 6)
    #expect(try store.load(Account.self, "account-1").version == 5)
  }
}
