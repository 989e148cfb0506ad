extension Writer {
  /// Makes room for `byteCount` bytes: nearly always in a new segment.
  ///
  /// Called, and returns, with `lock` held and
  /// nobody committing.
  package func leadRoll(_ byteCount: Int) -> Result<Void, LogError> {
    isCommitting = true
    core.index.withState { noteLastFrame(&$0) }
    // Nobody is admitted meanwhile: an append that still fits the old segment would be entered in
    // its index and written into the new one, and slots move when the index is thinned out.
    offsetBound = .max
    let nextPosition = nextPosition
    lock.unlock()
    let result: Result<Void, LogError>
    do throws(LogError) {
      if try !extendReserve(byteCount), try !growVacant(byteCount) {
        try roll(byteCount, nextPosition: nextPosition)
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    lock.lock()
    finishCommitting()
    return result
  }

  /// Reserves more of the segment in writing, if a full disk had no room for all of it; whether
  /// `byteCount` bytes fit then.
  private func extendReserve(_ byteCount: Int) throws(LogError) -> Bool {
    let whole = tail.segment.mapping.count
    // Unless it is for another reason that a segment ends here.
    guard tail.offset + byteCount > tail.reservedBytes, tail.offset + byteCount <= whole else {
      return false
    }
    tail.reservedBytes = try Reserve.make(
      tail.file,
      whole,
      used: tail.reservedBytes,
      in: core.files.log
    )
    return tail.offset + byteCount <= tail.reservedBytes
  }

  /// Makes a segment in writing that holds nothing large enough for `byteCount` bytes; false, and
  /// nothing is done, if it holds something.
  ///
  /// A segment that was never begun is never sealed: it has no header, which goes with the first
  /// frame.
  private func growVacant(_ byteCount: Int) throws(LogError) -> Bool {
    if tail.isHeaderWritten { return false }
    let needed = Segment.firstFrame + byteCount
    if needed <= tail.reservedBytes { return true }
    try tail.file.allocate(needed)
    let old = tail.segment
    let segment = Segment(
      name: old.name,
      in: core.files.log,
      mapping: try StoreFiles.mapAll(tail.file),
      header: old.header,
      entry: old.current.entry
    )
    core.updateView { view in
      view.with(segments: view.segments.map { $0 === old ? segment : $0 })
    }
    tail.segment = segment
    tail.reservedBytes = needed
    return true
  }

  /// Seals the segment in writing and goes on in the one made ready for that.
  ///
  /// The old segment is synced first: a header in the new one then proves that all before is there.
  private func roll(
    _ byteCount: Int,
    nextPosition: UInt64
  ) throws(LogError) {
    guard directoryLock.isHeld() else {
      let failure = lost()
      lock.withLock { poison = failure.cause }
      throw failure.error
    }
    maintenance.awaitFooters(isCommitting: true)
    let (spare, mapping) = try maintenance.takeSpare(byteCount: byteCount)
    do {
      try syncTail()
    } catch {
      lock.withLock { poison = error.cause }
      throw error.error
    }
    core.publish(written: tail.lastPosition, durable: tail.lastPosition)
    let old = tail.segment
    let sealed = sealedEntry()
    let header = SegmentHeader(
      storeID: core.storeID,
      segmentID: spare.entry.id,
      salt: spare.entry.salt,
      basePosition: nextPosition,
      baseTime: spare.entry.baseTime,
      baseRecord: tail.record,
      predecessorID: old.id,
      predecessorChecksum: tail.lastChecksum,
      predecessorEnd: UInt64(tail.offset)
    )
    var entry = spare.entry
    entry.basePosition = nextPosition
    let segment = Segment(
      name: spare.file.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: entry
    )
    let events = Int(tail.lastPosition + 1 - old.base.position)
    core.index.withState { state in
      state.begin(segment.id, basePosition: nextPosition, expecting: events)
      if state.table.count > core.options.indexKeysMax {
        let kept = Set(state.chains.map(\.segment))
        state.table.filter { kept.contains($0.segment) }
      }
    }
    old.update { $0.entry = sealed }
    core.updateView { view in
      view.with(segments: view.segments + [segment])
    }
    let mark = tail.durableMark
    tail = WriterTail(
      beginning: segment,
      in: spare,
      record: tail.record,
      lastPosition: tail.lastPosition,
      keySequence: tail.keySequence
    )
    maintenance.noteSealed(old, durable: mark)
  }

  private func sealedEntry() -> SegmentList.Entry {
    var entry = tail.segment.current.entry
    entry.isSealed = true
    entry.basePosition = tail.segment.base.position
    entry.lastPosition = tail.lastPosition
    entry.lastRecord = tail.record
    entry.end = UInt64(tail.offset)
    entry.lastChecksum = tail.lastChecksum
    entry.keySequence = tail.keySequence
    entry.salt = tail.segment.salt
    entry.baseTime = tail.segment.base.time
    return entry
  }
}
