internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A set of small numbers that threads add to without a lock: what has been verified already.
///
/// A bit that is missed by a race is only verified again. The memory comes zeroed from the system
/// and takes pages only where bits are set.
@safe
package final class VerifiedBits: @unchecked Sendable {
  // Checked how: every access to the words is atomic.
  private let words: UnsafeMutableRawPointer
  private let count: Int

  /// An empty set of the numbers below `count`.
  package init(count: Int) {
    self.count = max(count, 1)
    guard let memory = unsafe calloc(self.count / 8 + 1, 1) else {
      preconditionFailure("memory for \(count) bits")
    }
    unsafe words = memory
  }

  deinit {
    unsafe free(words)
  }

  /// Whether `number` was inserted.
  @inline(__always)
  package func contains(_ number: Int) -> Bool {
    precondition(number >= 0 && number < count, "a number within the set")
    return unsafe annals_bit_test(words, number) != 0
  }

  /// Has the processor fetch what `contains` will read.
  @inline(__always)
  package func prefetch(_ number: Int) {
    if number >= 0, number < count { unsafe annals_prefetch(words + number / 8) }
  }

  /// Inserts `number`.
  package func insert(_ number: Int) {
    precondition(number >= 0 && number < count, "a number within the set")
    unsafe annals_bit_set(words, number)
  }
}
