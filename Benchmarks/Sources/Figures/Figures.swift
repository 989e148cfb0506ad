import AnnalsLog
import Foundation

/// The command `figures`: what the log costs beside what the machine costs, in one run.
@main
enum Figures {
  static func main() {
    do {
      let arguments = try Arguments(CommandLine.arguments)
      let report = Report(isJSON: arguments.isJSON, hasHead: arguments.hasHead)
      switch arguments.mode {
      case .compare: try compare(arguments, report)
      case .growth: try Growth(arguments, report).run()
      case .appender: try Growth(arguments, report).appendUntilKilled()
      case .opener(let name): try Growth(arguments, report).measureOpen(name)
      case .counters: try CounterFigures(arguments, report).run()
      case .codecs: try CodecFigures(arguments, report).run()
      case .layer:
        try withDirectory(arguments) { try LayerFigures($0 + "/layer", arguments, report).run() }
      case .compaction:
        try withDirectory(arguments) {
          try CompactionFigures($0 + "/compaction", arguments, report).run()
        }
      case .live:
        try withDirectory(arguments) { try LiveFigures($0 + "/live", arguments, report).run() }
      case .profile(let what): try Profile(arguments).run(what)
      }
      report.finish()
    } catch {
      FileHandle.standardError.write(Data("figures: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func compare(_ arguments: Arguments, _ report: Report) throws {
    try withDirectory(arguments) { directory in
      let workload = Workload(arguments)
      if arguments.isWanted("durable") {
        try DurableFigures(directory + "/durable", workload, report).run()
      }
      if arguments.isWanted("written") {
        try WrittenFigures(directory + "/written", workload, report).run()
      }
      if arguments.isWanted("read") {
        try ReadFigures(directory + "/read", workload, report).run()
      }
      if arguments.isWanted("snapshots") {
        try SnapshotFigures(directory + "/snapshots", arguments, report).run()
      }
      if arguments.isWanted("disk") {
        try DiskFigures(directory + "/disk", workload, report).run()
      }
    }
  }

  /// Runs `body` with the directory asked for, or with a new one that is removed afterwards.
  static func withDirectory(_ arguments: Arguments, _ body: (String) throws -> Void) throws {
    let files = FileManager.default
    if let directory = arguments.directory {
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try body(directory)
      return
    }
    // Beside the program: there is a disk below it, where /tmp may be memory.
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let directory = program.deletingLastPathComponent()
      .appendingPathComponent("figures-\(getpid())").path
    try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: directory) }
    try body(directory)
  }
}
