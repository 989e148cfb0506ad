internal import Annals
internal import AnnalsExamples
internal import ArgumentParser

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What the bank's demo runs as another process: deposits, says so, and is killed.
struct DemoCrashCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "demo-crash",
    abstract: "Deposits and is killed; the demo's other process.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument

  func run(_ streams: StandardStreams) throws {
    let bank = try EventStore(at: store.path)
    let done = try bank.execute(.deposit(7), on: "account-1", as: Account.self)
    try streams.output.writeLine("balance \(done.state.balance), version \(done.version), durable")
    try streams.output.flush()
    kill(getpid(), SIGKILL)
  }
}
