/// Where in a segment rules may find something, as its footer tells.
private struct Concern {
  /// The runs of frames, by their samples' indices, with events that rules name.
  var runs: Set<Int> = []
  /// Whether rules of a category may find something anywhere else.
  var isAnywhere = false
  /// Whether that may be something that has to go in any case.
  var isErasing = false

  var isNone: Bool { runs.isEmpty && !isAnywhere }
}

/// What the rules name, prepared for asking footers.
struct RuleSubjects {
  /// The aggregates with rules of their own; nil where there are too many to ask for each.
  let aggregates: [(hash: KeyHash, subject: RetentionRules.Subject)]?
  let categories: [KeyHash: RetentionRules.Subject]
  /// The positions of redacted events, rising.
  let redactions: [UInt64]

  /// Up to so many aggregates are looked up in each footer.
  private static let lookupsMax = 20_000

  init(_ rules: RetentionRules) {
    let hiding = rules.aggregates.all.filter { _, subject in
      subject.throughPosition > 0 || subject.throughVersion > 0 || subject.isStanding
    }
    aggregates = hiding.count > Self.lookupsMax ? nil : hiding.map { ($0.key, $0.value) }
    categories = rules.categories.all
    redactions = rules.events.all.filter { $0.value.redactRecord != 0 }.keys.sorted()
  }
}

extension Compactor {
  /// More events than these that rules name are not judged one by one for a plan.
  private static let placesMax = 16_384
  /// After so many aggregates it is foreseen how many places all of them have.
  private static let firstLookups = 256

  /// Judges the frames with what rules name, and of the rest a sample; false if that is no answer.
  ///
  /// A footer leads to every event of an aggregate, and lists the categories: so only rules of a
  /// category, or very many rules, need a sample. It is the same whenever it is asked for.
  mutating func survey(
    _ segment: Segment,
    by footer: Footer,
    _ tally: inout SurveyTally
  ) throws(LogError) -> (isAnswer: Bool, isEstimate: Bool) {
    let concern = try concern(of: segment, footer)
    if concern.isNone { return (true, false) }
    let count = Int(footer.header.samples.count)
    for run in concern.runs.sorted() { try judge(run, of: segment, footer, &tally) }
    if !concern.isAnywhere { return (true, false) }
    let rest = Int(footer.header.eventCount) - tally.events
    guard rest > 0, count > 0 else { return (true, false) }
    let wanted = max(1, min(count, sampledEvents * count / (rest + tally.events)))
    var sample = SurveyTally()
    for number in 0..<wanted {
      // One of each of so many equal parts, so that no pattern of the log meets one of the sample.
      let part = number * count / wanted..<(number + 1) * count / wanted
      let run = part.lowerBound + Int(Self.scatter(UInt64(number)) % UInt64(part.count))
      if !concern.runs.contains(run) { try judge(run, of: segment, footer, &sample) }
    }
    guard sample.events > 0 else { return (false, true) }
    tally.add(sample, times: Double(rest) / Double(sample.events))
    let isFound = tally.emptied > 0 || tally.shares.keys.contains { isErasing($0) }
    return (!concern.isErasing || isFound, wanted < count)
  }

