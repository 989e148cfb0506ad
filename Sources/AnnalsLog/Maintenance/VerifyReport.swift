/// What a check of a whole store found.
public struct VerifyReport: Equatable, Sendable {
  /// Whether nothing is wrong; notes do not count.
  public var isOK: Bool { problems.isEmpty }
  /// The events that can be read.
  public var events = 0
  /// The different aggregates they belong to.
  public var aggregates = 0
  /// The segments that hold events or may.
  public var segments = 0
  /// The aggregates of which a snapshot can be read.
  public var snapshots = 0
  /// The bytes of all files that were read.
  public var bytes = 0
  /// The last position that was seen.
  public var lastPosition: Position = .start
  /// What is damaged, in the order it was found.
  public var problems: [VerifyProblem] = []
  /// How many more problems there are than are listed.
  public var problemsOmitted = 0
  /// What is worth knowing and needs no help: the next opening deals with it.
  public var notes: [VerifyNote] = []

  /// No more problems than this are listed: one damaged table can contradict every event.
  public static let problemsMax = 1000

  /// An empty report.
  public init() {}
}

/// One thing that is wrong in a store.
public struct VerifyProblem: Equatable, Sendable {
  /// The property that does not hold.
  public let kind: Kind
  /// What it is that is damaged.
  public let structure: Corruption.Structure?
  /// The file, relative to the store.
  public let file: String
  /// The offset of the damaged structure.
  public let offset: UInt64?
  /// The positions that can not be read because of it, where they are known.
  public let positions: PositionRange?
  /// The value that is not what it should be.
  public let field: String?
  /// What it should be.
  public let expected: UInt64?
  /// What it is.
  public let found: UInt64?
  /// The error of the system, if one is the cause.
  public let cause: LogError?

  /// Creates a problem from its facts.
  public init(
    _ kind: Kind,
    _ structure: Corruption.Structure? = nil,
    file: String,
    offset: UInt64? = nil,
    positions: PositionRange? = nil,
    field: String? = nil,
    expected: UInt64? = nil,
    found: UInt64? = nil,
    cause: LogError? = nil
  ) {
    self.kind = kind
    self.structure = structure
    self.file = file
    self.offset = offset
    self.positions = positions
    self.field = field
    self.expected = expected
    self.found = found
    self.cause = cause
  }

  /// The property that does not hold.
  @nonexhaustive
  public enum Kind: String, Hashable, Sendable {
    /// The disk does not give the bytes.
    case unreadable
    /// A file that is listed is not there.
    case missingFile
    /// A file is shorter than what was acknowledged in it.
    case truncatedFile
    /// The stored and the computed checksum differ.
    case checksum
    /// The checksum fits but the content is not what any writer produces.
    case malformed
    /// The file begins with other bytes than its kind of file does.
    case magic
    /// The file belongs to another store, or is another file of this one.
    case identity
    /// Positions do not continue what stands before.
    case discontinuity
    /// Zeros stand where acknowledged bytes should.
    case erased
    /// The file says that a newer version wrote it.
    case unsupportedVersion
    /// The versions of an aggregate do not continue.
    case versionGap
    /// An event has a type that no name stands for.
    case unknownType
    /// The numbers of idempotency keys do not rise.
    case keyOrder
    /// Two places that say the same thing differ.
    case mismatch
  }
}

/// One thing worth knowing about a store that is no problem.
public struct VerifyNote: Equatable, Sendable {
  /// What it is.
  public let kind: Kind
  /// The file, relative to the store.
  public let file: String
  /// The offset in it, where there is one to name.
  public let offset: UInt64?
  /// The bytes concerned, where they can be counted.
  public let byteCount: UInt64?

  /// Creates a note from its facts.
  public init(_ kind: Kind, file: String, offset: UInt64? = nil, byteCount: UInt64? = nil) {
    self.kind = kind
    self.file = file
    self.offset = offset
    self.byteCount = byteCount
  }

  /// What can be worth knowing.
  @nonexhaustive
  public enum Kind: String, Hashable, Sendable {
    /// Bytes behind the last whole frame that were never acknowledged as durable.
    case tornTail
    /// Bytes behind the end of a sealed segment, left by what was torn there.
    case bytesBehindEnd
    /// A segment that is ready and not begun.
    case spareSegment
    /// A segment that was begun, never synced, and will be dropped.
    case unsyncedSegment
    /// A sealed segment has no footer yet; it is made at the next occasion.
    case missingFooter
    /// A footer that covers less than its segment holds; it is made anew.
    case staleFooter
    /// An index checkpoint is not there; footers answer for it.
    case missingCheckpoint
    /// Snapshots need a dictionary that is not there; replay answers for them.
    case missingDictionary
    /// The type file does not hold names that the log holds, or ends torn; it is completed.
    case typesIncomplete
    /// One of a consumer's two slots is damaged, as a crash leaves it: the other one counts.
    case damagedSlot
    /// A file of a store that nothing refers to.
    case unlistedFile
    /// A file left by an interrupted write.
    case leftover
    /// A file that is none of a store's.
    case strayFile
    /// Written events that a killed process had not framed: the next opening for writing takes them
    /// up.
    case stagedEvents
    /// A writer is at work: only what it had published was checked.
    case liveWriter
  }
}

/// How far a check has come.
public struct VerifyProgress: Sendable {
  /// The bytes read so far.
  public var bytesDone: Int
  /// The bytes there are to be read.
  public var bytesTotal: Int
  /// The file that is being read.
  public var file: String
}
