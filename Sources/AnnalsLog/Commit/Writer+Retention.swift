extension Writer {
  /// Makes a rule: writes its frame behind all that was appended, and syncs it.
  ///
  /// Nobody is admitted meanwhile, so that the rule stands exactly where the versions it was held
  /// against were true.
  package func retain(_ rule: RetentionRule, _ reason: String) throws(LogError) -> RetentionReceipt
  {
    guard directoryLock.isHeldByProcess else {
      throw lock.withLock { isClosed } ? .closed : .locked(path: core.path)
    }
    lock.lock()
    defer { lock.unlock() }
    while true {
      try checkUsable()
      if isCommitting || !open.isEmpty {
        waitForRoom()
      } else if tail.offset + Self.ruleBytesMax + frameSlack(newTypes: core.types.count)
        > segmentByteCount
      {
        try leadRoll(Self.ruleBytesMax + frameSlack(newTypes: core.types.count)).get()
      } else {
        return try leadRule(rule, reason)
      }
    }
  }

  /// An upper bound of a rule's frame.
  private static let ruleBytesMax = Limits.aggregateIDBytesMax + Limits.reasonBytesMax + 128

  /// Under `lock`, with nobody committing and nothing queued.
  private func leadRule(
    _ rule: RetentionRule,
    _ reason: String
  ) throws(LogError) -> RetentionReceipt {
    isCommitting = true
    offsetBound = .max
    lock.unlock()
    let result: Result<RetentionReceipt, LogError>
    do throws(LogError) {
      let made = try core.makeRule(rule, reason, through: core.writtenThrough)
      do throws(CommitFailure) {
        result = .success(try write(made.record, version: made.version))
        noteWatermark()
      } catch {
        if error.isPoisoning { lock.withLock { poison = error.cause } }
        result = .failure(error.error)
      }
    } catch {
      result = .failure(error)
    }
    lock.lock()
    finishCommitting()
    return try result.get()
  }

  private func write(
    _ record: RetentionRecord,
    version: UInt64
  ) throws(CommitFailure) -> RetentionReceipt {
    guard directoryLock.isHeldByProcess else { throw lost() }
    let segment = tail.segment
    let base = segment.base
    let checksum = FrameChecksum(salt: segment.salt)
    var head = ByteBuffer(capacity: 8192)
    let start = tail.isHeaderWritten ? tail.offset : 0
    if !tail.isHeaderWritten { segment.header.encode(into: &head) }
    let typeCount = try writeTypes(base, checksum, start, &head)
    let offset = start + head.count
    var content = ByteBuffer(capacity: 256)
    record.encode(baseTime: base.time, into: &content)
    let placed = PlacedRetention(
      number: tail.record + 1,
      nextPosition: tail.lastPosition + 1,
      record
    )
    let at = ControlFrame.encode(
      .retention,
      nextPosition: placed.nextPosition - base.position,
      record: placed.number,
      undurableUnits: UInt64((offset - tail.durableEnd) / FrameHeader.unit),
      content: content.bytes,
      into: &head
    )
    let sum = head.sealFrame(from: at, at: offset, checksum)
    do {
      try Self.write(head, to: tail.file, at: start)
    } catch {
      throw undo(error, from: start, count: head.count)
    }
    tail.isHeaderWritten = true
    tail.offset = start + head.count
    tail.lastChecksum = sum
    tail.record = placed.number
    tail.typeCount = typeCount
    try syncTail()
    core.retention.apply(placed)
    core.publish(written: tail.lastPosition, durable: tail.lastPosition)
    control?.publish(durable: tail.lastPosition, written: tail.lastPosition)
    control?.publish(record: placed.number)
    return RetentionReceipt(
      record: placed.number,
      position: Position(tail.lastPosition),
      version: Version(version)
    )
  }

  /// Refuses a batch that a rule forbids; notes which of its aggregates count as absent.
  ///
  /// Under `lock`.
  package func checkRetention(_ batch: borrowing BatchContents) throws(LogError) {
    scratch.value.deletions.removeAll()
    guard let rules = core.retention.current else { return }
    for row in batch.aggregates.indices {
      let aggregate = batch.aggregates[row]
      let id = AggregateID(batch.idText(row))
      let subjects = rules.subjects(of: id.text.utf8Span.span, aggregate.hash, core.hasher)
      guard subjects.own != nil || subjects.category != nil else { continue }
      let isTombstone = [subjects.own, subjects.category].contains { $0?.isTombstone ?? false }
      let demandsExistence =
        aggregate.expectation == .absent || aggregate.expectation == .exists
      if !isTombstone, !demandsExistence { continue }
      try resolve(aggregate.hash, .aggregate)
      let version = core.index.withState { state in
        state.knownSlot(aggregate.hash).map { state.table[$0].version } ?? 0
      }
      guard let deletion = try core.deletion(of: id, version: version) else { continue }
      if deletion.isFinal, aggregate.eventCount > 0 {
        throw .refusedByRetention(RetentionRefusal(.aggregate(id), .tombstoned(deletion)))
      }
      scratch.value.deletions[row] = deletion
    }
  }
}
