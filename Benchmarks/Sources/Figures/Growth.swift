import AnnalsLog
import Foundation

/// What opening and the index cost as a store grows.
struct Growth {
  private let arguments: Arguments
  private let workload: Workload
  private let report: Report

  init(_ arguments: Arguments, _ report: Report) {
    self.arguments = arguments
    self.report = report
    workload = Workload(arguments)
  }

  func run() throws {
    try Figures.withDirectory(arguments) { directory in
      let store = directory + "/growth"
      try fill(store)
      try measureFiles(store)
      try open("after close", directory)
      // Once more: what the first opening might have left to do is done.
      try open("after close, again", directory)
      try killAppender(directory)
      try open("after kill -9", directory)
    }
  }

  private func fill(_ store: String) throws {
    let log = try EventLog(at: store)
    let before = processMemory("RssAnon")
    let batch = EventBatch()
    var random = Random(6)
    var index = IndexBytes()
    let time = try nanoseconds {
      var number = 0
      while number < arguments.events {
        batch.removeAll()
        // Several events of each of a few aggregates, as commands append them.
        for _ in 0..<25 {
          let aggregate = random.below(workload.aggregates)
          for _ in 0..<4 {
            try workload.add(number, to: aggregate, batch)
            number += 1
          }
        }
        try log.append(batch, durability: .written)
        if number % 100_000 == 0 { index.look(log) }
      }
    }
    report.add("growth: append", "events/s", annals: Double(arguments.events) * 1e9 / Double(time))
    let after = processMemory("RssAnon")
    report.add(
      "growth: anonymous memory, appending",
      "B/key",
      annals: Double(after - before) / Double(workload.aggregates)
    )
    report.add("growth: index in memory, most", "B/key", annals: index.perKey)
    report.add("growth: index in memory, moved keys, most", "B/key", annals: index.perMovedKey)
    report.add("growth: index in memory, most", "B/event", annals: index.perEvent)
    try log.close()
  }

  /// The most that the index in memory took, by its own count of what it holds.
  private struct IndexBytes {
    private(set) var perKey = 0.0
    private(set) var perMovedKey = 0.0
    private(set) var perEvent = 0.0

    mutating func look(_ log: EventLog) {
      let memory = LogInspector(log).indexMemory
      if memory.keys > 10_000 {
        perKey = max(perKey, Double(memory.keyTableBytes) / Double(memory.keys))
      }
      if memory.movedKeys > 10_000 {
        perMovedKey = max(perMovedKey, Double(memory.movedKeyBytes) / Double(memory.movedKeys))
      }
      if memory.chainedEvents > 10_000 {
        perEvent = max(perEvent, Double(memory.chainBytes) / Double(memory.chainedEvents))
      }
    }
  }

  private func measureFiles(_ store: String) throws {
    let footers = try StoreMaker.fileBytes(store + "/log", suffix: ".footer")
    let checkpoints = try StoreMaker.fileBytes(store, suffix: "index")
    let keys = Double(workload.aggregates)
    let events = Double(arguments.events)
    report.add("growth: index checkpoints", "B/key", annals: Double(checkpoints) / keys)
    report.add("growth: footers", "B/key", annals: Double(footers) / keys)
    report.add("growth: footers", "B/event", annals: Double(footers) / events)
  }

  /// Opens the store and loads from it.
  func measureOpen(_ name: String) throws {
    guard let directory = arguments.directory else { throw Failure("a directory is needed") }
    let store = directory + "/growth"
    let before = processMemory("RssAnon")
    let start = now()
    let log = try EventLog(at: store)
    let time = Double(now() - start) / 1e6
    defer { try? log.close() }
    let opened = processMemory("RssAnon")
    report.add("open \(name)", "ms", annals: time)
    report.add("open \(name): scanned", "events", annals: Double(log.recovery.scannedEvents))
    report.add("open \(name): memory", "MB", annals: Double(opened - before) / 1e6)
    if log.recovery.scannedEvents > 0 {
      report.add(
        "open \(name): memory",
        "B/scanned",
        annals: Double(opened - before) / Double(log.recovery.scannedEvents)
      )
    }
    var random = Random(UInt64(start))
    var times: [UInt64] = []
    var events = 0
    for _ in 0..<2000 {
      let aggregate = workload.name(random.below(workload.aggregates))
      times.append(
        try nanoseconds {
          var cursor = try log.cursor(.aggregate(aggregate))
          while let event = try cursor.next() {
            keep(sumOfBytes(event.payload))
            events += 1
          }
        }
      )
    }
    report.add("load \(name), first touch: p50", "us", annals: times.microseconds(0.5))
    report.add("load \(name), first touch: p99", "us", annals: times.microseconds(0.99))
    report.add("load \(name): length", "events", annals: Double(events) / 2000)
    report.add("rss \(name)", "MB", annals: Double(processMemory("VmRSS")) / 1e6)
    report.add("anonymous memory \(name)", "MB", annals: Double(processMemory("RssAnon")) / 1e6)
  }
}

// MARK: The child that is killed

extension Growth {
  private static let isUnderWay = "appending"

  private func child(_ words: [String], _ directory: String) -> Process {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments =
      words + [
        directory, "--aggregates", "\(arguments.aggregates)", "--payload",
        "\(arguments.payload)",
      ] + (arguments.isJSON ? ["--json"] : [])
    return child
  }

  private func open(_ name: String, _ directory: String) throws {
    let opener = child(["opener", name], directory)
    try opener.run()
    opener.waitUntilExit()
    guard opener.terminationStatus == 0 else { throw Failure("opening \(name) failed") }
  }

  private func killAppender(_ directory: String) throws {
    let child = child(["appender"], directory)
    let output = Pipe()
    child.standardOutput = output
    try child.run()
    let said = output.fileHandleForReading.availableData
    guard String(decoding: said, as: UTF8.self).hasPrefix(Self.isUnderWay) else {
      throw Failure("the appender did not start")
    }
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
  }

  /// Appends most of a segment, says so, and goes on until somebody kills the process.
  func appendUntilKilled() throws {
    guard let directory = arguments.directory else { throw Failure("a directory is needed") }
    let log = try EventLog(at: directory + "/growth")
    let batch = EventBatch()
    var random = Random(8)
    var number = 0
    let first = (48 << 20) / (workload.payloadBytes + 25)
    while true {
      batch.removeAll()
      for _ in 0..<20 {
        try workload.add(number, to: random.below(workload.aggregates), batch)
        number += 1
      }
      try log.append(batch, durability: .written)
      if number >= first, number < first + 20 {
        FileHandle.standardOutput.write(Data((Self.isUnderWay + "\n").utf8))
      }
    }
  }
}
