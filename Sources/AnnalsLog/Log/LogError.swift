/// Everything that can go wrong below the event store, as facts.
///
/// Tests and programs compare values; the command renders sentences (`description`).
@nonexhaustive
public enum LogError: Error, Equatable, Sendable {
  /// A system call failed. If the writer was using it, it may now be poisoned.
  case system(SystemError)
  /// There is no room. Nothing was acknowledged; appends work again once there is space.
  case diskFull(SystemError)
  /// Compaction needs more room than there is; nothing was changed by what it could not begin.
  case spaceNeeded(bytes: Int, available: Int)
  /// Bytes that were once acknowledged are not what was written.
  case corrupt(Corruption)
  /// A file is shorter than what was acknowledged in it.
  case truncatedFile(file: String, expected: UInt64, actual: UInt64)
  /// A file that the store's manifest lists is not there.
  case missingFile(file: String, positions: PositionRange?)
  /// The bytes were written by a newer format, or with features this build does not know.
  case unsupportedVersion(file: String, UnsupportedVersion)
  /// Another writer holds the store.
  case locked(path: String)
  /// There is no store at the path.
  case notAStore(path: String)
  /// Where a store should be made, something stands already, be it a file, other files or another
  /// store; or the place is inside a store.
  case occupied(path: String)
  /// The log was opened for reading only.
  case readOnly
  /// The log was closed.
  case closed
  /// An aggregate is not at the version the append demanded; nothing was appended.
  case versionConflict(VersionConflict)
  /// An event matching the append's condition stands after its position; nothing was appended.
  case conditionFailed(ConditionConflict)
  /// The idempotency key was used before, for other events.
  case keyReused(firstPosition: Position)
  /// A rule of retention forbids it, or it can not be made a rule; nothing was appended.
  case refusedByRetention(RetentionRefusal)
  /// A limit was exceeded; nothing was appended.
  case limitExceeded(LimitExceeded)
  /// A name is empty, holds a NUL, or is not UTF-8.
  case invalidName(InvalidName)
  /// A write or sync failed after the events were handed over: they are whole or absent, and the
  /// append's key tells which after the log is opened again.
  case outcomeUnknown(SystemError)
  /// An earlier write or sync failed, so what the disk holds is unknown until the log is reopened.
  case writerPoisoned(SystemError)
  /// What stands at the path is no backup that this store can add to; nothing was changed.
  case backupMismatch(path: String, BackupMismatch)
  /// A copy cannot end where it was asked to: compaction has removed an event before its end by a
  /// rule of retention that came later.
  case removedSince(position: Position, end: Position)
  /// Events that a reader of written events had shown behind this position, the last that was
  /// durable, did not survive their writer, and others may have their positions now. What was read
  /// since holds no more; the log must be opened again.
  case writtenEventsLost(after: Position)
  /// A position beyond the head was asked for.
  case positionBeyondHead(requested: Position, head: Position)
}

/// A closed range of positions, for errors and reports.
public struct PositionRange: Hashable, Sendable {
  /// The first position.
  public let first: Position
  /// The last position, not before the first.
  public let last: Position

  /// Creates a range from its ends.
  public init(_ first: Position, _ last: Position) {
    self.first = first
    self.last = last
  }
}

/// Where damaged bytes stand and what is wrong with them.
public struct Corruption: Error, Hashable, Sendable {
  /// The file, relative to the store.
  public let file: String
  /// The byte offset of the damaged structure in the file.
  public let offset: UInt64
  /// The positions that can not be read because of it, where they are known.
  public let positions: PositionRange?
  /// The property the bytes violate.
  public let kind: Kind

  /// Creates a corruption from its facts.
  public init(file: String, offset: Int, positions: PositionRange? = nil, _ kind: Kind) {
    self.file = file
    self.offset = UInt64(offset)
    self.positions = positions
    self.kind = kind
  }

