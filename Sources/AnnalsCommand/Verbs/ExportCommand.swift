internal import AnnalsLog
internal import ArgumentParser

/// `annals export`.
struct ExportCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Prints events as JSON lines that import takes back.",
    discussion: """
      Each event is one line, in the order of positions unless --reverse is given:

        {"position":1,"version":1,"aggregate":"account-1","type":"Deposited",
         "time":"2026-01-01T00:00:00Z","data":{"cents":500}}

      (on one line). data stands there as it was imported; data that is not JSON is printed as \
      {"$binary":"<base64>"}, which import turns back into the same bytes. Where the store is \
      damaged, everything before the damage is printed and the exit code is 1.

      Examples:
        annals export shop > shop.jsonl
        annals export shop --category account --since 2026-01-01T00:00:00Z
        annals export shop | annals import copy
      """
  )

  @OptionGroup var store: StoreArgument
  @OptionGroup var filter: EventFilterOptions
  // The lines are JSON with or without it; a script may say it to every verb.
  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    try filter.checkStatus(log)
    var cursor = try log.cursor(filter.request)
    let isWatched = Descriptor.standardOutput.isTerminal
    var progress = ProgressBar(
      "exporting",
      unit: "events",
      total: Int(clamping: log.head().rawValue),
      json: output.json || isWatched
    )
    var writer = JSONWriter()
    var count = 0
    while let event = try cursor.next() {
      writer.eventLine(event)
      try streams.output.write(taking: &writer)
      count += 1
      if count.isMultiple(of: 1_024) { progress.update(count) }
    }
    progress.finish()
    try log.checkEnd()
  }
}
