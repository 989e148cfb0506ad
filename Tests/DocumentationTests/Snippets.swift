import Annals
import AnnalsTesting
import Testing

// The code of README and articles, compiled and, where it ends by itself, run: see
// `DocumentationTests`, which looks for each block of theirs here.

enum AccountEvent: Event, Equatable {
  case opened(owner: String)
  case deposited(cents: Int)

  static let schema = EventSchema<AccountEvent>(cases: [
    "opened": "AccountOpened",
    "deposited": "MoneyDeposited",
  ])
}

struct Account: Decider {
  enum Command: Sendable { case open(owner: String), deposit(cents: Int) }
  enum Refusal: Error, Equatable { case alreadyOpen, notOpen, amountNotPositive }

  var owner: String?
  var cents = 0

  mutating func apply(_ event: AccountEvent) {
    switch event {
    case .opened(let owner): self.owner = owner
    case .deposited(let cents): self.cents += cents
    }
  }

  func decide(_ command: Command) throws(Refusal) -> [AccountEvent] {
    switch command {
    case .open(let owner):
      guard self.owner == nil else { throw .alreadyOpen }
      return [.opened(owner: owner)]
    case .deposit(let cents):
      guard owner != nil else { throw .notOpen }
      guard cents > 0 else { throw .amountNotPositive }
      return [.deposited(cents: cents)]
    }
  }
}

struct Deposits: EventFold {
  var count = 0
  mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    if case .deposited = event { count += 1 }
  }
}

struct PlacedV1: Codable, Sendable { var total: Int }

enum PlacedEvent: Event {
  case placed(cents: Int)

  static let schema = EventSchema<PlacedEvent>(cases: ["placed": EventType("Placed", version: 2)])
    .upcasting("Placed", from: 1) { (old: PlacedV1) in PlacedEvent.placed(cents: old.total * 100) }
}

struct Totals: Projection {
  static let name = "totals"
  var cents: [String: Int] = [:]

  mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    if case .deposited(let cents) = event { self.cents[record.aggregate.text, default: 0] += cents }
  }
}

struct PayloadBytes: RawProjection {
  static let name = "payload-bytes"
  var total = 0

  mutating func apply(_ record: borrowing EventView) { total += record.payload.count }
}

struct Greeting: Reactor {
  static let name = "greeting"
  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
    if case .opened(let owner) = event { print("welcome,", owner) }
  }
}

struct Ledger: Aggregate, Codable {
  var cents = 0
  mutating func apply(_ event: AccountEvent) {}
}

extension Ledger {
  static let snapshots: SnapshotPolicy<Ledger>? = .events(100) || .foldingTime(.milliseconds(2))
}

struct TotalsModel: Projection, Equatable {
  static let name = "totals-model"
  var cents = 0
  mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    if case .deposited(let cents) = event { self.cents += cents }
  }
}

/// `Tests/getting-started.sh` runs it as a program of its own.
struct Bank {
  static func main() async throws {
    let store = try EventStore(at: "bank.store")

    if try store.load(Account.self, "account-1").version == .none {
      try await store.execute(.open(owner: "Ada"), on: "account-1", as: Account.self)
    }
    try await store.execute(.deposit(cents: 500), on: "account-1", as: Account.self)

    let account = try store.load(Account.self, "account-1")
    print("version \(account.version): \(account.state.cents) cents")

    for try await item in store.subscribe() {
      if case .event(let event) = item { print(event.position, event.type) }
      if case .caughtUp = item { break }
    }
    try store.close()
  }
}

