internal import AnnalsLog
internal import ArgumentParser

/// `annals events`.
struct EventsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Lists events, and follows a store that is being written.",
    discussion: """
      One line an event: position, version, time, aggregate, type, data and tags. All filters must \
      hold; types are joined by or, tags by and.

      Examples:
        annals events shop --aggregate order-7
        annals events shop --type OrderPlaced --type OrderShipped --since 2026-01-01T00:00:00Z
        annals events shop --reverse --limit 10
        annals events shop --follow --json
      """
  )

  @OptionGroup var store: StoreArgument
  @OptionGroup var filter: EventFilterOptions

  @Flag(help: "Go on with events as they become durable, until Ctrl-C.")
  var follow = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if follow, filter.reverse {
      throw ValidationError("--follow goes up and --reverse down: give one of them.")
    }
  }

  func run(_ streams: StandardStreams) throws {
    if follow { Interruption.listen() }
    let log = try store.openForReading()
    var listing = EventListing(log.head(), filter.request, json: output.json)
    guard follow else {
      try filter.checkStatus(log)
      try listing.print(log, through: nil, streams)
      return try log.checkEnd()
    }
    while !listing.isComplete, !Interruption.isAsked {
      let head = log.head()
      try listing.print(log, through: head, streams)
      try streams.output.flush()
      while !listing.isComplete, !Interruption.isAsked,
        try !log.wait(after: head, milliseconds: Self.waitMilliseconds)
      {}
    }
  }

  /// How long Ctrl-C may go unnoticed.
  private static let waitMilliseconds = 100
}

/// Prints the events of a request, in one go or, when following, bit by bit.
struct EventListing {
  private var request: ReadRequest
  private var rows: EventRows
  private let isJSON: Bool
  private var writer = JSONWriter()

  init(_ head: Position, _ request: ReadRequest, json: Bool) {
    self.request = request
    isJSON = json
    rows = EventRows(head: head)
  }

  /// Whether no later event can be one of the request's.
  var isComplete: Bool { request.limit == 0 || request.after >= request.until }

  /// Prints what is visible, or what stands up to `head`, and goes on behind it the next time.
  mutating func print(
    _ log: EventLog,
    through head: Position?,
    _ streams: StandardStreams
  ) throws {
    var part = request
    // By aggregate the bounds are versions, and the last one printed says where to go on.
    if let head, request.aggregate == nil { part.until = min(part.until, head.rawValue) }
    var cursor = try log.cursor(part)
    while let event = try cursor.next() {
      if isJSON {
        writer.eventLine(event)
        try streams.output.write(taking: &writer)
      } else {
        try streams.output.writeLine(rows.line(event))
      }
      if request.limit != .max { request.limit -= 1 }
      if head != nil, request.aggregate != nil { request.after = event.version.rawValue }
    }
    if head != nil, request.aggregate == nil { request.after = max(request.after, part.until) }
  }
}
