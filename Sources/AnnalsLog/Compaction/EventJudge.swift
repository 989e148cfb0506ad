/// Says of every event of a frame what compaction does with it, and by which rule.
struct EventJudge {
  /// What becomes of an event.
  enum Verdict: Equatable {
    /// It stays as it is.
    case keep
    /// It stays, without its payload: a rule took that away.
    case redact
    /// It is hidden and goes, but for its place: the idempotency key of its append is still
    /// remembered, or it tells that its aggregate exists.
    case empty(UInt64)
    /// It is hidden by this record's rule, and stays for one of these reasons.
    case hold(UInt64)
    /// It goes, by this record's rule.
    case remove(UInt64)
  }

  private let core: LogCore
  private let rules: RetentionRules
  private let now: Int64
  private let through: UInt64
  private let newestKey: UInt64
  /// The records whose rules can not be loosened.
  private let fixed: Set<UInt64>
  // One dictionary each where the rules have several: asked for every row of every frame.
  private let aggregates: [KeyHash: RetentionRules.Subject]
  private let categories: [KeyHash: RetentionRules.Subject]
  /// The rows that depend on an aggregate's newest version.
  private var known: [KeyHash: Row] = [:]
  private static let knownMax = 1 << 16

  /// What holds for an aggregate.
  private struct Row {
    var bounds: RetentionBounds
    /// The version of the newest event if that keeps its place, else 0.
    ///
    /// Behind the deletion of its category it alone tells that the aggregate exists again.
    var keptVersion: UInt64 = 0
    /// The position of that deletion.
    var deletedThrough: UInt64 = 0
  }

  /// For each event of the frame that was judged last.
  private(set) var verdicts: [Verdict] = []

  init(_ core: LogCore, _ rules: RetentionRules, newestKey: UInt64) {
    self.core = core
    self.rules = rules
    self.newestKey = newestKey
    now = core.options.clock()
    through = core.durableThrough
    aggregates = rules.aggregates.all
    categories = rules.categories.all
    fixed = Set(
      core.retention.records.filter { ![.keepCount, .keepAge].contains($0.record.kind) }
        .map(\.number)
    )
  }

  /// Whether no event behind `position` can be hidden.
  func isOver(_ position: UInt64) -> Bool {
    position > rules.fixedThrough && !rules.hasStanding
  }

  /// Judges a frame that verified; true if something of it goes.
  mutating func judge(_ frame: EventsFrame, _ bytes: Span<UInt8>) throws(LogError) -> Bool {
    verdicts.removeAll(keepingCapacity: true)
    if isOver(frame.firstPosition) { return false }
    var rows: [Row?] = []
    var isAffected = false
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      let count = Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
      let row = try self.row(bytes.extracting(offset..<offset + count))
      offset += count
      rows.append(row)
      if row != nil { isAffected = true }
    }
    let first = frame.firstPosition
    let last = frame.lastPosition(bytes)
    let hasSingles = rules.eventBounds.first <= last && first <= rules.eventBounds.last
    if !isAffected, !hasSingles { return false }
    var isChanged = false
    for index in 0..<frame.eventCount {
      let row = frame.aggregateIndex(index, bytes)
      let position = frame.position(index, bytes)
      let version = frame.version(index, aggregate: row, bytes)
      var verdict = Verdict.keep
      if let rules = rows[row],
        let record = rules.bounds.hides(
          position: position,
          version: version,
          time: frame.time(index, bytes)
        )
      {
        let isKept = version == rules.keptVersion && position > rules.deletedThrough
        verdict = isKept ? place(record, index, frame, bytes) : .remove(record)
      } else if hasSingles, let single = rules.single(position), single.redactRecord != 0,
        frame.payloadLengths.value(index, in: bytes) > 0
      {
        verdict = .redact
      }
      switch verdict {
      case .keep, .hold: break
      case .redact, .empty, .remove: isChanged = true
      }
      verdicts.append(verdict)
    }
    if isChanged, frame.keysEnd != 0 { isChanged = heedKeys(frame, bytes) }
    return isChanged
  }

  /// Keeps the places of appends whose keys are still remembered; whether anything is left to do.
  private mutating func heedKeys(_ frame: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    let window = KeyWindow(newest: newestKey, now: now)
    for key in frame.keys(bytes) ?? [] {
      if !window.holds(sequence: key.sequence, time: key.time) { continue }
      for index in frame.events(ofAppend: key.append, bytes) {
        guard case .remove(let record) = verdicts[index] else { continue }
        verdicts[index] = place(record, index, frame, bytes)
      }
    }
    return verdicts.contains {
      switch $0 {
      case .keep, .hold: false
      case .redact, .empty, .remove: true
      }
    }
  }

  /// What becomes of an event that is hidden by a record's rule and keeps its place.
  private func place(
    _ record: UInt64,
    _ index: Int,
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>
  ) -> Verdict {
    // The rule may be loosened, and what it hides is seen again.
    if !fixed.contains(record) { return .hold(record) }
    let isFull = frame.payloadLengths.value(index, in: bytes) > 0 || frame.extrasEnd != 0
    return isFull ? .empty(record) : .hold(record)
  }

  private func category(of id: Span<UInt8>) -> RetentionRules.Subject? {
    if categories.isEmpty { return nil }
    var end = 0
    while end < id.count, id[end] != UInt8(ascii: "-") { end += 1 }
    return categories[core.hasher.hash(id.extracting(0..<end), .aggregate)]
  }

  private mutating func row(_ id: Span<UInt8>) throws(LogError) -> Row? {
    var hash: KeyHash?
    if !aggregates.isEmpty { hash = core.hasher.hash(id, .aggregate) }
    let own = hash.flatMap { aggregates[$0] }
    let category = category(of: id)
    if own == nil, category == nil { return nil }
    // Only what has to be looked up is worth remembering.
    let isCounted = (own?.keepCount ?? 0) > 0 || (category?.keepCount ?? 0) > 0
    let isDeleted = category.map { $0.deletion != 0 && !$0.isTombstone } ?? false
    var key: KeyHash?
    if isCounted || isDeleted {
      key = hash ?? core.hasher.hash(id, .aggregate)
      if let key, let found = known[key] { return found.bounds.isOpen ? nil : found }
    }
    var bounds = RetentionBounds()
    let core = core
    let through = through
    var isAsked = false
    func newest() throws(LogError) -> UInt64 {
      isAsked = true
      return try core.version(of: id, through: through)
    }
    if let own { try bounds.add(own, now: now, newest: newest) }
    if let category { try bounds.add(category, now: now, newest: newest) }
    var row = Row(bounds: bounds)
    // Where the deletion of the category is all that hides, nothing behind it is hidden.
    if let category, isDeleted,
      bounds.version > 0 || bounds.time != .min || bounds.position > category.throughPosition
    {
      // Nor may the newest event go that tells so: a deletion of its own the aggregate may be
      // opened from again, and then where that event stood is what counts.
      if own?.isTombstone != true {
        row.keptVersion = try newest()
        row.deletedThrough = category.throughPosition
      }
    }
    if let key, isAsked {
      if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
      known[key] = row
    }
    return bounds.isOpen ? nil : row
  }
}
