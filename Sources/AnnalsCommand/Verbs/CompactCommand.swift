internal import AnnalsLog
internal import ArgumentParser

/// `annals compact`.
struct CompactCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Removes from the disk what rules of retention hide.",
    discussion: """
      Segments that hold enough of it are rewritten without, small neighbours become one; \
      positions and versions stay what they are. What was deleted, ended or redacted goes in any \
      case, and with it the states of projections that may hold it; backups and forks that still \
      hold it are named. Ended at any time, it goes on where it was when called again. A damaged \
      segment is left as it is, and the exit code is 1.

      --dry-run says what would go, by which rule, and why the rest stays; it answers at once, \
      from footers and, where rules are about a category, from a sample of the events. With \
      --exact it judges every event.

      --compress stores the events of sealed segments compressed, and --decompress as they were: \
      everything reads as before, reading at a slower rate. Older builds cannot open a store with \
      compressed segments. Without either, events stay as they are stored.

      JSON keys: bytesBefore bytesAfter bytesWritten eventsRemoved payloadsRemoved \
      segmentsRewritten segmentsMade spaceNeeded ratio seconds dryRun estimate copies, and under \
      reasons for each segment: segment firstPosition lastPosition bytesBefore bytesAfter \
      eventsRemoved payloadsRemoved eventsHeld outcome estimate damage rules.

      Examples:
        annals compact shop --dry-run
        annals compact shop --rate 50
        annals compact shop --least-garbage 0
        annals compact shop --compress --dry-run
      """
  )

  @OptionGroup var store: StoreArgument
  @Flag(help: "Say what would be done, and change nothing.")
  var dryRun = false
  @Flag(help: "With --dry-run, judge every event and estimate nothing.")
  var exact = false
  @Option(help: ArgumentHelp("Write at most so many MiB a second.", valueName: "n"))
  var rate: Int?
  @Option(
    help: ArgumentHelp(
      "Leave segments of which a smaller part than this can go, from 0 to 1.",
      valueName: "part"
    )
  )
  var leastGarbage = 0.2
  @Flag(help: "Store the events of sealed segments compressed.")
  var compress = false
  @Flag(help: "Store the events of compressed segments plain again.")
  var decompress = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let rate, rate < 1 { throw ValidationError("--rate must be at least 1.") }
    if compress, decompress {
      throw ValidationError("--compress and --decompress exclude each other.")
    }
    guard (0...1).contains(leastGarbage) else {
      throw ValidationError("--least-garbage must be from 0 to 1.")
    }
  }

  func run(_ streams: StandardStreams) throws {
    let start = ContinuousClock.now
    var options = CompactionOptions()
    options.leastGarbage = leastGarbage
    options.bytesPerSecond = rate.map { $0 << 20 }
    options.isExact = exact
    options.compression = compress ? .compress : decompress ? .decompress : .keep
    options.isCancelled = { Interruption.isAsked }
    let report: CompactionReport
    if dryRun {
      report = try store.openForReading().planCompaction(options)
    } else {
      Interruption.listen()
      let log = try store.openForWriting()
      let limit = rate.map { ", at most \($0) MiB/s" } ?? ""
      let bar = SharedProgressBar("compacting" + limit, unit: "bytes", json: output.json)
      defer { bar.finish() }
      options.progress = { bar.update($0, of: $1) }
      report = try log.compact(options)
      bar.finish()
      try log.close()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try output.json ? printObject(report, seconds, streams) : printText(report, seconds, streams)
    if report.segments.contains(where: { $0.outcome == .damaged }) {
      throw CommandFailure(.problems, nil)
    }
  }

  private func printText(
    _ report: CompactionReport,
    _ seconds: Double,
    _ streams: StandardStreams
  ) throws {
    var table = Table([
      .text("segment"), .text("positions"), .number("bytes"), .number("after"),
      .number("events out"), .text("outcome"),
    ])
    for segment in report.segments {
      table.addRow([
        "\(segment.id)", "\(segment.basePosition)-\(segment.lastPosition)",
        "\(ByteCount(segment.bytesBefore))", "\(ByteCount(segment.bytesAfter))",
        (segment.isEstimate ? "~" : "") + segment.eventsRemoved.grouped,
        segment.outcome.words + (segment.damage.map { " at byte \($0.offset)" } ?? ""),
      ])
    }
    for line in table.lines { try streams.output.writeLine(line) }
    let verb = dryRun ? (report.isEstimate ? "would become about" : "would become") : "are now"
    try streams.output.writeLine(
      "\(ByteCount(report.bytesBefore)) \(verb) \(ByteCount(report.bytesAfter));"
        + " \(report.eventsRemoved.grouped) events and \(report.payloadsRemoved.grouped) payloads"
        + " out of \(report.segmentsRewritten.grouped) segments, in \(seconds.seconds);"
        + " \(ByteCount(report.spaceNeeded)) must be free for a while"
    )
    if compress || decompress {
      let ratio = (report.ratio * 1000).rounded() / 10
      try streams.output.writeLine("the segments take \(ratio) % of what they took")
    }
    for copy in report.copies {
      try streams.output.writeLine("what goes is still in the copy \(copy)".printable)
    }
  }

  private func printObject(
    _ report: CompactionReport,
    _ seconds: Double,
    _ streams: StandardStreams
  ) throws {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("bytesBefore", report.bytesBefore)
      writer.member("bytesAfter", report.bytesAfter)
      writer.member("bytesWritten", report.bytesWritten)
      writer.member("eventsRemoved", report.eventsRemoved)
      writer.member("payloadsRemoved", report.payloadsRemoved)
      writer.member("segmentsRewritten", report.segmentsRewritten)
      writer.member("segmentsMade", report.segmentsMade)
      writer.member("spaceNeeded", report.spaceNeeded)
      writer.member("ratio", report.ratio)
      writer.member("seconds", seconds)
      writer.member("dryRun", dryRun)
      writer.member("estimate", report.isEstimate)
      writer.member("copies", report.copies)
      writer.key("reasons")
      writer.array { for segment in report.segments { $0.segment(segment) } }
    }
    writer.endLine()
    try streams.output.write(taking: &writer)
  }
}

