extension EventLog {
  /// What compaction would do now, and why it leaves what it leaves.
  ///
  /// Asks the segments' footers, and reads what rules name and a sample of some thousand events
  /// where rules are about a category, unless the options ask for every event; the report says
  /// where a number is an estimate. Goes by what is durable: of what is only written, which
  /// compaction makes durable first, it knows nothing. Changes nothing, and works on a log that was
  /// opened for reading.
  public func planCompaction(
    _ options: CompactionOptions = CompactionOptions()
  ) throws(LogError) -> CompactionReport {
    if let compaction { return try compaction.plan(options) }
    let newestKey = core.currentView.segments.map { $0.current.entry.keySequence }.max() ?? 0
    var compactor = Compactor(core, options, newestKey: newestKey, isDry: true)
    try compactor.plan()
    return compactor.report
  }

  /// Rewrites sealed segments without what rules of retention removed.
  ///
  /// Blocks the calling thread, and no append but for moments. Readers keep what they began to
  /// read; positions and versions stay what they are. May be ended at any time, by a crash, too:
  /// what was finished stays, the rest is left for the next time. Memory: a segment's index.
  ///
  /// A damaged segment is left as it is; the report names it.
  ///
  /// - Throws: `.spaceNeeded` before a segment there is no room for; what is finished by then
  ///   stays. `.closed`, `.writerPoisoned`, `.readOnly`; `.system` with `EDEADLK` from within what
  ///   another compaction asks or tells.
  @discardableResult
  public func compact(
    _ options: CompactionOptions = CompactionOptions()
  ) throws(LogError) -> CompactionReport {
    guard let compaction else { throw .readOnly }
    return try compaction.run(options)
  }
}
