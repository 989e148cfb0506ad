internal import Synchronization

/// An append-only log of events: durable, in one total order, indexed by aggregate and tag.
///
/// One writer and any number of readers, in one process or several. Safe to use from any thread;
/// readers never block the writer, nor it them.
///
/// ```swift
/// let log = try EventLog(at: "/var/lib/shop")
/// let placed = NewEvent(type: "OrderPlaced", payload: bytes)
/// try log.append([placed], to: "order-7", expecting: .absent)
/// try log.forEach(.aggregate("order-7")) { event in print(event.position, event.type) }
/// ```
public final class EventLog: Sendable {
  package let core: LogCore
  package let writer: Writer?
  package let follower: Follower?
  /// The states of aggregates that were kept; touches no file before it is used.
  package let snapshots: SnapshotStore
  /// Nil on a log that was opened for reading.
  package let compaction: Compaction?
  private let automatic: AutomaticCompactor?
  private let control: ControlPage?
  /// Whether it was written and is closed: no event comes any more.
  let isClosed = Atomic<Bool>(false)
  /// What opening found and did.
  public let recovery: RecoveryReport

  /// Opens the log in the directory at `path`, making it if there is none and the options allow.
  ///
  /// Costs the number of segments and the tail written since the last proper close, not the number
  /// of events.
  ///
  /// - Throws: `.locked` if another writer has it, `.notAStore`, `.occupied`, `.corrupt` if
  ///   acknowledged events are damaged (opening for reading only still works then),
  ///   `.unsupportedVersion`, `.missingFile`, `.truncatedFile`, `.diskFull`, `.system`.
  public init(at path: String, options: LogOptions = LogOptions()) throws(LogError) {
    let start = SystemClock.monotonicNanoseconds()
    let options = options.obeyed
    let parts =
      options.access == .readWrite
      ? try Self.openForWriting(path, options) : try Self.openForReading(path, options)
    core = parts.core
    writer = parts.writer
    follower = parts.follower
    control = parts.control
    let snapshots = SnapshotStore(parts.core, parts.writer)
    self.snapshots = snapshots
    compaction = parts.writer.map { Compaction(parts.core, $0, snapshots) }
    automatic = compaction.flatMap { compaction in
      options.automaticCompaction.map { AutomaticCompactor(parts.core, compaction, $0) }
    }
    var report = parts.report
    report.microseconds = Int64((SystemClock.monotonicNanoseconds() - start) / 1000)
    recovery = report
    try automatic?.start()
  }

  deinit {
    try? close()
  }

  /// The position of the last event a reader of the given visibility sees; 0 in an empty log.
  public func head(_ visibility: Durability? = nil) -> Position {
    let visibility = visibility ?? core.options.visibility
    frameStaged(visibility)
    return Position(core.visibleThrough(visibility))
  }

  /// Everything up to here survives power loss.
  public var durableThrough: Position { Position(core.durableThrough) }

  /// Everything up to here is with the kernel.
  public var writtenThrough: Position { head(.written) }

  /// The random identity of the store; shared by its forks and backups.
  public var storeID: StoreID { core.storeID }

  /// The number of events an aggregate has.
  public func version(
    of aggregate: AggregateID,
    visibility: Durability? = nil
  ) throws(LogError) -> Version {
    let through = head(visibility).rawValue
    return Version(try core.version(of: aggregate.text.utf8Span.span, through: through))
  }

  /// Makes everything written so far durable.
  public func sync() throws(LogError) {
    guard let writer else { throw .readOnly }
    try writer.sync()
  }

  /// Makes everything durable, notes the end of the log so that the next opening needs no scan, and
  /// gives the store up.
  ///
  /// Later appends throw `.closed`. A second close does nothing, but for waiting until the first is
  /// done.
  ///
  /// - Throws: `.writerPoisoned`, `.outcomeUnknown`, `.diskFull`, `.system`: the store is given up
  ///   all the same. `.system` with `EDEADLK` from within what a compaction asks or tells: the log
  ///   stays open.
  public func close() throws(LogError) {
    guard let writer else { return }
    try checkMayClose()
    automatic?.stop()
    snapshots.close()
    defer {
      isClosed.store(true, ordering: .releasing)
      core.signal.wake()
    }
    try writer.close()
    control?.end()
  }

  /// Fails where a close would wait for its own thread.
  package func checkMayClose() throws(LogError) {
    try writer?.maintenance.checkNotCompacting()
  }
}

// MARK: Appending

extension EventLog {
  /// Appends a batch: all of its events or none, whatever happens.
  ///
  /// Blocks the calling thread until the events have the durability asked for. Concurrent appends
  /// share one write and one sync; a lone caller does both itself.
  ///
  /// - Throws: `.versionConflict`, `.conditionFailed`, `.keyReused`, `.limitExceeded`, `.diskFull`:
  ///   nothing was appended. `.outcomeUnknown`: the events are whole or absent, which reopening and
  ///   the batch's key tell. `.writerPoisoned`, `.closed`, `.readOnly`, `.locked`.
  @discardableResult
  public func append(
    _ batch: EventBatch,
    durability: Durability = .durable
  ) throws(LogError) -> Receipt {
    guard let receipt = try writer?.append(batch, durability) else { throw .readOnly }
    return receipt
  }

