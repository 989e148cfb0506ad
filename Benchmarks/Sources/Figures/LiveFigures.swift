import Annals
import AnnalsLog
import Foundation

/// Subscriptions beside a writer at full speed: every position once, in order, until the end.
///
/// One is read event by event, one in batches; the writer appends a hundred events a call.
struct LiveFigures {
  private let directory: String
  private let workload: Workload
  private let eventCount: Int
  private let report: Report

  init(_ directory: String, _ arguments: Arguments, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    workload = Workload(arguments)
    eventCount = arguments.events
    self.report = report
  }

  func run() throws {
    for isBatched in [false, true] {
      let path = directory + (isBatched ? "/batches" : "/events")
      let store = try EventStore(at: path)
      try measure(store, isBatched)
      try store.close()
      try FileManager.default.removeItem(atPath: path)
    }
  }

  private func measure(_ store: EventStore, _ isBatched: Bool) throws {
    let total = UInt64(eventCount)
    let failures = Failures()
    let done = DispatchGroup()
    let start = now()
    let reading = Reading()
    done.enter()
    Task.detached {
      do {
        if isBatched {
          try await reading.batches(of: store, through: total)
        } else {
          try await reading.events(of: store, through: total)
        }
      } catch { failures.add(error) }
      reading.end = now()
      done.leave()
    }
    let batch = EventBatch()
    var random = Random(5)
    var number = 0
    while number < eventCount {
      batch.removeAll()
      for _ in 0..<min(100, eventCount - number) {
        try workload.add(number, to: random.below(workload.aggregates), batch)
        number += 1
      }
      // Durable now and then: what is not is not given to subscribers.
      let isDurable = number % 10_000 == 0 || number == eventCount
      try store.log.append(batch, durability: isDurable ? .durable : .written)
    }
    let written = now() - start
    done.wait()
    try failures.check()
    guard reading.count == total else { throw Failure("\(reading.count) events came") }
    let name = isBatched ? "live subscription, in batches" : "live subscription, event by event"
    report.add(
      name,
      "events/s",
      raw: Double(total) * 1e9 / Double(written),
      annals: Double(total) * 1e9 / Double(reading.end - start),
      ratio: Double(written) / Double(reading.end - start)
    )
    if isBatched {
      let rate = rate(reading.batchCount, reading.end - start)
      report.add("\(name): batches", "batches/s", annals: rate)
    }
    report.add("\(name): behind the writer's end", "ms", annals: late(reading.end, start + written))
  }

  private func rate(_ count: UInt64, _ nanoseconds: UInt64) -> Double {
    Double(count) * 1e9 / Double(nanoseconds)
  }

  private func late(_ end: UInt64, _ written: UInt64) -> Double {
    end > written ? Double(end - written) / 1e6 : 0
  }

  /// What one subscriber saw.
  private final class Reading: @unchecked Sendable {
    // Checked how: touched by the subscriber's task, and after it has ended by who waited for it.
    var count: UInt64 = 0
    var batchCount: UInt64 = 0
    var end: UInt64 = 0

    private func take(_ event: RecordedEvent) throws {
      count += 1
      guard event.position.rawValue == count else {
        throw Failure("position \(event.position) came after \(count - 1)")
      }
    }

    func events(of store: EventStore, through total: UInt64) async throws {
      for try await item in store.subscribe() {
        switch item {
        case .event(let event): try take(event)
        case .gap(let positions, _): throw Failure("a gap at \(positions)")
        case .caughtUp, .checkpoint: continue
        }
        if count == total { return }
      }
    }

    func batches(of store: EventStore, through total: UInt64) async throws {
      for try await batch in store.subscribe().batches() {
        batchCount += 1
        if let gap = batch.gap { throw Failure("a gap at \(gap.positions)") }
        for event in batch.events { try take(event) }
        if count == total { return }
      }
    }
  }
}
