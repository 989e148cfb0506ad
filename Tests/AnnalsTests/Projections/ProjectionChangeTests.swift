import Annals
import AnnalsExamples
import AnnalsTesting
import Synchronization
import Testing

/// A projection whose code a test can change while its Swift type stays the same.
private struct Changing: Projection {
  typealias Event = AccountEvent

  struct Code {
    var version = 0
    var query = Query(types: ["MoneyDeposited"])
    var factor = 1
  }

  static let name = "changing"
  static let code = Mutex(Code())
  static var version: Int { code.withLock { $0.version } }
  var query: Query { Self.code.withLock { $0.query } }
  var sum = 0

  mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    sum += Self.code.withLock { $0.factor }
  }
}

/// What a projection does with what other code has folded.
@Suite(.serialized) struct ProjectionChangeTests {
  /// Three events of accounts that are opened, then as many of money that is deposited.
  private func store() throws -> EventStore {
    Changing.code.withLock { $0 = Changing.Code() }
    let store = try EventStore.inMemory()
    for number in 1...3 {
      let event = AccountEvent.opened(owner: "Ada", balance: 1)
      try store.append([event], to: AggregateID("account-\(number)"))
    }
    for _ in 1...3 {
      try store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    }
    return store
  }

  /// Runs it up to the head and stops it.
  private func run(_ store: EventStore) async throws -> RunningProjection<Changing> {
    let running = try store.start(Changing())
    try await running.reached(store.head, within: .seconds(300))
    running.stop()
    return running
  }

  private func change(_ body: (inout Changing.Code) -> Void) {
    Changing.code.withLock { body(&$0) }
  }

  /// Events of the type that it did not ask for before are not passed over.
  @Test(arguments: [
    Query(types: ["MoneyDeposited", "AccountOpened"]), .all,
    Query([Query.Item(types: ["MoneyDeposited"]), Query.Item(types: ["AccountOpened"])]),
  ])
  func aQueryThatGainsEventsBeginsAnew(query: Query) async throws {
    let store = try store()
    let first = try await run(store)
    #expect(first.read { $0.sum } == 3)
    change { $0.query = query }
    let second = try await run(store)
    #expect(second.read { $0.sum } == 6)
    #expect(second.status.restart == .queryChanged)
    // It is asked once.
    let third = try await run(store)
    #expect(third.read { $0.sum } == 6)
    #expect(third.status.restart == nil)
    try store.close()
  }

  @Test func aQueryThatLosesEventsBeginsAnew() async throws {
    let store = try store()
    change { $0.query = .all }
    let first = try await run(store)
    #expect(first.read { $0.sum } == 6)
    change { $0.query = Query(types: ["AccountOpened"]) }
    let second = try await run(store)
    #expect(second.read { $0.sum } == 3)
    #expect(second.status.restart == .queryChanged)
    try store.close()
  }

  /// A type that is new in the program has no events yet: nothing is folded again for it.
  @Test func aQueryThatGainsATypeWithoutEventsGoesOn() async throws {
    let store = try store()
    _ = try await run(store)
    change { $0.query = Query(types: ["MoneyWithdrawn", "MoneyDeposited"]) }
    try await store.append([AccountEvent.withdrawn(amount: 1)], to: "account-1")
    let second = try await run(store)
    #expect(second.status.restart == nil)
    #expect(second.status.eventCount == 1)
    #expect(second.read { $0.sum } == 4)
    // The same alternatives, said otherwise.
    change {
      $0.query = Query([
        Query.Item(types: ["MoneyDeposited"]), Query.Item(types: ["MoneyWithdrawn"]),
      ])
    }
    let third = try await run(store)
    #expect(third.status.restart == nil)
    try store.close()
  }

  @Test func aDeclaredVersionThatChangesBeginsAnew() async throws {
    let store = try store()
    _ = try await run(store)
    change { $0 = Changing.Code(version: 2, factor: 10) }
    let second = try await run(store)
    #expect(second.read { $0.sum } == 30)
    #expect(second.status.restart == .versionChanged)
    let third = try await run(store)
    #expect(third.status.restart == nil)
    try store.close()
  }

  /// What other code has folded is not gone on with by a rebuild that was interrupted.
  ///
  /// - Parameter versions: The declared versions before and after; 0 is none.
  @Test(arguments: [[1, 2], [0, 1], [0, 0], [1, 0]])
  func anInterruptedRebuildByOtherCodeBeginsAnew(versions: [Int]) async throws {
    let store = try store()
    change { $0.version = versions[0] }
    let first = try await run(store)
    try keepShadow(store, first)
    change { $0 = Changing.Code(version: versions[1], factor: 10) }
    let second = try store.start(Changing())
    // A rebuild ends where the projection is.
    try await second.reached(store.head, within: .seconds(300))
    let report = try await second.rebuild()
    #expect(second.read { $0.sum } == 30)
    #expect(report.eventCount == 3)
    second.stop()
    try store.close()
  }

  @Test func anInterruptedRebuildOfAnotherQueryBeginsAnew() async throws {
    let store = try store()
    change { $0.version = 1 }
    let first = try await run(store)
    try keepShadow(store, first)
    change { $0.query = .all }
    let second = try store.start(Changing())
    // A rebuild ends where the projection is.
    try await second.reached(store.head, within: .seconds(300))
    try await second.rebuild()
    #expect(second.read { $0.sum } == 6)
    second.stop()
    try store.close()
  }

  /// Code that says that it is the same goes on.
  @Test func anInterruptedRebuildOfTheSameVersionGoesOn() async throws {
    let store = try store()
    change { $0.version = 1 }
    let first = try await run(store)
    try keepShadow(store, first)
    let second = try store.start(Changing())
    // A rebuild ends where the projection is.
    try await second.reached(store.head, within: .seconds(300))
    let report = try await second.rebuild()
    #expect(report.eventCount == 1)
    #expect(second.read { $0.sum } == 3)
    second.stop()
    try store.close()
  }

  /// Leaves what a rebuild leaves that is killed when it has taken five events.
  private func keepShadow(
    _ store: EventStore,
    _ running: RunningProjection<Changing>
  ) throws {
    var fold = running.fold.restarted(Changing())
    try fold.advance(through: 5, in: store)
    #expect(try running.keep(fold, running.foldErasures, as: Changing.name + "~rebuild"))
  }
}
