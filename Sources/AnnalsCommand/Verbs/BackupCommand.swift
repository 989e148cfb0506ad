internal import AnnalsLog
internal import ArgumentParser

/// `annals backup`.
struct BackupCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies a store while it is being written; again for what is new.",
    discussion: """
      The first time everything is copied, after that only what was added: sealed segments that \
      the backup does not have, and the new part of the last one. Works beside a writer, without \
      its lock, and takes what is durable in whole appends. Every frame is verified as it is \
      copied; a damaged store is an error that names the place, and the older backup stays. An \
      interrupted backup leaves the older one, or none.

      A backup is an ordinary store: verify checks it, events and export read it. To go on \
      writing, restore it. Taken along is how far projections and reactors have come; left out \
      are snapshots and index checkpoints, which are made anew.

      Files are shared with the store where the file system can share blocks. With --link they are \
      the same files: no room and no time is needed, and a bad disk block hits both.

      --json prints one object: events, bytes and lastPosition of the backup, segments, \
      bytesCopied and bytesShared this time, previousPosition (null for a first backup).

      Examples:
        annals backup shop /backups/shop
        annals verify /backups/shop
        annals backup shop /backups/shop --dry-run
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: ArgumentHelp("The backup's directory.", valueName: "destination"))
  var destination: String

  @Flag(help: "Give sealed segments a second name instead of copying them.")
  var link = false

  @Flag(help: "Write nothing; tell what would be copied.")
  var dryRun = false

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let report = try CopyVerb.run("copying", json: output.json) { progress throws(LogError) in
      var options = BackupOptions()
      options.links = link
      options.isDryRun = dryRun
      return try StoreCopier.backup(
        store.path,
        to: destination,
        options: options,
        progress: progress
      )
    }
    if output.json {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("events", report.events)
        writer.member("bytes", report.bytes)
        writer.member("lastPosition", report.lastPosition.rawValue)
        writer.member("segments", report.segments)
        writer.member("bytesCopied", report.bytesCopied)
        writer.member("bytesShared", report.bytesShared)
        writer.member("previousPosition", report.previousPosition?.rawValue)
      }
      writer.endLine()
      try streams.output.write(taking: &writer)
    } else {
      try streams.output.writeLine(line(report))
    }
  }

  private func line(_ report: BackupReport) -> String {
    let since = report.previousPosition.map { ", since position \($0.rawValue.grouped)" } ?? ""
    return "\(dryRun ? "would back up" : "backed up") \(report.events.grouped) events in"
      + " \(report.segments.grouped) segments up to position"
      + " \(report.lastPosition.rawValue.grouped): \(ByteCount(report.bytesCopied)) copied"
      + (report.bytesShared > 0 ? ", \(ByteCount(report.bytesShared)) shared" : "") + since
  }
}

/// What the verbs that copy stores have in common.
enum CopyVerb {
  /// Runs `body` with a bar, and tells what it throws: a destination that is in the way is one
  /// thing, a source that is not there another.
  static func run<Report>(
    _ label: String,
    json: Bool,
    _ body: ((CopyProgress) -> Void) throws(LogError) -> Report
  ) throws -> Report {
    do throws(LogError) {
      return try bar(label, json, body)
    } catch {
      let isAboutSource = if case .notAStore = error { true } else { false }
      throw CommandFailure(error, while: isAboutSource ? .reading : .creating)
    }
  }

  private static func bar<Report>(
    _ label: String,
    _ json: Bool,
    _ body: ((CopyProgress) -> Void) throws(LogError) -> Report
  ) throws(LogError) -> Report {
    var progress: ProgressBar?
    return try body { state in
      if progress == nil {
        progress = ProgressBar(label, unit: "bytes", total: state.bytesTotal, json: json)
      }
      progress?.update(state.bytesDone)
    }
  }

  /// What `--to` and `--at` say: a position, or a moment.
  static func end(_ text: String) throws -> CopyEnd {
    if let position = UInt64(text) { return .position(Position(position)) }
    return .time(try Timestamp.option(text))
  }
}

extension CopyReport {
  /// Prints what a restore or a fork did.
  func write(_ words: String, json: Bool, _ streams: StandardStreams) throws {
    if json {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("events", events)
        writer.member("bytes", bytes)
        writer.member("lastPosition", lastPosition.rawValue)
        writer.member("segments", segments)
        writer.member("bytesCopied", bytesCopied)
        writer.member("bytesShared", bytesShared)
        writer.member("roundedFrom", roundedFrom?.rawValue)
      }
      writer.endLine()
      try streams.output.write(taking: &writer)
      return
    }
    var line =
      "\(words) \(events.grouped) events in \(segments.grouped) segments up to position"
      + " \(lastPosition.rawValue.grouped): \(ByteCount(bytesCopied)) copied"
    if bytesShared > 0 { line += ", \(ByteCount(bytesShared)) shared" }
    if let roundedFrom {
      line += "; position \(roundedFrom.rawValue.grouped) is inside an append, which was left out"
    }
    try streams.output.writeLine(line)
  }
}
