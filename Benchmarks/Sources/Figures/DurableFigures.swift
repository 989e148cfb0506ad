import AnnalsLog
import Foundation

/// Appends that survive power loss: alone, and sixteen at a time.
struct DurableFigures {
  private let directory: String
  private let workload: Workload
  private let report: Report
  /// The bytes a lone event takes in the log: fair to write raw.
  private let recordBytes: Int
  private static let callers = 16

  init(_ directory: String, _ workload: Workload, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    self.workload = workload
    self.report = report
    recordBytes = (workload.payloadBytes + Workload.idCount + 24 + 7) & ~7
  }

  func run() throws {
    let log = try EventLog(at: directory + "/store")
    defer { try? log.close() }
    try alone(log)
    try together(log)
  }

  /// One caller; raw and Annals alternate append by append.
  private func alone(_ log: EventLog) throws {
    let count = 1500
    let file = try RawFile(directory + "/raw", byteCount: (count + 200) * recordBytes)
    let record = [UInt8](repeating: 7, count: recordBytes)
    let batch = EventBatch()
    var random = Random(1)
    var raw: [UInt64] = []
    var annals: [UInt64] = []
    for number in 0..<count + 200 {
      let rawTime = try nanoseconds {
        try file.write(record.span, at: number * recordBytes)
        file.sync()
      }
      let time = try nanoseconds {
        batch.removeAll()
        try workload.add(number, to: random.below(workload.aggregates), batch)
        try log.append(batch)
      }
      if number >= 200 {
        raw.append(rawTime)
        annals.append(time)
      }
    }
    func rate(_ times: [UInt64]) -> Double {
      Double(times.count) * 1e9 / Double(times.reduce(0, +))
    }
    report.add(
      "durable, 1 caller: p50",
      "us",
      raw: raw.microseconds(0.5),
      annals: annals.microseconds(0.5),
      ratio: raw.microseconds(0.5) / annals.microseconds(0.5)
    )
    report.add(
      "durable, 1 caller: p99",
      "us",
      raw: raw.microseconds(0.99),
      annals: annals.microseconds(0.99),
      ratio: raw.microseconds(0.99) / annals.microseconds(0.99)
    )
    report.add(
      "durable, 1 caller: rate",
      "events/s",
      raw: rate(raw),
      annals: rate(annals),
      ratio: rate(annals) / rate(raw)
    )
  }

  /// Sixteen callers that wait for each append: threads, and tasks.
  private func together(_ log: EventLog) throws {
    let each = 120
    let total = Self.callers * each
    let byteCount = 16 << 20
    let file = try RawFile(directory + "/raw16", byteCount: byteCount)
    let group = RawGroupWriter(file, limit: byteCount)
    let record = [UInt8](repeating: 7, count: recordBytes)
    let workload = workload
    let times = try interleaved(
      workload.rounds,
      {
        try onThreads { _ in for _ in 0..<each { try group.append(record) } }
      },
      {
        try onThreads { caller in
          let batch = EventBatch()
          for number in 0..<each {
            batch.removeAll()
            try workload.add(number, to: (caller * each + number) % workload.aggregates, batch)
            try log.append(batch)
          }
        }
      },
      {
        try onTasks(log, each)
      }
    )
    let rates = times.map { $0.map { Double(total) * 1e9 / $0 } }
    report.add(
      "durable, 16 threads",
      "events/s",
      raw: rates[0].median,
      annals: rates[1].median,
      ratio: ratio(rates[1], rates[0])
    )
    report.add(
      "durable, 16 tasks",
      "events/s",
      raw: rates[0].median,
      annals: rates[2].median,
      ratio: ratio(rates[2], rates[0])
    )
  }

  private func onThreads(_ body: @escaping @Sendable (Int) throws -> Void) throws {
    let failures = Failures()
    let done = DispatchGroup()
    for caller in 0..<Self.callers {
      done.enter()
      Thread {
        do { try body(caller) } catch { failures.add(error) }
        done.leave()
      }.start()
    }
    done.wait()
    try failures.check()
  }

  private func onTasks(_ log: EventLog, _ each: Int) throws {
    let failures = Failures()
    let done = DispatchGroup()
    let workload = workload
    for caller in 0..<Self.callers {
      done.enter()
      // Detached: hopping from the main actor would cost more than the append.
      Task.detached {
        do {
          let batch = EventBatch()
          for number in 0..<each {
            batch.removeAll()
            try workload.add(number, to: (caller * each + number) % workload.aggregates, batch)
            try await log.append(batch)
          }
        } catch { failures.add(error) }
        done.leave()
      }
    }
    done.wait()
    try failures.check()
  }
}

/// What went wrong on other threads.
final class Failures: @unchecked Sendable {
  // Checked how: `first` is touched only under `lock`.
  private let lock = NSLock()
  private var first: (any Error)?

  func add(_ error: any Error) {
    lock.withLock { first = first ?? error }
  }

  func check() throws {
    if let error = lock.withLock({ first }) { throw error }
  }
}