@Suite struct Snippets {
  private func withPath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = TemporaryStore()
    defer { directory.remove() }
    return try await body(directory.path)
  }

  @Test func overview() async throws {
    try await withPath { path in
      func run() throws {
        let store = try EventStore(at: path)
        try store.execute(.open(owner: "Ada"), on: "account-1", as: Account.self)
        let account = try store.load(Account.self, "account-1")
        #expect(account.version == 1)
        try store.close()
      }
      try run()
    }
  }

  @Test func depositsMustBePositive() throws {
    try AggregateScenario(Account.self)
      .given(.opened(owner: "Ada"))
      .when(.deposit(cents: 0))
      .thenRefused(.amountNotPositive)
  }

  @Test func readme() async throws {
    try await withPath { path in
      let store = try EventStore(at: path)  // 1. open; recovery happens here

      try await store.execute(.open(owner: "Ada"), on: "account-1", as: Account.self)
      // 2. decide and append; durable on return
      try await store.execute(.deposit(cents: 500), on: "account-1", as: Account.self)

      let account = try store.load(Account.self, "account-1")  // 3. fold the history
      print(account.state.cents, account.version)

      for try await item in store.subscribe() {  // 4. follow along: catch-up, then live
        if case .event(let event) = item { print(event.position, event.type) }
        if case .caughtUp = item { break }
      }
      try store.close()
    }
  }

  private func opened() throws -> EventStore {
    let store = try EventStore.inMemory()
    for owner in ["Ada", "Bob"] {
      let id: AggregateID = owner == "Ada" ? "account-1" : "account-2"
      try store.execute(.open(owner: owner), on: id, as: Account.self)
      for _ in 0..<3 { try store.execute(.deposit(cents: 1), on: id, as: Account.self) }
    }
    return store
  }

  @Test func rulesOfRetention() throws {
    let store = try opened()
    // Hidden, until it is begun again.
    try store.retain(.delete(.aggregate("account-1")), reason: "asked by its owner")
    // At most ten events of each session, none older than 30 days.
    try store.retain(.keepCount(.category("session"), 10))
    try store.retain(.keepAge(.category("session"), microseconds: 30 * 86_400 * 1_000_000))
    // One event without its payload.
    try store.retain(.redact(5), reason: "a credit card number")
    #expect(store.log.ruleCount == 4)
  }

  @Test func deletions() throws {
    let store = try opened()
    try store.retain(.delete(.aggregate("account-1")), reason: "asked by its owner")

    let account = try store.load(Account.self, "account-1")
    print(account.exists, account.version, account.deletion?.reason ?? "")
    // false 4 asked by its owner
    print(try store.status(of: "account-9") == .neverExisted)  // true
    #expect(!account.exists && account.version == 4)
  }

  @Test func viewsAndDeletions() throws {
    let store = try opened()
    let view = try store.view()
    try store.retain(.delete(.aggregate("account-1")))
    print(try view.events().count, try store.log.read().count)  // 8 4
    #expect(try view.events().count == 8)
  }

  @Test func compaction() throws {
    let store = try opened()
    try store.retain(.delete(.aggregate("account-1")))

    let plan = try store.log.planCompaction()
    print(plan.segments.map(\.outcome))
    let report = try store.log.compact()
    print(report.eventsRemoved, report.bytesBefore, report.bytesAfter)
    #expect(report.eventsRemoved == 4)
  }

  @Test func compactionByItself() throws {
    var automatic = AutomaticCompaction()
    automatic.garbage = 0.4  // once two fifths of the segments would go
    automatic.bytesPerSecond = 16 << 20
    automatic.window = .init(fromMinute: 2 * 60, toMinute: 5 * 60)  // UTC
    var nightly = StoreOptions()
    nightly.log.automaticCompaction = automatic
    #expect(nightly.log.automaticCompaction != LogOptions().automaticCompaction)
  }

  @Test func aggregates() throws {
    let store = try opened()

    let account = try store.load(Account.self, "account-1")
    print(account.state.cents, account.version, account.exists)

    do throws(ExecuteError<Account.Refusal>) {
      try store.execute(.deposit(cents: 0), on: "account-1", as: Account.self)
    } catch {
      switch error {
      case .refused(let refusal): print("refused:", refusal)
      case .conflict(let conflict, let retries): print("gave up:", conflict, retries)
      case .store(let error): print("failed:", error)
      }
    }

    try store.execute(on: Target(Account.self, "account-1"), Target(Account.self, "account-2")) {
      first,
      second throws(Account.Refusal) in
      (try first.decide(.deposit(cents: 1)), try second.decide(.deposit(cents: 1)))
    }

    try store.decide(on: Deposits()) { deposits throws(Account.Refusal) in
      deposits.count < 3 ? [Change("account-1", [AccountEvent.deposited(cents: 1)])] : []
    }
  }

  @Test func projections() async throws {
    let store = try opened()
    func read() throws -> RunningProjection<Totals> {
      let totals = try store.start(Totals())
      let receipt = try store.append([AccountEvent.deposited(cents: 5)], to: "account-1")
      try totals.reached(receipt.lastPosition, within: .seconds(60))
      print(totals.read { $0.cents["account-1"] ?? 0 }, totals.status.lag)
      return totals
    }
    let totals = try read()

    let payloadBytes = try store.start(raw: PayloadBytes())
    try await payloadBytes.reached(store.head, within: .seconds(60))
    let report = try await totals.rebuild(comparing: true) { print($0.fraction) }
    print(report.eventCount, report.differences ?? [])

    var options = ReactorOptions()
    options.poison = .retry(5, backoff: .milliseconds(200), otherwise: .park)
    let greeting = try store.start(Greeting(), options: options)
    for parked in greeting.parked { greeting.release(parked.aggregate) }
    await greeting.stop()
    try store.close()
  }

  @Test func subscriptions() async throws {
    let store = try opened()
    let checkpoint = Position(3)
    let following = Task {
      for try await item in store.subscribe(after: checkpoint) {
        switch item {
        case .event(let event): print(event.position, event.type)
        case .caughtUp(let position): print("live from", position)
        case .checkpoint(let position): print("nothing for us up to", position)
        case .gap(let positions, let reason): print("lost", positions, reason)
        }
      }
    }
    let batches = Task {
      for try await batch in store.subscribe().batches(of: 1000) {
        print(batch.events.count, "through", batch.through)
      }
    }
    let values = Task {
      for try await item in try store.subscribe(to: AccountEvent.self) {
        if case .event(let event) = item { print(event.value, event.record.time) }
      }
    }
    try await Task.sleep(for: .milliseconds(20))
    for task in [following, batches, values] {
      task.cancel()
      try await task.value
    }
    try store.close()
  }

  @Test func temporalQueries() throws {
    let store = try opened()
    let noon = Timestamp(microseconds: 0)

    let before = try store.load(Account.self, "account-1", at: .version(1))
    let then = try store.load(Account.self, "account-1", at: .position(7))
    let past = try store.load(Account.self, "account-1", at: .time(noon))
    #expect([before.version, then.version, past.version] == [1, 4, 0])

    for step in try store.history(of: "account-1", as: Account.self) {
      print(step.record.version, step.event, step.state.cents)
    }

    let view = try store.view(at: 7)
    print(try view.load(Account.self, "account-1").state.cents)
    print(try view.fold(Deposits()).count)
  }

  @Test func operations() async throws {
    try await withPath { path in
      let store = try EventStore(at: path)
      defer {
        for name in ["-b", "-r", "-f", "-s"] { TemporaryStore(path: path + name).remove() }
      }
      try await store.execute(.open(owner: "Ada"), on: "account-1", as: Account.self)
      let (backupPath, restoredPath) = (path + "-b", path + "-r")
      let (forkPath, savedPath) = (path + "-f", path + "-s")
      let noon = Timestamp(microseconds: .max)

      let backup = try await store.backup(to: backupPath)
      print(backup.lastPosition, backup.bytesCopied)
      print(try StoreVerifier.verify(backupPath).isOK)
      #expect(backup.lastPosition == 1)

      let restored = try StoreCopier.restore(
        backupPath,
        to: restoredPath,
        through: .time(noon)
      )
      print(restored.lastPosition, restored.roundedFrom as Any)
      #expect(restored.lastPosition == 1)

      let fork = try await store.fork(to: forkPath, at: .position(restored.lastPosition))
      print(fork.bytesShared, fork.bytesCopied)
      #expect(fork.events == 1)

      let saved = try StoreCopier.salvage(restoredPath, to: savedPath)
      for loss in saved.lost { print(loss.file, loss.positions as Any, loss.aggregates) }
      #expect(saved.events == 1)
      try store.close()
    }
  }

  @Test func durability() throws {
    let store = try opened()
    let receipt = try store.append(
      [AccountEvent.deposited(cents: 5)],
      to: "account-1",
      key: Array("payment-17".utf8),
      durability: .written
    )
    print(receipt.durability, receipt.isRepeated)
  }

  @Test func testing() throws {
    try AggregateScenario(Account.self)
      .given(.opened(owner: "Ada"))
      .when(.deposit(cents: 5))
      .then(.deposited(cents: 5))

    try ProjectionScenario(TotalsModel())
      .given("account-1", AccountEvent.opened(owner: "Ada"), .deposited(cents: 5))
      .then { #expect($0.cents == 5) }

    let (clock, disk) = (TestClock(), MemoryDisk())
    let store = try disk.open(clock: clock)
    try store.append([AccountEvent.opened(owner: "Ada")], to: "account-1")
    try store.close()
    let again = try disk.open(clock: clock)
    print(again.head)
  }
}
