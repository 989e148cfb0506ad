import AnnalsTesting
import Foundation

/// How much the crash suites do, and where their random numbers come from.
enum CrashBudget {
  /// The states of each story; `ANNALS_CRASH_STATES` raises it.
  static let states = number("ANNALS_CRASH_STATES") ?? 120
  /// The seed of all explorations; `ANNALS_CRASH_SEED` changes it.
  static let seed = UInt64(number("ANNALS_CRASH_SEED") ?? 1)

  /// Options that visit about `states` states.
  static func options(states: Int = states) -> CrashOptions {
    var options = CrashOptions()
    options.seed = seed
    options.sampleCount = min(max(4, states / 400), 64)
    options.exhaustiveMax = max(8, options.sampleCount)
    options.stopCountMax = max(8, states / (1 + 2 * options.sampleCount))
    return options
  }

  /// Prints one line of a suite's summary.
  static func report(_ suite: String, _ facts: String) {
    print("crash states: \(suite): \(facts), seed \(seed)")
  }

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }
}
