/// The rules of retention in force after one record: immutable, and kept by whoever reads by them.
package final class RetentionRules: Sendable {
  /// What holds for one aggregate or category.
  package struct Subject: Sendable, BitwiseCopyable {
    /// Events up to this position are hidden, by `positionRecord`.
    package var throughPosition: UInt64 = 0
    package var positionRecord: UInt64 = 0
    /// Events up to this version are hidden, by `versionRecord`.
    package var throughVersion: UInt64 = 0
    package var versionRecord: UInt64 = 0
    /// Only so many of the newest are seen, by `countRecord`; 0: all.
    package var keepCount: UInt64 = 0
    package var countRecord: UInt64 = 0
    /// Only younger ones are seen, in microseconds, by `ageRecord`; 0: all.
    package var keepAge: Int64 = 0
    package var ageRecord: UInt64 = 0
    /// The record that deleted it; 0: none, or it was reopened.
    package var deletion: UInt64 = 0
    /// The aggregate's version at the deletion.
    package var deletedVersion: UInt64 = 0
    package var isTombstone = false
    /// The last record about one of its events; 0: none.
    package var eventRecord: UInt64 = 0

    /// Whether what is hidden changes without a record: by appending, or by time.
    package var isStanding: Bool { keepCount > 0 || keepAge > 0 }

    /// What is earlier is too old at `now`; nil where nothing ever is.
    package func agedBefore(_ now: Int64) -> Int64? {
      let (limit, overflow) = now.subtractingReportingOverflow(keepAge)
      return keepAge > 0 && !overflow ? limit : nil
    }
  }

  /// What holds for one event.
  package struct Single: Sendable, BitwiseCopyable {
    /// The record that hides it; 0: none.
    package var skipRecord: UInt64 = 0
    /// The record that hides its payload; 0: none.
    package var redactRecord: UInt64 = 0
  }

  /// The rules through this record.
  package let record: UInt64
  package let aggregates: RuleLevels<KeyHash, Subject>
  /// By the key hash of the category's name, as if it were an aggregate's id.
  package let categories: RuleLevels<KeyHash, Subject>
  package let events: RuleLevels<UInt64, Single>
  /// No event behind this position is hidden or redacted by a rule that names none to come.
  package let fixedThrough: UInt64
  /// Whether there may be rules that hide events to come: a number or an age to keep.
  package let hasStanding: Bool
  /// The positions of events with rules of their own lie in here.
  package let eventBounds: (first: UInt64, last: UInt64)

  /// No rules.
  package static let none = RetentionRules(Draft())

  /// Rules that are being put together.
  package struct Draft: Sendable {
    package var record: UInt64 = 0
    package var aggregates = RuleLevels<KeyHash, Subject>()
    package var categories = RuleLevels<KeyHash, Subject>()
    package var events = RuleLevels<UInt64, Single>()
    package var fixedThrough: UInt64 = 0
    package var hasStanding = false
    package var eventBounds: (first: UInt64, last: UInt64) = (.max, 0)

    package init() {}
  }

  package init(_ draft: Draft) {
    record = draft.record
    aggregates = draft.aggregates
    categories = draft.categories
    events = draft.events
    fixedThrough = draft.fixedThrough
    hasStanding = draft.hasStanding
    eventBounds = draft.eventBounds
  }

  /// The rule of the event at `position`, if it has one.
  @inline(__always)
  package func single(_ position: UInt64) -> Single? {
    if position < eventBounds.first || position > eventBounds.last { return nil }
    return events[position]
  }

  /// The rules of an aggregate, and of its category.
  package func subjects(
    of id: Span<UInt8>,
    _ hash: KeyHash,
    _ hasher: KeyHasher
  ) -> (own: Subject?, category: Subject?) {
    (aggregates[hash], category(of: id, hasher))
  }

  private func category(of id: Span<UInt8>, _ hasher: KeyHasher) -> Subject? {
    if categories.isEmpty { return nil }
    var end = 0
    while end < id.count, id[end] != UInt8(ascii: "-") { end += 1 }
    return categories[hasher.hash(id.extracting(0..<end), .aggregate)]
  }
}

