import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// What a reactor saw, and what it is to fail at.
private final class Seen: Sendable {
  let positions = Mutex<[UInt64]>([])
  let isFailing = Mutex(false)
}

private struct Failure: Error {}

private struct Watching: Reactor {
  static let name = "watching"
  typealias Event = AccountEvent
  let seen: Seen

  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
    if seen.isFailing.withLock({ $0 }) { throw Failure() }
    seen.positions.withLock { $0.append(record.position.rawValue) }
  }
}

/// Where a reactor begins again, whatever happened before it had reacted to anything.
@Suite struct ReactorPlaceTests {
  private static func options(_ disk: SimulatedFileSystem) -> StoreOptions {
    var options = StoreOptions()
    options.log.fileSystem = disk
    return options
  }

  private static func deposit(_ store: EventStore, _ durability: Durability = .durable) throws {
    try store.append(
      [AccountEvent.deposited(amount: 1)],
      to: "account-1",
      durability: durability
    )
  }

  /// A reactor told to go on from now, on a store that was restored, goes on from there for good:
  /// what is appended while it does not run is not from before.
  @Test func aRestartedReactorKeepsWhereItBegan() async throws {
    let disk = SimulatedFileSystem()
    let seen = Seen()
    let first = try EventStore(at: "/store", options: Self.options(disk))
    let before = try first.start(Watching(seen: seen))
    for _ in 0..<3 { try Self.deposit(first) }
    try await before.reached(3, within: patience)
    await before.stop()
    try first.close()
    let opening = Self.options(disk).log
    try StoreCopier.restore("/store", to: "/again", through: .position(2), opening: opening)
    seen.positions.withLock { $0.removeAll() }
    let store = try EventStore(at: "/again", options: Self.options(disk))
    #expect(throws: ConsumerError.self) { try store.start(Watching(seen: seen)) }
    var options = ReactorOptions()
    options.foreignCheckpoint = .restart
    let again = try store.start(Watching(seen: seen), options: options)
    await again.stop()
    try Self.deposit(store)
    // The restart was asked for once; what came since is this history's own.
    let next = try store.start(Watching(seen: seen))
    try await next.reached(3, within: patience)
    #expect(seen.positions.withLock { $0 } == [3])
    await next.stop()
    try store.close()
  }

  /// Retention may hide, and compaction remove, the event a checkpoint stands on: a copy of the
  /// store goes on from there all the same.
  @Test(arguments: [false, true])
  func aCopyGoesOnBehindAnEventThatIsHidden(isCompacted: Bool) async throws {
    let disk = SimulatedFileSystem()
    let seen = Seen()
    let first = try EventStore(at: "/store", options: Self.options(disk))
    var options = ReactorOptions()
    options.begin = .start
    let before = try first.start(Watching(seen: seen), options: options)
    for _ in 0..<3 { try Self.deposit(first) }
    try await before.reached(3, within: patience)
    await before.stop()
    try await first.retain(.delete(.aggregate("account-1")))
    if isCompacted { #expect(try first.log.compact().eventsRemoved == 3) }
    try first.close()
    try StoreCopier.restore("/store", to: "/again", opening: Self.options(disk).log)
    let store = try EventStore(at: "/again", options: Self.options(disk))
    try Self.deposit(store)
    let again = try store.start(Watching(seen: seen))
    try await again.reached(4, within: patience)
    #expect(seen.positions.withLock { $0 } == [1, 2, 3, 4])
    await again.stop()
    try store.close()
  }

  /// What is written and not durable yet is no reason to forget where a reactor began.
  @Test func aReactorThatBeganBehindWrittenEventsKeepsWhereItBegan() async throws {
    let disk = SimulatedFileSystem()
    let seen = Seen()
    var options = Self.options(disk)
    options.log.visibility = .written
    options.log.writtenSyncMilliseconds = 0
    let store = try EventStore(at: "/store", options: options)
    try Self.deposit(store, .written)
    let first = try store.start(Watching(seen: seen))
    await first.stop()
    try Self.deposit(store)
    let second = try store.start(Watching(seen: seen))
    try await second.reached(2, within: patience)
    #expect(seen.positions.withLock { $0 } == [2])
    await second.stop()
    try store.close()
  }

  /// What was set aside stays set aside where it cannot be read when it is released.
  @Test func whatCannotBeReadWhenItIsReleasedStaysParked() async throws {
    let disk = SimulatedFileSystem()
    let seen = Seen()
    seen.isFailing.withLock { $0 = true }
    var options = ReactorOptions()
    options.poison = .park
    let store = try EventStore(at: "/store", options: Self.options(disk))
    let first = try store.start(Watching(seen: seen), options: options)
    for _ in 0..<2 { try Self.deposit(store) }
    try await first.reached(2, within: patience)
    #expect(first.parked.map(\.positions) == [[1, 2]])
    await first.stop()
    try store.close()
    seen.isFailing.withLock { $0 = false }
    // A program that knows the account's events by other names.
    let later = try EventStore(at: "/store", options: Self.options(disk))
    let second = try later.start(Renamed(seen: seen), options: options)
    #expect(second.parked.map(\.positions) == [[1, 2]])
    second.release("account-1")
    try Self.deposit(later)
    try await Task.sleep(for: .milliseconds(50))
    await second.stop()
    #expect(second.parked.map(\.positions) == [[1, 2]])
    try later.close()
  }
}

extension ReactorPlaceTests {
  /// Who is nudged just before it waits does not wait: a release would be put off until the next
  /// event.
  @Test(.timeLimit(.minutes(30))) func aNudgeIsNotMissed() async throws {
    let store = try EventStore(at: "/store", options: Self.options(SimulatedFileSystem()))
    var request = SubscriptionRequest()
    request.returnsWhenNudged = true
    var batches = store.subscribe(request).batches().makeAsyncIterator()
    #expect(try await batches.next()?.isCaughtUp == true)
    store.watcher.nudge()
    let batch = try #require(try await batches.next())
    #expect(batch.events.isEmpty)
    #expect(!batch.isCaughtUp)
    try store.close()
  }
}

private enum RenamedEvent: Event {
  case changed(amount: Int)

  static let schema = EventSchema<RenamedEvent>(cases: ["changed": "AmountChanged"])
}

private struct Renamed: Reactor {
  static let name = "watching"
  typealias Event = RenamedEvent
  let seen: Seen

  func react(to event: RenamedEvent, _ record: RecordedEvent) async throws {
    seen.positions.withLock { $0.append(record.position.rawValue) }
  }
}
