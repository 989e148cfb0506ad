#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How much the harnesses of the proof do, where their random numbers come from, and how they say
/// what they did.
///
/// `Tests/Proof/run.sh` sets the variables and adds up the lines.
package enum Proof {
  /// From which all random numbers of a run come: `ANNALS_SEED`, or 1.
  package static let seed = number("ANNALS_SEED").map { UInt64(clamping: $0) } ?? 1

  /// How many of a hundred cases the harnesses try that count them: `ANNALS_SHARE`, or all.
  ///
  /// Under a sanitizer each case costs many times as much.
  package static let percent = min(max(1, number("ANNALS_SHARE") ?? 100), 100)

  /// The part of `count` cases that is to be tried, at least one.
  package static func share(of count: Int) -> Int { max(1, count * percent / 100) }

  /// The number that an environment variable holds; nil if it is not set or holds none.
  package static func number(_ name: String) -> Int? {
    unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) }
  }

  /// The line by which a harness says how much it tried: printed by the test, read by the script.
  package static func line(_ harness: String, _ count: Int, failures: Int = 0) -> String {
    "proof: \(harness) \(count) failures \(failures) seed \(seed)"
  }

  /// Options of an exploration that visits about `states` disks, or `ANNALS_CRASH_STATES` if those
  /// are more.
  package static func crashOptions(states: Int) -> CrashOptions {
    CrashOptions(about: share(of: max(states, number("ANNALS_CRASH_STATES") ?? 0)), seed: seed)
  }
}

extension CrashOptions {
  /// Options of an exploration that visits about `states` disks.
  package init(about states: Int, seed: UInt64) {
    self.init()
    self.seed = seed
    sampleCount = min(max(4, states / 400), 64)
    exhaustiveMax = max(8, sampleCount)
    stopCountMax = max(8, states / (1 + 2 * sampleCount))
  }
}
