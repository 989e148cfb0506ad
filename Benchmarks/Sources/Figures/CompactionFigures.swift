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
  /// Of the sessions all goes, by one rule; of
  /// the drafts all but a fifth, by one rule; of the traces the older half, by one rule; of the
  /// orders every other one, by a rule each. That is 70 %.
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
    try compact(log)
    try log.close()
    try compareWithLive(path)
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

  private func compact(_ log: EventLog) throws {
    let idle = try appendTimes(log) { Thread.sleep(forTimeInterval: 5) }
    // A third alone, a third beside appends, and the rest at most 64 MiB a second.
    let memory = PeakMemory()
    let alone = Part(log, 1.0 / 3)
    try alone.run()
    let free = Part(log, 0.5)
    let freeTimes = try appendTimes(log) { try free.run() }
    let slow = Part(log, 1)
    slow.options.bytesPerSecond = 64 << 20
    let throttled = try appendTimes(log) { try slow.run() }
    let peak = memory.stop()
    for (name, part) in [
      ("alone", alone), ("beside appends", free), ("beside appends, 64 MiB/s", slow),
    ] {
      report.add("compaction \(name): looking first", "s", annals: part.planSeconds)
      report.add(
        "compaction \(name): read",
        "MB/s",
        annals: Double(part.bytesDone) / 1e6 / (part.seconds - part.planSeconds)
      )
    }
    let parts = [alone.report, free.report, slow.report]
    let written = parts.reduce(0) { $0 + $1.bytesWritten }
    let freed = parts.reduce(0) { $0 + $1.bytesBefore - $1.bytesAfter }
    report.add(
      "compaction: seconds in all",
      "s",
      annals: alone.seconds + free.seconds + slow.seconds
    )
    report.add(
      "compaction: segments' bytes before",
      "MB",
      annals: Double(alone.report.bytesBefore) / 1e6
    )
    report.add(
      "compaction: segments' bytes after",
      "MB",
      annals: Double(slow.report.bytesAfter) / 1e6
    )
    report.add(
      "compaction: bytes written for each byte freed",
      "",
      annals: Double(written) / Double(max(1, freed))
    )
    report.add("compaction: peak memory above idle", "MiB", annals: Double(peak) / 1048576)
    report.add(
      "compaction: space it asked for",
      "MB",
      annals: Double(alone.report.spaceNeeded) / 1e6
    )
    for (name, times) in [
      ("without compaction", idle), ("beside it, no limit", freeTimes),
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
  }

  /// How long single durable appends take while `body` runs.
  private func appendTimes(
    _ log: EventLog,
    _ body: () throws -> Void
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
    try body()
    times.end()
    done.wait()
    try failures.check()
    return times.all
  }

  // MARK: Beside a store of what is left

  private func compareWithLive(_ path: String) throws {
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

/// A part of what a compaction has to do.
private final class Part: @unchecked Sendable {
  // Checked how: what the compaction tells is touched only under `lock`.
  private let log: EventLog
  private let share: Double
  private let lock = NSLock()
  private var done = 0
  private var isEnough = false
  private var firstAt: UInt64 = 0
  var options = CompactionOptions()
  private(set) var report = CompactionReport()
  private(set) var seconds = 0.0
  private var startedAt: UInt64 = 0

  /// Does `share` of what there is to do now.
  init(_ log: EventLog, _ share: Double) {
    self.log = log
    self.share = share
  }

  var bytesDone: Int { lock.withLock { done } }
  /// How long it took before the first event was rewritten.
  var planSeconds: Double {
    let first = lock.withLock { firstAt }
    return first == 0 ? 0 : Double(first - startedAt) / 1e9
  }

  func run() throws {
    options.progress = { [self] done, total in
      lock.withLock {
        if firstAt == 0 { firstAt = now() }
        self.done = done
        if share < 1, Double(done) >= share * Double(total) { isEnough = true }
      }
    }
    options.isCancelled = { [self] in lock.withLock { isEnough } }
    startedAt = now()
    report = try log.compact(options)
    seconds = Double(now() - startedAt) / 1e9
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
