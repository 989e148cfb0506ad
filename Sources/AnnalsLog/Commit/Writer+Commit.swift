/// A commit that did not come to its end.
package struct CommitFailure: Error {
  package var cause: SystemError
  /// What the group's appends throw.
  package var error: LogError
  /// Whether nothing may be written until the log is opened again.
  package var isPoisoning: Bool
  /// Whether the frame was written, so that it may be there after reopening.
  package var isWritten: Bool
}

extension Writer {
  /// Writes the group's frame with one call and syncs it with another, if anybody asked for that.
  ///
  /// - Returns: the frame's offset.
  package func commit(_ group: CommitGroup) -> Result<Int, CommitFailure> {
    do throws(CommitFailure) {
      var frameOffset = tail.offset
      if !group.contents.events.isEmpty { frameOffset = try write(group) }
      if group.needsSync {
        try syncTail()
        noteBegun()
        askForFooter()
      }
      return .success(frameOffset)
    } catch {
      return .failure(error)
    }
  }

  /// Up to this, copying payloads to the rest of the frame costs less than a call that takes two
  /// pieces.
  private static let copiedBytesMax = 4096

  private func write(_ group: CommitGroup) throws(CommitFailure) -> Int {
    try write(group.contents, isSynced: group.needsSync, &encoder.value)
  }

  private func write(
    _ contents: borrowing GroupContents,
    isSynced: Bool,
    _ encoder: inout FrameEncoder
  ) throws(CommitFailure) -> Int {
    guard directoryLock.isHeldByProcess else { throw lost() }
    let segment = tail.segment
    let base = segment.base
    let checksum = FrameChecksum(salt: segment.salt)
    encoder.head.removeAll()
    let start = tail.isHeaderWritten ? tail.offset : 0
    if !tail.isHeaderWritten { segment.header.encode(into: &encoder.head) }
    let typeCount = try writeTypes(base, checksum, start, &encoder.head)
    let frameOffset = start + encoder.head.count
    let undurable = (frameOffset - tail.durableEnd) / FrameHeader.unit
    let now = core.options.clock()
    let frame = encoder.encode(
      contents,
      at: frameOffset,
      undurableUnits: undurable,
      base: base,
      now: now,
      checksum
    )
    let end = frameOffset + frame.byteCount
    let zeroedThrough = isSynced ? appendZeroAhead(&encoder.payloads, end) : tail.zeroedThrough
    let payloadBytes = encoder.payloads.count
    if !isSynced { tail.preparePages(through: end, now: now) }
    do {
      if payloadBytes <= Self.copiedBytesMax {
        encoder.head.append(encoder.payloads)
        try tail.file.write(encoder.head.bytes, at: start)
      } else {
        try tail.file.write(encoder.head.bytes, encoder.payloads.bytes, at: start)
      }
    } catch {
      throw undo(error, from: start, count: encoder.head.count + payloadBytes)
    }
    tail.isHeaderWritten = true
    tail.offset = end
    tail.lastChecksum = frame.checksum
    tail.lastPosition = contents.firstPosition + UInt64(contents.events.count) - 1
    tail.typeCount = typeCount
    if let key = contents.keys.last { tail.keySequence = key.sequence }
    tail.zeroedThrough = zeroedThrough
    if !isSynced { askForWriting() }
    return frameOffset
  }

  /// Has the manifest say that the segment was begun, once the first of it is durable.
  private func noteBegun() {
    if tail.isBegunNoted || tail.isDirty || !tail.isHeaderWritten { return }
    tail.isBegunNoted = true
    maintenance.noteBegun(tail.durableMark)
  }

  /// Has an index of what is durable put on the disk every few MiB: an opening after a kill then
  /// walks only what came behind that.
  private func askForFooter() {
    if tail.offset - tail.indexedThrough < core.options.interimFooterBytes { return }
    if tail.isDirty || !tail.isHeaderWritten { return }
    tail.indexedThrough = tail.offset
    maintenance.noteDurable(tail.segment, tail.durableMark)
  }

