internal import CAnnals

/// Copies mapped bytes so that a page which cannot be read is a result and not a signal.
///
/// A mapping faults when another program has cut its file or the disk does not answer. Whoever must
/// outlive that reads through here instead of through `Mapping.bytes`.
package enum GuardedCopy {
  /// Makes `copy` able to survive; costs nothing after the first time.
  ///
  /// A SIGBUS that no guarded copy caused goes on to the handler that was there before.
  package static func install() {
    // Fails only for arguments that are wrong on every system; then a copy is a plain one.
    _ = annals_guard_install()
  }

  /// Replaces `target` by the bytes in `range`; false, with `target` empty, if a page of them could
  /// not be read.
  package static func copy(
    _ source: Mapping,
    _ range: Range<Int>,
    into target: inout ByteBuffer
  ) -> Bool {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= source.count,
      "the range is inside the mapping"
    )
    return unsafe target.refill(range.count) { base in
      if range.isEmpty { return true }
      return unsafe annals_guard_copy(base, source.address + range.lowerBound, range.count) == 0
    }
  }
}
