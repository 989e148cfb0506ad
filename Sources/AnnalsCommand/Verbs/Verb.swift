internal import AnnalsLog
internal import ArgumentParser

/// One verb of the command line: parsed by the parser, run with the process's streams.
///
/// What a verb leaves in the streams' buffers is flushed by `Main`, also when it throws, so that
/// what could be read of a damaged store is put out before the error is told.
protocol Verb: ParsableCommand {
  /// Does the work.
  func run(_ streams: StandardStreams) throws
}

/// The store a verb is about.
struct StoreArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The store's directory.", valueName: "store"))
  var path: String

  /// Opens the store for reading, which works beside a writer and changes nothing.
  func openForReading() throws(LogError) -> EventLog {
    var options = LogOptions()
    options.access = .readOnly
    return try EventLog(at: path, options: options)
  }

  /// Opens the store for writing, which takes its lock; makes none.
  func openForWriting() throws(LogError) -> EventLog {
    var options = LogOptions()
    options.createsStore = false
    return try EventLog(at: path, options: options)
  }
}

/// `--json`, which every verb has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON on standard output, and nothing else there.")
  var json = false
}

extension EventLog {
  /// Says what opening found damaged, for whoever has read to the end and met none of it: damage
  /// that costs no events, or events that were not asked for.
  func checkEnd() throws(LogError) {
    if let damage = core.damages.first { throw .corrupt(damage) }
  }
}

extension Timestamp {
  /// Parses an option's moment of RFC 3339.
  static func option(_ text: String) throws -> Timestamp {
    do throws(TimestampError) {
      return try Timestamp(parsing: text)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}