  /// The property the bytes violate.
  @nonexhaustive
  public enum Kind: Hashable, Sendable {
    /// The stored and the computed checksum differ.
    case checksum(stored: UInt32, computed: UInt32)
    /// The checksum fits but the content is not what any writer produces.
    case malformed(Structure)
    /// The file begins with other bytes than its kind of file does.
    case magic
    /// Positions, versions or identities do not continue what stands before.
    case discontinuity(expected: UInt64, found: UInt64)
    /// The file belongs to another store or has another identity than its name.
    case identity
    /// Zeros stand where acknowledged bytes should.
    case erased
  }

  /// The structures of the format, by their names in `Format.md`.
  @nonexhaustive
  public enum Structure: String, Hashable, Sendable {
    case manifest, segmentList, segmentHeader, frame, eventsFrame, controlFrame, footer
    case indexCheckpoint, typeTable, snapshot, staging, consumer, retention, backupCatalog
  }
}

/// A format version or feature that this build does not know.
public struct UnsupportedVersion: Hashable, Sendable {
  /// The major version found.
  public let major: UInt16
  /// The feature bits found that must be understood and are not.
  public let features: UInt32

  /// Creates the fact from its parts.
  public init(major: UInt16, features: UInt32) {
    self.major = major
    self.features = features
  }
}

/// An aggregate that is not at the version an append demanded.
///
/// The events the caller missed are read with `log.events(of: aggregate, after: …)`.
public struct VersionConflict: Hashable, Sendable {
  /// The aggregate.
  public let aggregate: AggregateID
  /// What the append demanded.
  public let expected: ExpectedVersion
  /// The version the aggregate has.
  public let actual: Version

  /// Creates a conflict from its facts.
  public init(aggregate: AggregateID, expected: ExpectedVersion, actual: Version) {
    self.aggregate = aggregate
    self.expected = expected
    self.actual = actual
  }
}

/// An event that broke an append's condition.
public struct ConditionConflict: Hashable, Sendable {
  /// The position after which no matching event was allowed.
  public let after: Position
  /// The first matching event found.
  public let found: Position

  /// Creates a conflict from its facts.
  public init(after: Position, found: Position) {
    self.after = after
    self.found = found
  }
}

/// A limit and the value that exceeded it.
public struct LimitExceeded: Hashable, Sendable {
  /// The limit.
  public let limit: Limit
  /// The value asked for.
  public let value: Int
  /// The greatest value allowed.
  public let maximum: Int

  /// Creates the fact from its parts.
  public init(_ limit: Limit, value: Int, maximum: Int) {
    self.limit = limit
    self.value = value
    self.maximum = maximum
  }

  /// What is limited; see `Limits` for the values and their reasons.
  @nonexhaustive
  public enum Limit: String, Hashable, Sendable {
    case payloadBytes, appendBytes, appendEvents, aggregateIDBytes, typeBytes, tagBytes, tagCount
    case metadataBytes, keyBytes, types, positions, consumerNameBytes, consumerStateBytes
    case snapshotBytes, reasonBytes
  }
}

/// Why a backup cannot be carried on.
@nonexhaustive
public enum BackupMismatch: String, Hashable, Sendable {
  /// A store stands there that was not made by a backup, or is not whole.
  case notABackup
  /// It was opened for writing since it was made.
  case changed
  /// It is of another store.
  case anotherStore
  /// It is of a history that the store has left: one of them was restored or forked since.
  case anotherHistory
  /// It holds more than the store does.
  case ahead
}

/// A name that may not be used, and why.
public struct InvalidName: Hashable, Sendable {
  /// What was named.
  public let subject: Subject
  /// What is wrong.
  public let reason: Reason

  /// Creates the fact from its parts.
  public init(_ subject: Subject, _ reason: Reason) {
    self.subject = subject
    self.reason = reason
  }

  /// The kinds of name.
  public enum Subject: String, Hashable, Sendable { case aggregate, type, tag, key, consumer }
  /// The ways a name can be wrong.
  public enum Reason: String, Hashable, Sendable { case empty, containsNUL, notUTF8 }
}
