extension EventLog {
  /// What compaction would do now, and why it leaves what it leaves.
  ///
  /// Reads the segments that rules of retention may be about; changes nothing, and works on a log
  /// that was opened for reading.
  public func planCompaction(
    _ options: CompactionOptions = CompactionOptions()
  ) throws(LogError) -> CompactionReport {
    var compactor = Compactor(core, options, newestKey: newestKey)
    try compactor.plan()
    return compactor.report
  }

  /// Rewrites sealed segments without what rules of retention removed.
  ///
  /// Blocks the calling thread, and no append but for moments. Readers keep what they began to
  /// read; positions and versions stay what they are. May be ended at any time, by a crash, too:
  /// what was finished stays, the rest is left for the next time. Memory: a segment's index.
  ///
  /// - Throws: `.spaceNeeded` before a segment there is no room for; `.corrupt` where one is
  ///   damaged; what is finished by then stays. `.closed`, `.writerPoisoned`, `.readOnly`.
  @discardableResult
  public func compact(
    _ options: CompactionOptions = CompactionOptions()
  ) throws(LogError) -> CompactionReport {
    guard let writer else { throw .readOnly }
    let (isAsked, maintenance) = (options.isCancelled, writer.maintenance)
    var options = options
    options.isCancelled = { isAsked() || maintenance.current.isEnding }
    return try maintenance.compaction.withLock { () throws(LogError) in
      try writer.lock.withLock { () throws(LogError) in try writer.checkUsable() }
      if options.sealsActiveSegment, try hasGarbageInWriting(options) {
        try writer.sealSegment()
      }
      writer.maintenance.awaitFooters()
      var compactor = Compactor(core, options, newestKey: newestKey)
      try compactor.plan()
      // Before the events: until those are gone it is done again, whatever happens.
      if let erased = compactor.erased { try snapshots.forget(erased.aggregates) }
      try compactor.run(writer.maintenance, writer.control)
      return compactor.report
    }
  }

  private var newestKey: UInt64 {
    if let writer { return writer.lock.withLock { writer.keySequence } }
    return core.currentView.segments.map { $0.current.entry.keySequence }.max() ?? 0
  }

  private func hasGarbageInWriting(_ options: CompactionOptions) throws(LogError) -> Bool {
    guard let active = core.currentView.segments.last, !active.isSealed else { return false }
    var compactor = Compactor(core, options, newestKey: newestKey)
    let found = try compactor.survey(active)
    return found.eventsRemoved > 0 || found.payloadsRemoved > 0
  }
}

extension Writer {
  /// Seals the segment in writing, if it holds anything.
  func sealSegment() throws(LogError) {
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
