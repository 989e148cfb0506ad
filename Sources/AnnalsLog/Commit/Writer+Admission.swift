/// What an append learned on the way, kept while it is tried again.
package struct AppendAttempt {
  package var durability: Durability
  /// The sequence number of an older use of the key that is out of the window.
  package var expiredKey: UInt64 = 0
  /// No event that breaks the condition stands up to here.
  package var checkedThrough: UInt64
}

/// Buffers of admission, reused from append to append.
package struct AdmissionScratch {
  package var slots: [Int] = []
  package var groupRows: [UInt32] = []
  package var tagSlots: [Int] = []
}

/// What becomes of an append that asks for its place.
package enum Admission {
  /// It has its place in the group of this number.
  case admitted(Receipt, CommitGroup, number: UInt64)
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
  package func admit(_ batch: EventBatch, _ attempt: AppendAttempt) -> Admission {
    do throws(LogError) {
      try checkUsable()
      if let key = batch.keyHash, batch.count > 0,
        let found = try examineKey(key, attempt)
      {
        return found
      }
      if batch.count > 0, let obstacle = obstacle(batch) { return obstacle }
      try resolveSlots(batch)
      if let condition = batch.condition {
        let through = core.writtenThrough
        if attempt.checkedThrough < through { return .examineCondition(through: through) }
        if hasUnsettledMatch(condition) { return .wait }
      }
      if let refusal = checkVersions(batch) { return refusal }
      let receipt = enter(batch, attempt.durability)
      return .admitted(receipt, open, number: open.number)
    } catch {
      return .refused(error)
    }
  }

  /// Whether the open group and the segment in writing have room.
  private func obstacle(_ batch: EventBatch) -> Admission? {
    let size = batch.encodedBytesMax
    if !open.events.isEmpty, open.encodedBytesMax + size > Limits.groupBytesMax { return .wait }
    let slack = frameSlack(newTypes: core.types.count)
    let needed = open.encodedBytesMax + size + slack
    let ordinals = core.index.withState { $0.chains[$0.chains.count - 1].count }
    if offsetBound + needed <= segmentByteCount,
      ordinals + batch.count <= Limits.segmentEventsMax
    {
      return nil
    }
    if isCommitting || !open.isEmpty { return .wait }
    return .roll(size + slack)
  }

  /// Finds or makes the index slots of everything the batch names, versions known.
  private func resolveSlots(_ batch: EventBatch) throws(LogError) {
    let core = core
    scratch.slots.removeAll(keepingCapacity: true)
    let isComplete = core.index.withState { state in
      for row in batch.aggregates.indices {
        guard let slot = state.knownSlot(batch.aggregates[row].hash) else { return false }
        scratch.slots.append(slot)
      }
      return true
    }
    if !isComplete {
      for row in batch.aggregates.indices {
        try resolve(batch.aggregates[row].hash, .aggregate)
      }
    }
    for hash in batch.tagHashes { try resolve(hash, .tag) }
    if let key = batch.keyHash { try resolve(key, .key) }
    if isComplete, batch.tagHashes.isEmpty, batch.keyHash == nil { return }
    // Slots move when one is inserted: look them all up again.
    scratch.slots.removeAll(keepingCapacity: true)
    scratch.tagSlots.removeAll(keepingCapacity: true)
    core.index.withState { state in
      for row in batch.aggregates.indices {
        scratch.slots.append(state.table.find(batch.aggregates[row].hash) ?? 0)
      }
      for hash in batch.tagHashes { scratch.tagSlots.append(state.table.find(hash) ?? 0) }
    }
  }

  private func resolve(_ hash: KeyHash, _ domain: KeyHash.Domain) throws(LogError) {
    if core.index.withState({ $0.knownSlot(hash) != nil }) { return }
    let answer = try core.newestInFooters(hash)
    core.index.withState { state in
      state.setKnown(hash, domain, version: answer?.version ?? 0, segment: answer?.segment ?? 0)
    }
  }

  /// The refusal, or the wait, that the batch's expected versions call for.
  private func checkVersions(_ batch: EventBatch) -> Admission? {
    core.index.withState { state in
      for row in batch.aggregates.indices {
        let aggregate = batch.aggregates[row]
        if aggregate.expectation == .any { continue }
        let key = state.table[scratch.slots[row]]
        let expected = batch.expectation(row)
        if expected.isSatisfied(by: Version(key.version)) { continue }
        if state.newestPosition(key) ?? 0 > core.writtenThrough { return .wait }
        return .refused(
          .versionConflict(
            VersionConflict(
              aggregate: AggregateID(batch.idText(row)), expected: expected,
              actual: Version(key.version))))
      }
      return nil
    }
  }

  /// Adds the batch to the open group and to the index.
  private func enter(_ batch: EventBatch, _ durability: Durability) -> Receipt {
    let group = open
    let first = nextPosition
    let core = core
    var version: UInt64 = 0
    var versions: [Version] = []
    if durability == .durable { group.needsSync = true }
    core.index.withState { state in
      let chainsIndex = state.chains.count - 1
      if group.events.isEmpty {
        group.firstPosition = first
        group.firstOrdinal = state.chains[chainsIndex].count
      }
      enterAggregates(batch, group, &state)
      let textBase = UInt32(group.texts.count)
      if batch.texts.count > 0 { group.texts.append(batch.texts) }
      let extrasBase = Int32(group.extras.count)
      for index in batch.items.indices {
        let item = batch.items[index]
        let row = Int(item.aggregate)
        let groupRow = scratch.groupRows[row]
        let slot = scratch.slots[row]
        let next = state.table[slot].version + 1
        let ordinal = state.addEvent(slot, version: next)
        group.events.append(
          CommitGroup.Event(
            aggregate: groupRow,
            versionOffset: UInt32(
              truncatingIfNeeded: next - group.aggregates[Int(groupRow)].firstVersion),
            type: batch.typeNumbers[Int(item.type)], payloadCount: item.payloadCount,
            extras: item.extras < 0 ? -1 : item.extras + extrasBase, time: item.time))
        if item.extras >= 0 {
          enterTags(
            batch, Int(item.extras), ordinal, first + UInt64(index), group, &state, textBase)
        }
      }
      if let slot = scratch.slots.first { version = state.table[slot].version }
      if batch.aggregates.count > 1 {
        versions = scratch.slots.map { Version(state.table[$0].version) }
      }
      if let key = batch.keyHash, !batch.items.isEmpty {
        enterKey(batch, key, group, &state)
      }
    }
    if !batch.items.isEmpty {
      group.appendCounts.append(UInt32(batch.items.count))
      group.payloads.append(batch.payloads)
      group.encodedBytesMax += batch.encodedBytesMax
      nextPosition += UInt64(batch.items.count)
    }
    let last = batch.items.isEmpty ? first - 1 : nextPosition - 1
    return Receipt(
      firstPosition: Position(batch.items.isEmpty ? last : first), lastPosition: Position(last),
      version: Version(version), versions: versions, durability: durability, isRepeated: false)
  }

  /// Gives each aggregate of the batch a row of the group, the one it has there already if any.
  private func enterAggregates(
    _ batch: EventBatch, _ group: CommitGroup, _ state: inout KeyIndex.State
  ) {
    scratch.groupRows.removeAll(keepingCapacity: true)
    let segment = state.chains[state.chains.count - 1].segment
    for row in batch.aggregates.indices {
      let aggregate = batch.aggregates[row]
      if aggregate.eventCount == 0 {
        scratch.groupRows.append(0)
        continue
      }
      let key = state.table[scratch.slots[row]]
      let ordinal = Int(key.newest) - 1
      if ordinal >= group.firstOrdinal, key.segment == segment, !group.events.isEmpty {
        scratch.groupRows.append(group.events[ordinal - group.firstOrdinal].aggregate)
        continue
      }
      scratch.groupRows.append(UInt32(group.aggregates.count))
      group.aggregates.append(
        CommitGroup.Aggregate(
          hash: aggregate.hash, idOffset: UInt32(group.ids.count), idCount: aggregate.idCount,
          firstVersion: key.version + 1))
      group.ids.append(batch.ids, batch.idRange(row))
    }
  }

  private func enterTags(
    _ batch: EventBatch, _ row: Int, _ ordinal: Int, _ position: UInt64, _ group: CommitGroup,
    _ state: inout KeyIndex.State, _ textBase: UInt32
  ) {
    var extras = batch.extras[row]
    let tags = Int(extras.firstTag)..<Int(extras.firstTag + extras.tagCount)
    extras.firstTag = Int32(group.tags.count)
    extras.metadataOffset += Int32(textBase)
    for index in tags {
      var tag = batch.tags[index]
      tag.offset += textBase
      group.tags.append(tag)
      let slot = scratch.tagSlots[index]
      group.extraUndo.append(
        CommitGroup.ExtraUndo(hash: batch.tagHashes[index], version: state.table[slot].version))
      state.addExtra(slot, ordinal: ordinal, version: position)
    }
    group.extras.append(extras)
  }

  private func enterKey(
    _ batch: EventBatch, _ hash: KeyHash, _ group: CommitGroup, _ state: inout KeyIndex.State
  ) {
    keySequence += 1
    let slot = state.table.find(hash) ?? 0
    group.extraUndo.append(
      CommitGroup.ExtraUndo(hash: hash, version: state.table[slot].version))
    let ordinal = state.chains[state.chains.count - 1].count - batch.items.count
    state.addExtra(slot, ordinal: ordinal, version: keySequence)
    let key = batch.key ?? []
    group.keys.append(
      CommitGroup.Key(
        append: UInt32(group.appendCounts.count), offset: UInt32(group.texts.count),
        count: UInt32(key.count), digest: batch.digest, sequence: keySequence,
        time: core.options.clock()))
    group.texts.append(key.span)
  }
}
