/// Where the frames of a key's next few places begin, or frames shortly before them.
///
/// Looked up together, whichever segments they stand in, so that the index's lock is taken once a
/// segment and the processor fetches them side by side.
struct PlaceWindow {
  private static let countMax = 24
  /// The first place, counted in the order of reading.
  private var first = 0
  private var offsets: [Int] = []
  private var runs: [Run] = []

  /// Places of one part.
  private struct Run {
    var part: Int
    var places: Range<Int>
  }

  /// Forgets all places, and keeps the memory.
  mutating func forget() {
    offsets.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
  }

  /// Whether place `number` is known.
  func covers(_ number: Int) -> Bool {
    number >= first && number < first + offsets.count
  }

  /// Where to look for the frame of place `number`, and which of the frames looked at in advance
  /// that is.
  func frame(_ number: Int) -> (offset: Int, index: Int) {
    (offsets[number - first], number - first)
  }

  /// Looks up the frames of the places from `place` of `part` on, which is number `number`, in the
  /// direction of reading.
  mutating func fill(
    from number: Int,
    _ postings: borrowing Postings,
    _ part: Int,
    _ place: Int,
    _ isReversed: Bool,
    _ core: LogCore,
    _ decoder: inout FrameDecoder
  ) {
    first = number
    offsets.removeAll(keepingCapacity: true)
    offsets.reserveCapacity(Self.countMax)
    runs.removeAll(keepingCapacity: true)
    runs.reserveCapacity(8)
    var part = part
    var place: Int? = place
    while offsets.count < Self.countMax, postings.parts.indices.contains(part) {
      let segment = postings.parts[part].segment
      let places = rest(of: postings.parts[part].places, from: place, isReversed)
      let begin = offsets.count
      core.appendFrameStarts(postings.ordinals[places], segment, to: &offsets)
      if isReversed { offsets[begin...].reverse() }
      for index in begin..<offsets.count { segment.prefetch(offsets[index]) }
      runs.append(Run(part: part, places: places))
      part += isReversed ? 1 : -1
      place = nil
    }
    startReading(postings)
    lookAhead(postings, isReversed, &decoder)
  }

  /// Has the system read what was not read before, all at a time.
  private func startReading(_ postings: borrowing Postings) {
    var index = 0
    for run in runs {
      let segment = postings.parts[run.part].segment
      for _ in run.places {
        segment.startReading(offsets[index])
        index += 1
      }
    }
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

  private func lookAhead(
    _ postings: borrowing Postings,
    _ isReversed: Bool,
    _ decoder: inout FrameDecoder
  ) {
    decoder.beginAhead(expecting: offsets.count)
    var index = 0
    for run in runs {
      let segment = postings.parts[run.part].segment
      for step in 0..<run.places.count {
        let place = isReversed ? run.places.upperBound - 1 - step : run.places.lowerBound + step
        let position = segment.base.position + UInt64(postings.ordinals[place])
        decoder.lookAhead(position, segment, at: offsets[index])
        index += 1
      }
    }
  }
}