  /// How much is written before the system is asked to bring it to the disk.
  private static let askedBytes = 1 << 20

  /// Keeps what is written and not durable from piling up: the sync of a roll, and that of an
  /// opening after a kill, would have to wait for all of it.
  private func askForWriting() {
    let start = max(tail.askedThrough, tail.durableEnd)
    // Whole pieces: what is still being filled would be written twice.
    let end = tail.offset & -Self.askedBytes
    if start >= end { return }
    if core.options.hasMaintenanceThread {
      writeBehind.start(tail.file, start..<end)
    } else {
      tail.file.startWriting(start..<end)
    }
    tail.askedThrough = end
  }

  /// Makes new type names durable in their file, and puts those that the segment lacks into a
  /// control frame.
  func writeTypes(
    _ base: SegmentBase,
    _ checksum: FrameChecksum,
    _ start: Int,
    _ head: inout ByteBuffer
  ) throws(CommitFailure) -> Int {
    let count = core.types.count
    if tail.typeCount == count { return count }
    let names = core.types.all
    if typeFile.count < names.count {
      do {
        try typeFile.append(names[typeFile.count...])
      } catch {
        throw failure(error, isWritten: false)
      }
    }
    var content = ByteBuffer(capacity: 1024)
    TypeNames.encode(names[tail.typeCount...], into: &content)
    let offset = start + head.count
    let at = ControlFrame.encode(
      .types,
      nextPosition: tail.lastPosition + 1 - base.position,
      record: tail.record,
      undurableUnits: UInt64((offset - tail.durableEnd) / FrameHeader.unit),
      content: content.bytes,
      into: &head
    )
    head.sealFrame(from: at, at: offset, checksum)
    return names.count
  }

  /// Lets the write of a durable group carry zeros behind its frame when those of an earlier one
  /// are used up: the file's blocks ahead are then written ones, and the syncs that follow have no
  /// metadata to journal.
  private func appendZeroAhead(_ payloads: inout ByteBuffer, _ end: Int) -> Int {
    guard case .zeroAhead(let ahead) = core.options.preallocation, end > tail.zeroedThrough
    else { return tail.zeroedThrough }
    let through = min(end + ahead, tail.reservedBytes)
    payloads.appendZeros(through - end)
    return through
  }

  /// Syncs the segment in writing; all earlier ones are synced when they are left.
  package func syncTail() throws(CommitFailure) {
    if !tail.isDirty { return }
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .acknowledgedBeforeSync {
      tail.durableEnd = tail.offset
      return
    }
    if PlantedBug.active == .retryAfterFailedSync, (try? tail.file.sync()) == nil {
      try? tail.file.sync()
      tail.durableEnd = tail.offset
      return
    }
    #endif
    do {
      try tail.file.sync()
    } catch {
      throw failure(error, isWritten: true)
    }
    tail.durableEnd = tail.offset
  }

  /// Writes zeros over what a failed write may have left.
  ///
  /// On a full disk this leaves the log as it was and the writer usable; any other failure, and a
  /// failure of this, poison the writer.
  func undo(_ error: LogError, from start: Int, count: Int) -> CommitFailure {
    guard case .diskFull(let cause) = error else { return failure(error, isWritten: false) }
    do {
      // Only blocks that exist already are overwritten: a disk that is full has room for that.
      let size = try tail.file.size()
      let end = min(start + count, size)
      if end > start {
        var zeros = ByteBuffer(capacity: end - start)
        zeros.appendZeros(end - start)
        try tail.file.write(zeros.bytes, at: start)
        // The frame may be there whole, and nobody may find it after a power cut: it is refused.
        try tail.file.sync()
      }
      return CommitFailure(
        cause: cause,
        error: error,
        isPoisoning: false,
        isWritten: false
      )
    } catch {
      return CommitFailure(
        cause: cause,
        error: .outcomeUnknown(cause),
        isPoisoning: true,
        isWritten: false
      )
    }
  }

