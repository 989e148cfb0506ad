import AnnalsLog
import Foundation

/// What an event takes on disk beyond its payload and its aggregate's id.
struct DiskFigures {
  private let directory: String
  private let workload: Workload
  private let report: Report

  init(_ directory: String, _ workload: Workload, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    self.workload = workload
    self.report = report
  }

  func run() throws {
    try measure("lone, durable", appends: 1000, aggregates: 1, events: 1, .durable)
    try measure("lone, written", appends: 20_000, aggregates: 1, events: 1, .written)
    try measure("16 aggregates a batch", appends: 2000, aggregates: 16, events: 1, .written)
    try measure("16 of one aggregate a batch", appends: 2000, aggregates: 1, events: 16, .written)
    try measure("100 of one aggregate a batch", appends: 400, aggregates: 1, events: 100, .written)
    try measure("100 aggregates a batch", appends: 400, aggregates: 100, events: 1, .written)
    try measureTasks()
  }

  private func measure(
    _ name: String,
    appends: Int,
    aggregates: Int,
    events: Int,
    _ durability: Durability
  ) throws {
    let store = directory + "/" + name.replacingOccurrences(of: " ", with: "-")
    let log = try EventLog(at: store)
    let batch = EventBatch()
    var random = Random(5)
    for number in 0..<appends {
      batch.removeAll()
      let first = random.below(workload.aggregates)
      for row in 0..<aggregates {
        for _ in 0..<events {
          try workload.add(number, to: (first + row) % workload.aggregates, batch)
        }
      }
      try log.append(batch, durability: durability)
    }
    try log.close()
    let count = appends * aggregates * events
    // A frame holds an aggregate's id once.
    let ids = appends * aggregates * Workload.idCount
    add(name, try StoreMaker.frameBytes(store) - ids, count)
  }

  /// Sixteen tasks append lone events of different aggregates: the log makes the groups.
  private func measureTasks() throws {
    let store = directory + "/tasks"
    let log = try EventLog(at: store)
    let each = 200
    let failures = Failures()
    let done = DispatchGroup()
    let workload = workload
    for caller in 0..<16 {
      done.enter()
      Task.detached {
        do {
          let batch = EventBatch()
          for number in 0..<each {
            batch.removeAll()
            try workload.add(number, to: (number * 16 + caller) % workload.aggregates, batch)
            try await log.append(batch)
          }
        } catch { failures.add(error) }
        done.leave()
      }
    }
    done.wait()
    try failures.check()
    try log.close()
    let bytes = try StoreMaker.frameBytes(store)
    add("16 tasks, lone and durable", bytes - 16 * each * Workload.idCount, 16 * each)
  }

  private func add(_ name: String, _ bytesWithPayload: Int, _ count: Int) {
    let bytes = bytesWithPayload - count * workload.payloadBytes
    report.add("overhead: \(name)", "B/event", annals: Double(bytes) / Double(count))
  }
}
