internal import AnnalsLog
internal import ArgumentParser

/// `annals salvage`.
struct SalvageCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "salvage",
    abstract: "Saves all that verifies of a damaged store into a new one.",
    discussion: """
      Keeps every event whose frame verifies, with its position and version, and goes on behind \
      damage. What is lost is named: by positions, by the damaged place, and by aggregate where \
      the segment's footer tells which they were. The lost positions are never given again. The \
      damaged store is not changed.

      Rules of retention stand in the log as events do, and may be lost as well: what they alone \
      hid, also what was deleted, is seen again in the new store unless compaction had removed it. \
      Their number is told; make them anew before the store is used.

      The new store begins a history of its own before the first loss: projections and reactors \
      that had gone beyond are stopped with an error, and must be rebuilt or reset.

      Exits with 0 when the store was saved, whatever was lost: read the output. Restore a backup \
      instead if there is one that is recent enough.

      --json prints one object: events, bytes, lastPosition, segments, eventsLost, rulesLost and \
      lost (each with firstPosition and lastPosition where positions are lost, file, offset, \
      bytes, message, \
      aggregates (aggregate, events) and unnamedEvents).

      Examples:
        annals salvage shop shop-saved --dry-run
        annals salvage shop shop-saved --json
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: ArgumentHelp("Where the new store is made.", valueName: "destination"))
  var destination: String

  @Flag(help: "Write nothing; tell what would be saved, and what is lost.")
  var dryRun = false

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let report = try CopyVerb.run("saving", json: output.json) { progress throws(LogError) in
      try StoreCopier.salvage(
        store.path,
        to: destination,
        isDryRun: dryRun,
        progress: progress
      )
    }
    if output.json {
      var writer = JSONWriter()
      writer.report(report)
      try streams.output.write(taking: &writer)
      return
    }
    for loss in report.lost { try streams.output.writeLine(loss.line) }
    if report.rulesLost > 0 {
      let lost = report.rulesLost == 1 ? "rule of retention is" : "rules of retention are"
      try streams.output.writeLine(
        "\(report.rulesLost.grouped) \(lost) lost: what nothing else hides is seen again, and what"
          + " was ended takes events again; make what is lost anew before the store is used"
      )
    }
    let lost = report.eventsLost > 0 ? "; \(report.eventsLost.grouped) are lost" : ""
    try streams.output.writeLine(
      "\(dryRun ? "would save" : "saved") \(report.events.grouped) events in"
        + " \(report.segments.grouped) segments up to position"
        + " \(report.lastPosition.rawValue.grouped)\(lost)"
    )
  }
}

extension SalvageReport.Loss {
  /// The loss for a person.
  fileprivate var line: String {
    var line = "lost: "
    if let positions {
      let (first, last) = (positions.first.rawValue, positions.last.rawValue)
      line += first == last ? "position \(first)" : "positions \(first) to \(last)"
    } else {
      line += "no position that is known"
    }
    line += ", \(file)"
    if let offset { line += " at byte \(offset)" }
    if let byteCount { line += ", \(ByteCount(byteCount))" }
    let named = aggregates.map { "\($0.id.text) (\($0.events))" }
    if !named.isEmpty { line += ": " + named.joined(separator: ", ") }
    if unnamedEvents > 0 {
      line += named.isEmpty ? ": of aggregates that cannot be named" : ", \(unnamedEvents) more"
    }
    return line.printable
  }
}

extension JSONWriter {
  fileprivate mutating func report(_ report: SalvageReport) {
    object { writer in
      writer.member("events", report.events)
      writer.member("bytes", report.bytes)
      writer.member("lastPosition", report.lastPosition.rawValue)
      writer.member("segments", report.segments)
      writer.member("eventsLost", report.eventsLost)
      writer.member("rulesLost", report.rulesLost)
      writer.key("lost")
      writer.array { for loss in report.lost { $0.loss(loss) } }
    }
    endLine()
  }

  private mutating func loss(_ loss: SalvageReport.Loss) {
    object { writer in
      if let positions = loss.positions {
        writer.member("firstPosition", positions.first.rawValue)
        writer.member("lastPosition", positions.last.rawValue)
      }
      writer.member("file", loss.file)
      writer.member("offset", loss.offset)
      writer.member("bytes", loss.byteCount)
      writer.member("message", loss.cause?.sentence)
      writer.key("aggregates")
      writer.array { writer in
        for aggregate in loss.aggregates {
          writer.object { writer in
            writer.member("aggregate", aggregate.id.text)
            writer.member("events", aggregate.events)
          }
        }
      }
      writer.member("unnamedEvents", loss.unnamedEvents)
    }
  }
}
