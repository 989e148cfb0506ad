/// A small seeded generator: the same seed gives the same numbers on every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence that belongs to `seed`.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next number of the sequence.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Whether an event of the probability `percent` in a hundred happens.
  mutating func happens(percent: UInt64) -> Bool {
    next() % 100 < percent
  }

  /// A number below `bound`, which is not zero; the small bias does not matter to a test.
  mutating func number(below bound: Int) -> Int {
    Int(next() % UInt64(bound))
  }
}