  /// The failure that `error`, from a write or sync, makes of a commit.
  package func failure(_ error: LogError, isWritten: Bool) -> CommitFailure {
    switch error {
    case .diskFull(let cause) where !isWritten:
      return CommitFailure(cause: cause, error: error, isPoisoning: false, isWritten: false)
    case .diskFull(let cause), .system(let cause):
      return CommitFailure(
        cause: cause,
        error: .outcomeUnknown(cause),
        isPoisoning: true,
        isWritten: isWritten
      )
    default:
      let cause = SystemError(.write, file: core.path, errno: SystemError.inputOutput)
      return CommitFailure(
        cause: cause,
        error: .outcomeUnknown(cause),
        isPoisoning: true,
        isWritten: isWritten
      )
    }
  }

  /// The failure of a writer that is no longer the store's: a forked child, or one whose lock file
  /// was replaced.
  package func lost() -> CommitFailure {
    let cause = SystemError(.lock, file: StoreFile.lock, errno: SystemError.notPermitted)
    return CommitFailure(
      cause: cause,
      error: .locked(path: core.path),
      isPoisoning: true,
      isWritten: false
    )
  }

  /// Notes at the log's tail that everything before is durable, if nothing is about to say so.
  ///
  /// Not synced: it rides with the next write-back. The next frame is written over it. Without it,
  /// damage to the last synced group could not be told from a torn tail.
  package func noteWatermark() {
    let isQuiet = lock.withLock { open.isEmpty && poison == nil }
    guard isQuiet, tail.room >= WriterTail.watermarkBytesMax, tail.isHeaderWritten, !tail.isDirty
    else { return }
    watermark.removeAll()
    let empty: [UInt8] = []
    let at = ControlFrame.encode(
      .watermark,
      nextPosition: tail.lastPosition + 1 - tail.segment.base.position,
      record: tail.record,
      undurableUnits: 0,
      content: empty.span,
      into: &watermark
    )
    let checksum = FrameChecksum(salt: tail.segment.salt)
    watermark.sealFrame(from: at, at: tail.offset, checksum)
    // A hint: if it can not be written, the next append will find out why.
    try? Self.write(watermark, to: tail.file, at: tail.offset)
  }

  static func write(
    _ buffer: borrowing ByteBuffer,
    to file: any LogFile,
    at offset: Int
  ) throws(LogError) {
    try file.write(buffer.bytes, at: offset)
  }

  /// Takes a group's events out of the index, and its positions and key numbers back.
  ///
  /// Under `lock`.
  package func takeBack(_ group: CommitGroup) {
    if group.contents.events.isEmpty { return }
    core.index.withState { state in
      let last = state.chains.count - 1
      let base = state.chains[last].basePosition
      var entry = state.chains[last].extraCount
      for undo in group.contents.extraUndo.reversed() {
        entry -= 1
        if let slot = state.table.find(undo.hash) {
          let link = state.chains[last].extraLink(entry)
          state.takeBack(slot, link, version: undo.version)
        }
      }
      for index in group.contents.events.indices.reversed() {
        let event = group.contents.events[index]
        let aggregate = group.contents.aggregates[Int(event.aggregate)]
        if let slot = state.table.find(aggregate.hash) {
          let link = state.chains[last].link(group.contents.firstOrdinal + index)
          state.takeBack(
            slot,
            link,
            version: aggregate.firstVersion + UInt64(event.versionOffset) - 1
          )
        }
      }
      state.chains[last].removeLast(downTo: group.contents.firstOrdinal, extraCount: entry)
      _ = base
    }
    nextPosition = group.contents.firstPosition
    keySequence -= UInt64(group.contents.keys.count)
  }
}
