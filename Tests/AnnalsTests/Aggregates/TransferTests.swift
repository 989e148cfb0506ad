import Annals
import AnnalsExamples
import AnnalsTesting
import Foundation
import Synchronization
import Testing

/// A hundred tasks move money between ten accounts.
///
/// `ANNALS_TRANSFERS` sets the number of commands; the short form has 5,000, the long one a
/// million. Prints how many were executed a second and how often one was decided again.
@Suite struct TransferTests {
  /// How often a transfer was decided.
  private final class Decisions: Sendable {
    let count = Atomic(0)
  }

  @Test func moneyIsConservedAndNoUpdateIsLost() async throws {
    let count = ProcessInfo.processInfo.environment["ANNALS_TRANSFERS"].flatMap(Int.init) ?? 5000
    let path = NSTemporaryDirectory() + "annals-transfers-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let store = try EventStore(at: path)
    for index in 0..<10 {
      let open = AccountCommand.open(owner: "owner-\(index)", balance: 1000)
      try await store.execute(open, on: "account-\(index)", as: Account.self)
    }
    let clock = ContinuousClock()
    let start = clock.now
    let decisions = Decisions()
    let executed = await withTaskGroup(of: Int.self) { group in
      for task in 0..<100 {
        group.addTask { await move(count / 100, seed: UInt64(task), in: store, decisions) }
      }
      return await group.reduce(0, +)
    }
    let seconds = (clock.now - start) / .seconds(1)
    print(
      "transfers: \(executed) of \(count) commands executed, the rest refused,",
      "\(Int(Double(count) / seconds)) commands/s, durable, 100 tasks, 10 accounts,",
      "\(decisions.count.load(ordering: .relaxed) - count) decided again"
    )
    var total = Money.zero
    var versions: UInt64 = 0
    for index in 0..<10 {
      let history = try store.history(of: "account-\(index)", as: Account.self)
      #expect(history.map(\.record.version.rawValue) == Array(1...UInt64(history.count)))
      #expect(history.allSatisfy { $0.state.balance >= 0 })
      total += history.last?.state.balance ?? .zero
      versions += UInt64(history.count)
    }
    #expect(total == 10_000)
    #expect(store.head.rawValue == 10 + 2 * UInt64(executed))
    #expect(versions == store.head.rawValue)
    try store.close()
  }

  /// Moves random amounts between random accounts; how often an account had enough.
  private func move(
    _ count: Int,
    seed: UInt64,
    in store: EventStore,
    _ decisions: Decisions
  ) async -> Int {
    var random = SplitMix64(seed: seed)
    var executed = 0
    for _ in 0..<count {
      let from = Int.random(in: 0..<10, using: &random)
      let to = (from + Int.random(in: 1..<10, using: &random)) % 10
      let amount = Money(cents: Int.random(in: 1...40_000, using: &random))
      do throws(ExecuteError<AccountRefusal>) {
        try await store.execute(
          on: Target(Account.self, "account-\(from)"),
          Target(Account.self, "account-\(to)")
        ) { from, to throws(AccountRefusal) in
          decisions.count.add(1, ordering: .relaxed)
          return (try from.decide(.withdraw(amount)), try to.decide(.deposit(amount)))
        }
        executed += 1
      } catch {
        guard case .refused(.insufficientFunds) = error else {
          Issue.record("\(error)")
          return executed
        }
      }
    }
    return executed
  }
}
