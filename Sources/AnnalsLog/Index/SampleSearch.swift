/// How densely the samples of a segment's frames lie among its events.
struct SampleSpread: BitwiseCopyable {
  fileprivate let count: Int
  /// Samples an event, in units of 2^-32.
  private let density: UInt64

  /// `count` samples of `events` events, fewer than 2^32 each.
  init(count: Int, of events: Int) {
    self.count = count
    let (count, events) = (UInt64(clamping: count), UInt64(max(events, 1)))
    density = (count << 32) / events
  }

  /// About how many samples stand for so many events.
  @inline(__always)
  fileprivate func samples(_ events: Int) -> Int {
    Int(truncatingIfNeeded: (UInt64(truncatingIfNeeded: events) &* density) >> 32)
  }
}

extension SampleSpread {
  /// How many samples are looked at around where an even spread would have one.
  static let aroundCount = 6

  /// The first of so many samples around where an even spread would have the one of `ordinal`,
  /// which is not negative; nil if there are fewer.
  @inline(__always)
  func around(_ ordinal: Int) -> Int? {
    if count < Self.aroundCount { return nil }
    let guess = samples(min(ordinal, Int(UInt32.max))) &- 2
    return max(0, min(guess, count &- Self.aroundCount))
  }
}

/// Finds the last sample whose first event is not behind an ordinal, asking for few of them.
///
/// Begins where an even spread would have it; how far that one is away, in events, tells the next
/// one to look at, as in an interpolation search. Where that does not lead there soon, what is left
/// is halved: an uneven spread, or a forged one, costs no more than a binary search.
struct SampleSearch {
  private let ordinal: Int
  private let spread: SampleSpread
  private var low = 0
  private var high: Int
  private var next: Int
  private var looks = 0

  private static let guessesMax = 4

  /// A search for `ordinal`, which is not negative.
  @inline(__always)
  init(for ordinal: Int, _ spread: SampleSpread) {
    self.ordinal = ordinal
    self.spread = spread
    high = spread.count
    // Below 2^32, so that the product fits.
    next = min(spread.samples(min(ordinal, Int(UInt32.max))), spread.count &- 1)
  }

  /// The sample to look at next; nil when the search is over.
  var probe: Int? { @inline(__always) get { low < high ? next : nil } }

  /// How many samples begin at or before the ordinal.
  var found: Int { low }

  /// Takes up that the sample at `probe` begins with the event `first`.
  @inline(__always)
  mutating func narrow(_ first: Int) {
    let isBelow = first <= ordinal
    if isBelow { low = next &+ 1 } else { high = next }
    looks &+= 1
    if looks > Self.guessesMax {
      next = (low &+ high) / 2
      return
    }
    let away = spread.samples(min(abs(ordinal &- first), Int(UInt32.max)))
    next = isBelow ? min(low &+ away, high &- 1) : max(high &- 1 &- away, low)
  }
}
