/// Rewrites sealed segments without what rules of retention removed.
///
/// Positions, versions, records and keys stay what they are. Works segment by segment, each swapped
/// in by a new segment list; what a crash interrupts is begun anew, what was swapped in stays.
struct Compactor {
  let core: LogCore
  let options: CompactionOptions
  let rules: RetentionRules
  let subjects: RuleSubjects
  /// The records of deletions and ends: what they hide is to be gone, and not only out of sight.
  private let erasing: Set<UInt64>
  var judge: EventJudge
  let content = FrameContent()
  var report = CompactionReport()
  /// What is rewritten into one segment each, as indices of `segments`.
  var groups: [Range<Int>] = []
  let segments: [Segment]
  /// The segments whose frames are stored in another way than they were.
  private var recompressed: Set<SegmentID> = []
  var ratios: [SegmentID: Double] = [:]
  /// Whether nothing will be done: then the segment in writing counts as if it were sealed.
  private let isDry: Bool
  /// Whether each segment's numbers come from all of its events.
  private var isExact: [Bool] = []
  /// How much of the groups' segments is read, and of how much.
  var progress = (done: 0, told: 0, total: 0)

  init(_ core: LogCore, _ options: CompactionOptions, newestKey: UInt64, isDry: Bool = false) {
    self.core = core
    self.options = options
    self.isDry = isDry
    rules = core.retention.current ?? .none
    subjects = RuleSubjects(rules)
    erasing = Set(
      core.retention.records.filter { [.delete, .tombstone].contains($0.record.kind) }
        .map(\.number)
    )
    judge = EventJudge(core, rules, newestKey: newestKey)
    segments = core.currentView.segments
  }

  /// Looks at all segments and decides which are rewritten together.
  mutating func plan() throws(LogError) {
    for segment in segments {
      report.segments.append(try look(segment, isExact: options.isExact))
      isExact.append(options.isExact)
    }
    chooseGroups()
    addUp()
  }

  /// Judges every event of what is to be rewritten, and decides again where that makes a
  /// difference.
  mutating func settle() throws(LogError) {
    while true {
      let open = groups.joined().filter { !isExact[$0] }
      if open.isEmpty { break }
      for index in open {
        report.segments[index] = try look(segments[index], isExact: true)
        isExact[index] = true
      }
      chooseGroups()
    }
    addUp()
  }

  private mutating func addUp() {
    report.bytesBefore = 0
    report.bytesAfter = 0
    report.segmentsRewritten = 0
    report.eventsRemoved = 0
    report.payloadsRemoved = 0
    report.spaceNeeded = 0
    for entry in report.segments {
      report.bytesBefore += entry.bytesBefore
      switch entry.outcome {
      case .rewritten, .merged, .compressed, .decompressed:
        report.segmentsRewritten += 1
        report.bytesAfter += entry.bytesAfter
        report.eventsRemoved += entry.eventsRemoved
        report.payloadsRemoved += entry.payloadsRemoved
      default: report.bytesAfter += entry.bytesBefore
      }
    }
    report.segmentsMade = groups.count
    for group in groups { report.spaceNeeded = max(report.spaceNeeded, space(group)) }
    let erased = groups.joined().filter { isErasing(report.segments[$0]) }
    report.copies = KnownCopies.holding(
      erased.map { report.segments[$0].id },
      core.files.root,
      core.options.fileSystem
    )
  }

  /// The bytes that must be free to rewrite a group.
  func space(_ group: Range<Int>) -> Int {
    // The footer, of at most a few dozen bytes an event, and a list, may take as much as a
    // quarter of the segment.
    let bytes = report.segments[group].reduce(Segment.firstFrame) { $0 + $1.bytesAfter }
    return bytes + bytes / 4 + 64 << 10
  }

  /// As `survey`; a damaged segment is no reason not to do the others.
  private mutating func look(
    _ segment: Segment,
    isExact: Bool
  ) throws(LogError) -> CompactionReport.Segment {
    do throws(LogError) {
      return try survey(segment, isExact: isExact)
    } catch {
      guard case .corrupt(let damage) = error else { throw error }
      var found = entry(segment)
      found.outcome = .damaged
      found.damage = damage
      return found
    }
  }

  private func entry(_ segment: Segment) -> CompactionReport.Segment {
    let entry = segment.current.entry
    return CompactionReport.Segment(
      id: segment.id,
      basePosition: Position(segment.base.position),
      lastPosition: Position(entry.isSealed ? entry.lastPosition : core.durableThrough),
      bytesBefore: segment.mapping.count,
      bytesAfter: segment.mapping.count,
      eventsRemoved: 0,
      payloadsRemoved: 0,
      eventsHeld: 0,
      rules: [],
      outcome: .nothingToRemove
    )
  }

