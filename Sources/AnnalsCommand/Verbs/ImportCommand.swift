internal import AnnalsLog
internal import ArgumentParser

/// `annals import`.
struct ImportCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Appends events from JSON lines.",
    discussion: """
      Each line is one event; aggregate, type and data are required:

        {"aggregate":"account-1","type":"Deposited","data":{"cents":500}}

      time (RFC 3339, up to microseconds), id (a UUID), tags (an array of strings) and metadata \
      (an object of strings) are optional. position and version are accepted and ignored, so that \
      what export printed can be imported. Any other key is bad data.

      The events of a batch are in the store together or not at all, whatever happens. A bad line \
      stops the import: earlier batches stay, its own leaves nothing.

      Examples:
        annals import shop events.jsonl
        zcat events.jsonl.gz | annals import shop --batch 0
        annals import shop --acknowledge < events.jsonl | tail -1
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: "The file to read; '-' for standard input.")
  var file = "-"

  @Option(help: ArgumentHelp("Events of one append; 0 makes the whole input one.", valueName: "n"))
  var batch = 1_000

  @Option(
    help: """
      When an append counts as done: durable (it survives power loss) or written (it survives the \
      end of the process).
      """
  )
  var durability = DurabilityName.durable

  @Flag(
    help: """
      Print the last position of each batch once its append has returned; the summary, or with \
      --json these lines, go to standard error.
      """
  )
  var acknowledge = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard batch >= 0 else { throw ValidationError("--batch must not be negative.") }
  }

  func run(_ streams: StandardStreams) throws {
    // Before the store is made: an input that cannot be read is no reason to make one.
    var reader = try LineReader(path: file)
    let start = ContinuousClock.now
    var importing = try Import(into: store.path, batchCount: batch, durability.level)
    let bar = output.json || acknowledge
    var progress = ProgressBar("importing", unit: "events", total: nil, json: bar)
    let acknowledgements = output.json ? streams.error : streams.output
    try importing.run(&reader) { summary throws(SystemError) in
      progress.update(summary.eventCount)
      guard acknowledge, let last = summary.lastPosition else { return }
      try acknowledgements.writeLine("\(last)")
      try acknowledgements.flush()
    }
    progress.finish()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try report(importing.summary, seconds, streams)
  }

  private func report(
    _ summary: Import.Summary,
    _ seconds: Double,
    _ streams: StandardStreams
  ) throws {
    guard output.json else {
      let line = summary.sentence(durability, seconds)
      return acknowledge ? streams.note(line) : try streams.output.writeLine(line)
    }
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("events", summary.eventCount)
      writer.member("aggregates", summary.aggregateCount)
      writer.member("firstPosition", summary.firstPosition?.rawValue)
      writer.member("lastPosition", summary.lastPosition?.rawValue)
      writer.member("seconds", seconds)
      writer.member("durability", durability.rawValue)
    }
    writer.endLine()
    try streams.output.write(taking: &writer)
  }
}

extension Import.Summary {
  /// What was done, for a person.
  fileprivate func sentence(_ durability: DurabilityName, _ seconds: Double) -> String {
    guard let firstPosition, let lastPosition else { return "no events: the input is empty" }
    let rate = Int(Double(eventCount) / max(seconds, 0.001)).grouped
    return "\(eventCount.grouped) events of \(aggregateCount.grouped) aggregates at positions"
      + " \(firstPosition.rawValue.grouped) to \(lastPosition.rawValue.grouped),"
      + " \(durability.rawValue), in \(seconds.seconds) (\(rate)/s)"
  }
}

/// The levels of durability by their names on the command line and in JSON.
enum DurabilityName: String, CaseIterable, ExpressibleByArgument {
  case durable, written

  /// The level.
  var level: Durability {
    switch self {
    case .durable: .durable
    case .written: .written
    }
  }
}