extension RetentionRules.Draft {
  /// Takes up the next rule.
  ///
  /// - Parameter isShared: whether readers may hold what this was made from.
  package mutating func apply(_ placed: PlacedRetention, _ hasher: KeyHasher, isShared: Bool) {
    let rule = placed.record
    record = placed.number
    if rule.scope == .event {
      applySingle(placed, isShared: isShared)
      let hash = hasher.hash(rule.name.span, .aggregate)
      var owner = aggregates[hash] ?? .init()
      owner.eventRecord = placed.number
      aggregates.set(hash, owner, isShared: isShared)
      return
    }
    let hash = hasher.hash(rule.name.span, .aggregate)
    let isCategory = rule.scope == .category
    var subject = (isCategory ? categories[hash] : aggregates[hash]) ?? .init()
    let before = placed.nextPosition - 1
    switch rule.kind {
    case .delete, .tombstone:
      // Of two that hide the same the first is the reason.
      if before > subject.throughPosition {
        subject.throughPosition = before
        subject.positionRecord = placed.number
      }
      subject.deletion = placed.number
      subject.deletedVersion = rule.value
      if rule.kind == .tombstone { subject.isTombstone = true }
      fixedThrough = max(fixedThrough, before)
    case .reopen:
      if !subject.isTombstone { subject.deletion = 0 }
    case .truncate:
      if rule.value > 0, rule.value - 1 > subject.throughVersion {
        subject.throughVersion = rule.value - 1
        subject.versionRecord = placed.number
      }
      fixedThrough = max(fixedThrough, before)
    case .keepCount:
      subject.keepCount = rule.value
      subject.countRecord = placed.number
      if rule.value > 0 { hasStanding = true }
    case .keepAge:
      subject.keepAge = Int64(clamping: rule.value)
      subject.ageRecord = placed.number
      if rule.value > 0 { hasStanding = true }
    case .redact, .skip:
      return
    }
    if isCategory {
      categories.set(hash, subject, isShared: isShared)
    } else {
      aggregates.set(hash, subject, isShared: isShared)
    }
  }

  private mutating func applySingle(_ placed: PlacedRetention, isShared: Bool) {
    let position = placed.record.value
    var single = events[position] ?? .init()
    if placed.record.kind == .skip {
      if single.skipRecord == 0 { single.skipRecord = placed.number }
    } else if single.redactRecord == 0 {
      single.redactRecord = placed.number
    }
    events.set(position, single, isShared: isShared)
    eventBounds = (min(eventBounds.first, position), max(eventBounds.last, position))
    fixedThrough = max(fixedThrough, position)
  }
}

/// What of an aggregate's events may be seen, and by which rules not.
package struct RetentionBounds: Sendable, BitwiseCopyable {
  /// Events up to this position are hidden.
  package var position: UInt64 = 0
  package var positionRecord: UInt64 = 0
  /// Events up to this version are hidden.
  package var version: UInt64 = 0
  package var versionRecord: UInt64 = 0
  /// Events before this time are hidden.
  package var time = Int64.min
  package var timeRecord: UInt64 = 0

  package init() {}

  /// Whether nothing is hidden.
  package var isOpen: Bool { position == 0 && version == 0 && time == .min }

  /// Takes up what holds for the aggregate or its category.
  ///
  /// - Parameters:
  ///   - now: the reader's clock.
  ///   - newest: the aggregate's true version; asked only where it matters.
  package mutating func add<Failure: Error>(
    _ subject: RetentionRules.Subject,
    now: Int64,
    newest: () throws(Failure) -> UInt64
  ) throws(Failure) {
    if subject.throughPosition > position {
      position = subject.throughPosition
      positionRecord = subject.positionRecord
    }
    if subject.throughVersion > version {
      version = subject.throughVersion
      versionRecord = subject.versionRecord
    }
    if subject.keepCount > 0 {
      let newest = try newest()
      if newest > subject.keepCount, newest - subject.keepCount > version {
        version = newest - subject.keepCount
        versionRecord = subject.countRecord
      }
    }
    if let limit = subject.agedBefore(now), limit > time {
      time = limit
      timeRecord = subject.ageRecord
    }
  }

  /// The record whose rule hides an event; nil if none does.
  @inline(__always)
  package func hides(position: UInt64, version: UInt64, time: Int64) -> UInt64? {
    if position <= self.position { return positionRecord }
    if version <= self.version { return versionRecord }
    if time < self.time { return timeRecord }
    return nil
  }
}
