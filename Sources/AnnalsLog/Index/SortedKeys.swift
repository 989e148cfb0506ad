/// A sorted key table in a checked file.
package struct SortedKeys: Sendable {
  private let file: CheckedFile
  private let start: Int
  package let count: Int
  private let entrySize: Int

  /// The table of `count` entries that begins at `start` of the body, a multiple of the page size.
  package init(_ file: CheckedFile, start: Int, count: Int, entrySize: Int) {
    self.file = file
    self.start = start
    self.count = count
    self.entrySize = entrySize
  }

  /// The entry at `index`.
  package func entry(_ index: Int) throws(LogError) -> KeyEntry {
    let at = start + KeyTableFormat.offset(index, entrySize)
    let file = file
    try file.check(at..<at + entrySize)
    return KeyEntry.decode(file.body, at: at, entrySize)
  }

  /// The entry of `hash`, if the table has it.
  ///
  /// Hashes are uniform: each look tells about how far away the entry is, so that two or three lead
  /// to its neighbourhood. Ends after at most as many looks as there are entries, whatever they
  /// hold.
  package func find(_ hash: KeyHash) throws(LogError) -> KeyEntry? {
    var low = 0
    var high = count
    if high == 0 { return nil }
    var probe = guess(hash)
    var looks = 0
    let file = file
    while true {
      let at = start + KeyTableFormat.offset(probe, entrySize)
      try file.check(at..<at + entrySize)
      let found = KeyEntry.hash(file.body, at: at)
      if found == hash { return KeyEntry.decode(file.body, at: at, entrySize) }
      let isBelow = found < hash
      if isBelow { low = probe + 1 } else { high = probe }
      if low >= high { return nil }
      looks += 1
      if looks > Self.guessesMax {
        probe = (low + high) / 2
        continue
      }
      let distance = isBelow ? hash.high - found.high : found.high - hash.high
      let step = Int(
        truncatingIfNeeded: distance.multipliedFullWidth(by: UInt64(count)).high
      )
      probe =
        isBelow
        ? min(high - 1, low + step) : max(low, high - 1 - step)
    }
  }

  private func guess(_ hash: KeyHash) -> Int {
    Int(truncatingIfNeeded: hash.high.multipliedFullWidth(by: UInt64(count)).high)
  }

  /// Has the processor fetch where `find` will look first.
  package func prefetch(_ hash: KeyHash) {
    file.prefetch(start + KeyTableFormat.offset(guess(hash), entrySize))
  }

  /// Has the processor fetch where `find` will look second.
  ///
  /// Not where the first look will read from the disk.
  package func prefetchNeighbours(_ hash: KeyHash) {
    let first = guess(hash)
    let at = start + KeyTableFormat.offset(first, entrySize)
    guard first < count, at + entrySize <= file.byteCount, file.isChecked(at) else { return }
    let found = KeyEntry.hash(file.body, at: at)
    let isBelow = found < hash
    let distance = isBelow ? hash.high - found.high : found.high - hash.high
    let step = Int(truncatingIfNeeded: distance.multipliedFullWidth(by: UInt64(count)).high)
    let second = isBelow ? min(count - 1, first + 1 + step) : max(0, first - 1 - step)
    file.prefetch(start + KeyTableFormat.offset(second, entrySize))
  }

  /// After so many looks the hashes are not as uniform as they should be, and the rest is halved.
  private static let guessesMax = 8
}
