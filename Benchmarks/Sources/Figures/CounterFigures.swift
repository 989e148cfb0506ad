import AnnalsLog
import Foundation

/// How often the steady state allocates, counts references, and takes locks.
///
/// Needs the interposer of `Counters/counters.c` in the process: run `counters.sh`.
@safe
struct CounterFigures {
  private typealias Read = @convention(c) (UnsafeMutablePointer<UInt64>, CInt) -> Void
  private let workload: Workload
  private let arguments: Arguments
  private let report: Report
  private let read: Read

  private static let names = [
    "allocations", "frees", "retains", "releases", "objects", "accesses", "locks",
  ]

  init(_ arguments: Arguments, _ report: Report) throws {
    self.arguments = arguments
    self.report = report
    workload = Workload(arguments)
    guard let symbol = unsafe dlsym(nil, "annals_counters_read") else {
      throw Failure("the interposer is not loaded: run counters.sh")
    }
    unsafe read = unsafeBitCast(symbol, to: Read.self)
  }

  private func counts() -> [UInt64] {
    var values = [UInt64](repeating: 0, count: Self.names.count)
    unsafe values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { unsafe read(base, CInt(buffer.count)) }
    }
    return values
  }

  func run() throws {
    try proveThatItCounts()
    try Figures.withDirectory(arguments) { directory in
      let store = directory + "/counters"
      var options = LogOptions()
      // The log's own thread would count too.
      options.writtenSyncMilliseconds = 0
      options.firstSegmentBytes = options.segmentBytes
      let log = try EventLog(at: store, options: options)
      defer { try? log.close() }
      try appends(log)
      try reads(log)
    }
  }

  /// An interposer that counts nothing would find nothing: each counter must see what is planted.
  private func proveThatItCounts() throws {
    final class Planted {
      var value = 1
    }
    let before = counts()
    var kept: [Planted] = []
    for _ in 0..<1000 {
      let planted = Planted()
      kept.append(planted)
      kept.append(planted)
    }
    keep(UInt64(kept.count))
    kept.removeAll()
    let after = counts()
    for (index, name) in Self.names.enumerated()
    where ["allocations", "frees", "retains", "releases", "objects"].contains(name) {
      let count = after[index] - before[index]
      guard count >= 1000 else { throw Failure("the interposer missed \(name): \(count)") }
    }
    report.add(
      "counters: planted allocations seen",
      "of 1000",
      annals: Double(after[0] - before[0])
    )
  }

  private func measure(_ name: String, events: Int, calls: Int, _ body: () throws -> Void) throws {
    // Once to grow every buffer.
    try body()
    let before = counts()
    try body()
    let after = counts()
    for (index, counter) in Self.names.enumerated() {
      let count = Double(after[index] - before[index])
      report.add("\(name): \(counter)", "per event", annals: count / Double(events))
      if calls != events {
        report.add("\(name): \(counter)", "per call", annals: count / Double(calls))
      }
    }
  }

  private func appends(_ log: EventLog) throws {
    let batch = EventBatch()
    // Every key known beforehand: a new one makes its table grow.
    for aggregate in 0..<workload.aggregates {
      try workload.add(aggregate, to: aggregate, batch)
      if batch.count == 100 {
        try log.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    batch.removeAll()
    let calls = 500
    var random = Random(9)
    try measure("append, 100 of one aggregate", events: calls * 100, calls: calls) {
      for number in 0..<calls {
        let aggregate = random.below(workload.aggregates)
        batch.removeAll()
        for event in 0..<100 { try workload.add(number + event, to: aggregate, batch) }
        try log.append(batch, durability: .written)
      }
    }
    try measure("append, 100 of 100 aggregates", events: calls * 100, calls: calls) {
      for number in 0..<calls {
        batch.removeAll()
        for event in 0..<100 {
          try workload.add(number + event, to: random.below(workload.aggregates), batch)
        }
        try log.append(batch, durability: .written)
      }
    }
    try measure("append, lone and written", events: calls, calls: calls) {
      for number in 0..<calls {
        batch.removeAll()
        try workload.add(number, to: random.below(workload.aggregates), batch)
        try log.append(batch, durability: .written)
      }
    }
    try measure("append, lone and durable", events: 50, calls: 50) {
      for number in 0..<50 {
        batch.removeAll()
        try workload.add(number, to: random.below(workload.aggregates), batch)
        try log.append(batch)
      }
    }
    try log.sync()
  }

  private func reads(_ log: EventLog) throws {
    let events = Int(log.head().rawValue)
    var sum: UInt64 = 0
    try measure("scan", events: events, calls: 1) {
      var cursor = try log.cursor()
      while let event = try cursor.next() { sum &+= sumOfBytes(event.payload) }
    }
    let names = (0..<500).map { workload.name($0 * 7 % workload.aggregates) }
    var loaded = 0
    for name in names { loaded += Int(try log.version(of: name).rawValue) }
    try measure("load", events: loaded, calls: names.count) {
      for name in names {
        var cursor = try log.cursor(.aggregate(name))
        while let event = try cursor.next() { sum &+= sumOfBytes(event.payload) }
      }
    }
    keep(sum)
  }
}
