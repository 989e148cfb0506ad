/// Compacts the log of a writer, when it is told to.
package final class Compaction: @unchecked Sendable {
  // Checked how: `forgetStates` is touched only under `lock`; the rest is immutable.
  private let core: LogCore
  private let writer: Writer
  private let snapshots: SnapshotStore
  private let lock = Lock()
  private var forgetStates: ForgetStates?

  /// Makes sure that nobody keeps a state into which the event at the position, or a later one, was
  /// folded; false if it is no longer there to do so.
  package typealias ForgetStates = @Sendable (Position) throws(LogError) -> Bool

  init(_ core: LogCore, _ writer: Writer, _ snapshots: SnapshotStore) {
    self.core = core
    self.writer = writer
    self.snapshots = snapshots
  }

  /// Has `body` forget the states of projections, in place of the files being removed: for who has
  /// projections running.
  package func setForgetStates(_ body: @escaping ForgetStates) {
    lock.withLock { forgetStates = body }
  }

  /// See `EventLog.planCompaction`.
  func plan(_ options: CompactionOptions) throws(LogError) -> CompactionReport {
    var compactor = Compactor(core, options, newestKey: newestKey, isDry: true)
    try compactor.plan()
    return compactor.report
  }

  /// See `EventLog.compact`.
  func run(_ options: CompactionOptions) throws(LogError) -> CompactionReport {
    let (isAsked, maintenance) = (options.isCancelled, writer.maintenance)
    var options = options
    options.isCancelled = { isAsked() || maintenance.current.isEnding }
    return try maintenance.whileCompacting { () throws(LogError) in
      try writer.lock.withLock { () throws(LogError) in try writer.checkUsable() }
      var before: CompactionReport?
      while true {
        let isSealed = try sealIfThereIsRoom(options)
        var report = try compactOnce(options)
        let isDone = isSealed || report.isCancelled
        if !isDone, report.segmentsMade == 0 {
          let available = try core.files.log.availableBytes()
          let needed = maintenance.nextSegmentBytes
          throw .spaceNeeded(bytes: max(needed, available + 1), available: available)
        }
        if let before { report.add(before) }
        if isDone { return report }
        // The room that was made may do for it now.
        before = report
      }
    }
  }

  private func compactOnce(_ options: CompactionOptions) throws(LogError) -> CompactionReport {
    writer.maintenance.awaitFooters()
    var compactor = Compactor(core, options, newestKey: newestKey)
    try compactor.plan()
    try compactor.settle()
    // Before the events: until those are gone it is done again, whatever happens.
    if let removed = compactor.removed { try snapshots.forget(removed.aggregates) }
    if let position = compactor.firstErased {
      try forget(from: position)
      try writer.eraseStaging()
    }
    try compactor.run(writer.maintenance, writer.control)
    return compactor.report
  }

  /// Seals the segment in writing if it holds something to remove; false if there is no room for
  /// the next one.
  private func sealIfThereIsRoom(_ options: CompactionOptions) throws(LogError) -> Bool {
    guard options.sealsActiveSegment, try hasGarbageInWriting(options) else { return true }
    do throws(LogError) {
      try writer.sealSegment()
      return true
    } catch {
      guard case .diskFull = error else { throw error }
      return false
    }
  }

  private func forget(from position: Position) throws(LogError) {
    let forgetStates = lock.withLock { self.forgetStates }
    if let forgetStates, try forgetStates(position) { return }
    try ConsumerStore(core, writer).forgetStates(from: position)
  }

  private var newestKey: UInt64 { writer.lock.withLock { writer.keySequence } }

  private func hasGarbageInWriting(_ options: CompactionOptions) throws(LogError) -> Bool {
    guard let active = core.currentView.segments.last, !active.isSealed else { return false }
    var compactor = Compactor(core, options, newestKey: newestKey)
    return try compactor.hasGarbage(active)
  }
}

extension Writer {
  /// Seals the segment in writing, if it holds anything.
  package func sealSegment() throws(LogError) {
    lock.lock()
    defer { lock.unlock() }
    while true {
      try checkUsable()
      if isCommitting || !open.isEmpty {
        waitForRoom()
      } else if tail.offset == Segment.firstFrame {
        return
      } else {
        return try leadRoll(0).get()
      }
    }
  }
}