  /// Finds out what of a segment would go.
  ///
  /// - Parameter isExact: Whether all of it is read and every event judged.
  mutating func survey(
    _ segment: Segment,
    isExact: Bool
  ) throws(LogError) -> CompactionReport.Segment {
    var found = entry(segment)
    var tally = SurveyTally()
    var end = Int(segment.current.entry.end)
    if isExact {
      end = try judgeFrames(segment, Segment.firstFrame..<segment.limit, &tally)
    } else if !judge.isOver(segment.base.position) {
      var start = Segment.firstFrame
      var known: UInt64?
      if let footer = segment.footer, footer.damages.isEmpty {
        let (isAnswer, isEstimate) = try survey(segment, by: footer, &tally)
        if isAnswer {
          start = Int(footer.header.end)
          known = footer.header.lastPosition
          found.isEstimate = isEstimate
        } else {
          tally = SurveyTally()
        }
      }
      // What the footer does not cover, or all.
      end = try judgeFrames(segment, start..<segment.limit, behind: known, &tally)
    }
    if segment.isSealed || isDry && tally.removed + tally.emptied > 0 {
      found.bytesAfter = max(end - tally.bytes, Segment.firstFrame)
    }
    found.eventsRemoved = tally.removed
    found.payloadsRemoved = tally.emptied
    found.eventsHeld = tally.held
    found.rules = tally.shares.sorted { $0.key < $1.key }
      .map { .init(record: $0.key, events: $0.value) }
    if let ratio = try compressionRatio(of: segment) {
      let frames = found.bytesAfter - Segment.firstFrame
      found.bytesAfter = Segment.firstFrame + Int((Double(frames) * ratio).rounded(.up))
      recompressed.insert(segment.id)
    }
    found.outcome = outcome(segment, found)
    return found
  }

  /// Whether the segment in writing holds anything to remove.
  mutating func hasGarbage(_ segment: Segment) throws(LogError) -> Bool {
    if judge.isOver(segment.base.position) { return false }
    var tally = SurveyTally()
    _ = try judgeFrames(segment, Segment.firstFrame..<segment.limit, &tally)
    return tally.removed + tally.emptied > 0
  }

  private func outcome(
    _ segment: Segment,
    _ found: CompactionReport.Segment
  ) -> CompactionReport.Outcome {
    let isSealed = segment.isSealed ? segment.hasWholeFooter : isDry && options.sealsActiveSegment
    if !isSealed { return .inWriting }
    if isErasing(found) { return .rewritten }
    if segment.isSealed, recompressed.contains(segment.id) {
      return options.compression == .compress ? .compressed : .decompressed
    }
    if found.eventsRemoved == 0 {
      if !segment.isSealed { return .inWriting }
      return found.eventsHeld > 0 ? .keysRemembered : .nothingToRemove
    }
    let garbage = found.bytesBefore - found.bytesAfter
    return Double(garbage) >= options.leastGarbage * Double(found.bytesBefore)
      ? .rewritten : .tooLittleGarbage
  }

  /// Whether what the rule hides is to be gone, and not only out of sight.
  func isErasing(_ record: UInt64) -> Bool { erasing.contains(record) }

  /// Whose states may hold what is about to leave for good: aggregates by their key hashes, or all
  /// of them; nil if nothing is.
  var removed: (aggregates: Set<KeyHash>?, Void)? {
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

  /// From where on events are about to be erased: deleted or ended for good, or their payloads
  /// taken; nil if nothing is.
  ///
  /// What is only out of sight, or out of age, does not count.
  var firstErased: Position? {
    groups.joined().first { isErasing(report.segments[$0]) }
      .map { report.segments[$0].basePosition }
  }

  private func isErasing(_ found: CompactionReport.Segment) -> Bool {
    found.payloadsRemoved > 0 || found.rules.contains { isErasing($0.record) }
  }

  /// Puts neighbours together until a segment is full; small ones join, also where nothing leaves.
  private mutating func chooseGroups() {
    groups = []
    for index in segments.indices where report.segments[index].outcome != .damaged {
      report.segments[index].outcome = outcome(segments[index], report.segments[index])
    }
    let target = core.options.segmentBytes
    var start = 0
    var bytes = 0
    func span(_ range: Range<Int>) -> UInt64 {
      let last = report.segments[range.upperBound - 1].lastPosition.rawValue
      return last - min(last, segments[range.lowerBound].base.position)
    }
    func finish(_ end: Int) {
      let range = start..<end
      let isWanted = range.contains { report.segments[$0].outcome.isMadeAnew }
      if !range.isEmpty, isWanted || range.count > 1 {
        groups.append(range)
        for index in range where !report.segments[index].outcome.isMadeAnew {
          report.segments[index].outcome = .merged
        }
      }
      start = end
      bytes = 0
    }
    for index in segments.indices {
      let found = report.segments[index]
      let isSmall =
        segments[index].hasWholeFooter && found.outcome != .damaged
        && found.bytesAfter < target / 4
      guard found.outcome.isMadeAnew || isSmall else {
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

extension CompactionReport.Outcome {
  /// Whether the segment is made anew for its own sake.
  var isMadeAnew: Bool { self == .rewritten || self == .compressed || self == .decompressed }
}
