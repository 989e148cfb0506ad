/// Which uses of idempotency keys are remembered: the newest so many, and all of the last while.
///
/// What a frame says of a use may be anything, also where its checksum verifies: no two numbers
/// need fit together.
package struct KeyWindow: Sendable {
  /// The number of the newest use.
  package let newest: UInt64
  /// The time, in microseconds.
  package let now: Int64

  /// The window at `now`.
  package init(newest: UInt64, now: Int64) {
    self.newest = newest
    self.now = now
  }

  /// Whether the use with the number `sequence`, made at `time`, is remembered.
  package func holds(sequence: UInt64, time: Int64) -> Bool {
    if newest - min(sequence, newest) < Limits.keysRemembered { return true }
    let age = now.subtractingReportingOverflow(time)
    // Farther than numbers reach: before all times if it is in the past.
    if age.overflow { return time > now }
    return age.partialValue <= Limits.keySecondsRemembered * 1_000_000
  }
}
