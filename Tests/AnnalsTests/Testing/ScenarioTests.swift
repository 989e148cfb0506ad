import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct ScenarioTests {
  private let open = AccountEvent.opened(owner: "Ada", balance: 10)

  @Test func theRulesOfTheBank() throws {
    let account = AggregateScenario(Account.self)
    try account.when(.open(owner: "Ada", balance: 10)).then(open)
    try account.when(.deposit(1)).thenRefused(.notOpen)
    try account.given(open).when(.open(owner: "Eve", balance: 1)).thenRefused(.alreadyOpen)
    try account.given(open).when(.withdraw(0)).thenRefused(.amountNotPositive)
    try account.given(open).when(.withdraw(11)).thenRefused(.insufficientFunds(balance: 10))
    try account.given(open, .deposited(amount: 5)).when(.withdraw(11))
      .then(.withdrawn(amount: 11))
    try account.given(open).when(.deposit(5)).thenState { #expect($0.balance == 15) }
  }

  @Test func aScenarioThatComesOutOtherwiseFails() {
    let account = AggregateScenario(Account.self).given(open)
    #expect(throws: ScenarioFailure.self) { try account.when(.deposit(5)).then() }
    #expect(throws: ScenarioFailure.self) { try account.when(.deposit(0)).then() }
    #expect(throws: ScenarioFailure.self) {
      try account.when(.deposit(5)).thenRefused(.amountNotPositive)
    }
    #expect(throws: ScenarioFailure.self) { try account.when(.deposit(0)).thenRefused(.notOpen) }
  }

  @Test func readModelsAreFoldedTwiceAndInHalves() throws {
    try ProjectionScenario(Balances())
      .given("account-1", open, .deposited(amount: 5))
      .given("account-2", AccountEvent.opened(owner: "Bob", balance: 1))
      .then { #expect($0.total == 16) }
  }

  /// Depends on something else than its events.
  private struct Counting: Projection, Equatable {
    static let name = "counting"
    nonisolated(unsafe) static var calls = 0
    var value = 0

    mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
      unsafe Self.calls += 1
      value = unsafe Self.calls
    }
  }

  @Test func aFoldThatIsNoneIsFoundOut() {
    #expect(throws: ScenarioFailure.self) {
      try ProjectionScenario(Counting()).given("account-1", open).then { _ in }
    }
  }

  @Test func timesAndIdsAreTheTests() throws {
    let (clock, ids) = (TestClock(), TestIDs())
    var options = StoreOptions()
    options.makeEventID = { ids.next() }
    let store = try EventStore.inMemory(options: options, clock: clock)
    try store.append([open], to: "account-1")
    clock.advance(by: .seconds(60))
    try store.append([AccountEvent.deposited(amount: 1)], to: "account-1")
    let records = try store.log.read()
    #expect(records.map(\.time.description) == ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"])
    #expect(records.map { $0.id?.bytes.first } == [1, 2])
  }
}
