import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// Nothing begins on a store that was closed, and what had begun tells its end.
@Suite struct ClosedStoreTests {
  private struct Silent: Reactor {
    static let name = "silent"
    func react(to event: AccountEvent, _ record: RecordedEvent) async throws {}
  }

  private final class Rows: ReadModel {
    typealias Event = AccountEvent
    let name = "rows"
    let kept = Mutex<ReadModelCheckpoint?>(nil)
    func checkpoint() throws -> ReadModelCheckpoint? { kept.withLock { $0 } }
    func reset() throws { kept.withLock { $0 = nil } }
    func apply(
      _ events: [TypedEvent<AccountEvent>],
      through checkpoint: ReadModelCheckpoint
    ) throws { kept.withLock { $0 = checkpoint } }
  }

  private func store() throws -> EventStore {
    let store = try EventStore.inMemory()
    for _ in 0..<3 { try store.append([AccountEvent.deposited(amount: 1)], to: "account-1") }
    return store
  }

  private func isClosed(_ error: (any Error)?) -> Bool {
    switch error {
    case LogError.closed?, StoreError.log(.closed)?, ConsumerError.store(.log(.closed))?: true
    default: false
    }
  }

  @Test func noConsumerIsStarted() throws {
    let store = try store()
    try store.close()
    #expect { try store.start(Balances()) } throws: { isClosed($0) }
    #expect { try store.start(Silent()) } throws: { isClosed($0) }
    #expect { try store.start(Rows()) } throws: { isClosed($0) }
  }

  @Test func aProjectionThatRanIsNotRebuilt() async throws {
    let store = try store()
    let balances = try store.start(Balances())
    try await balances.reached(3, within: patience)
    try store.close()
    await #expect { try await balances.rebuild() } throws: { isClosed($0) }
    #expect(balances.read { $0.eventCount } == 3)
    await #expect(throws: ConsumerError.self) { try await balances.reached(4, within: patience) }
  }

  /// A projection that is just being started when the store is closed does not outlive it.
  @Test func whatIsBeingStartedEndsToo() throws {
    let store = try store()
    let first = try store.start(Interrupted(number: 1))
    try first.reached(3, within: patience)
    first.stop()
    Interrupted.atDecoding.withLock { $0[1] = { try? store.close() } }
    #expect { try store.start(Interrupted(number: 1)) } throws: { isClosed($0) }
  }

  @Test func nobodyWaitsForAnEventThatCannotCome() throws {
    let store = try store()
    let ended = Mutex<(any Error)?>(nil)
    let thread = try Thread(name: "waiter") {
      do {
        _ = try store.log.wait(after: 3, milliseconds: 60_000)
      } catch {
        ended.withLock { $0 = error }
      }
    }
    SystemClock.sleep(nanoseconds: 20_000_000)
    try store.close()
    thread.join()
    #expect(isClosed(ended.withLock { $0 }))
    #expect { try store.log.wait(after: 3, milliseconds: 1) } throws: { isClosed($0) }
    #expect(try store.log.wait(after: 2, milliseconds: 1))
  }

  @Test func whatIsReadStaysToBeRead() async throws {
    let store = try store()
    let view = try store.view()
    var cursor = try store.log.cursor()
    #expect(try cursor.next()?.position == 1)
    try store.close()
    #expect(try cursor.next()?.position == 2)
    #expect(try view.events().count == 3)
    #expect(try view.load(Account.self, "account-1").version == 3)
    var positions: [Position] = []
    for try await item in store.subscribe(after: 1) {
      if case .event(let event) = item { positions.append(event.position) }
    }
    #expect(positions == [2, 3])
  }

  @Test func whatWritesIsRefused() async throws {
    let store = try store()
    try store.close()
    let event = AccountEvent.deposited(amount: 1)
    await #expect { try await store.append([event], to: "account-1") } throws: { isClosed($0) }
    #expect { try store.retain(.delete(.aggregate("account-1"))) } throws: { isClosed($0) }
    #expect { try store.log.sync() } throws: { isClosed($0) }
    #expect { try store.log.compact() } throws: { isClosed($0) }
    let bus = CommandBus().handling(Deposit.self) {
      try await store.execute(.deposit($0.amount), on: "account-2", as: Account.self).version
    }
    await #expect(throws: (any Error).self) { try await bus.send(Deposit(amount: 1)) }
    do {
      try await store.execute(.open(owner: "Eve", balance: 1), on: "account-2", as: Account.self)
      Issue.record("executed on a closed store")
    } catch {
      guard case .store(let cause) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(isClosed(cause))
    }
  }

  private struct Deposit: BusCommand {
    typealias Outcome = Version
    let amount: Money
  }
}