extension JSONWriter {
  fileprivate mutating func segment(_ segment: CompactionReport.Segment) {
    object { writer in
      writer.member("segment", segment.id)
      writer.member("firstPosition", segment.basePosition.rawValue)
      writer.member("lastPosition", segment.lastPosition.rawValue)
      writer.member("bytesBefore", segment.bytesBefore)
      writer.member("bytesAfter", segment.bytesAfter)
      writer.member("eventsRemoved", segment.eventsRemoved)
      writer.member("payloadsRemoved", segment.payloadsRemoved)
      writer.member("eventsHeld", segment.eventsHeld)
      writer.member("outcome", segment.outcome.rawValue)
      writer.member("estimate", segment.isEstimate)
      writer.member("damage", segment.damage.map { "\($0.file) at byte \($0.offset)" })
      writer.key("rules")
      writer.array { writer in
        for share in segment.rules {
          writer.object {
            $0.member("record", share.record)
            $0.member("events", share.events)
          }
        }
      }
    }
  }
}

extension CompactionReport.Outcome {
  fileprivate var words: String {
    switch self {
    case .rewritten: "rewritten"
    case .compressed: "compressed"
    case .decompressed: "decompressed"
    case .merged: "merged with its neighbours"
    case .nothingToRemove: "kept: no rule hides anything in it"
    case .tooLittleGarbage: "kept: too little would go"
    case .inWriting: "kept: it is in writing"
    case .keysRemembered: "kept: the keys of what would go are remembered"
    case .damaged: "kept: it is damaged,"
    }
  }
}
