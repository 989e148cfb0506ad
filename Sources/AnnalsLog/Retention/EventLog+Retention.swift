extension EventLog {
  /// Makes a rule about what readers see.
  ///
  /// It is written into the log, in its order, and durable on return; readers of this process obey
  /// it from then on, those of others once they have looked (`refresh`, `wait`). What is being read
  /// goes on as it began. Costs one sync; appends wait meanwhile.
  ///
  /// - Parameters:
  ///   - rule: What is to be hidden, or no longer.
  ///   - reason: Why, for people; at most 1,024 bytes.
  /// - Throws: `.refusedByRetention`, `.positionBeyondHead`, `.limitExceeded`, `.invalidName`,
  ///   `.diskFull`: there is no new rule. `.outcomeUnknown`: reopening tells. `.writerPoisoned`,
  ///   `.closed`, `.readOnly`.
  @discardableResult
  public func retain(
    _ rule: RetentionRule,
    reason: String = ""
  ) throws(LogError) -> RetentionReceipt {
    guard let writer else { throw .readOnly }
    return try writer.retain(rule, reason)
  }

  /// Whether a rule could be made now; changes nothing.
  ///
  /// - Returns: What `retain` would return.
  /// - Throws: What `retain` throws for a rule that is refused.
  public func checkRule(
    _ rule: RetentionRule,
    reason: String = ""
  ) throws(LogError) -> RetentionReceipt {
    let record = core.retention.record + 1
    let through = writtenThrough
    let made = try core.makeRule(rule, reason, through: through.rawValue)
    return RetentionReceipt(
      record: record,
      position: through,
      version: Version(made.version)
    )
  }

  /// What there is of an aggregate: tells one that was deleted from one that never existed.
  public func status(
    of aggregate: AggregateID,
    visibility: Durability? = nil
  ) throws(LogError) -> AggregateStatus {
    let through = head(visibility).rawValue
    return try core.status(of: aggregate, through: through)
  }

  /// The log as it is now, to be read again and again: give it to a request as its `pin`.
  public func pin(
    at position: Position? = nil,
    visibility: Durability? = nil
  ) throws(LogError) -> LogPin {
    let visibility = visibility ?? core.options.visibility
    frameStaged(visibility)
    let moment = core.moment(visibility)
    let head = Position(moment.visible)
    if let position, position > head {
      throw .positionBeyondHead(requested: position, head: head)
    }
    return LogPin(
      position: position ?? head,
      head: head,
      view: moment.view,
      rules: moment.rules,
      now: core.options.clock()
    )
  }

  /// The number of rules made so far.
  public var ruleCount: UInt64 { core.retention.record }

  /// All rules made so far, in their order.
  ///
  /// Memory and time grow with their number.
  public var rules: [RecordedRule] { core.retention.records.map(RecordedRule.init) }
}

extension EventLog {
  /// What folding an aggregate has to heed; nil, at the cost of one load, if there are no rules.
  ///
  /// To be asked before the events are read.
  package func foldRules(
    of aggregate: AggregateID,
    _ visibility: Durability?
  ) throws(LogError) -> FoldRules? {
    guard let rules = core.retention.current else { return nil }
    let id = aggregate.text.utf8Span.span
    let hash = core.hasher.hash(id, .aggregate)
    let subjects = rules.subjects(of: id, hash, core.hasher)
    guard subjects.own != nil || subjects.category != nil else {
      return FoldRules(record: rules.record)
    }
    let through = head(visibility).rawValue
    let version = try core.version(of: id, through: through)
    return FoldRules(
      record: rules.record,
      isAffected: true,
      isStanding: (subjects.own?.isStanding ?? false) || (subjects.category?.isStanding ?? false),
      floor: Version(version),
      deletion: try core.deletion(of: aggregate, version: version)
    )
  }
}

/// What folding an aggregate has to heed where there are rules of retention.
package struct FoldRules: Sendable {
  /// The last rule that was known.
  package var record: UInt64
  /// Whether any rule is about the aggregate, its category or one of its events.
  package var isAffected = false
  /// Whether what is hidden of it changes without a new rule.
  package var isStanding = false
  /// The version it has, whatever of it is hidden.
  package var floor = Version.none
  /// The deletion it is under.
  package var deletion: Deletion?
}

