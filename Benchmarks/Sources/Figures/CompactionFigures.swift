import AnnalsLog
import Foundation

/// A store of which most is removed by mixed rules: what compaction costs, and what it costs those
/// who append meanwhile.
struct CompactionFigures {
  private let directory: String
  private let events: Int
  private let aggregates: Int
  private let payloadBytes: Int
  private let report: Report

  init(_ directory: String, _ arguments: Arguments, _ report: Report) {
    self.directory = directory
    self.report = report
    events = arguments.events
    aggregates = arguments.aggregates
    payloadBytes = arguments.payload
  }

  /// Of a hundred aggregates so many have each category.
  ///
  /// Of the sessions all goes, by one rule; of the drafts all but a fifth, by one rule; of the traces
  /// the older half, by one rule; of the orders every other one, by a rule each. That is 70 %.
  private static let shares = [
    ("session", 40), ("draft", 20), ("trace", 14), ("order", 14), ("account", 12),
  ]

  func run() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let path = directory + "/store"
    try fill(path)
    try makeRules(path)
    var log = try EventLog(at: path)
    try measurePlans(log)
    try log.close()
    log = try EventLog(at: path)
    let done = try compact(log)
    try log.close()
    try compareWithLive(path, done)
  }

  // MARK: The store

  private func name(_ aggregate: Int) -> String {
    var rest = aggregate % 100
    for (category, share) in Self.shares {
      if rest < share { return "\(category)-\(aggregate)" }
      rest -= share
    }
    return "other-\(aggregate)"
  }

  private var perAggregate: Int { max(1, events / aggregates) }

  private func fill(_ path: String) throws {
    let log = try EventLog(at: path)
    let names = (0..<aggregates).map { Array(name($0).utf8) }
    var random = Random(9)
    let payloads = (0..<4096).map { _ in
      (0..<payloadBytes).map { _ in UInt8(97 + random.below(26)) }
    }
    let batch = EventBatch()
    for number in 0..<events {
      // Each aggregate has about as many events, spread over the whole log.
      let aggregate = random.below(aggregates)
      let name = names[aggregate]
      let payload = payloads[(number &* 2_654_435_761) & 4095]
      try batch.add(
        "ItemAdded",
        to: name.span,
        payload: payload.span,
        time: Timestamp(microseconds: Int64(number) * 1000)
      )
      if batch.count == 100 || number == events - 1 {
        try log.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    try log.sync()
    try log.close()
  }

  private func makeRules(_ path: String) throws {
    let log = try EventLog(at: path)
    let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
    try log.retain(.delete(.category("session")))
    try log.retain(.keepCount(.category("draft"), UInt64(max(1, perAggregate / 5))))
    let half = Int64(events / 2) * 1000
    try log.retain(.keepAge(.category("trace"), microseconds: now - half))
    for aggregate in 0..<aggregates where aggregate % 2 == 0 {
      let name = name(aggregate)
      guard name.hasPrefix("order-"), try log.version(of: AggregateID(name)) > .none else {
        continue
      }
      try log.retain(.delete(.aggregate(AggregateID(name))))
    }
    report.add("compaction: rules", "", annals: Double(log.ruleCount))
    try log.close()
  }

  // MARK: What it costs

  private func measurePlans(_ log: EventLog) throws {
    var plan = CompactionReport()
    let time = try nanoseconds { plan = try log.planCompaction() }
    report.add("compaction: plan from footers and a sample", "ms", annals: Double(time) / 1e6)
    var options = CompactionOptions()
    options.isExact = true
    var exact = CompactionReport()
    let exactTime = try nanoseconds { exact = try log.planCompaction(options) }
    report.add("compaction: plan of every event", "ms", annals: Double(exactTime) / 1e6)
    report.add(
      "compaction: plan's events beside the truth",
      "%",
      annals: 100 * Double(plan.eventsRemoved) / Double(max(1, exact.eventsRemoved))
    )
    report.add(
      "compaction: plan's bytes after beside the truth",
      "%",
      annals: 100 * Double(plan.bytesAfter) / Double(max(1, exact.bytesAfter))
    )
    report.add(
      "compaction: events that go",
      "%",
      annals: 100 * Double(exact.eventsRemoved) / Double(events)
    )
  }

  private func compact(_ log: EventLog) throws -> CompactionReport {
    let idle = try appendTimes(log) { until($0, seconds: 5) }
    // The first half as fast as it can, the second at most 64 MiB a second.
    let memory = PeakMemory()
    var first = CompactionReport()
    var second = CompactionReport()
    var seconds = 0.0
    let free = try appendTimes(log) { _ in
      var options = CompactionOptions()
      let half = Half()
      options.progress = { half.note($0, $1) }
      options.isCancelled = { half.isReached }
      seconds = Double(try nanoseconds { first = try log.compact(options) }) / 1e9
    }
    var slowSeconds = 0.0
    let throttled = try appendTimes(log) { _ in
      var options = CompactionOptions()
      options.bytesPerSecond = 64 << 20
      slowSeconds = Double(try nanoseconds { second = try log.compact(options) }) / 1e9
    }
    let peak = memory.stop()
    let rewritten = first.bytesBefore - first.bytesAfter + first.bytesWritten
    report.add("compaction: seconds, no limit, first half", "s", annals: seconds)
    report.add("compaction: seconds, 64 MiB/s, the rest", "s", annals: slowSeconds)
    report.add(
      "compaction: read, no limit",
      "MB/s",
      annals: Double(rewritten) / 1e6 / seconds
    )
    let written = first.bytesWritten + second.bytesWritten
    let freed = first.bytesBefore - first.bytesAfter + second.bytesBefore - second.bytesAfter
    report.add("compaction: segments' bytes before", "MB", annals: Double(first.bytesBefore) / 1e6)
    report.add("compaction: segments' bytes after", "MB", annals: Double(second.bytesAfter) / 1e6)
    report.add(
      "compaction: bytes written for each byte freed",
      "",
      annals: Double(written) / Double(max(1, freed))
    )
    report.add("compaction: peak memory above idle", "MB", annals: Double(peak) / 1e6)
    report.add("compaction: space it asked for", "MB", annals: Double(first.spaceNeeded) / 1e6)
    for (name, times) in [
      ("without compaction", idle), ("beside it, no limit", free),
      ("beside it, 64 MiB/s", throttled),
    ] {
      for (label, share) in [("p50", 0.5), ("p99", 0.99), ("most", 1)] {
        report.add(
          "durable append \(name): \(label)",
          "us",
          annals: times.microseconds(share)
        )
      }
      report.add("durable append \(name): appends", "", annals: Double(times.count))
    }
    return second
  }

  /// How long single durable appends take while `body` runs.
  private func appendTimes(
    _ log: EventLog,
    _ body: (UInt64) throws -> Void
  ) throws -> [UInt64] {
    let times = AppendTimes()
    let failures = Failures()
    let done = DispatchGroup()
    done.enter()
    Thread {
      let payload = [UInt8](repeating: 7, count: 100)
      var number = 0
      while !times.isDone {
        let start = now()
        do {
          try log.append(
            [NewEvent(type: "Beside", payload: payload)],
            to: AggregateID("beside-\(number % 100)")
          )
        } catch {
          failures.add(error)
          break
        }
        times.add(now() - start)
        number += 1
      }
      done.leave()
    }.start()
    try body(now())
    times.end()
    done.wait()
    try failures.check()
    return times.all
  }

  private func until(_ start: UInt64, seconds: Double) {
    Thread.sleep(forTimeInterval: seconds)
  }

  // MARK: Beside a store of what is left

  private func compareWithLive(_ path: String, _ done: CompactionReport) throws {
    let log = try EventLog(at: path)
    let live = try EventLog(at: directory + "/live")
    let batch = EventBatch()
    var count = 0
    try log.forEach { event in
      try batch.add(
        event.type,
        to: event.aggregateBytes,
        payload: event.payload,
        time: event.time
      )
      count += 1
      if batch.count == 100 {
        try live.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    if batch.count > 0 { try live.append(batch) }
    try live.sync()
    try live.close()
    try log.close()
    report.add("compaction: events left", "", annals: Double(count))
    let (compacted, fresh) = (try sizes(path), try sizes(directory + "/live"))
    report.add(
      "compaction: bytes of frames beside a store of what is left",
      "MB",
      raw: Double(fresh.frames) / 1e6,
      annals: Double(compacted.frames) / 1e6,
      ratio: Double(fresh.frames) / Double(compacted.frames)
    )
    report.add(
      "compaction: with footers",
      "MB",
      raw: Double(fresh.frames + fresh.footers) / 1e6,
      annals: Double(compacted.frames + compacted.footers) / 1e6,
      ratio: Double(fresh.frames + fresh.footers)
        / Double(compacted.frames + compacted.footers)
    )
  }

  private func sizes(_ path: String) throws -> (frames: Int, footers: Int) {
    (
      try StoreMaker.frameBytes(path),
      try StoreMaker.fileBytes(path + "/log", suffix: ".footer")
    )
  }
}

/// When half of the work is done.
private final class Half: @unchecked Sendable {
  // Checked how: touched only under `lock`.
  private let lock = NSLock()
  private var isHalf = false

  var isReached: Bool { lock.withLock { isHalf } }

  func note(_ done: Int, _ total: Int) {
    if done * 2 >= total { lock.withLock { isHalf = true } }
  }
}

/// The times of appends on another thread.
private final class AppendTimes: @unchecked Sendable {
  // Checked how: touched only under `lock`.
  private let lock = NSLock()
  private var times: [UInt64] = []
  private var isOver = false

  var isDone: Bool { lock.withLock { isOver } }
  var all: [UInt64] { lock.withLock { times } }

  func add(_ time: UInt64) { lock.withLock { times.append(time) } }
  func end() { lock.withLock { isOver = true } }
}

/// The most anonymous memory above what there was at first, looked at every few milliseconds.
private final class PeakMemory: @unchecked Sendable {
  // Checked how: touched only under `lock`.
  private let lock = NSLock()
  private let first = processMemory("RssAnon")
  private var most = 0
  private var isOver = false

  init() {
    Thread { [self] in
      while !lock.withLock({ isOver }) {
        let used = processMemory("RssAnon")
        lock.withLock { most = max(most, used) }
        Thread.sleep(forTimeInterval: 0.005)
      }
    }.start()
  }

  func stop() -> Int {
    lock.withLock {
      isOver = true
      return max(0, most - first)
    }
  }
}
