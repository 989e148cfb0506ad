#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The machine's clocks.
package enum SystemClock {
  /// Microseconds since 1970 in UTC, without leap seconds; may jump either way.
  package static func microseconds() -> Int64 {
    let time = read(CLOCK_REALTIME)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  /// Puts the calling thread to sleep.
  package static func sleep(nanoseconds: UInt64) {
    var rest = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000),
      tv_nsec: Int(nanoseconds % 1_000_000_000)
    )
    unsafe nanosleep(&rest, nil)
  }

  /// Nanoseconds since some moment before the process began; never runs backwards.
  package static func monotonicNanoseconds() -> UInt64 {
    let time = read(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// More than any wait, 146 years, and safe to add to a moment.
  package static let nanosecondsMax: UInt64 = 1 << 62

  /// Milliseconds in nanoseconds: none for fewer than none, at most `nanosecondsMax`.
  package static func nanoseconds(milliseconds: Int) -> UInt64 {
    min(UInt64(max(0, milliseconds)), nanosecondsMax / 1_000_000) * 1_000_000
  }

  /// A duration in nanoseconds: none for less than none, at most `nanosecondsMax`.
  package static func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(min(max(0, duration / .nanoseconds(1)), Double(nanosecondsMax)))
  }

  /// The moment `nanoseconds` from now on the monotonic clock, as the calls that wait want it.
  static func deadline(after nanoseconds: UInt64) -> timespec {
    var time = read(CLOCK_MONOTONIC)
    // Capped at about 31 years, far beyond any wait and safe to add.
    let duration = Int(min(nanoseconds, 1_000_000_000 * 1_000_000_000))
    let sum = time.tv_nsec + duration % 1_000_000_000
    time.tv_sec += duration / 1_000_000_000 + sum / 1_000_000_000
    time.tv_nsec = sum % 1_000_000_000
    return time
  }

  /// Cannot fail: both clocks exist on every Linux.
  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return time
  }
}
