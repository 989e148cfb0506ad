internal import AnnalsLog
internal import ArgumentParser

/// The filters that `events` and `export` share.
struct EventFilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only events of this aggregate.", valueName: "id"))
  var aggregate: String?

  @Option(
    help: ArgumentHelp(
      "Only events of aggregates of this category: what stands before the first '-' of an id.",
      valueName: "name"
    )
  )
  var category: String?

  @Option(help: ArgumentHelp("Only events of this type; repeat it to allow several."))
  var type: [String] = []

  @Option(help: ArgumentHelp("Only events with this tag; repeat it to demand several."))
  var tag: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only events after this position; with --aggregate, after this version.",
      valueName: "n"
    )
  )
  var after: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Only events up to this position; with --aggregate, up to this version.",
      valueName: "n"
    )
  )
  var until: UInt64?

  @Option(
    help: ArgumentHelp(
      "Only events at or after this time, such as 2026-01-31T12:00:00Z.",
      valueName: "time"
    ),
    transform: Timestamp.option
  )
  var since: Timestamp?

  @Option(
    help: ArgumentHelp("Only events before this time.", valueName: "time"),
    transform: Timestamp.option
  )
  var before: Timestamp?

  @Option(help: ArgumentHelp("At most this many events.", valueName: "n"))
  var limit: Int?

  @Flag(help: "From the newest event down; --limit then takes the newest.")
  var reverse = false

  /// Refuses what no events could answer.
  func validate() throws {
    if let limit, limit < 0 { throw ValidationError("--limit must not be negative.") }
  }

  /// Refuses to read an aggregate that was deleted, so that it is not taken for one that never was.
  func checkStatus(_ log: EventLog) throws(LogError) {
    guard let aggregate else { return }
    let id = AggregateID(aggregate)
    guard case .deleted(let deletion, _) = try log.status(of: id) else { return }
    throw .refusedByRetention(
      RetentionRefusal(
        .aggregate(id),
        deletion.isFinal ? .tombstoned(deletion) : .deleted(deletion)
      )
    )
  }

  /// The filters as the log takes them.
  ///
  /// Frames are copied before they are read, so that damage under the mapping is an error and not a
  /// signal.
  var request: ReadRequest {
    var request = ReadRequest()
    request.aggregate = aggregate.map { AggregateID($0) }
    request.category = category
    request.query = Query(types: type, tags: tag)
    request.after = after
    request.until = until ?? .max
    request.since = since
    request.before = before
    request.limit = limit ?? .max
    request.isReversed = reverse
    request.isGuarded = true
    return request
  }
}
