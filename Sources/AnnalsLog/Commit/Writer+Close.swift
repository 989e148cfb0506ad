extension Writer {
  /// Makes what was only written durable, if anything was; called now and then by the log's thread.
  package func syncWritten() {
    if core.stagedThrough > 0 || core.durableThrough < core.writtenThrough {
      try? sync()
    }
  }

  /// Ends writing; see `EventLog.close`.
  package func close() throws(LogError) {
    try maintenance.endCompaction()
    lock.lock()
    let wasPoisoned = poison != nil
    // What is queued goes first; then nobody is let in any more.
    while !isClosed, isCommitting || !open.isEmpty { waitForRoom() }
    if isClosed {
      // Whoever closes it may open it again, also if another one was faster.
      while let closer, closer != .current { room.wait() }
      lock.unlock()
      return
    }
    isClosed = true
    closer = .current
    room.broadcast()
    let isUsable = poison == nil && directoryLock.isHeldByProcess
    // Of staged events that could not be framed nobody else hears.
    let unheard = wasPoisoned ? nil : poison
    isCommitting = true
    taskLeader.broadcast()
    let thread = taskThread
    taskThread = nil
    lock.unlock()
    thread?.join()
    writeBehind.stop()
    if core.options.hasMaintenanceThread { maintenance.stop() }
    // Whatever comes of the rest: the store is given up.
    defer {
      directoryLock.release()
      lock.withLock { closer = nil }
      room.broadcast()
    }
    if let unheard { throw .writerPoisoned(unheard) }
    guard isUsable else { return }
    do {
      try syncTail()
      try syncWatermark()
    } catch {
      lock.withLock { poison = error.cause }
      throw error.error
    }
    // All of it is in frames that are durable.
    staging.value?.clear()
    core.publish(written: tail.lastPosition, durable: tail.lastPosition)
    control?.publish(durable: tail.lastPosition, written: tail.lastPosition)
    // What the thread had left to do: the next opening then has only the last segment to look at.
    maintenance.doWork()
    defer { releaseReserve() }
    if !tail.isHeaderWritten { return }
    // Only now: a mark and a footer that say more than is durable must never be. And no footer that
    // would lead past an older segment whose own could not be made.
    if maintenance.current.unfooted.isEmpty, !hasFooter {
      try? maintenance.makeFooter(
        tail.segment,
        through: tail.offset,
        keySequence: tail.keySequence
      )
    }
    let mark = tail.durableMark
    try maintenance.withWork { () throws(LogError) in
      try maintenance.writeManifest { manifest in
        manifest.tail = mark
        manifest.isClosed = true
      }
    }
  }

  /// Gives back what is reserved and not used: a store at rest takes the room of what it holds.
  ///
  /// The next opening reserves it again. Only what reads as zeros goes, behind everything that was
  /// written, and no size changes: readers see no difference.
  private func releaseReserve() {
    tail.file.releaseBlocks(behind: tail.offset + WriterTail.watermarkBytesMax)
    maintenance.current.spare?.file.releaseBlocks(behind: 0)
  }

  /// Ends a writer that could not begin, and gives the store up as it is.
  package func giveUp() {
    lock.withLock { isClosed = true }
    if core.options.hasMaintenanceThread { maintenance.stop() }
    control?.end()
    directoryLock.release()
  }

  /// Whether the last close made the footer that this one would make: nothing was appended since.
  private var hasFooter: Bool {
    let state = tail.segment.current
    guard let footer = state.footer, !state.isFooterRebuilt, footer.damages.isEmpty else {
      return false
    }
    return footer.header.end == UInt64(tail.offset) && footer.header.keySequence == tail.keySequence
      && footer.header.lastRecord == tail.record
  }

  /// Makes the watermark frame at the tail durable, so that none that is half there stands behind
  /// the end of a log that was closed properly.
  private func syncWatermark() throws(CommitFailure) {
    guard tail.isHeaderWritten else { return }
    do {
      try tail.file.sync()
    } catch {
      throw failure(error, isWritten: true)
    }
  }
}
