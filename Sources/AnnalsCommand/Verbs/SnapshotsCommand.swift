internal import AnnalsLog
internal import ArgumentParser

/// `annals snapshots`.
struct SnapshotsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "snapshots",
    abstract: "Lists the states that are kept of aggregates: where they stand, and what they take.",
    discussion: """
      The shape is a number for the type of the state and what it is made of; a state whose shape \
      is no longer that of the program is ignored, and so is one of another history. The ratio is \
      that of the state's bytes to the bytes stored for it, its aggregate's id included.

      With --json, one line a snapshot: aggregate, version, position, stateBytes, storedBytes, \
      dictionary (whether one is needed), shape, standing (fits, anotherHistory).

      Examples:
        annals snapshots shop
        annals snapshots shop --json
      """
  )

  @OptionGroup var store: StoreArgument

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    let head = log.head().rawValue
    var table = Table([
      .text("aggregate"), .number("version"), .number("position"), .number("state"),
      .number("stored"), .number("ratio"), .text("shape"), .text("history"),
    ])
    let isJSON = output.json
    try log.snapshots.forEach { snapshot in
      let isForeign = snapshot.history != log.historyID || snapshot.position > head
      let digits = String(snapshot.fingerprint, radix: 16)
      let shape = String(repeating: "0", count: 16 - digits.utf8.count) + digits
      if isJSON {
        var writer = JSONWriter()
        writer.object { writer in
          writer.member("aggregate", snapshot.aggregate.text)
          writer.member("version", snapshot.version)
          writer.member("position", snapshot.position)
          writer.member("stateBytes", snapshot.stateBytes)
          writer.member("storedBytes", snapshot.storedBytes)
          writer.member("dictionary", snapshot.hasDictionary)
          writer.member("shape", shape)
          writer.member("standing", isForeign ? "anotherHistory" : "fits")
        }
        writer.endLine()
        try streams.output.write(taking: &writer)
      } else {
        let tenths = snapshot.stateBytes * 10 / max(1, snapshot.storedBytes)
        table.addRow([
          snapshot.aggregate.text, snapshot.version.grouped,
          snapshot.position.grouped, snapshot.stateBytes.grouped,
          snapshot.storedBytes.grouped, "\(tenths / 10).\(tenths % 10)", shape,
          isForeign ? "another" : "this",
        ])
      }
    }
    if table.isEmpty { return }
    for line in table.lines { try streams.output.writeLine(line) }
  }
}
