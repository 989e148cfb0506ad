import AnnalsLog
import Testing

@Suite struct KeyWindowTests {
  private let period = Int64(Limits.keySecondsRemembered) * 1_000_000
  private let many = UInt64(Limits.keysRemembered)

  @Test func theNewestAndTheYoungestAreRemembered() {
    let window = KeyWindow(newest: 10 * many, now: 2 * period)
    #expect(window.holds(sequence: 10 * many, time: 0))
    #expect(window.holds(sequence: 9 * many + 1, time: 0))
    #expect(!window.holds(sequence: 9 * many, time: period - 1))
    #expect(window.holds(sequence: 9 * many, time: period))
    #expect(window.holds(sequence: 0, time: 2 * period))
  }

  /// A frame can say anything, also one whose checksum verifies.
  @Test func numbersThatMakeNoSenseDoNoHarm() {
    let window = KeyWindow(newest: many, now: 1_700_000_000_000_000)
    #expect(window.holds(sequence: .max, time: .min))
    #expect(window.holds(sequence: 0, time: .max))
    #expect(!window.holds(sequence: 0, time: .min))
    #expect(KeyWindow(newest: .max, now: .min).holds(sequence: 0, time: .max))
    #expect(!KeyWindow(newest: .max, now: .max).holds(sequence: 0, time: .min))
  }
}
