import AnnalsLog
import Foundation

/// Appends that survive the process: one event a call, and a hundred a call.
struct WrittenFigures {
  private let directory: String
  private let workload: Workload
  private let report: Report
  private let recordBytes: Int

  init(_ directory: String, _ workload: Workload, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    self.workload = workload
    self.report = report
    recordBytes = (workload.payloadBytes + Workload.idCount + 24 + 7) & ~7
  }

  func run() throws {
    for (name, measure) in [("single", singly), ("batches", inBatches)] {
      let log = try EventLog(at: directory + "/" + name)
      try measure(log)
      try log.close()
    }
  }

  private func singly(_ log: EventLog) throws {
    let count = 100_000
    let file = try RawFile(
      directory + "/raw",
      byteCount: (workload.rounds + 1) * count * recordBytes
    )
    let record = [UInt8](repeating: 7, count: recordBytes)
    var offset = 0
    var random = Random(2)
    let batch = EventBatch()
    let times = try interleaved(
      workload.rounds,
      by: threadNow,
      {
        for _ in 0..<count {
          try file.write(record.span, at: offset)
          offset += recordBytes
        }
      },
      {
        for number in 0..<count {
          batch.removeAll()
          try workload.add(number, to: random.below(workload.aggregates), batch)
          try log.append(batch, durability: .written)
        }
      }
    )
    let rates = times.map { $0.map { Double(count) * 1e9 / $0 } }
    report.add(
      "written, one event a call",
      "events/s",
      raw: rates[0].median,
      annals: rates[1].median,
      ratio: ratio(rates[1], rates[0])
    )
  }

  private func inBatches(_ log: EventLog) throws {
    let count = 1000
    let perBatch = 100
    // What a batch takes in the log: payloads, and about six bytes an event for the rest.
    let batchBytes = perBatch * (workload.payloadBytes + 6) & ~7
    let file = try RawFile(
      directory + "/raw100",
      byteCount: (workload.rounds + 1) * count * batchBytes
    )
    let record = [UInt8](repeating: 7, count: batchBytes)
    var offset = 0
    var random = Random(3)
    let batch = EventBatch()
    let times = try interleaved(
      workload.rounds,
      by: threadNow,
      {
        for _ in 0..<count {
          try file.write(record.span, at: offset)
          offset += batchBytes
        }
      },
      {
        for number in 0..<count {
          let aggregate = random.below(workload.aggregates)
          batch.removeAll()
          for event in 0..<perBatch { try workload.add(number + event, to: aggregate, batch) }
          try log.append(batch, durability: .written)
        }
      },
      {
        for number in 0..<count {
          batch.removeAll()
          for event in 0..<perBatch {
            try workload.add(number + event, to: random.below(workload.aggregates), batch)
          }
          try log.append(batch, durability: .written)
        }
      }
    )
    let rates = times.map { $0.map { Double(count * perBatch) * 1e9 / $0 } }
    report.add(
      "written, 100 of one aggregate a call",
      "events/s",
      raw: rates[0].median,
      annals: rates[1].median,
      ratio: ratio(rates[1], rates[0])
    )
    report.add(
      "written, 100 of 100 aggregates a call",
      "events/s",
      raw: rates[0].median,
      annals: rates[2].median,
      ratio: ratio(rates[2], rates[0])
    )
  }
}
