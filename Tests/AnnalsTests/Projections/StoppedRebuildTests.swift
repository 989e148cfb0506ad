import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Testing

/// What a rebuild is to a projection that does not run.
@Suite struct StoppedRebuildTests {
  private func store() async throws -> EventStore {
    let store = try EventStore.inMemory()
    try await store.append([AccountEvent.opened(owner: "Ada", balance: 1)], to: "account-1")
    return store
  }

  private func stopped(_ store: EventStore) async throws -> RunningProjection<Balances> {
    let balances = try store.start(Balances())
    try await balances.reached(store.head, within: .seconds(300))
    balances.stop()
    return balances
  }

  /// Who stopped it starts it again.
  @Test func aStoppedProjectionIsRebuiltAndStaysStopped() async throws {
    let store = try await store()
    let balances = try await stopped(store)
    try await store.append([AccountEvent.deposited(amount: 2)], to: "account-1")
    let report = try await balances.rebuild()
    #expect(report.position == 2)
    #expect(balances.read { $0.total } == 3)
    #expect(balances.status.isRunning == false)
    #expect(try store.consumers.load(Balances.name, as: .projection)?.position == 2)
    // The name is free, and what was rebuilt is gone on with.
    let again = try store.start(Balances())
    #expect(again.status.position == 2)
    again.stop()
    try store.close()
  }

  /// A rebuild writes over nobody's state.
  @Test func aRebuildDoesNotTakeTheNameOfOneThatRuns() async throws {
    let store = try await store()
    let first = try await stopped(store)
    var options = ProjectionOptions()
    // It keeps nothing meanwhile by itself.
    options.checkpointInterval = .seconds(3600)
    let second = try store.start(Balances(), options: options)
    try await store.append([AccountEvent.deposited(amount: 2)], to: "account-1")
    let before = try store.consumers.load(Balances.name, as: .projection)?.position
    await #expect {
      try await first.rebuild()
    } throws: { error in
      if case .alreadyRunning? = error as? ConsumerError { true } else { false }
    }
    #expect(try store.consumers.load(Balances.name, as: .projection)?.position == before)
    #expect(first.read { $0.total } == 1)
    second.stop()
    try store.close()
  }

  /// What was told to stop while it is rebuilt does not spring to life.
  @Test func aProjectionStoppedWhileItIsRebuiltStaysStopped() async throws {
    let store = try await store()
    let balances = try store.start(Balances())
    try await balances.reached(store.head, within: .seconds(300))
    let deposits = [AccountEvent](repeating: .deposited(amount: 1), count: 6_000)
    for _ in 0..<3 { try await store.append(deposits, to: "account-1") }
    try await balances.rebuild { _ in balances.stop() }
    // Long enough for a thread to say that it is at work.
    for _ in 0..<50 where !balances.status.isRunning {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(balances.status.isRunning == false)
    #expect(balances.read { $0.total } == 18_001)
    try store.close()
  }
}
