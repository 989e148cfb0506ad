import Benchmark
import CCounters
import Foundation

/// How often the process allocates, counts references and takes locks.
enum Counters {
  static let allocations = BenchmarkMetric.custom("allocations", useScalingFactor: true)
  static let references = BenchmarkMetric.custom("retains + releases", useScalingFactor: true)
  static let locks = BenchmarkMetric.custom("locks", useScalingFactor: true)
  static let metrics = [allocations, references, locks]

  /// Whether only what is counted is asked for: it can be held against thresholds, times can not.
  static let areAlone = ProcessInfo.processInfo.environment["COUNTERS_ONLY"] != nil

  /// How much more than its threshold a counter may be: one part in five of a call, at a thousand
  /// calls a measurement, for tables that happen to grow.
  static func tolerances(_ count: Int) -> [BenchmarkMetric: BenchmarkThresholds] {
    Dictionary(
      uniqueKeysWithValues: metrics.map { ($0, BenchmarkThresholds(absolute: [.p90: count])) }
    )
  }

  static func read() -> (allocations: Int, references: Int, locks: Int) {
    var values = [UInt64](repeating: 0, count: 7)
    annals_counters_read(&values, CInt(values.count))
    return (Int(values[0]), Int(values[2] + values[3]), Int(values[6]))
  }

  /// Counters that count nothing would find nothing: each must see what is planted.
  static func prove() {
    final class Planted {
      var value = 1
    }
    let before = read()
    var kept: [Planted] = []
    for _ in 0..<1000 {
      let planted = Planted()
      kept.append(planted)
      kept.append(planted)
    }
    blackHole(kept.count)
    kept.removeAll()
    let lock = NSLock()
    for _ in 0..<1000 { lock.withLock { blackHole(kept.count) } }
    let after = read()
    guard after.allocations - before.allocations >= 1000,
      after.references - before.references >= 1000, after.locks - before.locks >= 1000
    else { fail(Missed(before: "\(before)", after: "\(after)")) }
  }

  private struct Missed: Error {
    var before: String
    var after: String
  }
}

extension Benchmark {
  /// Measures `body`, its times and what it counts.
  func counted(_ body: () throws -> Void) rethrows {
    let before = Counters.read()
    startMeasurement()
    try body()
    stopMeasurement()
    let after = Counters.read()
    measurement(Counters.allocations, after.allocations - before.allocations)
    measurement(Counters.references, after.references - before.references)
    measurement(Counters.locks, after.locks - before.locks)
  }
}

extension Benchmark.Configuration {
  /// For calls that cost some microseconds.
  static var few: Benchmark.Configuration {
    var configuration = Benchmark.defaultConfiguration
    configuration.scalingFactor = .one
    configuration.maxIterations = 2000
    configuration.thresholds = Counters.tolerances(12)
    return configuration
  }

  /// For calls that other threads take part in: what they count differs from run to run.
  static var timed: Benchmark.Configuration {
    var configuration = Benchmark.defaultConfiguration
    configuration.metrics = [.wallClock]
    configuration.scalingFactor = .one
    configuration.maxIterations = 500
    configuration.skip = Counters.areAlone
    return configuration
  }
}

/// Ends the suite: a part that cannot be made cannot be measured.
func fail(_ error: any Error) -> Never {
  FileHandle.standardError.write(Data("Engine: \(error)\n".utf8))
  exit(1)
}
