import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct SnapshotTests {
  private let id: AggregateID = "ledger-1"

  private func book(_ store: EventStore, _ count: Int, _ durability: Durability = .durable) throws {
    let events = (0..<count).map { LedgerEvent.booked($0 + 1) }
    try store.append(events, to: id, durability: durability)
  }

  private func load(_ store: EventStore) throws -> OtherLedger {
    store.cache.removeAll()
    let state = try store.load(OtherLedger.self, id).state
    store.keeper.drain()
    return state
  }

  @Test func aLoadStartsFromTheSnapshot() throws {
    let disk = MemoryDisk()
    let store = try disk.open()
    try book(store, 2)
    #expect(try load(store).sum == 3)
    // Not due yet.
    #expect(store.log.snapshots.counts.saved == 0)
    try book(store, 2)
    #expect(try load(store).sum == 6)
    #expect(store.log.snapshots.counts.saved == 1)
    try book(store, 1)
    #expect(try load(store).sum == 7)
    #expect(store.log.snapshots.counts.loaded == 1)
    try store.close()

    let again = try disk.open()
    let loaded = try again.load(OtherLedger.self, id)
    #expect(loaded.state.sum == 7)
    #expect(loaded.version == 5)
    #expect(loaded.snapshotVersion == 4)
    #expect(again.log.snapshots.counts.loaded == 1)
  }

  @Test func anExecutionKeepsAndUsesThem() throws {
    let disk = MemoryDisk()
    let store = try disk.open()
    try store.execute(.open(owner: "Ada", balance: 1), on: "account-1", as: Account.self)
    for _ in 0..<249 { try store.execute(.deposit(1), on: "account-1", as: Account.self) }
    store.keeper.drain()
    // Two are due; of two that wait for it the keeper keeps the newer one.
    #expect((1...2).contains(store.log.snapshots.counts.saved))
    try store.close()
    let again = try disk.open()
    let done = try again.execute(.deposit(1), on: "account-1", as: Account.self)
    #expect(done.state.balance == 251)
    #expect(again.log.snapshots.counts.loaded == 1)
  }

  @Test func whatIsOnlyWrittenWaitsUntilItIsDurable() throws {
    var options = StoreOptions()
    options.log.visibility = .written
    options.log.writtenSyncMilliseconds = 0
    let store = try EventStore.inMemory(options: options)
    try book(store, 9, .written)
    #expect(try load(store).sum == 45)
    #expect(store.log.snapshots.counts.saved == 0)
    try store.log.sync()
    store.keeper.drain()
    #expect(store.log.snapshots.counts.saved == 1)
  }

  @Test func aShapeThatChangedIsIgnored() throws {
    let store = try EventStore.inMemory()
    try book(store, 9)
    _ = try load(store)
    // Another type over the same events, and then the first again: they take turns.
    for round in 0..<3 {
      store.cache.removeAll()
      let ledger = try store.load(Ledger.self, id)
      #expect(ledger.state.count == 9)
      store.keeper.drain()
      #expect(try load(store).sum == 45)
      #expect(store.log.snapshots.counts[.anotherShape] > round)
    }
  }

  @Test func aReadOnlyStoreUsesAndKeepsNone() throws {
    let disk = MemoryDisk()
    let store = try disk.open()
    try book(store, 9)
    _ = try load(store)
    var options = StoreOptions()
    options.log.access = .readOnly
    let reader = try disk.open(options: options)
    #expect(try load(reader).sum == 45)
    #expect(reader.log.snapshots.counts.loaded == 1)
    try book(store, 9)
    #expect(reader.log.snapshots.counts.saved == 0)
  }

  @Test func closingKeepsWhatWaits() throws {
    let disk = MemoryDisk()
    for round in 1...20 {
      let store = try disk.open()
      try book(store, 5)
      store.cache.removeAll()
      _ = try store.load(OtherLedger.self, id)
      try store.close()
      let again = try disk.open()
      let loaded = try again.load(OtherLedger.self, id)
      #expect(loaded.snapshotVersion == Version(UInt64(round * 5)))
      try again.close()
    }
  }

  @Test func aForgottenAggregateIsFoldedAgain() throws {
    let store = try EventStore.inMemory()
    try book(store, 9)
    _ = try load(store)
    try store.forgetSnapshots(of: id)
    let loaded = try store.load(OtherLedger.self, id)
    #expect(loaded.state.sum == 45)
    #expect(store.log.snapshots.counts.loaded == 0)
    store.keeper.drain()
    // Two are due; of two that wait for it the keeper keeps the newer one.
    #expect((1...2).contains(store.log.snapshots.counts.saved))
  }

  @Test func policiesCombine() throws {
    var folding = Folding()
    (folding.eventCount, folding.byteCount, folding.nanoseconds) = (10, 100, 1000)
    var loaded = Loaded(state: Ledger(), version: 10, position: 10)
    func isDue(_ policy: SnapshotPolicy<Ledger>) -> Bool {
      policy.isDue(folding, loaded)
    }
    #expect(isDue(.events(10)))
    #expect(!isDue(.events(11)))
    #expect(isDue(.events(11) || .bytes(100)))
    #expect(!isDue(.events(11) || .bytes(101)))
    #expect(isDue(.foldingTime(.microseconds(1)) && .when { $0.count == 0 }))
    #expect(!isDue(.foldingTime(.microseconds(2)) && .events(1)))
    loaded.snapshotVersion = 5
    #expect(!isDue(.events(6)))
  }

  @Test func manyTasksMayLoadWhileStatesAreKept() async throws {
    let store = try EventStore.inMemory()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 1...60 {
            let id = AggregateID("ledger-\((task + round) % 5)")
            _ = try await store.append([LedgerEvent.booked(1)], to: id)
            if round % 7 == 0 { store.cache.removeAll() }
            let loaded = try store.load(OtherLedger.self, id)
            #expect(loaded.state.sum == Int(loaded.version.rawValue))
          }
        }
      }
      try await group.waitForAll()
    }
    store.keeper.drain()
    #expect(store.log.snapshots.counts.saved > 20)
    #expect(store.log.snapshots.counts.ignoredCount == 0)
  }
}
