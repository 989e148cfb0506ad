import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// What users' code does to the store from within the store's calls to it.
@Suite struct FromWithinTests {
  private func store() throws -> EventStore {
    let store = try EventStore.inMemory()
    try store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: "account-1")
    return store
  }

  /// What `body` throws when it is done from within a fold.
  private func whileFolding(
    _ store: EventStore,
    _ number: Int,
    _ body: @escaping @Sendable () throws -> Void
  ) async throws -> (any Error)? {
    let thrown = Mutex<(any Error)?>(nil)
    Interrupted.atFolding.withLock {
      $0[number] = {
        do {
          try body()
        } catch {
          thrown.withLock { $0 = error }
        }
      }
    }
    let running = try store.start(Interrupted(number: number))
    try await running.reached(1, within: .seconds(20))
    running.stop()
    return thrown.withLock { $0 }
  }

  @Test func aFoldMayReadAndAppend() async throws {
    let store = try store()
    let thrown = try await whileFolding(store, 11) {
      _ = try store.load(Account.self, "account-1")
      try store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
      try store.retain(.redact(1))
    }
    #expect(thrown == nil)
    #expect(store.head == 2)
    try store.close()
  }

  /// Closing waits for the fold, and would for ever: it is refused, and the store goes on.
  @Test func aFoldMayNotCloseTheStore() async throws {
    let store = try store()
    let thrown = try await whileFolding(store, 12) { try store.close() }
    guard case .log(.system(let cause)) = thrown as? StoreError else {
      Issue.record("\(String(describing: thrown))")
      return
    }
    #expect(cause.errno == SystemError.deadlock)
    let receipt = try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    #expect(receipt.lastPosition == 2)
    try store.close()
  }

  /// So does a compaction that erases what states may hold; one that does not is nobody's business.
  @Test func aFoldMayNotErase() async throws {
    let store = try store()
    #expect(try await whileFolding(store, 13) { try store.log.compact() } == nil)
    try store.consumers.remove(Interrupted.name)
    try await store.append([AccountEvent.opened(owner: "Eve", balance: 1)], to: "account-2")
    try await store.retain(.delete(.aggregate("account-2")))
    let thrown = try await whileFolding(store, 14) { try store.log.compact() }
    guard case .system(let cause) = thrown as? LogError else {
      Issue.record("\(String(describing: thrown))")
      return
    }
    #expect(cause.errno == SystemError.deadlock)
    #expect(try store.log.compact().eventsRemoved == 1)
    try store.close()
  }

  @Test func progressMayUseTheStore() async throws {
    let disk = SimulatedFileSystem()
    var options = StoreOptions()
    options.log.fileSystem = disk
    options.log.firstSegmentBytes = 32 << 10
    options.log.segmentBytes = 32 << 10
    let store = try EventStore(at: "/store", options: options)
    for _ in 0..<2000 {
      try await store.append(
        [AccountEvent.opened(owner: "Ada", balance: 1)],
        to: "account-1",
        durability: .written
      )
    }
    try store.log.sync()
    let calls = Mutex(0)
    let use: @Sendable () -> Void = {
      calls.withLock { $0 += 1 }
      do {
        try store.append([AccountEvent.deposited(amount: 1)], to: "account-2")
        try store.retain(.redact(store.head))
        _ = try store.load(Account.self, "account-2")
        _ = try store.log.planCompaction()
      } catch {
        Issue.record("\(error)")
      }
    }
    _ = try StoreVerifier.verify("/store", options: options.log) { _ in use() }
    #expect(calls.withLock { $0 } > 0)
    calls.withLock { $0 = 0 }
    try StoreCopier.backup("/store", to: "/backup", opening: options.log) { _ in use() }
    #expect(calls.withLock { $0 } > 0)
    calls.withLock { $0 = 0 }
    try await store.retain(.truncate("account-1", before: 1500))
    var compaction = CompactionOptions()
    compaction.leastGarbage = 0
    compaction.isCancelled = {
      use()
      return false
    }
    #expect(try store.log.compact(compaction).eventsRemoved == 1499)
    #expect(calls.withLock { $0 } > 0)
    #expect(try StoreVerifier.verify("/store", options: options.log).isOK)
    try store.close()
  }
}