  private static func scatter(_ number: UInt64) -> UInt64 {
    var mixed = (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    return mixed ^ (mixed >> 31)
  }

  /// How many events of a segment a sample has: fewer where there are very many segments.
  private var sampledEvents: Int { max(512, min(4096, 100_000 / max(1, segments.count))) }

  /// Judges the frames from one sample of the footer to the next.
  private mutating func judge(
    _ run: Int,
    of segment: Segment,
    _ footer: Footer,
    _ tally: inout SurveyTally
  ) throws(LogError) {
    let count = Int(footer.header.samples.count)
    let start = Int(try footer.sample(run).units) * FrameHeader.unit
    let end =
      run + 1 < count
      ? Int(try footer.sample(run + 1).units) * FrameHeader.unit : Int(footer.header.end)
    _ = try judgeFrames(segment, start..<end, &tally)
  }

  /// Judges the frames in a range of offsets; gives the offset behind the last that was there.
  ///
  /// - Parameter known: the last position before the range; nil for that before the segment.
  mutating func judgeFrames(
    _ segment: Segment,
    _ range: Range<Int>,
    behind known: UInt64? = nil,
    _ tally: inout SurveyTally
  ) throws(LogError) -> Int {
    let through = core.durableThrough
    var offset = range.lowerBound
    var position = known ?? segment.base.position - 1
    while true {
      // In this order: it may be sealed while it is walked, and then ends before the range does.
      let isSealed = segment.isSealed
      let limit = segment.limit
      guard offset < min(range.upperBound, limit), isSealed || position < through else { break }
      let header = try segment.frame(at: offset, limit: limit)
      defer { offset += header.byteCount }
      let content = content
      guard let frame = content.events(segment, at: offset, header) else { continue }
      let bytes = content.bytes
      position = frame.lastPosition(bytes)
      if try judge.judge(frame, bytes) {
        tally.add(frame, header, bytes, judge.verdicts)
      } else {
        tally.events += frame.eventCount
      }
    }
    return offset
  }

  private func concern(of segment: Segment, _ footer: Footer) throws(LogError) -> Concern {
    var concern = Concern()
    var ordinals: [UInt32] = []
    var isTooMany = subjects.aggregates == nil
    let base = segment.base.position
    if let aggregates = subjects.aggregates {
      for (lookups, (hash, subject)) in aggregates.enumerated() {
        // So many of the first ones are here that all of them will be too many.
        if lookups == Self.firstLookups,
          ordinals.count * aggregates.count > Self.placesMax * lookups
        {
          isTooMany = true
          break
        }
        guard let entry = try footer.keys.find(hash), entry.count > 0 else { continue }
        let start = ordinals.count
        try footer.postings(entry, into: &ordinals)
        // Begun again after a deletion: what came then is not hidden.
        if subject.throughVersion == 0, !subject.isStanding {
          while ordinals.count > start,
            base + UInt64(ordinals[ordinals.count - 1])
              > subject.throughPosition
          { ordinals.removeLast() }
        }
        if ordinals.count > Self.placesMax { break }
      }
    }
    let last = footer.header.lastPosition
    var redaction = subjects.redactions.partition(before: base)
    while redaction < subjects.redactions.count, subjects.redactions[redaction] <= last,
      ordinals.count <= Self.placesMax
    {
      ordinals.append(UInt32(subjects.redactions[redaction] - base))
      redaction += 1
    }
    if isTooMany || ordinals.count > Self.placesMax {
      concern.isAnywhere = true
      concern.isErasing = true
    } else {
      for ordinal in ordinals { concern.runs.insert(try footer.run(of: ordinal)) }
    }
    try addCategories(segment, footer, to: &concern)
    return concern
  }

  private func addCategories(
    _ segment: Segment,
    _ footer: Footer,
    to concern: inout Concern
  ) throws(LogError) {
    if subjects.categories.isEmpty { return }
    var found = Array(subjects.categories.values)
    if let names = try footer.categories() {
      found = names.compactMap {
        subjects.categories[core.hasher.hash($0.utf8Span.span, .aggregate)]
      }
    }
    let base = segment.base.position
    let now = core.options.clock()
    for subject in found {
      let isDeleted = subject.throughPosition >= base
      let isAged = subject.agedBefore(now).map { $0 > footer.header.leastTime } ?? false
      guard isDeleted || isAged || subject.keepCount > 0 else { continue }
      concern.isAnywhere = true
      if isDeleted, try !removedRecords(segment, footer).contains(subject.positionRecord) {
        concern.isErasing = true
      }
    }
  }

  /// The rules by which compaction has removed events from the segment, which it writes at its end.
  private func removedRecords(
    _ segment: Segment,
    _ footer: Footer
  ) throws(LogError) -> Set<UInt64> {
    guard segment.isRewritten else { return [] }
    let count = Int(footer.header.samples.count)
    var offset =
      count == 0
      ? Segment.firstFrame : Int(try footer.sample(count - 1).units) * FrameHeader.unit
    var records: Set<UInt64> = []
    while offset < Int(footer.header.end) {
      let header = try segment.frame(at: offset, limit: segment.limit)
      if header.knownKind == .control,
        let frame = ControlFrame.decode(
          segment.bytes,
          at: offset,
          byteCount: header.byteCount,
          segment.base
        ), frame.subject == .removal, let removal = segment.removal(frame)
      {
        for group in removal.groups { records.insert(group.record) }
      }
      offset += header.byteCount
    }
    return records
  }
}

extension Footer {
  /// The index of the last sample at or before the frame that holds `ordinal`.
  fileprivate func run(of ordinal: UInt32) throws(LogError) -> Int {
    var low = 0
    var high = Int(header.samples.count)
    while low < high {
      let middle = (low + high) / 2
      if try sample(middle).ordinal <= ordinal { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }
}

extension [UInt64] {
  /// How many of the values, which rise, are below `value`.
  fileprivate func partition(before value: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
