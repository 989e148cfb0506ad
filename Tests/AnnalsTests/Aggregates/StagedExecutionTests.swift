import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Testing

/// Commands on states in the cache, whose last events are acknowledged and not yet framed.
@Suite struct StagedExecutionTests {
  private let disk = SimulatedFileSystem()

  private func open(_ disk: SimulatedFileSystem? = nil) throws -> EventStore {
    var options = StoreOptions()
    options.log.fileSystem = disk ?? self.disk
    options.log.hasMaintenanceThread = false
    options.log.stagesWithoutThread = true
    return try EventStore(at: "/store", options: options)
  }

  private func deposit(_ store: EventStore, _ count: Int = 1) throws {
    for _ in 0..<count {
      try store.execute(.deposit(1), on: "a-1", as: Account.self, durability: .written)
    }
  }

  /// An open account of nothing; the types it will need are known, so that events are staged.
  private func begin() throws -> EventStore {
    let store = try open()
    try store.execute(.open(owner: "Ada", balance: 0), on: "a-1", as: Account.self)
    try deposit(store)
    try store.log.sync()
    return store
  }

  @Test func aCommandHasNothingFramed() throws {
    let store = try begin()
    let framed = store.log.core.writtenThrough
    try deposit(store, 20)
    #expect(store.log.core.writtenThrough == framed)
    #expect(store.log.core.stagedThrough == framed + 20)
    let loaded = try store.load(Account.self, "a-1", visibility: .written)
    #expect(loaded.state.balance == 21 && loaded.version == 22)
    #expect(store.log.core.writtenThrough == framed)
    // Who reads durable events sees none of them, and who folds anew all.
    #expect(try store.load(Account.self, "a-1", visibility: .durable).state.balance == 1)
    store.cache.removeAll()
    #expect(try store.load(Account.self, "a-1", visibility: .written).state.balance == 21)
  }

  /// Appends that go past the cache, staged and framed ones.
  @Test(arguments: [Durability.written, .durable])
  func whatOthersAppendedIsDecidedOn(durability: Durability) throws {
    let store = try begin()
    try deposit(store, 3)
    try store.append([AccountEvent.deposited(amount: 100)], to: "a-1", durability: durability)
    let loaded = try store.load(Account.self, "a-1", visibility: .written)
    #expect(loaded.state.balance == 104 && loaded.version == 6)
    try deposit(store)
    let done = try store.execute(
      .withdraw(105),
      on: "a-1",
      as: Account.self,
      durability: .written
    )
    #expect(done.state.balance == 0 && done.retries == 0)
  }

  @Test func aRuleIsHeeded() throws {
    let store = try begin()
    try deposit(store, 3)
    try store.retain(.delete(.aggregate("a-1")))
    #expect(try !store.load(Account.self, "a-1", visibility: .written).exists)
    try store.execute(.open(owner: "Bob", balance: 5), on: "a-1", as: Account.self)
    #expect(try store.load(Account.self, "a-1").state.balance == 5)
  }

  @Test func aKilledStoreGoesOnWhereItWas() throws {
    let store = try begin()
    try deposit(store, 20)
    let again = try open(disk.killed())
    let loaded = try again.load(Account.self, "a-1", visibility: .written)
    #expect(loaded.state.balance == 21 && loaded.version == 22)
  }
}
