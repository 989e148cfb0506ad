internal import AnnalsLog
internal import ArgumentParser

/// `annals demo`.
struct DemoCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Shows on a real store what a log of events does.",
    discussion: """
      Imports 40 real events (four loan applications of a Dutch bank, from the BPI Challenge 2012, \
      doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f) and shows the history of one, a \
      version conflict, an idempotent retry, reading backwards, durability and a reopen.

      Examples:
        annals demo
        annals demo --store demo && annals events demo
      """
  )

  @Argument(help: "The story to tell; without it, the log alone.")
  var story: String?

  @Option(
    help: ArgumentHelp(
      "Make the store here and keep it; by default it is made in a temporary directory.",
      valueName: "path"
    )
  )
  var store: String?

  func validate() throws {
    guard let story else { return }
    guard ["bank", "orders"].contains(story) else {
      throw ValidationError("There is no story '\(story)'.")
    }
    throw ValidationError(
      "The story '\(story)' comes with the event-sourcing layer, which this build does not have."
    )
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
    let demo = LogDemo(path: path, output: streams.output)
    try demo.run()
    if store != nil {
      try streams.output.writeLine("\nThe store stays: annals events \(path.printable)")
    }
  }
}
