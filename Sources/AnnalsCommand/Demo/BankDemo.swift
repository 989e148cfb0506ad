internal import Annals
internal import AnnalsExamples

/// The story of a bank account: history, replay, states in time, refusals, conflicts, a crash.
struct BankDemo {
  let path: String
  let page: DemoPage

  private static let ada: AggregateID = "account-1"
  private static let bob: AggregateID = "account-2"

  func run() throws {
    let store = try EventStore(at: path)
    try showCommands(store)
    try showHistory(store)
    try showRefusals(store)
    try showTransfer(store)
    try showConflict(store)
    try showThen(store)
    try showReadModel(store)
    try store.close()
    try showCrash()
  }

  private func showCommands(_ store: EventStore) throws {
    try page.title(
      "An account",
      "Commands are decided by the account; what it decides is appended as events."
    )
    let steps: [(String, AccountCommand)] = [
      ("open it with 1000.00", .open(owner: "Ada", balance: 1000)),
      ("deposit 500.00", .deposit(500)),
      ("withdraw 200.00", .withdraw(200)),
    ]
    for (words, command) in steps {
      let done = try store.execute(command, on: Self.ada, as: Account.self)
      try page.say("\(words): balance \(done.state.balance), version \(done.version)")
    }
    try store.execute(.open(owner: "Bob", balance: 50), on: Self.bob, as: Account.self)
  }

  private func showHistory(_ store: EventStore) throws {
    try page.title("Its history", "Each event, replayed, with the state after it.")
    var table = Table([.number("version"), .text("event"), .text("data"), .number("balance")])
    for step in try store.history(of: Self.ada, as: Account.self) {
      table.addRow([
        "\(step.record.version)", step.record.type,
        String(decoding: step.record.payload, as: UTF8.self), "\(step.state.balance)",
      ])
    }
    try page.print(table)
  }

  private func showRefusals(_ store: EventStore) throws {
    try page.title("What the account refuses", "A refusal is a typed error and leaves no event.")
    for (words, command) in [
      ("withdraw 5000.00", AccountCommand.withdraw(5000)), ("deposit 0.00", .deposit(0)),
      ("open it again", .open(owner: "Eve", balance: 1)),
    ] {
      do throws(ExecuteError<AccountRefusal>) {
        try store.execute(command, on: Self.ada, as: Account.self)
      } catch .refused(let refusal) {
        try page.say("\(words): \(refusal)")
      }
    }
  }

  private func showTransfer(_ store: EventStore) throws {
    try page.title(
      "A transfer",
      "Two accounts in one atomic append: both change, or neither does."
    )
    try store.execute(on: Target(Account.self, Self.ada), Target(Account.self, Self.bob)) {
      from,
      to throws(AccountRefusal) in
      (try from.decide(.withdraw(300)), try to.decide(.deposit(300)))
    }
    for id in [Self.ada, Self.bob] {
      let account = try store.load(Account.self, id)
      try page.say("\(id): \(account.state.balance) at version \(account.version)")
    }
  }

  private func showConflict(_ store: EventStore) throws {
    try page.title(
      "A conflict",
      "Somebody deposits between our look at the account and our withdrawal."
    )
    var looks = 0
    try store.execute(on: Target(Account.self, Self.ada)) { account throws(AccountRefusal) in
      looks += 1
      if looks == 1 {
        _ = try? store.append([AccountEvent.deposited(amount: 10)], to: Self.ada)
      }
      return try account.decide(.withdraw(account.balance))
    }
    let account = try store.load(Account.self, Self.ada)
    try page.say("decided \(looks) times, the second time on what had been missed")
    try page.say("\(Self.ada): \(account.state.balance) at version \(account.version)")
  }

  private func showThen(_ store: EventStore) throws {
    try page.title("As it was", "The state at an earlier version, and the store as of a position.")
    let second = try store.load(Account.self, Self.ada, at: .version(2))
    try page.say("\(Self.ada) at version 2: \(second.state.balance)")
    let view = try store.view(at: 4)
    for id in [Self.ada, Self.bob] {
      try page.say("\(id) as of position 4: \(try view.load(Account.self, id).state.balance)")
    }
  }

  private func showReadModel(_ store: EventStore) throws {
    try page.title("A read model", "Balances by owner, folded from all accounts.")
    let balances = try store.start(Balances())
    try balances.reached(store.head, within: .seconds(10))
    for (owner, total) in balances.read({ $0.totals }).sorted(by: { $0.key < $1.key }) {
      try page.say("\(owner): \(total)")
    }
    balances.stop()
  }

  private func showCrash() throws {
    try page.title(
      "A crash",
      "Another process deposits 7.00, is told that it is durable, and is killed (kill -9)."
    )
    for line in try Child.run(["demo-crash", path]) { try page.say("the other process: \(line)") }
    let store = try EventStore(at: path)
    let report = store.log.recovery
    try page.say(
      "opened again: the store \(report.wasClosed ? "was closed" : "was not closed"),"
        + " head \(store.head)"
    )
    let account = try store.load(Account.self, Self.ada)
    try page.say("\(Self.ada): \(account.state.balance) at version \(account.version)")
    try store.close()
  }
}
