internal import Annals
internal import AnnalsExamples
internal import AnnalsLog
internal import ArgumentParser

/// What `Tests/kill-projection.sh` kills: a read model at work beside its bank's writer.
///
/// Looks first whether what the last process kept is the fold of exactly the events up to its
/// position, and in the end whether the whole state is that of one uninterrupted fold.
struct DemoProjectCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "demo-project",
    abstract: "Writes deposits and projects them; what a test kills.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument
  @Option(help: "Stop at so many events.")
  var events: UInt64 = 20_000

  private static let accountCount: UInt64 = 97

  func run(_ streams: StandardStreams) throws {
    let bank = try EventStore(at: store.path)
    if let kept = try bank.consumers.load(Balances.name, as: .projection) {
      let found = try bank.stateCodec.decode(
        KeptProjection<Balances>.self,
        from: kept.state.span
      )
      try check(found.state, isTheFoldThrough: kept.position, of: bank)
    }
    var options = ProjectionOptions()
    options.eventsPerCheckpoint = 50
    let balances = try bank.start(Balances(), options: options)
    try write(to: bank)
    try balances.reached(bank.head, within: .seconds(60))
    let (state, position) = balances.snapshot()
    try check(state, isTheFoldThrough: position, of: bank)
    guard state.eventCount == Int(events) else {
      throw CommandFailure(.problems, "\(state.eventCount) events are in the state, not \(events)")
    }
    try bank.close()
    try streams.output.writeLine("the state at position \(position) is that of one fold")
  }

  private func write(to bank: EventStore) throws {
    // Also what was only written: versions, and with them the names of accounts, go on from there.
    var last = bank.log.writtenThrough.rawValue
    while last < events {
      let number = last % Self.accountCount
      let amount = Money(cents: Int(last % 1000) + 1)
      let event: AccountEvent =
        last < Self.accountCount
        ? .opened(owner: "owner-\(number % 11)", balance: amount) : .deposited(amount: amount)
      let receipt = try bank.append(
        [event],
        to: AggregateID("account-\(number)"),
        durability: last % 10 == 9 || last == events - 1 ? .durable : .written
      )
      last = receipt.lastPosition.rawValue
    }
  }

  private func check(
    _ state: Balances,
    isTheFoldThrough position: Position,
    of bank: EventStore
  ) throws {
    var fold = try ProjectionFold(Balances(), bank)
    try fold.advance(through: position, in: bank)
    guard state == fold.state else {
      throw CommandFailure(.problems, "the state at position \(position) is not that of one fold")
    }
  }
}
