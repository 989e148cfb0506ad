import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// What a reactor saw, and the reaction that does not end until it may.
private final class Gate: Sendable {
  let seen = Mutex<[UInt64]>([])
  let held = Mutex<UInt64?>(nil)
  let isFailing = Mutex(false)

  /// Waits, on the test's own task, until the reaction to an event is at work.
  func waitUntilSeen(_ position: UInt64) async throws {
    while !seen.withLock({ $0.contains(position) }) { try await Task.sleep(for: .milliseconds(1)) }
  }
}

private struct Failure: Error {}

private struct Holding: Reactor {
  static let name = "holding"
  typealias Event = AccountEvent
  let gate: Gate

  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
    let position = record.position.rawValue
    if gate.isFailing.withLock({ $0 }) { throw Failure() }
    gate.seen.withLock { $0.append(position) }
    while gate.held.withLock({ $0 == position }) { await Task.yield() }
  }
}

/// What is kept when a store is closed while its consumers are at work.
@Suite struct ClosingTests {
  private let disk = SimulatedFileSystem()
  private let gate = Gate()

  private func open() throws -> EventStore {
    var options = StoreOptions()
    options.log.fileSystem = disk
    return try EventStore(at: "/store", options: options)
  }

  private func deposit(_ store: EventStore, _ count: Int) async throws {
    for _ in 0..<count {
      try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    }
  }

  /// After a close another process may have the store: nothing of this one may come then.
  @Test func closingWaitsForWhatIsBeingKept() async throws {
    let store = try open()
    try await deposit(store, 1)
    let isSaving = Mutex(false)
    let isHeld = Mutex(true)
    let isClosed = Mutex(false)
    disk.observe { operation in
      guard operation.file.contains("consumers"), operation.kind == .write else { return }
      isSaving.withLock { $0 = true }
      while isHeld.withLock({ $0 }) { SystemClock.sleep(nanoseconds: 1_000_000) }
    }
    let kept = KeptConsumer(kind: .reactor, position: 1, fingerprint: 0, state: [1])
    let saver = try Thread(name: "saver") { _ = try? store.consumers.save("mail", kept) }
    while !isSaving.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    let closer = try Thread(name: "closer") {
      try? store.close()
      isClosed.withLock { $0 = true }
    }
    // Long enough for a close that does not wait.
    for _ in 0..<200 where !isClosed.withLock({ $0 }) {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(isClosed.withLock { $0 } == false)
    isHeld.withLock { $0 = false }
    closer.join()
    saver.join()
    disk.observe(nil)
    #expect { try store.consumers.save("mail", kept) } throws: { error in
      if case .store(.log(.closed))? = error as? ConsumerError { true } else { false }
    }
    let again = try open()
    #expect(try again.consumers.load("mail", as: .reactor)?.state == [1])
    try again.close()
  }

  /// What was reacted to before the reaction that is cut off does not come again.
  @Test func closingKeepsWhatAReactorHasDone() async throws {
    let store = try open()
    try await deposit(store, 3)
    gate.held.withLock { $0 = 3 }
    var options = ReactorOptions()
    options.begin = .start
    let first = try store.start(Holding(gate: gate), options: options)
    try await gate.waitUntilSeen(3)
    try store.close()
    gate.held.withLock { $0 = nil }
    await first.stop()
    gate.seen.withLock { $0.removeAll() }
    let again = try open()
    let second = try again.start(Holding(gate: gate))
    try await second.reached(3, within: .seconds(300))
    #expect(gate.seen.withLock { $0 } == [3])
    await second.stop()
    try again.close()
  }

  /// What is parked and being taken up is parked still, until it is done.
  @Test func closingKeepsWhatIsParkedAndBeingTakenUp() async throws {
    let store = try open()
    var options = ReactorOptions()
    options.poison = .park
    let first = try store.start(Holding(gate: gate), options: options)
    gate.isFailing.withLock { $0 = true }
    try await deposit(store, 3)
    try await first.reached(3, within: .seconds(300))
    gate.isFailing.withLock { $0 = false }
    gate.held.withLock { $0 = 2 }
    first.release("account-1")
    try await gate.waitUntilSeen(2)
    try store.close()
    gate.held.withLock { $0 = nil }
    await first.stop()
    let again = try open()
    let second = try again.start(Holding(gate: gate), options: options)
    #expect(second.parked.map(\.positions) == [[2, 3]])
    await second.stop()
    try again.close()
  }
}