/// A rule of retention as it stands in the log.
public struct RecordedRule: Hashable, Sendable {
  /// The rule.
  public let rule: RetentionRule
  /// Its number among all rules of the log.
  public let record: UInt64
  /// The position of the last event before it.
  public let position: Position
  /// When it was made, by the writer's clock.
  public let time: Timestamp
  /// Why.
  public let reason: String

  init(_ placed: PlacedRetention) {
    let content = placed.record
    let name = content.name.span.text
    let subject: RetentionSubject =
      content.scope == .category ? .category(name) : .aggregate(AggregateID(name))
    rule =
      switch content.kind {
      case .delete: .delete(subject)
      case .reopen: .reopen(subject)
      case .tombstone: .tombstone(subject)
      case .truncate: .truncate(AggregateID(name), before: Version(content.value))
      case .keepCount: .keepCount(subject, content.value == 0 ? nil : content.value)
      case .keepAge:
        .keepAge(subject, microseconds: content.value == 0 ? nil : Int64(content.value))
      case .redact: .redact(Position(content.value))
      case .skip: .skip(Position(content.value))
      }
    record = placed.number
    position = Position(placed.nextPosition - 1)
    time = Timestamp(microseconds: content.time)
    reason = content.reason.span.text
  }
}

// MARK: Making rules

extension LogCore {
  /// What there is of an aggregate.
  package func status(
    of aggregate: AggregateID,
    through: UInt64
  ) throws(LogError) -> AggregateStatus {
    let id = aggregate.text.utf8Span.span
    let version = try self.version(of: id, through: through)
    if let deletion = try deletion(of: aggregate, version: version) {
      return .deleted(deletion, Version(version))
    }
    return version == 0 ? .neverExisted : .exists(Version(version))
  }

  /// The deletion an aggregate is under at its true version; nil if it is under none.
  package func deletion(
    of aggregate: AggregateID,
    version: UInt64
  ) throws(LogError) -> Deletion? {
    guard let rules = retention.current else { return nil }
    let id = aggregate.text.utf8Span.span
    let hash = hasher.hash(id, .aggregate)
    let subjects = rules.subjects(of: id, hash, hasher)
    var record: UInt64 = 0
    if let own = subjects.own, own.deletion != 0,
      own.isTombstone || own.deletedVersion >= version
    {
      record = own.deletion
    }
    if record == 0, let category = subjects.category, category.deletion != 0 {
      let newest = version == 0 ? nil : try newestPosition(of: hash)
      if category.isTombstone
        || version > 0 && newest.map({ $0 <= category.throughPosition }) ?? true
      {
        record = category.deletion
      }
    }
    return record == 0 ? nil : retention.placed(record).map(Deletion.init)
  }

  /// The position of an aggregate's newest event that is still there.
  private func newestPosition(of hash: KeyHash) throws(LogError) -> UInt64? {
    var found = Postings()
    try findPostings(hash, currentView, into: &found)
    guard let part = found.parts.first, let last = part.places.last else { return nil }
    return part.segment.base.position + UInt64(found.ordinals[last])
  }

