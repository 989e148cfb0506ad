/// Says of every event of a frame what compaction does with it, and by which rule.
struct EventJudge {
  /// What becomes of an event.
  enum Verdict: Equatable {
    /// It stays as it is.
    case keep
    /// It stays, without its payload: a rule took that away.
    case redact
    /// It is hidden and goes, but for its place: the idempotency key of its append is still
    /// remembered.
    case empty(UInt64)
    /// It is hidden by this record's rule, and stays while the key of its append is remembered.
    case hold(UInt64)
    /// It goes, by this record's rule.
    case remove(UInt64)
  }

  private let core: LogCore
  private let rules: RetentionRules
  private let now: Int64
  private let through: UInt64
  private let newestKey: UInt64
  /// The records whose rules may be loosened.
  private let standing: Set<UInt64>
  private var known: [KeyHash: RetentionBounds?] = [:]
  private static let knownMax = 1 << 16
  /// For each event of the frame that was judged last.
  private(set) var verdicts: [Verdict] = []

  init(_ core: LogCore, _ rules: RetentionRules, newestKey: UInt64) {
    self.core = core
    self.rules = rules
    self.newestKey = newestKey
    now = core.options.clock()
    through = core.durableThrough
    standing = Set(
      core.retention.records.filter { [.keepCount, .keepAge].contains($0.record.kind) }
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
    var rows: [RetentionBounds?] = []
    var isAffected = false
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      let count = Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
      let bounds = try bounds(bytes.extracting(offset..<offset + count))
      offset += count
      rows.append(bounds)
      if bounds != nil { isAffected = true }
    }
    let first = frame.firstPosition
    let last = frame.lastPosition(bytes)
    let hasSingles = rules.eventBounds.first <= last && first <= rules.eventBounds.last
    if !isAffected, !hasSingles { return false }
    var isChanged = false
    for index in 0..<frame.eventCount {
      let row = frame.aggregateIndex(index, bytes)
      let position = frame.position(index, bytes)
      var verdict = Verdict.keep
      if let bounds = rows[row],
        let record = bounds.hides(
          position: position,
          version: frame.version(index, aggregate: row, bytes),
          time: frame.time(index, bytes)
        )
      {
        verdict = .remove(record)
      } else if hasSingles, let single = rules.single(position), single.redactRecord != 0,
        frame.payloadLengths.value(index, in: bytes) > 0
      {
        verdict = .redact
      }
      if verdict != .keep { isChanged = true }
      verdicts.append(verdict)
    }
    if isChanged, frame.keysEnd != 0 { isChanged = heedKeys(frame, bytes) }
    return isChanged
  }

  /// Keeps the places of appends whose keys are still remembered; whether anything is left to do.
  private mutating func heedKeys(_ frame: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    for key in frame.keys(bytes) ?? [] {
      let isForgotten =
        newestKey - min(newestKey, key.sequence) >= Limits.keysRemembered
        && now - key.time > Limits.keySecondsRemembered * 1_000_000
      if isForgotten { continue }
      for index in frame.events(ofAppend: key.append, bytes) {
        guard case .remove(let record) = verdicts[index] else { continue }
        if standing.contains(record) {
          verdicts[index] = .hold(record)
        } else {
          verdicts[index] =
            frame.payloadLengths.value(index, in: bytes) > 0 || frame.extrasEnd != 0
            ? .empty(record) : .hold(record)
        }
      }
    }
    return verdicts.contains {
      switch $0 {
      case .keep, .hold: false
      case .redact, .empty, .remove: true
      }
    }
  }

  private mutating func bounds(_ id: Span<UInt8>) throws(LogError) -> RetentionBounds? {
    let hash = core.hasher.hash(id, .aggregate)
    let subjects = rules.subjects(of: id, hash, core.hasher)
    if subjects.own == nil, subjects.category == nil { return nil }
    if let found = known[hash] { return found }
    var bounds = RetentionBounds()
    let core = core
    let through = through
    func newest() throws(LogError) -> UInt64 { try core.version(of: id, through: through) }
    if let own = subjects.own { try bounds.add(own, now: now, newest: newest) }
    if let category = subjects.category { try bounds.add(category, now: now, newest: newest) }
    if known.count >= Self.knownMax { known.removeAll(keepingCapacity: true) }
    known[hash] = .some(bounds.isOpen ? nil : bounds)
    return bounds.isOpen ? nil : bounds
  }
}
