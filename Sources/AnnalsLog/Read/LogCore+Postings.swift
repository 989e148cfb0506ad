/// Where the events of a key stand: positions by segment, in one array for all of them.
package struct Postings: Sendable {
  /// The places of one segment.
  package struct Part: Sendable {
    package var segment: Segment
    /// Its part of `ordinals`; never empty.
    package var places: Range<Int>
  }

  /// Newest segment first.
  package fileprivate(set) var parts: [Part] = []
  /// Positions less the segment's base, rising within a part.
  package fileprivate(set) var ordinals: [UInt32] = []
  /// Damaged places where events of the key may have stood that no table knows of; nearly always
  /// empty.
  package fileprivate(set) var doubts: [Corruption] = []

  /// No places.
  package init() {}

  /// The bytes of memory taken.
  package var byteCount: Int {
    ordinals.capacity * MemoryLayout<UInt32>.stride + parts.capacity * MemoryLayout<Part>.stride
  }

  /// Forgets the places, and keeps the memory.
  package mutating func removeAll() {
    if !parts.isEmpty { parts.removeAll(keepingCapacity: true) }
    if !ordinals.isEmpty { ordinals.removeAll(keepingCapacity: true) }
    if !doubts.isEmpty { doubts = [] }
  }
}

extension LogCore {
  /// Finds where the events of a key stand.
  ///
  /// - Parameters:
  ///   - version: for an aggregate, events up to this version need not be found.
  ///   - throughVersion: for an aggregate, events behind this version are not given.
  ///   - position: events up to this position need not be found.
  ///   - isPinned: whether the view may be an old one.
  ///   - found: what is found takes the place of what it holds.
  package func findPostings(
    _ hash: KeyHash,
    _ view: LogView,
    afterVersion version: UInt64 = 0,
    throughVersion: UInt64 = .max,
    afterPosition position: UInt64 = 0,
    isPinned: Bool = false,
    into found: inout Postings
  ) throws(LogError) {
    found.removeAll()
    let tables = view.newestTables
    for index in tables.indices { tables[index].prefetch(hash) }
    for index in tables.indices { tables[index].prefetchNeighbours(hash) }
    let newest = try newestSegment(hash, view, isPinned: isPinned)
    let firstIndexed = newest.firstIndexed
    if !newest.doubts.isEmpty { found.doubts = newest.doubts }
    var next: SegmentID? = newest.segment
    if next == 0 { return }
    var known = newest.answer
    found.parts.reserveCapacity(8)
    found.ordinals.reserveCapacity(32)
    while let id = next {
      let order = view.order(of: id)
      guard order < view.segments.count else { break }
      let segment = view.segments[order]
      let start = found.ordinals.count
      var link = SegmentChains.Link.segment(id)
      var oldest = UInt64.max
      if order >= view.order(of: firstIndexed),
        let chain = chain(hash, segment, version, position, into: &found.ordinals)
      {
        link = chain.link
        oldest = chain.versionBefore
      }
      let isInFooter: Bool
      switch link {
      case .segment(let before): isInFooter = before == id
      case .unknown, .entry: isInFooter = segment.footer != nil || !indexHoldsAll(of: segment)
      }
      if isInFooter, oldest > version, let footer = try footer(of: segment),
        let entry = try find(hash, known, footer, segment, into: &found.ordinals, from: start)
      {
        link = .segment(entry.segment)
        if entry.domain == KeyHash.Domain.aggregate.rawValue {
          oldest = entry.version - min(entry.version, UInt64(entry.count))
        }
      } else if isInFooter, case .segment = link {
        link = .unknown
      }
      known = nil
      if hasDamages {
        // Versions are counted from the newest event down: where some are lost they tell nothing.
        if isDamaged(segment) { oldest = .max }
        found.doubts += segment.footer?.damages ?? []
      }
      var (lower, upper) = (start, found.ordinals.count)
      // Versions have gaps where compaction was: then the end is found event by event.
      if segment.isRewritten {
        upper = found.ordinals.count
      } else if oldest < throughVersion, throughVersion - oldest < UInt64(upper - lower) {
        upper = lower + Int(throughVersion - oldest)
      } else if oldest != .max, oldest >= throughVersion {
        upper = lower
      }
      // An event's version is at most as many above the oldest as there are events up to it: those
      // that were not asked for need not be looked at.
      if oldest < version { lower += Int(min(version - oldest, UInt64(upper - lower))) }
      // Of a segment that was shown with staged events behind it, and now holds them itself.
      if order + 1 < view.segments.count {
        let end = view.segments[order + 1].base.position
        while lower < upper, segment.base.position + UInt64(found.ordinals[upper - 1]) >= end {
          upper -= 1
        }
      }
      if lower < upper {
        found.parts.append(Postings.Part(segment: segment, places: lower..<upper))
      }
      if oldest <= version || segment.base.position <= position { break }
      switch link {
      case .segment(let before) where before == 0 || before == id: next = nil
      case .segment(let before) where view.segment(before) != nil: next = before
      case .segment, .unknown, .entry:
        let before = try search(hash, view, before: order)
        found.doubts += before.doubts
        next = before.segment == 0 ? nil : before.segment
        known = before.answer
      }
      // The way leads back only; a table that says otherwise is not this log's.
      if let next, view.order(of: next) >= order {
        throw .corrupt(Corruption(file: segment.footerName, offset: 0, .identity))
      }
    }
  }

