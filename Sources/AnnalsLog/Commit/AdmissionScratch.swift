/// Buffers of admission, reused from append to append.
package struct AdmissionScratch {
  /// The index slots of the batch's aggregates.
  var slots: [Int] = []
  /// The rows that the batch's aggregates have in the group.
  var groupRows: [UInt32] = []
  /// For each aggregate what the next event of it links to, as a raw link.
  private var heads: [UInt32] = []
  /// For each aggregate how far its version is beyond the first one that the group gives it.
  private var versionOffsets: [UInt32] = []
  /// The index slots of the batch's tags.
  var tagSlots: [Int] = []
  /// The version of the batch's first aggregate after it was entered.
  var version = Version.none
  /// Aggregates of the batch that are deleted and count as absent, by their rows.
  var deletions: [Int: Deletion] = [:]
}

/// The use of an idempotency key by a batch.
struct NewKeyUse {
  /// The number of the key among all keys of the store.
  var sequence: UInt64
  var time: Int64
}

extension AdmissionScratch {
  /// Finds the index slots of everything the batch names; false if the index does not know it all.
  mutating func findSlots(
    _ batch: borrowing BatchContents,
    _ state: borrowing KeyIndex.State
  ) -> Bool {
    slots.empty()
    tagSlots.empty()
    if batch.aggregates.count == 1, batch.tagHashes.isEmpty, batch.keyHash == nil {
      guard let slot = state.knownSlot(batch.aggregates[0].hash) else { return false }
      slots.append(slot)
      return true
    }
    // The slots of many keys lie all over a large table: fetched side by side, not in turn.
    let ahead = min(Self.slotsAhead, batch.aggregates.count)
    for row in 0..<ahead { state.table.prefetch(batch.aggregates[row].hash) }
    for row in batch.aggregates.indices {
      if row + ahead < batch.aggregates.count {
        state.table.prefetch(batch.aggregates[row + ahead].hash)
      }
      guard let slot = state.knownSlot(batch.aggregates[row].hash) else { return false }
      slots.append(slot)
    }
    for hash in batch.tagHashes {
      guard let slot = state.knownSlot(hash) else { return false }
      tagSlots.append(slot)
    }
    if let key = batch.keyHash, state.knownSlot(key) == nil { return false }
    return true
  }

  private static let slotsAhead = 16

  /// Adds the batch to a group and to the index, its first event at position `first`.
  ///
  /// - Returns: the versions of the batch's aggregates, where it has more than one.
  mutating func enter(
    _ batch: borrowing BatchContents,
    at first: UInt64,
    _ use: NewKeyUse?,
    into group: inout GroupContents,
    _ state: inout KeyIndex.State
  ) -> [Version] {
    if batch.isLone {
      version = Version(group.enter(lone: batch, at: first, slots[0], &state))
      return []
    }
    group.begin(at: first, state)
    enterAggregates(batch, &group, state)
    let textBase = UInt32(group.texts.count)
    if batch.texts.count > 0 { group.texts.append(batch.texts) }
    let extrasBase = Int32(group.extras.count)
    let firstOrdinal = enterEvents(batch, extrasBase, &group, &state)
    if !batch.extras.isEmpty {
      for index in batch.items.indices where batch.items[index].extras >= 0 {
        enterTags(
          batch,
          Int(batch.items[index].extras),
          firstOrdinal + index,
          first + UInt64(index),
          &group,
          &state,
          textBase
        )
      }
    }
    version = slots.first.map { Version(state.table[$0].version) } ?? .none
    if let hash = batch.keyHash, let use { enterKey(batch, hash, use, &group, &state) }
    if !batch.items.isEmpty {
      group.appendCounts.append(UInt32(batch.items.count))
      group.payloads.append(batch.payloads)
    }
    return slots.count > 1 ? slots.map { Version(state.table[$0].version) } : []
  }

