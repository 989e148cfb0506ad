/// Finds the rows of a batch by their hashes: an open-addressing table that is emptied at no cost.
struct RowTable {
  /// The table's age in the upper half, the row in the lower: what is of another age is not there.
  private var slots: [UInt64] = []
  private var age: UInt64 = 1
  /// The number of rows.
  private(set) var count = 0

  /// Where a search goes on.
  struct Search {
    fileprivate var slot: Int
  }

  /// Forgets all rows and keeps the memory.
  mutating func removeAll() {
    if count == 0 { return }
    count = 0
    age += 1
    if age > UInt64(UInt32.max) {
      age = 1
      slots = []
    }
  }

  /// Begins to look for rows of `hash`; others may be found too.
  func search(_ hash: KeyHash) -> Search {
    Search(slot: home(hash))
  }

  /// The next row; nil when there is none.
  func next(_ search: inout Search) -> Int? {
    if slots.isEmpty { return nil }
    let slot = slots[search.slot]
    if slot >> 32 != age { return nil }
    search.slot = (search.slot + 1) & (slots.count - 1)
    return Int(slot & 0xffff_ffff)
  }

  /// Adds row `row`, the one behind the last, and has `hashes` tell the others' if it must grow.
  mutating func insert(_ row: Int, _ hash: KeyHash, _ hashes: (Int) -> KeyHash) {
    if (count + 1) * 2 > slots.count {
      slots = Array(repeating: 0, count: max(256, slots.count * 2))
      for row in 0..<count { place(row, hashes(row)) }
    }
    place(row, hash)
    count += 1
  }

  private mutating func place(_ row: Int, _ hash: KeyHash) {
    var slot = home(hash)
    while slots[slot] >> 32 == age { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = age << 32 | UInt64(row)
  }

  private func home(_ hash: KeyHash) -> Int {
    Int(truncatingIfNeeded: hash.low) & max(0, slots.count - 1)
  }
}
