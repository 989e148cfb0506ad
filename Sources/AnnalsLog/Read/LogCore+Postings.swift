/// The events of one key in one segment, as ordinals that count from the segment's base.
package struct SegmentPostings: Sendable {
  package var segment: Segment
  package var ordinals: [UInt32]
}

extension LogCore {
  /// Where the events of a key stand, oldest first.
  ///
  /// - Parameters:
  ///   - version: for an aggregate, events up to this version need not be found.
  ///   - throughVersion: for an aggregate, events behind this version are not given.
  ///   - position: events up to this position need not be found.
  package func postings(
    _ hash: KeyHash,
    _ view: LogView,
    afterVersion version: UInt64 = 0,
    throughVersion: UInt64 = .max,
    afterPosition position: UInt64 = 0
  ) throws(LogError) -> [SegmentPostings] {
    var found: [SegmentPostings] = []
    var next = try newestSegment(hash, view)
    while let id = next {
      guard let segment = view.segment(id) else { break }
      var ordinals: [UInt32] = []
      var link = SegmentChains.Link.segment(id)
      var oldest = UInt64.max
      if let chain = chain(hash, segment, into: &ordinals) {
        link = chain.link
        oldest = chain.versionBefore
      }
      let isInFooter: Bool
      switch link {
      case .segment(let before): isInFooter = before == id
      case .unknown, .entry: isInFooter = segment.footer != nil
      }
      if isInFooter, oldest > version, let footer = try footer(of: segment),
        let (entry, sealed) = try find(hash, footer, segment)
      {
        // The footer may have been made while the chain was walked: it then has both halves.
        let chained = ordinals.first ?? .max
        ordinals = sealed.filter { $0 < chained } + ordinals
        link = .segment(entry.segment)
        if entry.domain == KeyHash.Domain.aggregate.rawValue {
          oldest = entry.version - min(entry.version, UInt64(entry.count))
        }
      } else if isInFooter, case .segment = link {
        link = .unknown
      }
      if oldest < throughVersion, throughVersion - oldest < UInt64(ordinals.count) {
        ordinals.removeLast(ordinals.count - Int(throughVersion - oldest))
      } else if oldest != .max, oldest >= throughVersion {
        ordinals.removeAll()
      }
      // Versions have no gaps: events that were not asked for need not be looked at.
      if oldest < version {
        ordinals.removeFirst(Int(min(version - oldest, UInt64(ordinals.count))))
      }
      if !ordinals.isEmpty { found.append(SegmentPostings(segment: segment, ordinals: ordinals)) }
      if oldest <= version || segment.base.position <= position { break }
      switch link {
      case .segment(let before): next = before == 0 || before == id ? nil : before
      case .unknown, .entry:
        next = try newest(hash, in: view.tables(before: segment))?.segment
      }
      // The way leads back only; a table that says otherwise is not this log's.
      if let next, view.order(of: next) >= view.order(of: id) {
        throw .corrupt(Corruption(file: segment.footerName, offset: 0, .identity))
      }
    }
    return found.reversed()
  }

  /// The key's entry and postings in a footer; a damaged one is made anew first.
  private func find(
    _ hash: KeyHash,
    _ footer: Footer,
    _ segment: Segment
  ) throws(LogError) -> (entry: KeyEntry, ordinals: [UInt32])? {
    do throws(LogError) {
      return try Self.find(hash, footer)
    } catch {
      guard error.file == footer.name else { throw error }
      try rebuildFooter(segment)
      return try segment.footer.flatMap { footer throws(LogError) in
        try Self.find(hash, footer)
      }
    }
  }

  private static func find(
    _ hash: KeyHash,
    _ footer: Footer
  ) throws(LogError) -> (entry: KeyEntry, ordinals: [UInt32])? {
    guard let entry = try footer.keys.find(hash) else { return nil }
    var ordinals: [UInt32] = []
    try footer.postings(entry, into: &ordinals)
    return (entry, ordinals)
  }

  private func newestSegment(
    _ hash: KeyHash,
    _ view: LogView
  ) throws(LogError) -> SegmentID? {
    let known = index.withState { state -> SegmentID? in
      guard let slot = state.knownSlot(hash) else { return nil }
      return state.table[slot].segment
    }
    if let known { return known == 0 ? nil : known }
    return try newest(hash, in: view.directory)?.segment
  }

  /// Appends the ordinals of the key's events in the index of `segment`, ascending; nil if the
  /// index has none.
  private func chain(
    _ hash: KeyHash,
    _ segment: Segment,
    into ordinals: inout [UInt32]
  ) -> (link: SegmentChains.Link, versionBefore: UInt64)? {
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
          if ordinals.last != found { ordinals.append(found) }
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
    ordinals.reverse()
    let before = isAggregate ? version - min(version, UInt64(ordinals.count)) : .max
    return (end, before)
  }
}
