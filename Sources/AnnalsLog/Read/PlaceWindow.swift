/// A key's next few places, with where their frames begin, or frames shortly before them.
///
/// Looked up together, whichever segments they stand in, so that the index's lock is taken once a
/// segment and the processor fetches them side by side.
struct PlaceWindow {
  private static let countMax = FrameSlots.aheadMax
  /// The first place, counted in the order of reading.
  private var first = 0
  private var offsets: [Int] = []

  /// Forgets all places, and keeps the memory.
  mutating func forget() {
    if !offsets.isEmpty { offsets.removeAll(keepingCapacity: true) }
  }

  /// Whether place `number` is known.
  func covers(_ number: Int) -> Bool {
    number >= first && number < first + offsets.count
  }

  /// Where to look for the frame of place `number`.
  func offset(_ number: Int) -> Int { offsets[index(number)] }

  /// Which of the places looked for in advance place `number` is; none if that is not one of them.
  @inline(__always)
  func index(_ number: Int) -> Int { number &- first }

  /// Looks up the frames of the places from `place` of `part` on, which is number `number`, in the
  /// direction of reading, and has the decoder look at them.
  ///
  /// - Parameter isOfAggregate: whether the key is an aggregate, whose id the decoder has.
  mutating func fill(
    from number: Int,
    _ postings: borrowing Postings,
    _ part: Int,
    _ place: Int,
    _ isReversed: Bool,
    isOfAggregate: Bool,
    _ core: LogCore,
    _ decoder: borrowing FrameDecoder
  ) {
    first = number
    forget()
    offsets.reserveCapacity(Self.countMax)
    decoder.beginAhead()
    var part = part
    var place: Int? = place
    while offsets.count < Self.countMax, postings.parts.indices.contains(part) {
      let segment = postings.parts[part].segment
      let places = rest(of: postings.parts[part].places, from: place, isReversed)
      let begin = offsets.count
      let ordinals = postings.ordinals.span.extracting(places)
      core.appendFrameStarts(ordinals, segment, to: &offsets)
      if isReversed { offsets[begin...].reverse() }
      decoder.expect(
        ordinals,
        at: offsets.span.extracting(begin..<offsets.count),
        segment,
        isReversed: isReversed
      )
      part += isReversed ? 1 : -1
      place = nil
    }
    decoder.lookAhead(isOfAggregate: isOfAggregate)
  }

  /// As many of `places` from `place` on as there is room for.
  private func rest(of places: Range<Int>, from place: Int?, _ isReversed: Bool) -> Range<Int> {
    let room = Self.countMax - offsets.count
    if isReversed {
      let last = place ?? places.upperBound - 1
      return max(places.lowerBound, last + 1 - room)..<last + 1
    }
    let begin = place ?? places.lowerBound
    return begin..<min(places.upperBound, begin + room)
  }
}
