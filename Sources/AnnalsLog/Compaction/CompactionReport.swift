/// How compaction goes about it.
public struct CompactionOptions: Sendable {
  /// Segments with a smaller part of removable bytes than this are left, unless something in them
  /// was redacted, deleted or ended: that goes in any case.
  ///
  /// The default is 0.2: rewriting reads and writes what stays, too.
  public var leastGarbage = 0.2
  /// At most so many bytes are written a second; nil, the default, for no limit.
  public var bytesPerSecond: Int?
  /// Whether the segment in writing is sealed first if it holds something to remove.
  ///
  /// The default is true.
  public var sealsActiveSegment = true
  /// Whether events are stored compressed in the segments that are made, and whether segments are
  /// made anew for that alone.
  ///
  /// The default is `.keep`.
  public var compression = Compression.keep
  /// Whether a plan judges every event.
  ///
  /// The default is false: of what footers do not tell, some thousand events a segment are judged
  /// and stand for the rest. Compaction itself counts what it removes.
  public var isExact = false
  /// Asked now and then; compaction ends early once it says true, with all that it finished.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told how many bytes are done, of how many.
  public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

  /// The defaults.
  public init() {}

  /// How events are stored in the segments that are made.
  @nonexhaustive
  public enum Compression: String, Hashable, Sendable {
    /// As they were, each frame for itself.
    case keep
    /// Compressed with LZ4; sealed segments that are not yet, and that become smaller by a tenth at
    /// least, are made anew.
    case compress
    /// Plain; sealed segments that hold compressed frames are made anew.
    case decompress
  }
}

/// What compaction did, or would do.
public struct CompactionReport: Hashable, Sendable {
  /// The bytes of all segments' files before.
  public var bytesBefore = 0
  /// … and after.
  public var bytesAfter = 0
  /// The bytes written for that.
  public var bytesWritten = 0
  /// The events that left.
  public var eventsRemoved = 0
  /// The events whose payload left.
  public var payloadsRemoved = 0
  /// How many segments were rewritten, into how many.
  public var segmentsRewritten = 0
  /// The segments made of them.
  public var segmentsMade = 0
  /// The bytes that must be free for it: the largest segment that is made, with its footer.
  public var spaceNeeded = 0
  /// All segments, in log order.
  public var segments: [Segment] = []
  /// The backups and forks of the store, as far as it knows them, that still hold a segment from
  /// which something is erased.
  public var copies: [String] = []
  /// Whether it was asked to end early.
  public var isCancelled = false

  /// Whether a part of the numbers is an estimate from a sample.
  public var isEstimate: Bool { segments.contains(where: \.isEstimate) }

  /// The part of the segments' bytes that goes, from 0 to 1.
  public var garbage: Double {
    bytesBefore == 0 ? 0 : Double(bytesBefore - bytesAfter) / Double(bytesBefore)
  }

  /// The bytes after, as a part of those before: less than 1 where something became smaller.
  public var ratio: Double { bytesBefore == 0 ? 1 : Double(bytesAfter) / Double(bytesBefore) }

  /// Adds what was done before this.
  mutating func add(_ before: CompactionReport) {
    bytesBefore = before.bytesBefore
    bytesWritten += before.bytesWritten
    eventsRemoved += before.eventsRemoved
    payloadsRemoved += before.payloadsRemoved
    segmentsRewritten += before.segmentsRewritten
    segmentsMade += before.segmentsMade
    spaceNeeded = max(spaceNeeded, before.spaceNeeded)
    copies = before.copies + copies.filter { !before.copies.contains($0) }
  }

  /// No compaction.
  public init() {}

  /// One segment, and what becomes of it.
  public struct Segment: Hashable, Sendable {
    /// The number of the segment, which is its file's name.
    public var id: UInt32
    /// The first position it may hold.
    public var basePosition: Position
    /// The last position it stands for.
    public var lastPosition: Position
    /// The bytes of its file.
    public var bytesBefore: Int
    /// The bytes that stay of it; for a plan an estimate.
    public var bytesAfter: Int
    /// The events that leave.
    public var eventsRemoved: Int
    /// The events whose payload leaves.
    public var payloadsRemoved: Int
    /// The hidden events that stay, for now, because the idempotency key of their append is
    /// remembered; where no rule can show them again their payloads leave.
    public var eventsHeld: Int
    /// How many events leave by which rule.
    public var rules: [Share]
    /// What becomes of it.
    public var outcome: Outcome
    /// Whether the numbers of events and bytes are an estimate from a sample.
    public var isEstimate = false
    /// What is wrong with it, if it is damaged.
    public var damage: Corruption?
  }

  /// The events that one rule removes.
  public struct Share: Hashable, Sendable {
    /// The number of the rule.
    public var record: UInt64
    /// The events.
    public var events: Int
  }

  /// What becomes of a segment, and why.
  @nonexhaustive
  public enum Outcome: String, Hashable, Sendable {
    /// It is rewritten without what leaves.
    case rewritten
    /// It is small and becomes one with its neighbours.
    case merged
    /// No rule hides anything in it.
    case nothingToRemove
    /// What would leave is too little for what would be rewritten.
    case tooLittleGarbage
    /// It is made anew, with its events stored compressed.
    case compressed
    /// It is made anew, with its events stored plain.
    case decompressed
    /// It is in writing, or has no footer yet.
    case inWriting
    /// Only events whose keys are remembered would leave.
    case keysRemembered
    /// It is damaged, see `damage`, and left as it is.
    case damaged
  }
}
