/// Room on the disk that is a segment's own before it is written to.
///
/// No more is taken ahead than a part of what is free on the disk: compaction and other programs
/// need some as well.
package enum Reserve {
  /// Of what is free on the disk one in so many is taken ahead.
  private static let share = 8
  /// Less is not worth a call.
  private static let byteCountMin = 64 << 10

  /// Whether there is enough on the disk of `directory` to take `byteCount` bytes ahead.
  package static func isAffordable(
    _ byteCount: Int,
    in directory: any LogDirectory
  ) throws(LogError) -> Bool {
    byteCount <= (try directory.availableBytes()) / share
  }

  /// Reserves the blocks of the first `byteCount` bytes of `file`, which stands in `directory`, or
  /// of fewer where the disk is nearly full.
  ///
  /// - Parameter used: how many bytes have theirs.
  /// - Returns: how many have theirs now.
  package static func make(
    _ file: any LogFile,
    _ byteCount: Int,
    used: Int,
    in directory: any LogDirectory
  ) throws(LogError) -> Int {
    let rest = byteCount - used
    do throws(LogError) {
      if try isAffordable(rest, in: directory) {
        try file.allocate(byteCount)
        return byteCount
      }
      let part = try directory.availableBytes() / share
      let end = min(byteCount, used + max(part, byteCountMin))
      try file.allocate(end)
      return end
    } catch {
      guard case .diskFull = error else { throw error }
      return used
    }
  }
}