  /// The record that a rule makes, and the version of the aggregate it is about.
  ///
  /// - Parameter through: the last position there is.
  package func makeRule(
    _ rule: RetentionRule,
    _ reason: String,
    through: UInt64
  ) throws(LogError) -> (record: RetentionRecord, version: UInt64) {
    let reason = Array(reason.utf8)
    guard reason.count <= Limits.reasonBytesMax else {
      throw .limitExceeded(
        LimitExceeded(.reasonBytes, value: reason.count, maximum: Limits.reasonBytesMax)
      )
    }
    func made(
      _ kind: RetentionRecord.Kind,
      _ scope: RetentionRecord.Scope,
      _ name: String,
      _ value: UInt64
    ) -> RetentionRecord {
      RetentionRecord(
        kind,
        scope,
        time: options.clock(),
        value: value,
        name: Array(name.utf8),
        reason: reason
      )
    }
    func subject(
      _ kind: RetentionRecord.Kind,
      _ subject: RetentionSubject,
      _ value: UInt64? = nil
    ) throws(LogError) -> (RetentionRecord, UInt64) {
      try checkName(subject)
      guard case .aggregate(let id) = subject else {
        return (made(kind, .category, subject.name, value ?? 0), 0)
      }
      let version = try self.version(of: id.text.utf8Span.span, through: through)
      return (made(kind, .aggregate, id.text, value ?? version), version)
    }
    func refused(_ about: RetentionSubject?, _ why: RetentionRefusal.Reason) -> LogError {
      .refusedByRetention(RetentionRefusal(about, why))
    }
    switch rule {
    case .delete(let about), .tombstone(let about), .reopen(let about):
      let kind: RetentionRecord.Kind =
        switch rule {
        case .delete: .delete
        case .tombstone: .tombstone
        default: .reopen
        }
      let found = try subject(kind, about)
      let deletion = try deletion(of: about, version: found.1)
      if case .aggregate = about, found.1 == 0 { throw refused(about, .neverExisted) }
      if let deletion, deletion.isFinal { throw refused(about, .tombstoned(deletion)) }
      if let deletion, kind == .delete { throw refused(about, .deleted(deletion)) }
      if deletion == nil, kind == .reopen { throw refused(about, .notDeleted) }
      return found
    case .truncate(let id, let before):
      let about = RetentionSubject.aggregate(id)
      let found = try subject(.truncate, about, before.rawValue)
      if found.1 == 0 { throw refused(about, .neverExisted) }
      guard before.rawValue >= 1, before.rawValue <= found.1 + 1 else {
        throw refused(about, .versionBeyondLast(before, last: Version(found.1)))
      }
      return found
    case .keepCount(let about, let count):
      if count == 0 { throw refused(about, .notPositive) }
      return try subject(.keepCount, about, min(count ?? 0, UInt64(Int64.max)))
    case .keepAge(let about, let age):
      if let age, age <= 0 { throw refused(about, .notPositive) }
      return try subject(.keepAge, about, UInt64(age ?? 0))
    case .redact(let position), .skip(let position):
      guard position.rawValue >= 1, position.rawValue <= through else {
        throw .positionBeyondHead(requested: position, head: Position(through))
      }
      var request = ReadRequest.all(after: Position(position.rawValue - 1))
      request.until = position.rawValue
      request.visibility = .written
      var cursor = try EventCursor(self, request)
      guard let event = try cursor.next() else { throw refused(nil, .hidden(position)) }
      let version = event.version.rawValue
      let name = event.aggregate.text
      let kind: RetentionRecord.Kind = if case .skip = rule { .skip } else { .redact }
      return (made(kind, .event, name, position.rawValue), version)
    }
  }

  private func deletion(
    of subject: RetentionSubject,
    version: UInt64
  ) throws(LogError) -> Deletion? {
    switch subject {
    case .aggregate(let id): return try deletion(of: id, version: version)
    case .category(let name):
      guard let rules = retention.current,
        let found = rules.categories[hasher.hash(name.utf8Span.span, .aggregate)],
        found.deletion != 0, let placed = retention.placed(found.deletion)
      else { return nil }
      // What was appended since may be deleted once more.
      let deletion = Deletion(placed)
      return deletion
    }
  }

  private func checkName(_ subject: RetentionSubject) throws(LogError) {
    let name = subject.name
    guard !name.isEmpty else { throw .invalidName(InvalidName(.aggregate, .empty)) }
    guard !name.utf8.contains(0) else {
      throw .invalidName(InvalidName(.aggregate, .containsNUL))
    }
    guard name.utf8.count <= Limits.aggregateIDBytesMax else {
      throw .limitExceeded(
        LimitExceeded(
          .aggregateIDBytes,
          value: name.utf8.count,
          maximum: Limits.aggregateIDBytesMax
        )
      )
    }
  }
}

extension Deletion {
  init(_ placed: PlacedRetention) {
    self.init(
      record: placed.number,
      position: Position(placed.nextPosition - 1),
      time: Timestamp(microseconds: placed.record.time),
      reason: placed.record.reason.span.text,
      isFinal: placed.record.kind == .tombstone
    )
  }
}