  /// Adds the key's postings in a footer to `ordinals`, whose end from `start` on came from the
  /// chains; a damaged footer is made anew first.
  ///
  /// - Parameter known: where the key stands newest, if that has been looked up already.
  private func find(
    _ hash: KeyHash,
    _ known: Directory.Answer?,
    _ footer: Footer,
    _ segment: Segment,
    into ordinals: inout [UInt32],
    from start: Int
  ) throws(LogError) -> KeyEntry? {
    // An array of a slice of nothing may be the same array, which would have to be copied then.
    let chained = start == ordinals.count ? [] : Array(ordinals[start...])
    // The footer may have taken the place of the one the entry is from.
    let known = known.flatMap { $0.footer === footer ? $0.entry : nil }
    do throws(LogError) {
      return try Self.find(hash, known, footer, chained, into: &ordinals, from: start)
    } catch {
      guard error.file == footer.name else { throw error }
      try rebuildFooter(segment)
      guard let footer = segment.footer else { return nil }
      return try Self.find(hash, nil, footer, chained, into: &ordinals, from: start)
    }
  }

  private static func find(
    _ hash: KeyHash,
    _ known: KeyEntry?,
    _ footer: Footer,
    _ chained: [UInt32],
    into ordinals: inout [UInt32],
    from start: Int
  ) throws(LogError) -> KeyEntry? {
    var entry = known
    if entry == nil { entry = try footer.keys.find(hash) }
    guard let entry else { return nil }
    if ordinals.count > start { ordinals.removeLast(ordinals.count - start) }
    try footer.postings(entry, into: &ordinals)
    if let first = chained.first {
      // The footer may have been made while the chain was walked: it then has both halves.
      while ordinals.count > start, ordinals[ordinals.count - 1] >= first {
        ordinals.removeLast()
      }
      ordinals.append(contentsOf: chained)
    }
    return entry
  }

  /// Where a key stands newest.
  private struct Newest {
    /// 0 if it stands nowhere.
    var segment: SegmentID
    /// What the footers and checkpoints say, if they were asked.
    var answer: Directory.Answer?
    /// The oldest segment the index in memory knows of.
    var firstIndexed: SegmentID = 0
    /// Damage behind that segment.
    var doubts: [Corruption] = []
  }

  private func doubts(
    _ hash: KeyHash,
    in directory: Directory,
    newerThan answer: Directory.Answer?
  ) throws(LogError) -> [Corruption] {
    if !hasDamages { return [] }
    let segments = try doubtfulFooters(hash, in: directory, newerThan: answer)
    return segments.flatMap { $0.footer?.damages ?? [] }
  }

  /// Whether events of the segment are known to be damaged.
  private func isDamaged(_ segment: Segment) -> Bool {
    if segment.footer?.damages.isEmpty == false { return true }
    return damages.contains { $0.file == segment.name }
  }

  /// Where the key stands newest in `view`.
  private func newestSegment(
    _ hash: KeyHash,
    _ view: LogView,
    isPinned: Bool
  ) throws(LogError) -> Newest {
    let (known, firstIndexed) = index.withState { state -> (SegmentID?, SegmentID) in
      let segment = state.knownSlot(hash).map { state.table[$0].segment }
      return (segment, state.chains.isEmpty ? 0 : state.chains[0].segment)
    }
    if let known, !isPinned, known == 0 || view.segment(known) != nil {
      return Newest(segment: known, firstIndexed: firstIndexed)
    }
    // What the index leads to may have been begun, or rewritten, after the view was taken; and what
    // it forgot since may be in footers that the view does not have.
    var newest = try search(
      hash,
      view,
      before: view.segments.count,
      isWhole: known == nil && !isPinned && currentView === view
    )
    newest.firstIndexed = firstIndexed
    return newest
  }

