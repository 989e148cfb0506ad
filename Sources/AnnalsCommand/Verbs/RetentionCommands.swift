internal import AnnalsLog
internal import ArgumentParser

/// `annals delete`.
struct DeleteCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Hides the events of an aggregate, or of a category, from all readers.",
    discussion: """
      The deletion is an entry in the log: who reads what it had seen before goes on seeing it, \
      all others do not. Positions and versions stay what they are. A later append begins the \
      aggregate again, and its versions go on; after --tombstone nothing is appended any more, for \
      ever. The bytes leave the disk with 'annals compact'.

      Exit code 1 where it is deleted already, or never existed. JSON keys: record position \
      version subject category rule dryRun.

      Examples:
        annals delete shop account-1 --reason "asked by its owner"
        annals delete shop account-1 --reopen
        annals delete shop session --category --tombstone
      """
  )

  @OptionGroup var target: RetentionTarget
  @Flag(help: "For ever: nothing is appended to it any more.")
  var tombstone = false
  @Flag(help: "Take a deletion back: it exists again. What was hidden stays so.")
  var reopen = false
  @OptionGroup var making: RuleOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if tombstone, reopen { throw ValidationError("--tombstone and --reopen exclude each other.") }
  }

  func run(_ streams: StandardStreams) throws {
    let subject = target.subject
    let rule: RetentionRule =
      reopen ? .reopen(subject) : tombstone ? .tombstone(subject) : .delete(subject)
    let name = reopen ? "reopen" : tombstone ? "tombstone" : "delete"
    try making.make(rule, name, target.store, output, streams)
  }
}

/// `annals truncate`.
struct TruncateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "truncate",
    abstract: "Hides the events of an aggregate before a version.",
    discussion: """
      The version given is the first that stays; at most one above the last, which leaves nothing. \
      Versions are never given again. The bytes leave the disk with 'annals compact'.

      JSON keys: record position version subject category rule dryRun.

      Example:
        annals truncate shop account-1 --before 1000
      """
  )

  @OptionGroup var store: StoreArgument
  @Argument(help: "The aggregate.")
  var aggregate: String
  @Option(help: ArgumentHelp("The first version that stays.", valueName: "version"))
  var before: UInt64
  @OptionGroup var making: RuleOptions
  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let rule = RetentionRule.truncate(AggregateID(aggregate), before: Version(before))
    try making.make(rule, "truncate", store, output, streams)
  }
}

/// `annals redact`.
struct RedactCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "redact",
    abstract: "Takes the data of one event away, or hides the event.",
    discussion: """
      The event stays at its position, with type, time, tags and metadata; its data reads as \
      empty, and leaves the disk with 'annals compact'. With --skip the event is hidden from all \
      readers instead, and is kept on the disk.

      JSON keys: record position version subject category rule dryRun.

      Example:
        annals redact shop 4711 --reason "a credit card number"
      """
  )

  @OptionGroup var store: StoreArgument
  @Argument(help: "The event's position.")
  var position: UInt64
  @Flag(help: "Hide the event, and keep it.")
  var skip = false
  @OptionGroup var making: RuleOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if making.reason.isEmpty { throw ValidationError("--reason is needed.") }
  }

  func run(_ streams: StandardStreams) throws {
    let rule: RetentionRule = skip ? .skip(Position(position)) : .redact(Position(position))
    try making.make(rule, skip ? "skip" : "redact", store, output, streams)
  }
}

