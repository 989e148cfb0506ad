/// Rewrites sealed segments without what rules of retention removed.
///
/// Positions, versions, records and keys stay what they are. Works segment by segment, each swapped
/// in by a new segment list; what a crash interrupts is begun anew, what was swapped in stays.
struct Compactor {
  let core: LogCore
  let options: CompactionOptions
  let rules: RetentionRules
  var judge: EventJudge
  var report = CompactionReport()
  /// What is rewritten into one segment each, as indices of `segments`.
  var groups: [Range<Int>] = []
  let segments: [Segment]

  init(_ core: LogCore, _ options: CompactionOptions, newestKey: UInt64) {
    self.core = core
    self.options = options
    rules = core.retention.current ?? .none
    judge = EventJudge(core, rules, newestKey: newestKey)
    segments = core.currentView.segments
  }

  /// Looks through all segments and decides which are rewritten together.
  mutating func plan() throws(LogError) {
    for segment in segments { report.segments.append(try survey(segment)) }
    chooseGroups()
    for entry in report.segments {
      report.bytesBefore += entry.bytesBefore
      switch entry.outcome {
      case .rewritten, .merged:
        report.segmentsRewritten += 1
        report.bytesAfter += entry.bytesAfter
        report.eventsRemoved += entry.eventsRemoved
        report.payloadsRemoved += entry.payloadsRemoved
      default: report.bytesAfter += entry.bytesBefore
      }
    }
    report.segmentsMade = groups.count
    for group in groups {
      // The footer, of at most a few dozen bytes an event, and a list, may take as much as a
      // quarter of the segment.
      let bytes = report.segments[group].reduce(Segment.firstFrame) { $0 + $1.bytesAfter }
      report.spaceNeeded = max(report.spaceNeeded, bytes + bytes / 4 + 64 << 10)
    }
  }

  /// Reads one segment's frames and judges every event.
  mutating func survey(_ segment: Segment) throws(LogError) -> CompactionReport.Segment {
    let entry = segment.current.entry
    var found = CompactionReport.Segment(
      id: segment.id,
      basePosition: Position(segment.base.position),
      lastPosition: Position(entry.isSealed ? entry.lastPosition : core.durableThrough),
      bytesBefore: segment.mapping.count,
      bytesAfter: entry.isSealed ? Int(entry.end) : segment.mapping.count,
      eventsRemoved: 0,
      payloadsRemoved: 0,
      eventsHeld: 0,
      rules: [],
      outcome: .nothingToRemove
    )
    var shares: [UInt64: Int] = [:]
    if !judge.isOver(segment.base.position), try mayConcern(segment) {
      try judgeFrames(segment, &found, &shares)
    }
    found.rules = shares.sorted { $0.key < $1.key }.map { .init(record: $0.key, events: $0.value) }
    found.bytesAfter = max(found.bytesAfter, Segment.firstFrame)
    found.outcome = outcome(segment, found)
    return found
  }

  private mutating func judgeFrames(
    _ segment: Segment,
    _ found: inout CompactionReport.Segment,
    _ shares: inout [UInt64: Int]
  ) throws(LogError) {
    let limit = segment.limit
    let through = core.durableThrough
    var offset = Segment.firstFrame
    var position = segment.base.position - 1
    while offset < limit, segment.isSealed || position < through {
      let header = try segment.frame(at: offset, limit: limit)
      defer { offset += header.byteCount }
      let bytes = segment.bytes
      guard header.knownKind == .events, let frame = segment.eventsFrame(at: offset, header) else {
        continue
      }
      position = frame.lastPosition(bytes)
      guard try judge.judge(frame, bytes) else { continue }
      var removedPayload = 0
      var removed = 0
      for (index, verdict) in judge.verdicts.enumerated() {
        let payload = Int(truncatingIfNeeded: frame.payloadLengths.value(index, in: bytes))
        switch verdict {
        case .keep: continue
        case .redact:
          found.payloadsRemoved += 1
          removedPayload += payload
        case .empty:
          found.eventsHeld += 1
          found.payloadsRemoved += 1
          removedPayload += payload
        case .hold: found.eventsHeld += 1
        case .remove(let record):
          shares[record, default: 0] += 1
          removed += 1
          removedPayload += payload
        }
      }
      found.eventsRemoved += removed
      let overhead = header.byteCount - (frame.payloadsEnd - frame.payloadsOffset)
      found.bytesAfter -=
        removed == frame.eventCount
        ? header.byteCount : removedPayload + overhead * removed / max(1, frame.eventCount)
    }
  }

