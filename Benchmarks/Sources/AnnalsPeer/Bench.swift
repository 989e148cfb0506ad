import AnnalsLog
import Foundation

/// What a store must contain, kept beside it between phases: the file of the other program.
struct Contents {
  var events = 0
  var sum: UInt64 = 0
  /// How many events each aggregate has.
  var versions: [UInt64]

  init(aggregates: Int) {
    versions = [UInt64](repeating: 0, count: aggregates)
  }

  init(_ path: String, aggregates: Int) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Failure("no store beside \(path): run the append phase first")
    }
    guard data.count == 16 + aggregates * 8 else {
      throw Failure("\(path) does not fit these arguments")
    }
    let numbers = (0..<data.count / 8).map { index in
      data[(index * 8)..<(index * 8 + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    events = Int(numbers[0])
    sum = numbers[1]
    versions = Array(numbers[2...])
  }

  func save(_ path: String) throws {
    var data = Data(capacity: 16 + versions.count * 8)
    for number in [UInt64(events), sum] + versions {
      for shift in 0..<8 { data.append(UInt8(truncatingIfNeeded: number >> (shift * 8))) }
    }
    try data.write(to: URL(fileURLWithPath: path))
  }
}

/// One run: the arguments, the workload, and where the store stands.
final class Bench: Sendable {
  let arguments: PeerArguments
  let workload: PeerWorkload

  init(_ arguments: PeerArguments) {
    self.arguments = arguments
    workload = PeerWorkload(arguments)
  }

  var store: String { arguments.directory + "/store" }
  var contentsPath: String { arguments.directory + "/meta" }

  func makeFresh() throws {
    let files = FileManager.default
    try? files.removeItem(atPath: arguments.directory)
    try files.createDirectory(atPath: arguments.directory, withIntermediateDirectories: true)
  }

  func loadContents() throws -> Contents {
    try Contents(contentsPath, aggregates: arguments.aggregates)
  }

  /// Opens the store; readers see what is written, as the other peers' do.
  ///
  /// The log's own sync of written events comes after a minute unless `--set sync=MS` asks for it
  /// sooner: none of the other peers syncs what it was not asked to. Off, it would stage nothing.
  func open(isDurable: Bool = false) throws -> EventLog {
    var options = LogOptions()
    options.visibility = isDurable ? .durable : .written
    options.writtenSyncMilliseconds = Int(arguments.tuning["sync"] ?? "60000") ?? 60_000
    options.compressesSnapshots = arguments.tuning["raw"] != "1"
    return try EventLog(at: store, options: options)
  }

  func evict() throws {
    if arguments.isCold {
      try Disk.evict(arguments.directory, all: arguments.evict == "global")
    }
  }

  func line(_ phase: String) -> JSONLine {
    var line = JSONLine()
    line.text("peer", arguments.peer)
    line.text("label", arguments.label)
    line.text("phase", phase)
    line.integer("payload", arguments.payload)
    line.text("dist", arguments.distribution)
    line.integer("run", arguments.run)
    line.text("set", arguments.set)
    return line
  }

  /// Appends events to `aggregate` and accounts for them.
  @inline(__always)
  func append(
    _ count: Int,
    to aggregate: Int,
    _ log: EventLog,
    _ batch: EventBatch,
    _ contents: inout Contents
  ) throws {
    batch.removeAll()
    try workload.expect(contents.versions[aggregate], of: aggregate, batch)
    for number in contents.events..<contents.events + count {
      try workload.add(number, to: aggregate, batch)
      contents.sum &+= workload.sum(number)
    }
    let receipt = try log.append(batch, durability: .written)
    guard receipt.firstPosition.rawValue == UInt64(contents.events) + 1 else {
      throw Failure("an append is misplaced")
    }
    contents.versions[aggregate] += UInt64(count)
    contents.events += count
  }

  /// A stale writer must be refused.
  func appendStale(to aggregate: Int, _ log: EventLog, _ contents: Contents) throws {
    let batch = EventBatch()
    try workload.expect(contents.versions[aggregate] + 1, of: aggregate, batch)
    try workload.add(0, to: aggregate, batch)
    do {
      try log.append(batch, durability: .written)
    } catch LogError.versionConflict {
      return
    }
    throw Failure("a stale append was accepted")
  }

  func digest() {
    var line = line("digest")
    line.integer("events", arguments.events)
    line.text(
      "digest",
      String(workload.digest(arguments.events, seed: arguments.seed), radix: 16)
    )
    line.print()
  }
}

// MARK: Appends

extension Bench {
  func append() throws {
    try makeFresh()
    // The choice of aggregates is made before the clock starts.
    var random = Random(arguments.seed)
    let picks = (0..<arguments.events / arguments.batch).map { _ in workload.pick(&random) }
    var contents = Contents(aggregates: arguments.aggregates)
    let batch = EventBatch()
    let before = Meter.memory("RssAnon")
    sync()
    let log = try open()

    var latency = Histogram()
    let meter = Meter()
    let end = seconds() + arguments.seconds
    for (done, aggregate) in picks.enumerated() {
      if done % 4096 == 0 {
        try appendStale(to: aggregate, log, contents)
        if seconds() > end { break }
      }
      if done % 16 == 0 {
        let start = now()
        try append(arguments.batch, to: aggregate, log, batch, &contents)
        latency.add(now() - start)
      } else {
        try append(arguments.batch, to: aggregate, log, batch, &contents)
      }
    }
    meter.stop()
    let memory = max(0, meter.endAnonymous - before)

    let closing = seconds()
    try log.close()
    let closed = seconds()
    try contents.save(contentsPath)
    let disk = Disk.usage(store)
    let count = Double(contents.events)
    var line = line(arguments.batch == 1 ? "append1" : "append-batch")
    line.integer("events", contents.events)
    line.integer("batch", arguments.batch)
    line.number("events_per_s", count / meter.wall)
    line.number("mb_per_s", count * Double(arguments.payload) / meter.wall / 1e6)
    line.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / count * 1e6)
    line.number("settle_s", 0)
    line.number("close_s", closed - closing)
    line.number("disk_bytes_per_event", Double(disk.allocated) / count)
    line.number("ram_bytes_per_event", Double(memory) / count)
    line.latency(latency)
    line.meter(meter)
    line.print()
  }
}