  /// Where the key stands newest among the segments of `view` before the one at `limit`, whatever
  /// of its segments has got a footer, or left the index in memory, since it was taken.
  ///
  /// - Parameter isWhole: whether the directory answers for all that the index does not know.
  private func search(
    _ hash: KeyHash,
    _ view: LogView,
    before limit: Int,
    isWhole: Bool = false
  ) throws(LogError) -> Newest {
    for segment in view.segments[..<limit].reversed() where !isWhole {
      if index.withState({ $0.newestEntry(hash, in: segment.id) != nil }) {
        return Newest(segment: segment.id)
      }
      if view.answers(for: segment) { break }
      guard let footer = try footer(of: segment) else { continue }
      if let entry = try footer.keys.find(hash) {
        let answer = Directory.Answer(
          version: entry.version,
          segment: segment.id,
          entry: entry,
          footer: footer
        )
        return Newest(segment: segment.id, answer: answer)
      }
    }
    let tables =
      limit < view.segments.count ? view.tables(before: view.segments[limit]) : view.directory
    let answer = try newest(hash, in: tables)
    let doubts = try doubts(hash, in: tables, newerThan: answer)
    return Newest(segment: answer?.segment ?? 0, answer: answer, doubts: doubts)
  }

  /// Appends the ordinals of the key's events in the index of `segment`, ascending; nil if the
  /// index has none.
  ///
  /// Walks from the newest down, and not on behind an event up to which the caller needs none.
  private func chain(
    _ hash: KeyHash,
    _ segment: Segment,
    _ afterVersion: UInt64,
    _ afterPosition: UInt64,
    into ordinals: inout [UInt32]
  ) -> (link: SegmentChains.Link, versionBefore: UInt64)? {
    let first = ordinals.count
    var isAggregate = true
    var version: UInt64 = 0
    var shift: UInt64 = 0
    var entry = index.withState { state -> Int? in
      guard let entry = state.newestEntry(hash, in: segment.id) else { return nil }
      guard let chains = state.chainsIndex(segment.id) else { return nil }
      shift = state.chains[chains].basePosition - segment.base.position
      if let slot = state.table.find(hash) {
        isAggregate = state.table[slot].domain == KeyHash.Domain.aggregate.rawValue
        version = state.table[slot].version
        // The key has moved on: this segment's part of it ends at an older version.
        if state.table[slot].segment != segment.id, let head = state.head(hash, chains) {
          version = head.version
        }
      }
      return entry
    }
    guard entry != nil else { return nil }
    var end = SegmentChains.Link.unknown
    // How many events of an aggregate are behind the version, if counting them tells that.
    let isCounted = isAggregate && !(hasDamages && isDamaged(segment))
    let countMax = isCounted ? Int(max(version, afterVersion) - afterVersion) : .max
    let isPositioned = afterPosition >= segment.base.position
    let known = afterPosition - min(segment.base.position, afterPosition)
    // In pieces, so that a long chain does not keep the writer waiting.
    while let start = entry {
      entry = index.withState { state -> Int? in
        guard let chains = state.chainsIndex(segment.id) else { return nil }
        var current = start
        for _ in 0..<512 {
          let ordinal =
            isAggregate ? current : state.chains[chains].extraOrdinal(current)
          // An event that has the tag twice is still one event.
          let found = UInt32(ordinal) + UInt32(shift)
          if ordinals.count == first || ordinals[ordinals.count - 1] != found {
            ordinals.append(found)
          }
          if ordinals.count - first >= countMax { return nil }
          if isPositioned, UInt64(found) <= known { return nil }
          let link =
            isAggregate
            ? state.chains[chains].link(current) : state.chains[chains].extraLink(current)
          guard case .entry(let before) = link else {
            end = link
            return nil
          }
          current = before
        }
        return current
      }
    }
    let count = ordinals.count - first
    for step in 0..<count / 2 { ordinals.swapAt(first + step, ordinals.count - 1 - step) }
    let before = isAggregate ? version - min(version, UInt64(count)) : .max
    return (end, before)
  }
}
