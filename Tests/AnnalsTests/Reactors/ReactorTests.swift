import Annals
import AnnalsExamples
import AnnalsTesting
import Synchronization
import Testing

/// Writes down what it reacts to, and fails where it is told to.
private final class Notes: Sendable {
  let seen = Mutex<[UInt64]>([])
  let failing = Mutex<Set<String>>([])
}

private struct Failure: Error {}

private struct Noting: Reactor {
  static let name = "noting"
  typealias Event = AccountEvent
  let notes: Notes

  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
    if notes.failing.withLock({ $0.contains(record.aggregate.text) }) { throw Failure() }
    notes.seen.withLock { $0.append(record.position.rawValue) }
  }
}

@Suite struct ReactorTests {
  @Test func itStartsNowAndGoesOnBehindItsCheckpoint() async throws {
    let store = try EventStore.inMemory()
    let notes = Notes()
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    let first = try store.start(Noting(notes: notes))
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    try await first.reached(2, within: patience)
    await first.stop()
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    let second = try store.start(Noting(notes: notes))
    try await second.reached(3, within: patience)
    #expect(notes.seen.withLock { $0 } == [2, 3])
    await second.stop()
    try store.close()
  }

  @Test func aPoisonEventStopsItAndComesAgain() async throws {
    let store = try EventStore.inMemory()
    let notes = Notes()
    notes.failing.withLock { _ = $0.insert("account-1") }
    var options = ReactorOptions()
    options.poison = .retry(2, backoff: .milliseconds(1))
    let first = try store.start(Noting(notes: notes), options: options)
    try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    do throws(ConsumerError) {
      try await first.reached(1, within: patience)
      Issue.record("it must fail")
    } catch {
      guard case .handler(position: 1, _) = error else { throw error }
    }
    notes.failing.withLock { $0.removeAll() }
    // Its name is free as soon as its end is told, or a moment before.
    let second = try store.start(Noting(notes: notes))
    try await second.reached(1, within: patience)
    #expect(notes.seen.withLock { $0 } == [1])
    await second.stop()
    try store.close()
  }

  @Test func aParkedAggregateWaitsAndIsReleasedInOrder() async throws {
    let store = try EventStore.inMemory()
    let notes = Notes()
    notes.failing.withLock { _ = $0.insert("account-1") }
    var options = ReactorOptions()
    options.poison = .park
    let first = try store.start(Noting(notes: notes), options: options)
    for id: AggregateID in ["account-1", "account-2", "account-1", "account-2"] {
      try await store.append([AccountEvent.deposited(amount: 1)], to: id)
    }
    try await first.reached(4, within: patience)
    #expect(notes.seen.withLock { $0 } == [2, 4])
    #expect(first.parked.map(\.positions) == [[1, 3]])
    await first.stop()
    // What is parked outlives the reactor.
    notes.failing.withLock { $0.removeAll() }
    let second = try store.start(Noting(notes: notes), options: options)
    #expect(second.parked.map(\.positions) == [[1, 3]])
    second.release("account-1")
    while !second.parked.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
    while notes.seen.withLock({ $0.count }) < 4 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(notes.seen.withLock { $0 } == [2, 4, 1, 3])
    await second.stop()
    try store.close()
  }

  @Test func whatItAppendsCanBeTracedBack() async throws {
    struct Mirroring: Reactor {
      static let name = "mirroring"
      typealias Event = AccountEvent
      let store: EventStore

      func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
        if record.aggregate.category == "mirror" { return }
        try await store.append([event], to: "mirror-1")
      }
    }
    let store = try EventStore.inMemory()
    let mirroring = try store.start(Mirroring(store: store))
    try await EventContext.with(correlation: "request-9", actor: "ada") {
      try await store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    }
    try await mirroring.reached(1, within: patience)
    let mirrored = try store.log.read(.aggregate("mirror-1"))
    #expect(mirrored.map { $0.metadata[Metadata.correlation] } == ["request-9"])
    #expect(mirrored.map { $0.metadata[Metadata.causation] } == ["1"])
    await mirroring.stop()
    try store.close()
  }
}