  /// Adds the batch's events to the group and to the index: each aggregate's slot is read and
  /// written once, however many events it has.
  ///
  /// - Returns: the ordinal of the first.
  private mutating func enterEvents(
    _ batch: borrowing BatchContents,
    _ extrasBase: Int32,
    _ group: inout GroupContents,
    _ state: inout KeyIndex.State
  ) -> Int {
    heads.empty()
    versionOffsets.empty()
    for row in slots.indices {
      let isIn = batch.aggregates[row].eventCount > 0
      let before = isIn ? group.aggregates[Int(groupRows[row])].firstVersion : 0
      let next = state.table[slots[row]].version + 1
      versionOffsets.append(UInt32(truncatingIfNeeded: next - before))
      heads.append(isIn ? SegmentChains.raw(state.moveLink(slots[row])) : 0)
    }
    let items = batch.items.span
    let last = state.chains.count - 1
    let first = state.chains[last].append(items.count, heads: &heads) { Int(items[$0].aggregate) }
    let types = batch.typeNumbers.span
    let start = group.events.count
    group.events.extend(by: items.count, Self.blank)
    var events = group.events.mutableSpan
    // Out of the way of the other spans of this value.
    var moved: [UInt32] = []
    swap(&moved, &versionOffsets)
    var offsets = moved.mutableSpan
    for index in items.indices {
      let item = items[index]
      let row = Int(item.aggregate)
      let offset = offsets[row]
      offsets[row] = offset &+ 1
      events[start &+ index] = GroupContents.Event(
        item,
        aggregate: groupRows[row],
        versionOffset: offset,
        type: types[Int(item.type)],
        extrasBase: extrasBase
      )
    }
    swap(&moved, &versionOffsets)
    for row in slots.indices where batch.aggregates[row].eventCount > 0 {
      let version = state.table[slots[row]].version + UInt64(batch.aggregates[row].eventCount)
      state.moveOn(slots[row], to: Int(heads[row]), version: version)
    }
    return first
  }

  /// Stands for an event that is about to be set.
  private static let blank = GroupContents.Event(
    aggregate: 0,
    versionOffset: 0,
    type: 0,
    payloadCount: 0,
    extras: -1,
    time: 0
  )

  /// Gives each aggregate of the batch a row of the group, the one it has there already if any.
  private mutating func enterAggregates(
    _ batch: borrowing BatchContents,
    _ group: inout GroupContents,
    _ state: KeyIndex.State
  ) {
    groupRows.empty()
    if group.events.isEmpty, batch.aggregates.allSatisfy({ $0.eventCount > 0 }) {
      enterAllAggregates(batch, &group, state)
      return
    }
    for row in batch.aggregates.indices {
      let aggregate = batch.aggregates[row]
      if aggregate.eventCount == 0 {
        groupRows.append(0)
        continue
      }
      let key = state.table[slots[row]]
      if let row = group.row(of: key, in: state.segmentInWriting) {
        groupRows.append(row)
        continue
      }
      groupRows.append(UInt32(group.aggregates.count))
      group.aggregates.append(
        GroupContents.Aggregate(
          hash: aggregate.hash,
          idOffset: UInt32(group.ids.count),
          idCount: aggregate.idCount,
          firstVersion: key.version + 1
        )
      )
      group.ids.append(batch.ids, batch.idRange(row))
    }
  }

  /// As above for the first batch of a group, whose aggregates are all new there.
  private mutating func enterAllAggregates(
    _ batch: borrowing BatchContents,
    _ group: inout GroupContents,
    _ state: KeyIndex.State
  ) {
    for row in batch.aggregates.indices {
      let aggregate = batch.aggregates[row]
      groupRows.append(UInt32(row))
      group.aggregates.append(
        GroupContents.Aggregate(
          hash: aggregate.hash,
          idOffset: aggregate.idOffset,
          idCount: aggregate.idCount,
          firstVersion: state.table[slots[row]].version + 1
        )
      )
    }
    group.ids.append(batch.ids)
  }

  private func enterTags(
    _ batch: borrowing BatchContents,
    _ row: Int,
    _ ordinal: Int,
    _ position: UInt64,
    _ group: inout GroupContents,
    _ state: inout KeyIndex.State,
    _ textBase: UInt32
  ) {
    var extras = batch.extras[row]
    let tags = Int(extras.firstTag)..<Int(extras.firstTag + extras.tagCount)
    extras.firstTag = Int32(group.tags.count)
    extras.metadataOffset += Int32(textBase)
    for index in tags {
      var tag = batch.tags[index]
      tag.offset += textBase
      group.tags.append(tag)
      let slot = tagSlots[index]
      group.extraUndo.append(
        GroupContents.ExtraUndo(hash: batch.tagHashes[index], version: state.table[slot].version)
      )
      state.addExtra(slot, ordinal: ordinal, version: position)
    }
    group.extras.append(extras)
  }

  private func enterKey(
    _ batch: borrowing BatchContents,
    _ hash: KeyHash,
    _ use: NewKeyUse,
    _ group: inout GroupContents,
    _ state: inout KeyIndex.State
  ) {
    let slot = state.table.find(hash) ?? 0
    group.extraUndo.append(
      GroupContents.ExtraUndo(hash: hash, version: state.table[slot].version)
    )
    let ordinal = state.chains[state.chains.count - 1].count - batch.items.count
    state.addExtra(slot, ordinal: ordinal, version: use.sequence)
    let key = batch.key ?? []
    group.keys.append(
      GroupContents.Key(
        append: UInt32(group.appendCounts.count),
        offset: UInt32(group.texts.count),
        count: UInt32(key.count),
        digest: batch.digest,
        sequence: use.sequence,
        time: use.time
      )
    )
    group.texts.append(key.span)
  }
}
