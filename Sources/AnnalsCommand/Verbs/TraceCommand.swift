internal import Annals
internal import ArgumentParser

/// `annals trace`.
struct TraceCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Prints what followed from what in one conversation.",
    discussion: """
      Finds the events whose metadata has the given correlation and prints them as a tree: an \
      event stands under the one whose position is its causation. Reads the whole store.

      With --json, one line an event: position, causation, depth, aggregate, version, type, time, \
      actor.

      Examples:
        annals trace shop request-1
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: "The correlation to follow.")
  var correlation: String

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    var found: [RecordedEvent] = []
    var cursor = try log.cursor()
    while let event = try cursor.next() {
      let metadata = event.metadata
      if metadata[Metadata.correlation] == correlation { found.append(event.copy()) }
    }
    for (event, depth) in CausalTree(found).inOrder() {
      if output.json {
        try printLine(event, depth, streams)
      } else {
        let actor = event.metadata[Metadata.actor].map { "  by \($0.printable)" } ?? ""
        let indent = String(repeating: "  ", count: depth)
        try streams.output.writeLine(
          "\(indent)\(event.position)  \(event.type.printable)"
            + "  \(event.aggregate.text.printable) version \(event.version)  \(event.time)\(actor)"
        )
      }
    }
    try log.checkEnd()
  }

  private func printLine(
    _ event: RecordedEvent,
    _ depth: Int,
    _ streams: StandardStreams
  ) throws {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("position", event.position.rawValue)
      writer.member("causation", event.metadata[Metadata.causation])
      writer.member("depth", depth)
      writer.member("aggregate", event.aggregate.text)
      writer.member("version", event.version.rawValue)
      writer.member("type", event.type)
      writer.key("time")
      writer.time(event.time)
      writer.member("actor", event.metadata[Metadata.actor])
    }
    writer.endLine()
    try streams.output.write(taking: &writer)
  }
}

/// Events under those that caused them.
struct CausalTree {
  private var roots: [RecordedEvent] = []
  private var children: [UInt64: [RecordedEvent]] = [:]

  /// A tree of events given in log order.
  init(_ events: [RecordedEvent]) {
    let positions = Set(events.map(\.position.rawValue))
    for event in events {
      // A cause stands before its effect; anything else is no position, or a lie.
      if let cause = event.metadata[Metadata.causation].flatMap(UInt64.init),
        cause < event.position.rawValue, positions.contains(cause)
      {
        children[cause, default: []].append(event)
      } else {
        roots.append(event)
      }
    }
  }

  /// The events, each behind its cause, with their depths.
  func inOrder() -> [(RecordedEvent, Int)] {
    var ordered: [(RecordedEvent, Int)] = []
    var open = roots.reversed().map { ($0, 0) }
    while let (event, depth) = open.popLast() {
      ordered.append((event, depth))
      for child in (children[event.position.rawValue] ?? []).reversed() {
        open.append((child, depth + 1))
      }
    }
    return ordered
  }
}
