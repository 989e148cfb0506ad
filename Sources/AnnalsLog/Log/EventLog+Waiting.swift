internal import Synchronization

/// Waiting for what is appended, in the writer's process or in another.
extension EventLog {
  /// Takes up what a writer in another process has published since; true if there was something.
  ///
  /// Only of use in a log opened for reading: in the writer's process readers see everything at
  /// once.
  @discardableResult
  public func refresh() throws(LogError) -> Bool {
    try follower?.refresh() ?? false
  }

  /// Blocks until there is an event behind `position`, or the time has passed; true if there is.
  ///
  /// - Throws: `.closed` if the log was closed, before or meanwhile; what following a writer in
  ///   another process throws.
  public func wait(after position: Position, milliseconds: Int) throws(LogError) -> Bool {
    let nanoseconds = SystemClock.nanoseconds(milliseconds: milliseconds)
    let deadline = SystemClock.monotonicNanoseconds() + nanoseconds
    while true {
      try refresh()
      if head() > position { return true }
      if isClosed.load(ordering: .acquiring) { throw .closed }
      let now = SystemClock.monotonicNanoseconds()
      if now >= deadline { return false }
      let rest = Int64(deadline - now)
      if let follower {
        follower.wait(nanoseconds: rest, unlessBeyond: position.rawValue)
      } else {
        core.signal.wait(nanoseconds: UInt64(rest), isReady: frameStaged) {
          core.visibleThrough(core.options.visibility) > position.rawValue
            || isClosed.load(ordering: .acquiring)
        }
      }
    }
  }

  /// Blocks until one of the watermarks is beyond what was seen of it, or the time has passed.
  package func waitForMove(
    durable: Position,
    written: Position,
    milliseconds: Int
  ) throws(LogError) {
    let nanoseconds = SystemClock.nanoseconds(milliseconds: milliseconds)
    if let follower {
      follower.wait(nanoseconds: Int64(nanoseconds), unlessBeyond: head().rawValue)
      try refresh()
    } else {
      // Not the log's own watermarks, which may frame what is staged and move the signal.
      core.signal.wait(nanoseconds: nanoseconds, isReady: frameStaged) {
        core.durableThrough > durable.rawValue || core.writtenThrough > written.rawValue
      }
    }
  }
}