  /// Appends a batch without blocking a thread of the tasks' pool.
  @discardableResult
  public func append(
    _ batch: EventBatch,
    durability: Durability = .durable
  ) async throws(LogError) -> Receipt {
    guard let writer else { throw .readOnly }
    return try await writer.appendAsync(batch, durability)
  }

  /// Appends events to one aggregate.
  @discardableResult
  public func append(
    _ events: [NewEvent],
    to aggregate: AggregateID,
    expecting expected: ExpectedVersion = .any,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) throws(LogError) -> Receipt {
    try append(
      makeBatch(events, aggregate, expected, key),
      durability: durability
    )
  }

  /// Appends events to one aggregate without blocking a thread of the tasks' pool.
  @discardableResult
  public func append(
    _ events: [NewEvent],
    to aggregate: AggregateID,
    expecting expected: ExpectedVersion = .any,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) async throws(LogError) -> Receipt {
    try await append(
      makeBatch(events, aggregate, expected, key),
      durability: durability
    )
  }

  private func makeBatch(
    _ events: [NewEvent],
    _ aggregate: AggregateID,
    _ expected: ExpectedVersion,
    _ key: [UInt8]?
  ) throws(LogError) -> EventBatch {
    let batch = EventBatch(limits: core.options.limits)
    try batch.expect(expected, of: aggregate)
    for event in events { try batch.add(event, to: aggregate) }
    batch.key = key
    return batch
  }
}

// MARK: Reading

extension EventLog {
  /// A cursor over the events asked for; the fastest form of reading.
  public func cursor(_ request: ReadRequest = .all()) throws(LogError) -> EventCursor {
    if request.pin == nil { frameStaged(request.visibility ?? core.options.visibility) }
    return try EventCursor(core, request)
  }

  /// Whether an aggregate has `version` and nothing that was appended to it since is on its way.
  ///
  /// Costs a look at the index: nothing that is staged is framed for it. False also where the index
  /// alone cannot tell, as in a log that is only read.
  package func isNewest(_ version: Version, of aggregate: AggregateID) -> Bool {
    if writer == nil || core.hasDamages { return false }
    let hash = core.hasher.hash(aggregate.text.utf8Span.span, .aggregate)
    return core.index.withState { state in
      guard let slot = state.knownSlot(hash) else { return false }
      return state.table[slot].version == version.rawValue
    }
  }

  /// The last position that was acknowledged with the given visibility: what `head` tells once what
  /// is staged is framed.
  package func acknowledgedHead(_ visibility: Durability) -> Position {
    Position(visibility == .durable ? core.durableThrough : core.acknowledgedThrough)
  }

  /// Has events that are only staged framed, for a reader who is to see what is written.
  func frameStaged(_ visibility: Durability) {
    if visibility == .written { frameStaged() }
  }

  /// Has events that are only staged framed.
  package func frameStaged() { writer?.frameStaged() }

  /// Lends each event asked for to `body`; the stable form of reading without copies.
  public func forEach<Failure: Error>(
    _ request: ReadRequest = .all(),
    _ body: (borrowing EventView) throws(Failure) -> Void
  ) throws {
    var cursor = try cursor(request)
    while let event = try cursor.next() { try body(event) }
  }

  /// Owned copies of the events asked for.
  ///
  /// A damaged page or a truncated file is an error.
  public func read(_ request: ReadRequest = .all()) throws(LogError) -> [RecordedEvent] {
    var guarded = request
    guarded.isGuarded = true
    var cursor = try cursor(guarded)
    var events: [RecordedEvent] = []
    while let event = try cursor.next() { events.append(event.copy()) }
    return events
  }

  /// Owned copies of the events of one aggregate behind a version.
  public func events(
    of aggregate: AggregateID,
    after version: Version = .none
  ) throws(LogError) -> [RecordedEvent] {
    try read(.aggregate(aggregate, after: version))
  }

  /// Owned copies of all events behind a position.
  public func events(
    after position: Position = .start,
    limit: Int = .max
  ) throws(LogError) -> [RecordedEvent] {
    var request = ReadRequest.all(after: position)
    request.limit = limit
    return try read(request)
  }
}

extension VersionConflict {
  /// The events the caller missed: those behind the version it expected.
  public func missedEvents(in log: EventLog) throws(LogError) -> [RecordedEvent] {
    let known: Version = if case .exactly(let version) = expected { version } else { .none }
    var request = ReadRequest.aggregate(aggregate, after: known)
    request.visibility = .written
    return try log.read(request)
  }
}
