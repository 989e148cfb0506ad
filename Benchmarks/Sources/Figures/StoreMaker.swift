import AnnalsLog
import Foundation

/// Fills stores.
enum StoreMaker {
  /// Appends `perAggregate` events to each aggregate, in batches of different ones, so that the
  /// events of each are spread over the whole log.
  static func fill(
    _ log: EventLog,
    _ workload: Workload,
    perAggregate: Int,
    batch size: Int = 100
  ) throws {
    let batch = EventBatch()
    var number = 0
    for round in 0..<perAggregate {
      for step in 0..<workload.aggregates {
        try workload.add(number, to: aggregate(step, round, workload), batch)
        number += 1
        if batch.count == size || step == workload.aggregates - 1 {
          try log.append(batch, durability: .written)
          batch.removeAll()
        }
      }
    }
    try log.sync()
  }

  /// Which aggregate gets the event of `step` in `round`: each once a round, in another order.
  static func aggregate(_ step: Int, _ round: Int, _ workload: Workload) -> Int {
    let stride = 2_654_435_761 + 2 * round
    return (step &* coprime(stride, workload.aggregates) + round * 7919) % workload.aggregates
  }

  private static func coprime(_ start: Int, _ bound: Int) -> Int {
    var candidate = start
    while !isCoprime(candidate, bound) { candidate += 1 }
    return candidate
  }

  private static func isCoprime(_ first: Int, _ second: Int) -> Bool {
    var (first, second) = (first, second)
    while second != 0 { (first, second) = (second, first % second) }
    return first == 1
  }

  /// The offset behind the last byte that is not zero, summed over the segments, without their
  /// headers; a segment's space is reserved beforehand and says nothing.
  static func frameBytes(_ store: String) throws -> Int {
    let header = 4096
    var total = 0
    let directory = store + "/log"
    for name in try FileManager.default.contentsOfDirectory(atPath: directory)
    where name.hasSuffix(".segment") {
      let url = URL(fileURLWithPath: directory + "/" + name)
      let data = try Data(contentsOf: url, options: .alwaysMapped)
      var end = data.count
      while end > header, data[end - 1] == 0 {
        // Whole blocks of zeros first.
        if end - 4096 > header, end % 4096 == 0,
          data[(end - 4096)..<end].allSatisfy({ $0 == 0 })
        {
          end -= 4096
        } else {
          end -= 1
        }
      }
      total += max(0, end - header)
    }
    return total
  }

  /// The bytes of the files in `directory` whose name ends in `suffix`.
  static func fileBytes(_ directory: String, suffix: String) throws -> Int {
    let files = FileManager.default
    var total = 0
    for name in try files.contentsOfDirectory(atPath: directory) where name.contains(suffix) {
      let attributes = try files.attributesOfItem(atPath: directory + "/" + name)
      total += (attributes[.size] as? Int) ?? 0
    }
    return total
  }
}
