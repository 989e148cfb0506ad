/// What the page cache was prepared for in a file that is appended to.
///
/// The page cache makes its units of what a write covers. Frames of some ten thousand bytes, which
/// are not aligned, make many small ones, and each costs about the same, whatever its size, and as
/// much again when it is first read through a mapping. So zeros are written ahead, a large unit at
/// a time: a flood of frames of 25 KB is a quarter to a half faster. From 512 KiB on the frames'
/// own writes into the units cost more, and so does a sync of a little.
package struct PreparedPages {
  /// What is before this offset is not looked at again.
  private var through: Int
  /// Zeros may stand behind the last frame up to here.
  package private(set) var zeroedThrough: Int
  /// When a unit was begun last, in microseconds.
  private var time: Int64 = 0

  private static let unit = 256 << 10
  private static let zeros = [UInt8](repeating: 0, count: unit)
  /// If so many microseconds go by from unit to unit it is not worth it: the zeros would come to
  /// the disk before what is written over them.
  private static let intervalMax: Int64 = 1_000_000

  /// Nothing is prepared behind `end`, up to which zeros may stand.
  package init(zeroedThrough end: Int = 0) {
    through = end
    zeroedThrough = end
  }

  /// Prepares for a frame that is written up to `end`.
  ///
  /// Writes zeros where there are zeros. Advice: if that fails, the frame's write will tell why.
  ///
  /// - Parameters:
  ///   - used: nothing from here on was written but zeros.
  ///   - limit: nothing is to be written from here on.
  ///   - clock: the time in microseconds.
  package mutating func prepare(
    _ file: any LogFile,
    behind used: Int,
    through end: Int,
    limit: Int,
    clock: () -> Int64
  ) {
    guard end > through else { return }
    let unitEnd = Self.unitEnd(end)
    guard unitEnd <= limit else { return }
    let now = clock()
    var start = max(through, Self.unitEnd(used))
    let isSlow = now &- time > Self.intervalMax
    while start < unitEnd, !isSlow {
      try? file.write(Self.zeros.span, at: start)
      start += Self.unit
      zeroedThrough = start
    }
    through = unitEnd
    time = now
  }

  /// Where the unit ends that ends at or behind `offset`.
  private static func unitEnd(_ offset: Int) -> Int { (offset + unit - 1) & -unit }
}
