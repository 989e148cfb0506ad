internal import AnnalsLog
internal import ArgumentParser

/// `annals demo`.
struct DemoCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Shows on a real store what event sourcing is.",
    discussion: """
      Tells the story of a bank account (history, replay, states in time, refusals, a transfer, a \
      conflict, a crash) and of a shop (commands, queries, read models). With 'log' it shows the \
      log alone, and with 'loans' the figures of real applications: four loans of a Dutch bank, \
      40 events from the BPI Challenge 2012, \
      doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f.

      Examples:
        annals demo
        annals demo bank --store demo && annals events demo
        annals demo loans --events all-events.jsonl
      """
  )

  @Argument(help: "The story to tell; by default bank and orders.")
  var story: Story?

  @Option(
    help: ArgumentHelp(
      "Make the store here and keep it; by default it is made in a temporary directory.",
      valueName: "path"
    )
  )
  var store: String?

  @Option(
    help: ArgumentHelp(
      "For 'loans': JSON lines to import instead of the 40 events that come with the command.",
      valueName: "file"
    )
  )
  var events: String?

  /// The stories.
  enum Story: String, ExpressibleByArgument, CaseIterable {
    case bank, orders, loans, log
  }

  func validate() throws {
    if events != nil, story != .loans {
      throw ValidationError("--events belongs to the story 'loans'.")
    }
  }

  func run(_ streams: StandardStreams) throws {
    let directory = try store == nil ? TemporaryDirectory() : nil
    defer { directory?.remove() }
    guard let path = store ?? directory.map({ $0.path + "/store" }) else { return }
    var options = LogOptions()
    options.access = .readOnly
    if (try? EventLog(at: path, options: options)) != nil {
      throw CommandFailure(.cannotCreate, "\(path) holds a store; the demo makes one of its own")
    }
    do throws(LogError) {
      try EventLog(at: path).close()
    } catch {
      throw CommandFailure(error, while: .creating)
    }
    let page = DemoPage(output: streams.output)
    switch story {
    case .bank: try BankDemo(path: path, page: page).run()
    case .orders: try OrdersDemo(path: path, page: page).run()
    case .loans: try LoansDemo(path: path, page: page, events: events).run(streams)
    case .log: try LogDemo(path: path, page: page).run()
    case nil:
      try BankDemo(path: path, page: page).run()
      try OrdersDemo(path: path, page: page).run()
    }
    if store != nil {
      try streams.output.writeLine("\nThe store stays: annals events \(path.printable)")
    }
  }
}
