/// What a rule of retention is about.
public enum RetentionSubject: Hashable, Sendable {
  /// One aggregate.
  case aggregate(AggregateID)
  /// All aggregates of a category, those to come included: what stands before the first `-` of an
  /// id, or the whole id.
  case category(String)

  /// The name, without its kind.
  public var name: String {
    switch self {
    case .aggregate(let id): id.text
    case .category(let name): name
    }
  }
}

/// A rule about what readers see: written into the log, in its order, and obeyed by every read.
///
/// Nothing is removed from the disk by a rule alone: compaction does that. Whether it has been
/// there makes no difference to what is read, except where a `keepCount` or `keepAge` is loosened
/// or ended: what compaction has not removed is then seen again.
///
/// Positions and versions never change: what is hidden leaves gaps.
@nonexhaustive
public enum RetentionRule: Hashable, Sendable {
  /// Hides all events that stand now.
  ///
  /// A later append begins the subject again; its versions go on. Until then `.absent` is
  /// satisfied, `.exists` is not, and `.exactly` asks the true version.
  case delete(RetentionSubject)
  /// Takes a deletion back: the subject exists again. What was hidden stays hidden.
  case reopen(RetentionSubject)
  /// Hides all events, and refuses every later append; for ever.
  case tombstone(RetentionSubject)
  /// Hides the events before a version.
  ///
  /// The version is at most one above the aggregate's: then no event is left.
  case truncate(AggregateID, before: Version)
  /// Shows at most so many events of each aggregate, the newest; nil ends the rule.
  case keepCount(RetentionSubject, UInt64?)
  /// Shows events only so many microseconds long, by their own time; nil ends the rule.
  case keepAge(RetentionSubject, microseconds: Int64?)
  /// Shows an event with an empty payload.
  case redact(Position)
  /// Hides an event from all readers. Compaction keeps it.
  case skip(Position)
}

/// What making a rule returns.
public struct RetentionReceipt: Hashable, Sendable {
  /// The number of the rule among all of the log's rules.
  public let record: UInt64
  /// The position of the last event before it.
  public let position: Position
  /// The version of the aggregate it is about; 0 for a category.
  public let version: Version
}

/// When and where an aggregate was deleted.
public struct Deletion: Hashable, Sendable {
  /// The number of the rule.
  public let record: UInt64
  /// The position of the last event before it.
  public let position: Position
  /// When the rule was made, by the writer's clock.
  public let time: Timestamp
  /// Why.
  public let reason: String
  /// Whether it is for ever.
  public let isFinal: Bool

  /// Creates the fact from its parts.
  public init(
    record: UInt64,
    position: Position,
    time: Timestamp,
    reason: String,
    isFinal: Bool
  ) {
    self.record = record
    self.position = position
    self.time = time
    self.reason = reason
    self.isFinal = isFinal
  }
}

/// What there is of an aggregate.
public enum AggregateStatus: Hashable, Sendable {
  /// No event was ever appended to it.
  case neverExisted
  /// It has this version; rules may hide events of it, or all.
  case exists(Version)
  /// It was deleted, and nothing was appended since.
  case deleted(Deletion, Version)
}

/// Why retention refuses an append, or a rule.
public struct RetentionRefusal: Hashable, Sendable {
  /// The aggregate or category; nil if an event was named that is hidden already.
  public let subject: RetentionSubject?
  /// Why.
  public let reason: Reason

  /// Creates the fact from its parts.
  public init(_ subject: RetentionSubject?, _ reason: Reason) {
    self.subject = subject
    self.reason = reason
  }

  /// The reasons.
  @nonexhaustive
  public enum Reason: Hashable, Sendable {
    /// It was ended for ever, itself or with its category.
    case tombstoned(Deletion)
    /// It was deleted, and the append demanded that it exists, or the rule that it is not deleted.
    case deleted(Deletion)
    /// It was not deleted, so it can not be reopened.
    case notDeleted
    /// No event was ever appended to it.
    case neverExisted
    /// It has no such version.
    case versionBeyondLast(Version, last: Version)
    /// The event is hidden already.
    case hidden(Position)
    /// A number of events or an age must be at least 1.
    case notPositive
  }
}

extension RetentionRefusal: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    let name =
      switch subject {
      case .aggregate(let id): id.text
      case .category(let name): "the category \(name)"
      case nil: ""
      }
    switch reason {
    case .tombstoned(let deletion):
      return "\(name) was ended for ever at \(deletion.time)\(deletion.because)"
    case .deleted(let deletion):
      return "\(name) was deleted at \(deletion.time)\(deletion.because)"
    case .notDeleted: return "\(name) is not deleted"
    case .neverExisted: return "\(name) never existed"
    case .versionBeyondLast(let version, let last):
      return "\(name) has no version \(version): its last is \(last)"
    case .hidden(let position):
      return "the event at position \(position) is hidden already"
    case .notPositive: return "a number of events or an age to keep must be at least 1"
    }
  }
}

extension Deletion {
  fileprivate var because: String { reason.isEmpty ? "" : ", because: \(reason)" }
}