  /// Whether a rule may be about an event of the segment; asked of its footer.
  private func mayConcern(_ segment: Segment) throws(LogError) -> Bool {
    if rules.hasStanding || !rules.categories.isEmpty { return true }
    if rules.eventBounds.first <= segment.current.entry.lastPosition,
      segment.base.position <= rules.eventBounds.last
    {
      return true
    }
    guard let footer = segment.footer, segment.hasWholeFooter else { return true }
    let subjects = rules.aggregates.all
    if subjects.count > Self.lookupsMax { return true }
    for hash in subjects.keys where try footer.keys.find(hash) != nil { return true }
    return false
  }

  /// Up to so many aggregates are looked up in a footer before its segment is read instead.
  private static let lookupsMax = 10_000

  private func outcome(
    _ segment: Segment,
    _ found: CompactionReport.Segment
  ) -> CompactionReport.Outcome {
    if !segment.hasWholeFooter { return .inWriting }
    if found.payloadsRemoved > 0 || found.rules.contains(where: { isErasing($0.record) }) {
      return .rewritten
    }
    if found.eventsRemoved == 0 {
      return found.eventsHeld > 0 ? .keysRemembered : .nothingToRemove
    }
    let garbage = found.bytesBefore - found.bytesAfter
    return Double(garbage) >= options.leastGarbage * Double(found.bytesBefore)
      ? .rewritten : .tooLittleGarbage
  }

  /// Whether what the rule hides is to be gone, and not only out of sight.
  private func isErasing(_ record: UInt64) -> Bool {
    guard let placed = core.retention.placed(record) else { return false }
    return placed.record.kind == .delete || placed.record.kind == .tombstone
  }

  /// Whose states may hold what is about to leave for good: aggregates by their key hashes, or all
  /// of them; nil if nothing is.
  var erased: (aggregates: Set<KeyHash>?, Void)? {
    var records: Set<UInt64> = []
    var hasRedactions = false
    for group in groups {
      for found in report.segments[group] {
        records.formUnion(found.rules.map(\.record))
        if found.payloadsRemoved > 0 { hasRedactions = true }
      }
    }
    var hashes: Set<KeyHash> = []
    for placed in core.retention.records {
      let isNamed = records.contains(placed.number)
      let isRedaction = hasRedactions && placed.record.kind != .skip
      guard isNamed || isRedaction else { continue }
      switch placed.record.scope {
      case .category where isNamed: return (nil, ())
      case .category: continue
      case .aggregate, .event:
        hashes.insert(core.hasher.hash(placed.record.name.span, .aggregate))
      }
    }
    return hashes.isEmpty ? nil : (hashes, ())
  }

  /// Puts neighbours together until a segment is full; small ones join, also where nothing leaves.
  private mutating func chooseGroups() {
    let target = core.options.segmentBytes
    var start = 0
    var bytes = 0
    func span(_ range: Range<Int>) -> UInt64 {
      segments[range.upperBound - 1].current.entry.lastPosition
        - segments[range.lowerBound].base.position
    }
    func finish(_ end: Int) {
      let range = start..<end
      let isWanted = range.contains { report.segments[$0].outcome == .rewritten }
      if !range.isEmpty, isWanted || range.count > 1 {
        groups.append(range)
        for index in range where report.segments[index].outcome != .rewritten {
          report.segments[index].outcome = .merged
        }
      }
      start = end
      bytes = 0
    }
    for index in segments.indices {
      let found = report.segments[index]
      let isSmall = segments[index].hasWholeFooter && found.bytesAfter < target / 4
      guard found.outcome == .rewritten || isSmall else {
        finish(index)
        start = index + 1
        continue
      }
      let isFull =
        bytes + found.bytesAfter > target
        || span(start..<index + 1) > UInt64(Limits.segmentEventsMax)
      if index > start, isFull { finish(index) }
      bytes += found.bytesAfter
    }
    finish(segments.count)
  }
}
