internal import AnnalsLog
internal import ArgumentParser

/// `annals aggregates`.
struct AggregatesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "aggregates",
    abstract: "Lists aggregates: version, bytes, first and last time.",
    discussion: """
      bytes are those of the data of an aggregate's events; the times are those of its first and \
      its last event. The whole log is read once; memory grows with the number of aggregates.

      Examples:
        annals aggregates shop --category order
        annals aggregates shop --sort version --limit 10
        annals aggregates shop --json
      """
  )

  /// What the list is ordered by.
  enum Order: String, CaseIterable, ExpressibleByArgument {
    case name, version, bytes, time
  }

  @OptionGroup var store: StoreArgument

  @Option(
    help: ArgumentHelp(
      "Only aggregates of this category: what stands before the first '-' of an id.",
      valueName: "name"
    )
  )
  var category: String?

  @Option(
    help: """
      The order: name, or the greatest version, the most bytes or the newest event first.
      """
  )
  var sort = Order.name

  @Option(help: ArgumentHelp("At most this many aggregates.", valueName: "n"))
  var limit: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit must not be negative.") }
  }

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    var request = ReadRequest()
    request.category = category
    request.isGuarded = true
    var aggregates = try AggregateSummary.gather(log, request)
    aggregates.sort { sort.isOrdered($0, $1) }
    let listed = aggregates.prefix(limit ?? .max)
    try output.json ? printLines(listed, streams) : printTable(listed, streams)
    try log.checkEnd()
  }

  private func printLines(
    _ aggregates: ArraySlice<AggregateSummary>,
    _ streams: StandardStreams
  ) throws {
    var writer = JSONWriter()
    for aggregate in aggregates {
      writer.object { writer in
        writer.member("aggregate", aggregate.id.text)
        writer.member("version", aggregate.version.rawValue)
        writer.member("bytes", aggregate.byteCount)
        writer.key("firstTime")
        writer.time(aggregate.firstTime)
        writer.key("lastTime")
        writer.time(aggregate.lastTime)
      }
      writer.endLine()
      try streams.output.write(taking: &writer)
    }
  }

  private func printTable(
    _ aggregates: ArraySlice<AggregateSummary>,
    _ streams: StandardStreams
  ) throws {
    var table = Table([
      .text("aggregate"), .number("version"), .number("bytes"), .text("first"), .text("last"),
    ])
    for aggregate in aggregates {
      table.addRow([
        aggregate.id.text, aggregate.version.rawValue.grouped, aggregate.byteCount.grouped,
        "\(aggregate.firstTime)", "\(aggregate.lastTime)",
      ])
    }
    for line in table.lines { try streams.output.writeLine(line) }
  }
}

extension AggregatesCommand.Order {
  /// Whether the first stands before the second; names decide where they are equal.
  fileprivate func isOrdered(_ first: AggregateSummary, _ second: AggregateSummary) -> Bool {
    switch self {
    case .version where first.version != second.version: first.version > second.version
    case .bytes where first.byteCount != second.byteCount: first.byteCount > second.byteCount
    case .time where first.lastTime != second.lastTime: first.lastTime > second.lastTime
    default: first.id < second.id
    }
  }
}

/// What one pass over the log tells of an aggregate.
struct AggregateSummary {
  let id: AggregateID
  let firstTime: Timestamp
  var version = Version.none
  var byteCount = 0
  var lastTime: Timestamp

  /// The aggregates of the request's events.
  static func gather(
    _ log: EventLog,
    _ request: ReadRequest
  ) throws(LogError) -> [AggregateSummary] {
    var rows: [KeyHash: Int] = [:]
    var found: [AggregateSummary] = []
    let hasher = log.core.hasher
    var cursor = try log.cursor(request)
    while let event = try cursor.next() {
      let hash = hasher.hash(event.aggregateBytes, .aggregate)
      let row = rows[hash, default: found.count]
      if row == found.count {
        rows[hash] = row
        found.append(
          AggregateSummary(id: event.aggregate, firstTime: event.time, lastTime: event.time)
        )
      }
      found[row].version = event.version
      found[row].byteCount += event.payload.count
      found[row].lastTime = event.time
    }
    return found
  }
}
