import AnnalsLog
import Foundation

/// Loads of single aggregates and replays of everything, from memory the kernel holds.
struct ReadFigures {
  private let directory: String
  private let workload: Workload
  private let report: Report
  private static let perAggregate = 20

  init(_ directory: String, _ workload: Workload, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    self.workload = workload
    self.report = report
  }

  private var recordBytes: Int { (workload.payloadBytes + 6 + 7) & ~7 }
  private var eventCount: Int { workload.aggregates * Self.perAggregate }

  func run() throws {
    let store = directory + "/store"
    do {
      let log = try EventLog(at: store)
      try StoreMaker.fill(log, workload, perAggregate: Self.perAggregate)
      try log.close()
    }
    let raw = try makeRaw()
    try load(store, raw)
    try replay(store, raw)
  }

  /// The same events one after the other, and where each aggregate's stand.
  private func makeRaw() throws -> (file: RawFile, offsets: [UInt32]) {
    let file = try RawFile(directory + "/raw", byteCount: eventCount * recordBytes)
    var offsets = [UInt32](repeating: 0, count: eventCount)
    var buffer: [UInt8] = []
    var start = 0
    var number = 0
    for round in 0..<Self.perAggregate {
      for step in 0..<workload.aggregates {
        let aggregate = StoreMaker.aggregate(step, round, workload)
        offsets[aggregate * Self.perAggregate + round] = UInt32(number)
        workload.withBytes(number, aggregate) { _, payload in
          for index in payload.indices { buffer.append(payload[index]) }
        }
        buffer.append(contentsOf: repeatElement(0, count: recordBytes - workload.payloadBytes))
        number += 1
        if buffer.count >= 48 << 10 || number == eventCount {
          try file.write(buffer.span, at: start)
          start += buffer.count
          buffer.removeAll(keepingCapacity: true)
        }
      }
    }
    return (file, offsets)
  }

  private func load(_ store: String, _ raw: (file: RawFile, offsets: [UInt32])) throws {
    let log = try EventLog(at: store)
    defer { try? log.close() }
    let count = 20_000
    let names = (0..<workload.aggregates).map(workload.name)
    let payload = workload.payloadBytes
    var rawTimes: [UInt64] = []
    var times: [UInt64] = []
    var sums: (raw: UInt64, annals: UInt64) = (0, 0)
    var random = Random(4)
    try raw.file.withMapping { bytes in
      _ = sumOfBytes(bytes)
      for number in 0..<2 * count {
        let first = random.below(workload.aggregates)
        // Not the same aggregate: the first of the two would warm it for the second.
        let second = random.below(workload.aggregates)
        let rawTime = nanoseconds {
          for event in 0..<Self.perAggregate {
            let offset = Int(raw.offsets[first * Self.perAggregate + event]) * recordBytes
            sums.raw &+= sumOfBytes(bytes.extracting(offset..<offset + payload))
          }
        }
        var found = 0
        let time = try nanoseconds {
          var cursor = try log.cursor(.aggregate(names[second]))
          while let event = try cursor.next() {
            sums.annals &+= sumOfBytes(event.payload)
            found += 1
          }
        }
        if found != Self.perAggregate { throw Failure("an aggregate has \(found) events") }
        if number >= count {
          rawTimes.append(rawTime)
          times.append(time)
        }
      }
    }
    keep(sums.raw &+ sums.annals)
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
      let (before, after) = (rawTimes.microseconds(share), times.microseconds(share))
      report.add(
        "load of a 20-event aggregate, warm: \(name)",
        "us",
        raw: before,
        annals: after,
        ratio: before / after
      )
    }
  }

  private func replay(_ store: String, _ raw: (file: RawFile, offsets: [UInt32])) throws {
    var first: [Double] = []
    var second: [Double] = []
    var rawFirst: [Double] = []
    var rawSecond: [Double] = []
    var total: UInt64 = 0
    for round in 0...workload.rounds {
      let log = try EventLog(at: store)
      let one = try ran { total &+= try sum(log) }
      let two = try ran { total &+= try sum(log) }
      try log.close()
      let (rawOne, rawTwo) = try raw.file.withMapping { bytes in
        (
          ran { total &+= sum(bytes) },
          ran { total &+= sum(bytes) }
        )
      }
      if round == 0 { continue }
      first.append(Double(eventCount) * 1e9 / Double(one))
      second.append(Double(eventCount) * 1e9 / Double(two))
      rawFirst.append(Double(eventCount) * 1e9 / Double(rawOne))
      rawSecond.append(Double(eventCount) * 1e9 / Double(rawTwo))
    }
    keep(total)
    report.add(
      "replay, first pass (verifying)",
      "events/s",
      raw: rawFirst.median,
      annals: first.median,
      ratio: ratio(first, rawFirst)
    )
    report.add(
      "replay, verified before",
      "events/s",
      raw: rawSecond.median,
      annals: second.median,
      ratio: ratio(second, rawSecond)
    )
  }

  private func ran(_ body: () throws -> Void) rethrows -> UInt64 {
    let start = threadNow()
    try body()
    return threadNow() - start
  }

  private func sum(_ log: EventLog) throws -> UInt64 {
    var sum: UInt64 = 0
    var count = 0
    var cursor = try log.cursor()
    while let event = try cursor.next() {
      sum &+= sumOfBytes(event.payload)
      count += 1
    }
    if count != eventCount { throw Failure("a replay gave \(count) events") }
    return sum
  }

  private func sum(_ bytes: Span<UInt8>) -> UInt64 {
    var sum: UInt64 = 0
    var offset = 0
    for _ in 0..<eventCount {
      sum &+= sumOfBytes(bytes.extracting(offset..<offset + workload.payloadBytes))
      offset += recordBytes
    }
    return sum
  }
}

/// Makes the compiler believe that a value matters.
@inline(never)
func keep(_ value: UInt64) {
  if value == 0x5eed { print(value) }
}
