/// What an append learned on the way, kept while it is tried again.
package struct AppendAttempt {
  package var durability: Durability
  /// The sequence number of an older use of the key that is out of the window.
  package var expiredKey: UInt64 = 0
  /// No event that breaks the condition stands up to here.
  package var checkedThrough: UInt64
}

/// What becomes of an append that asks for its place.
package enum Admission {
  /// It has its place in the open group.
  case admitted(Receipt)
  /// It must wait until the group being committed, or the open one, has settled.
  case wait
  /// The segment has no room: a new one of at least so many bytes must begin.
  case roll(Int)
  /// Its key was used by an append that stands in the log, as the key of this number.
  case examineKey(sequence: UInt64)
  /// The events up to this position have to be held against its condition.
  case examineCondition(through: UInt64)
  /// It may not be made.
  case refused(LogError)
}

extension Writer {
  /// Gives a prepared batch its place in the open group, or says what must happen first.
  ///
  /// Under `lock`; changes nothing unless the answer is `.admitted`.
  package func admit(_ batch: borrowing BatchContents, _ attempt: AppendAttempt) -> Admission {
    do throws(LogError) {
      try checkUsable()
      if offsetBound == .max { return .wait }
      if let key = batch.keyHash, batch.count > 0,
        let found = try examineKey(key, attempt)
      {
        return found
      }
      if batch.count > 0, !hasRoom(batch) { return obstacle(batch) }
      if let condition = batch.condition {
        let through = core.writtenThrough
        if attempt.checkedThrough < through { return .examineCondition(through: through) }
        if hasUnsettledMatch(condition) { return .wait }
      }
      if core.retention.record != 0 { try checkRetention(batch) }
      // What is resolved stays so, but for the little that maintenance forgets meanwhile.
      while true {
        if let admission = enter(batch, attempt.durability) { return admission }
        try resolve(batch)
      }
    } catch {
      return .refused(error)
    }
  }

  /// Whether the open group and the segment in writing have room.
  @inline(__always)
  func hasRoom(_ batch: borrowing BatchContents) -> Bool {
    let size = open.encodedBytesMax + batch.encodedBytesMax
    let needed = size + frameSlack(newTypes: core.types.count)
    return (size <= Limits.groupBytesMax || open.contents.events.isEmpty)
      && offsetBound + needed <= segmentByteCount
      && nextPosition - segmentBase + UInt64(batch.count) <= UInt64(Limits.segmentEventsMax)
  }

  /// What must happen before there is room.
  private func obstacle(_ batch: borrowing BatchContents) -> Admission {
    if isCommitting || !open.isEmpty { return .wait }
    return .roll(batch.encodedBytesMax + frameSlack(newTypes: core.types.count))
  }

  /// Has the index know the newest version of everything the batch names.
  private func resolve(_ batch: borrowing BatchContents) throws(LogError) {
    if batch.aggregates.count == 1, batch.tagHashes.isEmpty, batch.keyHash == nil {
      return try resolve(batch.aggregates[0].hash, .aggregate)
    }
    let core = core
    // What many new keys need is found with two short looks at the index, not two for each.
    let unknown = core.index.withState { state in
      var unknown: [(hash: KeyHash, domain: KeyHash.Domain)] = []
      for row in batch.aggregates.indices
      where state.knownSlot(batch.aggregates[row].hash) == nil {
        unknown.append((batch.aggregates[row].hash, .aggregate))
      }
      for hash in batch.tagHashes where state.knownSlot(hash) == nil {
        unknown.append((hash, .tag))
      }
      if let key = batch.keyHash, state.knownSlot(key) == nil { unknown.append((key, .key)) }
      return unknown
    }
    var answers: [Directory.Answer?] = []
    for key in unknown { answers.append(try core.newestInFooters(key.hash)) }
    core.index.withState { state in
      for (key, answer) in zip(unknown, answers) {
        state.setKnown(
          key.hash,
          key.domain,
          version: answer?.version ?? 0,
          segment: answer?.segment ?? 0
        )
      }
    }
  }

  func resolve(_ hash: KeyHash, _ domain: KeyHash.Domain) throws(LogError) {
    let core = core
    if core.index.withState({ $0.knownSlot(hash) != nil }) { return }
    let answer = try core.newestInFooters(hash)
    core.index.withState { state in
      state.setKnown(hash, domain, version: answer?.version ?? 0, segment: answer?.segment ?? 0)
    }
  }

  /// Checks what the batch expects and adds it to the open group and to the index; nil if the index
  /// does not know all that the batch names.
  private func enter(_ batch: borrowing BatchContents, _ durability: Durability) -> Admission? {
    let core = core
    let first = nextPosition
    var use: NewKeyUse?
    if batch.keyHash != nil, !batch.items.isEmpty {
      use = NewKeyUse(sequence: keySequence &+ 1, time: core.options.clock())
    }
    var versions: [Version] = []
    let refusal = core.index.withState { state -> Admission?? in
      noteLastFrame(&state)
      guard scratch.value.findSlots(batch, state) else { return .some(nil) }
      if batch.hasExpectations, let refusal = checkVersions(batch, state) { return refusal }
      versions = scratch.value.enter(batch, at: first, use, into: &open.contents, &state)
      return nil
    }
    if let refusal { return refusal }
    if durability == .durable { open.needsSync = true }
    if use != nil { keySequence += 1 }
    let count = UInt64(batch.items.count)
    if count > 0 {
      open.encodedBytesMax += batch.encodedBytesMax
      nextPosition = first + count
    }
    let last = first + count - 1
    let receipt = Receipt(
      firstPosition: Position(count == 0 ? last : first),
      lastPosition: Position(last),
      version: scratch.value.version,
      versions: versions,
      durability: durability,
      isRepeated: false
    )
    return .admitted(receipt)
  }

  /// The refusal, or the wait, that the batch's expected versions call for.
  private func checkVersions(
    _ batch: borrowing BatchContents,
    _ state: borrowing KeyIndex.State
  ) -> Admission? {
    for row in batch.aggregates.indices {
      let aggregate = batch.aggregates[row]
      if aggregate.expectation == .any { continue }
      let key = state.table[scratch.value.slots[row]]
      let expected = batch.expectation(row)
      if core.retention.record != 0, let deletion = scratch.value.deletions[row] {
        if expected == .absent { continue }
        if expected == .exists {
          let subject = RetentionSubject.aggregate(AggregateID(batch.idText(row)))
          return .refused(.refusedByRetention(RetentionRefusal(subject, .deleted(deletion))))
        }
      }
      if expected.isSatisfied(by: Version(key.version)) { continue }
      if state.newestPosition(key) ?? 0 > core.writtenThrough { return .wait }
      return .refused(
        .versionConflict(
          VersionConflict(
            aggregate: AggregateID(batch.idText(row)),
            expected: expected,
            actual: Version(key.version)
          )
        )
      )
    }
    return nil
  }
}
