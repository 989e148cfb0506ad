/// Reads a segment's footer through its mapping: which keys the segment holds, and where.
///
/// Nothing it says is believed without a look at the event it leads to; a page is checked when it
/// is first touched. See `Format.md`, section "Footer".
package final class Footer: Sendable {
  package let header: FooterHeader
  /// Damaged places with events that a footer made anew in memory knows nothing of; always empty
  /// in one from a file.
  package let damages: [Corruption]
  private let file: CheckedFile
  private let spread: SampleSpread

  /// Checks the header of `mapping` against the segment it should belong to.
  package init(
    _ mapping: Mapping,
    storeID: StoreID,
    segment: SegmentHeader,
    name: String,
    damages: [Corruption] = []
  ) throws(LogError) {
    let file = try CheckedFile(mapping, .footer, storeID: storeID, name: name)
    guard let header = FooterHeader.decode(file.header, storeID: storeID) else {
      throw .corrupt(Corruption(file: name, offset: 0, .malformed(.footer)))
    }
    guard header.segmentID == segment.segmentID, header.salt == segment.salt,
      header.basePosition == segment.basePosition
    else { throw .corrupt(Corruption(file: name, offset: 0, .identity)) }
    guard header.lastPosition <= Limits.ordinalMax, header.lastRecord <= Limits.ordinalMax,
      header.keySequence <= Limits.ordinalMax, header.end <= UInt64(Int64.max)
    else { throw .corrupt(Corruption(file: name, offset: 0, .malformed(.footer))) }
    for section in [header.keys, header.postings, header.samples, header.types, header.categories]
    where section.range(within: file.byteCount) == nil {
      throw .corrupt(Corruption(file: name, offset: 0, .malformed(.footer)))
    }
    guard
      KeyTableFormat.fits(
        header.keys.count,
        KeyTableFormat.footerEntry,
        in: header.keys.byteCount
      ),
      header.samples.count <= header.samples.byteCount / 8
    else { throw .corrupt(Corruption(file: name, offset: 0, .malformed(.footer))) }
    self.file = file
    self.header = header
    self.damages = damages
    let events = Int(clamping: header.lastPosition &- header.basePosition) &+ 1
    spread = SampleSpread(count: Int(header.samples.count), of: events)
  }

  /// The file, for errors.
  package var name: String { file.name }

  /// The key table.
  package var keys: SortedKeys {
    SortedKeys(
      file,
      start: Int(header.keys.offset),
      count: Int(header.keys.count),
      entrySize: KeyTableFormat.footerEntry
    )
  }

  /// Appends the ordinals (positions less the segment's base) of the events of `entry`, ascending.
  package func postings(_ entry: KeyEntry, into ordinals: inout [UInt32]) throws(LogError) {
    // Of an aggregate whose events all left there is only the version.
    if entry.count == 0 { return }
    if entry.count == 1 {
      ordinals.append(entry.postings)
      return
    }
    guard let section = header.postings.range(within: file.byteCount),
      Int(entry.postings) < section.count
    else { throw damaged(0) }
    let start = section.lowerBound + Int(entry.postings)
    // The run's length is not stored: at least a byte and at most five an event.
    let limit = min(section.upperBound, start + Int(entry.count) * 5)
    let file = file
    try file.check(start..<limit)
    var reader = ByteReader(file.body.extracting(0..<limit), at: start)
    var ordinal: UInt64 = 0
    ordinals.reserveCapacity(ordinals.count + min(Int(entry.count), limit - start))
    for index in 0..<entry.count {
      guard let delta = reader.readVarint(), delta > 0 || index == 0 else { throw damaged(start) }
      ordinal = index == 0 ? delta : ordinal &+ delta
      guard ordinal <= UInt64(UInt32.max) else { throw damaged(start) }
      ordinals.append(UInt32(ordinal))
    }
  }

  /// The offset of a frame that begins at or before the one that holds `ordinal`.
  package func frameOffset(before ordinal: Int) throws(LogError) -> Int? {
    try frameSample(before: ordinal).map { Int($0.units) * FrameHeader.unit }
  }

  /// The last sample at or before the frame that holds `ordinal`, if there is one.
  package func frameSample(before ordinal: Int) throws(LogError) -> SegmentChains.Sample? {
    let file = file
    return try frameSample(before: ordinal, file, file.body)?.sample
  }

  /// Looks up those of `offsets`, which begin at `start` and are `ordinals`' own, that are the
  /// segment's first frame's: the offset of a frame that begins at or before the ordinal's.
  ///
  /// Leaves what can not be read as it is.
  package func findFrameOffsets(
    _ ordinals: Span<UInt32>,
    in offsets: inout [Int],
    from start: Int
  ) {
    // One reference, and one look at its bytes, for all of them.
    let file = file
    let body = file.body
    // Neighbours often have a sample in common.
    var known = (ordinals: 0..<0, offset: 0)
    for index in ordinals.indices {
      if offsets[start &+ index] != Segment.firstFrame { continue }
      let ordinal = Int(ordinals[index])
      if !known.ordinals.contains(ordinal) {
        var found = nearSample(before: ordinal, file, body)
        if found == nil { found = try? frameSample(before: ordinal, file, body) }
        guard let found else { continue }
        let first = Int(found.sample.ordinal)
        known = (first..<max(first, found.end), Int(found.sample.units) &* FrameHeader.unit)
      }
      offsets[start &+ index] = known.offset
    }
  }

  /// As `frameSample`, if it is one of the few around where an even spread would have it, in a page
  /// that was checked: nearly always, and found without a guess that the processor could get wrong.
  @inline(__always)
  private func nearSample(
    before ordinal: Int,
    _ file: CheckedFile,
    _ body: Span<UInt8>
  ) -> (sample: SegmentChains.Sample, end: Int)? {
    guard let first = spread.around(ordinal) else { return nil }
    let at = Int(truncatingIfNeeded: header.samples.offset) &+ first &* 8
    guard file.isChecked(at..<at &+ SampleSpread.aroundCount &* 8) else { return nil }
    var below = 0
    for index in 0..<SampleSpread.aroundCount {
      below &+= Int(body.load(UInt32.self, at: at &+ index &* 8)) <= ordinal ? 1 : 0
    }
    guard below > 0, below < SampleSpread.aroundCount else { return nil }
    let word = body.load(UInt64.self, at: at &+ (below &- 1) &* 8)
    let next = body.load(UInt32.self, at: at &+ below &* 8)
    return (SegmentChains.Sample(word), Int(next))
  }

  /// The sample, and the ordinal of the next one.
  @inline(never)
  private func frameSample(
    before ordinal: Int,
    _ file: CheckedFile,
    _ body: Span<UInt8>
  ) throws(LogError) -> (sample: SegmentChains.Sample, end: Int)? {
    let start = Int(truncatingIfNeeded: header.samples.offset)
    var search = SampleSearch(for: ordinal, spread)
    // The last ones that are below and above stand next to each other when the search is over.
    var last: SegmentChains.Sample?
    var end = Int.max
    while let probe = search.probe {
      let at = start &+ probe &* 8
      try file.check(at..<at &+ 8)
      let word = body.load(UInt64.self, at: at)
      let first = UInt32(truncatingIfNeeded: word)
      search.narrow(Int(first))
      if Int(first) > ordinal {
        end = Int(first)
      } else {
        last = SegmentChains.Sample(word)
      }
    }
    return last.map { ($0, end) }
  }

  /// The names and event counts of the types in the segment.
  package func types() throws(LogError) -> [(number: Int, name: String, count: UInt64)] {
    guard let section = header.types.range(within: file.byteCount) else { throw damaged(0) }
    let file = file
    try file.check(section)
    var reader = ByteReader(file.body.extracting(0..<section.upperBound), at: section.lowerBound)
    var types: [(number: Int, name: String, count: UInt64)] = []
    for _ in 0..<header.types.count {
      guard let number = reader.readCount(maximum: Limits.typesMax),
        let count = reader.readVarint(),
        let length = reader.readCount(maximum: Limits.typeBytesMax),
        let range = reader.skip(length)
      else { throw damaged(section.lowerBound) }
      types.append((number, file.body.extracting(range).text, count))
    }
    return types
  }

  /// The categories of the segment's aggregates; nil if there were too many to list.
  package func categories() throws(LogError) -> [String]? {
    guard let section = header.categories.range(within: file.byteCount) else { throw damaged(0) }
    let file = file
    try file.check(section)
    var reader = ByteReader(file.body.extracting(0..<section.upperBound), at: section.lowerBound)
    if header.categories.count == UInt64.max { return nil }
    var names: [String] = []
    for _ in 0..<header.categories.count {
      guard let length = reader.readCount(maximum: Limits.aggregateIDBytesMax),
        let range = reader.skip(length)
      else { throw damaged(section.lowerBound) }
      names.append(file.body.extracting(range).text)
    }
    return names
  }

  /// The frame sample `index`: the ordinal of a frame's first event, and the frame's offset.
  package func sample(_ index: Int) throws(LogError) -> (ordinal: UInt32, units: UInt32) {
    let at = Int(header.samples.offset) + index * 8
    let file = file
    try file.check(at..<at + 8)
    return (file.body.load(UInt32.self, at: at), file.body.load(UInt32.self, at: at + 4))
  }

  /// Checks every page, and returns what is wrong with those that do not verify.
  package func checkAll() -> [LogError] { file.checkAll() }

  private func damaged(_ offset: Int) -> LogError {
    .corrupt(
      Corruption(
        file: name,
        offset: CheckedPages.pageSize + offset,
        .malformed(.footer)
      )
    )
  }
}
