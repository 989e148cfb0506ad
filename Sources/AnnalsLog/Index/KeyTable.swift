/// One key in memory: its hash, its newest version, and where its newest event stands.
package struct KeySlot: BitwiseCopyable, Sendable {
  package var hash: KeyHash
  /// `KeyEntry.version`, with the domain in the top byte.
  package var packed: UInt64
  /// The chain entry of the newest event in segment `segment`, plus one; 0: only footers know.
  package var newest: UInt32
  /// The newest segment that holds the key; 0: none.
  package var segment: SegmentID

  /// The version without the domain.
  package var version: UInt64 {
    get { packed & 0x00ff_ffff_ffff_ffff }
    set { packed = packed & 0xff00_0000_0000_0000 | newValue }
  }

  /// What the key names.
  package var domain: UInt8 { UInt8(truncatingIfNeeded: packed >> 56) }
}

/// The keys touched in memory: an open-addressing table, probed linearly, 32 bytes a slot.
///
/// A hash's home is its high half scaled to the capacity, so that slots stand nearly in hash order
/// and any capacity will do: growing by half keeps a key at 37 to 57 bytes.
package struct KeyTable: Sendable {
  private var slots: [KeySlot]
  package private(set) var count = 0

  private static let empty = KeySlot(
    hash: KeyHash(high: 0, low: 0),
    packed: 0,
    newest: 0,
    segment: 0
  )

  /// An empty table with room for about `expected` keys.
  package init(expecting expected: Int = 0) {
    slots = Array(repeating: Self.empty, count: max(64, expected + expected / 4))
  }

  /// The bytes of memory the table takes.
  package var byteCount: Int { slots.capacity * MemoryLayout<KeySlot>.stride }

  /// The index of the slot of `hash`, valid until the next insertion.
  @inline(__always)
  package func find(_ hash: KeyHash) -> Int? {
    var index = home(hash)
    while true {
      let slot = slots[index]
      if slot.hash == hash { return index }
      if slot.hash.high == 0, slot.hash.low == 0 { return nil }
      index += 1
      if index == slots.count { index = 0 }
    }
  }

  /// Has the processor fetch the slot of `hash`, which is about to be looked for.
  @inline(__always)
  package func prefetch(_ hash: KeyHash) {
    slots.prefetch(home(hash))
  }

  /// Makes room for `added` more keys, so that none of their insertions moves a slot.
  package mutating func reserve(_ added: Int) {
    while (count + added) * 20 > slots.count * 17 { grow() }
  }

  /// The index of the slot of `slot.hash`; `slot` goes there if the table does not have it.
  ///
  /// There must be room for it; see `reserve`.
  @inline(__always)
  package mutating func findOrInsert(_ slot: KeySlot) -> Int {
    var index = home(slot.hash)
    while true {
      let found = slots[index].hash
      if found == slot.hash { return index }
      if found.high == 0, found.low == 0 {
        slots[index] = slot
        count += 1
        return index
      }
      index += 1
      if index == slots.count { index = 0 }
    }
  }

  /// Adds a key that is not in the table and returns its slot's index.
  package mutating func insert(_ slot: KeySlot) -> Int {
    if (count + 1) * 20 > slots.count * 17 { grow() }
    count += 1
    return place(slot)
  }

  /// Adds a key, or replaces what the table has of it.
  package mutating func set(_ slot: KeySlot) {
    if let index = find(slot.hash) { slots[index] = slot } else { _ = insert(slot) }
  }

  /// The slot at an index.
  package subscript(index: Int) -> KeySlot {
    @inline(__always) get { slots[index] }
    @inline(__always) set { slots[index] = newValue }
  }

  /// Calls `body` with every slot, in about hash order.
  package func forEach(_ body: (KeySlot) -> Void) {
    for slot in slots where slot.hash.high != 0 || slot.hash.low != 0 { body(slot) }
  }

  /// Keeps only the slots that satisfy `isKept`.
  package mutating func filter(_ isKept: (KeySlot) -> Bool) {
    let old = slots
    slots = Array(repeating: Self.empty, count: slots.count)
    count = 0
    for slot in old where (slot.hash.high != 0 || slot.hash.low != 0) && isKept(slot) {
      count += 1
      _ = place(slot)
    }
  }

  @inline(__always)
  private func home(_ hash: KeyHash) -> Int {
    Int(truncatingIfNeeded: hash.high.multipliedFullWidth(by: UInt64(slots.count)).high)
  }

  private mutating func place(_ slot: KeySlot) -> Int {
    var index = home(slot.hash)
    while slots[index].hash.high != 0 || slots[index].hash.low != 0 {
      index += 1
      if index == slots.count { index = 0 }
    }
    slots[index] = slot
    return index
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Self.empty, count: old.count + old.count / 2)
    for slot in old where slot.hash.high != 0 || slot.hash.low != 0 { _ = place(slot) }
  }
}
