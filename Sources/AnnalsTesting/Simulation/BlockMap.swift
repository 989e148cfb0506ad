/// Which blocks of a file are on the disk: what `allocate` and writes use up.
///
/// Most files are filled from the front, so a dense prefix plus a few others says it all.
struct BlockMap: Sendable {
  /// The unit in which space is given out.
  static let byteCount = 4096

  private var prefix = 0
  private var others: Set<Int> = []

  /// How many blocks the file has.
  var count: Int { prefix + others.count }

  /// Takes the blocks under `range`, at most `budget` new ones.
  ///
  /// Returns the end of the part of `range` that has blocks afterwards.
  mutating func claim(_ range: Range<Int>, budget: Int) -> Int {
    guard !range.isEmpty else { return range.upperBound }
    var budget = budget
    let first = range.lowerBound / Self.byteCount
    let last = (range.upperBound - 1) / Self.byteCount
    for block in first...last where block >= prefix && !others.contains(block) {
      guard budget > 0 else { return max(range.lowerBound, block * Self.byteCount) }
      budget -= 1
      insert(block)
    }
    return range.upperBound
  }

  /// How many blocks the first `byteCount` bytes lack.
  func missing(_ byteCount: Int) -> Int {
    let needed = Self.blocks(byteCount)
    return max(0, needed - prefix - others.count { $0 < needed })
  }

  /// Takes all blocks of the first `byteCount` bytes.
  mutating func reserve(_ byteCount: Int) {
    prefix = max(prefix, Self.blocks(byteCount))
    others = others.filter { $0 >= prefix }
    extendPrefix()
  }

  /// Gives back the blocks that lie wholly behind the first `byteCount` bytes.
  mutating func release(from byteCount: Int) {
    let kept = Self.blocks(byteCount)
    prefix = min(prefix, kept)
    if !others.isEmpty { others = others.filter { $0 < kept } }
  }

  private mutating func insert(_ block: Int) {
    guard block == prefix else {
      others.insert(block)
      return
    }
    prefix += 1
    extendPrefix()
  }

  private mutating func extendPrefix() {
    while others.remove(prefix) != nil { prefix += 1 }
  }

  private static func blocks(_ byteCount: Int) -> Int {
    (byteCount + Self.byteCount - 1) / Self.byteCount
  }
}