/// `annals retain`.
struct RetainCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "retain",
    abstract: "Limits how many events of an aggregate are kept, or how long.",
    discussion: """
      A name with a '-' in it is an aggregate's, another one is a category's, whose rule is for \
      each of its aggregates; --aggregate makes it an aggregate's in any case. Older events are \
      hidden at once, as time and appends go on, and leave the disk with 'annals compact'. A rule \
      that is loosened, or ended with 'none', shows again what compaction has not removed.

      JSON keys: record position version subject category rule dryRun.

      Examples:
        annals retain shop session --max-age 30d
        annals retain shop sensor-7 --max-count 1000
        annals retain shop session --max-age none
      """
  )

  @OptionGroup var store: StoreArgument
  @Argument(help: "The aggregate or category.")
  var name: String
  @Option(help: ArgumentHelp("The newest events that stay; 'none' ends the rule.", valueName: "n"))
  var maxCount: String?
  @Option(
    help: ArgumentHelp(
      "How old events may be: a number and s, m, h, d or w; 'none' ends the rule.",
      valueName: "duration"
    )
  )
  var maxAge: String?
  @Flag(help: "The name is an aggregate's, though it has no '-'.")
  var aggregate = false
  @OptionGroup var making: RuleOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { _ = try rule() }

  private func rule() throws -> RetentionRule {
    let subject: RetentionSubject =
      aggregate || name.contains("-") ? .aggregate(AggregateID(name)) : .category(name)
    switch (maxCount, maxAge) {
    case (let count?, nil):
      if count == "none" { return .keepCount(subject, nil) }
      guard let number = UInt64(count), number > 0 else {
        throw ValidationError("--max-count must be a number from 1, or none.")
      }
      return .keepCount(subject, number)
    case (nil, let age?):
      if age == "none" { return .keepAge(subject, microseconds: nil) }
      guard let microseconds = Self.microseconds(age) else {
        throw ValidationError("--max-age must be a number and s, m, h, d or w, or none.")
      }
      return .keepAge(subject, microseconds: microseconds)
    default: throw ValidationError("either --max-count or --max-age is needed.")
    }
  }

  private static func microseconds(_ text: String) -> Int64? {
    let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    guard let unit = text.last.flatMap({ seconds[$0] }), let number = Int64(text.dropLast()),
      number > 0
    else { return nil }
    let (result, overflow) = number.multipliedReportingOverflow(by: unit * 1_000_000)
    return overflow ? nil : result
  }

  func run(_ streams: StandardStreams) throws {
    try making.make(try rule(), maxCount == nil ? "max-age" : "max-count", store, output, streams)
  }
}

/// What a deletion is about.
struct RetentionTarget: ParsableArguments {
  @OptionGroup var store: StoreArgument
  @Argument(help: "The aggregate; with --category the category.")
  var name: String
  @Flag(help: "The name is a category's: what stands before the first '-' of an id.")
  var category = false

  var subject: RetentionSubject {
    category ? .category(name) : .aggregate(AggregateID(name))
  }
}

/// How a rule is made.
struct RuleOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Why: a text for people, kept in the log.", valueName: "text"))
  var reason = ""
  @Flag(help: "Say what would be done, and change nothing.")
  var dryRun = false

  /// Makes the rule, or only checks whether it can be made, and prints it.
  func make(
    _ rule: RetentionRule,
    _ name: String,
    _ store: StoreArgument,
    _ output: OutputOptions,
    _ streams: StandardStreams
  ) throws {
    let log = dryRun ? try store.openForReading() : try store.openForWriting()
    let receipt =
      dryRun
      ? try log.checkRule(rule, reason: reason) : try log.retain(rule, reason: reason)
    try log.close()
    let subject = rule.subject
    guard output.json else {
      let about = subject ?? "position \(rule.position ?? .start)"
      let verb = dryRun ? "would be" : "is"
      let line = "\(name) of \(about) \(verb) rule \(receipt.record)"
      return try streams.output.writeLine(
        line + ", after position \(receipt.position.rawValue.grouped)".printable
      )
    }
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("record", receipt.record)
      writer.member("position", receipt.position.rawValue)
      writer.member("version", receipt.version.rawValue)
      writer.member("subject", subject ?? "\(rule.position ?? .start)")
      writer.member("category", rule.isOfCategory)
      writer.member("rule", name)
      writer.member("dryRun", dryRun)
    }
    writer.endLine()
    try streams.output.write(taking: &writer)
  }
}

extension RetentionRule {
  private var about: RetentionSubject? {
    switch self {
    case .delete(let subject), .reopen(let subject), .tombstone(let subject),
      .keepCount(let subject, _), .keepAge(let subject, _):
      subject
    case .truncate(let id, _): .aggregate(id)
    case .redact, .skip: nil
    }
  }

  /// The name of what the rule is about; nil if it is an event.
  fileprivate var subject: String? { about?.name }

  fileprivate var isOfCategory: Bool { if case .category = about { true } else { false } }

  /// The event the rule is about.
  fileprivate var position: Position? {
    switch self {
    case .redact(let position), .skip(let position): position
    default: nil
    }
  }
}
