internal import AnnalsLog
internal import ArgumentParser

/// `annals consumers`.
struct ConsumersCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "consumers",
    abstract: "Lists what projections and reactors have kept: how far they are, and their states.",
    discussion: """
      The lag is the number of events behind the one a consumer has kept; one that runs may be \
      further than that.

      With --json, one line a consumer: name, kind, position, lag, stateBytes, storedBytes, \
      standing (fits, anotherHistory).

      Examples:
        annals consumers shop
      """
  )

  @OptionGroup var store: StoreArgument

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    let head = log.head().rawValue
    var table = Table([
      .text("name"), .text("kind"), .number("position"), .number("lag"), .number("state"),
      .number("stored"), .number("ratio"), .text("history"),
    ])
    for consumer in try ConsumerStore(log).list() {
      let kind = ConsumerRecord.Kind(rawValue: consumer.kind).map { "\($0)" } ?? "?"
      let lag = head - min(head, consumer.position)
      let isForeign = consumer.history != log.historyID || consumer.position > head
      if output.json {
        var writer = JSONWriter()
        writer.object { writer in
          writer.member("name", consumer.name)
          writer.member("kind", kind)
          writer.member("position", consumer.position)
          writer.member("lag", lag)
          writer.member("stateBytes", consumer.stateBytes)
          writer.member("storedBytes", consumer.storedBytes)
          writer.member("standing", isForeign ? "anotherHistory" : "fits")
        }
        writer.endLine()
        try streams.output.write(taking: &writer)
      } else {
        let tenths = consumer.stateBytes * 10 / max(1, consumer.storedBytes)
        table.addRow([
          consumer.name, kind, consumer.position.grouped, lag.grouped,
          consumer.stateBytes.grouped, consumer.storedBytes.grouped,
          "\(tenths / 10).\(tenths % 10)", isForeign ? "another" : "this",
        ])
      }
    }
    if table.isEmpty { return }
    for line in table.lines { try streams.output.writeLine(line) }
  }
}
