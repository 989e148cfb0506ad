import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// What was erased is in no state that a consumer keeps.
@Suite struct ErasedStateTests {
  // Nothing else in a state has four bytes in common with it, so that compression leaves it.
  private static let secret = "Zebra 7Q9x"

  private static func options(_ disk: SimulatedFileSystem) -> StoreOptions {
    var options = StoreOptions()
    options.log.fileSystem = disk
    options.log.firstSegmentBytes = 32 << 10
    options.log.segmentBytes = 32 << 10
    return options
  }

  /// A store with two accounts, one of them with a secret in its first event.
  private static func store(_ disk: SimulatedFileSystem) throws -> EventStore {
    let store = try EventStore(at: "/store", options: options(disk))
    if store.head > 0 { return store }
    try store.append([AccountEvent.opened(owner: "Bob", balance: 1)], to: "account-2")
    try store.append([AccountEvent.opened(owner: secret, balance: 1)], to: "account-1")
    for _ in 0..<20 { try store.append([AccountEvent.deposited(amount: 1)], to: "account-2") }
    return store
  }

  /// The files of the store with the secret in them.
  private static func holders(_ disk: SimulatedFileSystem) throws -> [String] {
    let root = try disk.openDirectory("/store", create: false)
    var found: [String] = []
    for folder in ["", "log", "snapshots", "consumers", "staging"] {
      guard
        let directory = folder.isEmpty ? root : try? root.openDirectory(folder, create: false)
      else { continue }
      for name in try directory.names() {
        guard let file = try? directory.openFile(name, .readOnly) else { continue }
        let bytes = try file.read(try file.size(), at: 0)
        let wanted = Array(secret.utf8)
        var isHolding = false
        var start = 0
        while start + wanted.count <= bytes.count {
          if bytes[start] == wanted[0], bytes[start..<start + wanted.count].elementsEqual(wanted) {
            isHolding = true
          }
          start += 1
        }
        if isHolding { found.append(folder + "/" + name) }
      }
    }
    return found
  }

  private static func isKept(_ disk: SimulatedFileSystem) throws -> Bool {
    let found = try holders(disk)
    return found.contains { $0.hasPrefix("consumers/") }
  }

  @Test(arguments: [RetentionRule.delete(.aggregate("account-1")), .redact(2)])
  func aRunningProjectionIsFoldedAnewAndItsFilesForgotten(rule: RetentionRule) async throws {
    let disk = SimulatedFileSystem()
    let store = try Self.store(disk)
    let first = try store.start(Balances())
    try await first.reached(22, within: patience)
    first.stop()
    #expect(try Self.isKept(disk))
    let balances = try store.start(Balances())
    try await balances.reached(22, within: patience)
    #expect(balances.read { $0.totals[Self.secret] } == 1)

    try await store.retain(rule, reason: "asked")
    try store.log.compact()
    #expect(try Self.holders(disk) == [])
    // It goes on with what it has until the state is folded anew.
    while balances.read({ $0.totals[Self.secret] != nil }) {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(balances.read { $0.totals["Bob"] } == 21)
    let last = try await store.append([AccountEvent.deposited(amount: 1)], to: "account-2")
      .lastPosition
    try await balances.reached(last, within: patience)
    balances.stop()
    #expect(balances.status.savedThrough == last)
    #expect(try Self.holders(disk) == [])
    // And the next one goes on behind that.
    let next = try store.start(Balances())
    try await next.reached(last, within: patience)
    #expect(next.status.eventCount == 0)
    #expect(next.read { $0.totals } == ["Bob": 22])
    try store.close()
  }

  @Test func theStateOfAProjectionThatDoesNotRunIsForgotten() async throws {
    let disk = SimulatedFileSystem()
    let store = try Self.store(disk)
    let balances = try store.start(Balances())
    try await balances.reached(22, within: patience)
    try store.close()
    #expect(try Self.isKept(disk))
    // By the log alone, as the command does it.
    let log = try EventLog(at: "/store", options: Self.options(disk).log)
    try log.retain(.delete(.aggregate("account-1")))
    try log.compact()
    try log.close()
    #expect(try Self.holders(disk) == [])
    let again = try Self.store(disk)
    let second = try again.start(Balances())
    try await second.reached(22, within: patience)
    #expect(second.read { $0.totals } == ["Bob": 21])
    try again.close()
  }

  @Test func whatIsOnlyOutOfSightCostsNoState() async throws {
    let disk = SimulatedFileSystem()
    let store = try Self.store(disk)
    let balances = try store.start(Balances())
    try await balances.reached(22, within: patience)
    balances.stop()
    try await store.retain(.keepCount(.aggregate("account-2"), 5))
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try store.log.compact(options).eventsRemoved == 16)
    let next = try store.start(Balances())
    #expect(next.status.savedThrough == 22)
    #expect(next.read { $0.totals["Bob"] } == 21)
    try store.close()
  }

  @Test func whatHadNotSeenItKeepsItsState() async throws {
    let disk = SimulatedFileSystem()
    let store = try EventStore(at: "/store", options: Self.options(disk))
    for _ in 0..<20 {
      try await store.append([AccountEvent.opened(owner: "Bob", balance: 1)], to: "account-2")
    }
    let balances = try store.start(Balances())
    try await balances.reached(20, within: patience)
    balances.stop()
    for _ in 0..<1000 {
      try await store.append([AccountEvent.opened(owner: "Eve", balance: 1)], to: "account-3")
    }
    let secret = try await store.append(
      [AccountEvent.opened(owner: Self.secret, balance: 1)],
      to: "account-1"
    ).lastPosition
    try await store.retain(.redact(secret))
    #expect(try store.log.compact().payloadsRemoved == 1)
    let next = try store.start(Balances())
    #expect(next.status.savedThrough == 20)
    try store.close()
    #expect(try Self.holders(disk) == [])
  }

  /// What a compaction erases between the reading of a kept state and its use is not kept again.
  @Test func whatIsErasedWhileAStateIsTakenUpIsForgotten() async throws {
    let disk = SimulatedFileSystem()
    let store = try Self.store(disk)
    let first = try store.start(Interrupted(number: 2))
    try await first.reached(22, within: patience)
    first.stop()
    #expect(try Self.isKept(disk))
    try await store.retain(.delete(.aggregate("account-1")))
    Interrupted.atDecoding.withLock { $0[2] = { _ = try? store.log.compact() } }
    let second = try store.start(Interrupted(number: 2))
    #expect(try Self.holders(disk) == [])
    let last = try await store.append([AccountEvent.deposited(amount: 1)], to: "account-2")
      .lastPosition
    try await second.reached(last, within: patience)
    second.stop()
    #expect(second.status.savedThrough == last)
    #expect(second.read { $0.owners } == ["Bob"])
    #expect(try Self.holders(disk) == [])
    try store.close()
  }
}
