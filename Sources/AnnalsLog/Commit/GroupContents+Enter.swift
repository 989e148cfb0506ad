/// How a group takes an event in that comes by itself; batches of several: `AdmissionScratch`.
extension GroupContents {
  /// Notes where the group's first event, at `position`, will stand, if it has none yet.
  @inline(__always)
  mutating func begin(at position: UInt64, _ state: borrowing KeyIndex.State) {
    if !events.isEmpty { return }
    firstPosition = position
    firstOrdinal = state.chains[state.chains.count - 1].count
  }

  /// The row that an aggregate with the slot `key` has here, if it has one; `segment` is the one in
  /// writing.
  @inline(__always)
  func row(of key: KeySlot, in segment: SegmentID) -> UInt32? {
    let index = Int(key.newest) - 1 - firstOrdinal
    guard index >= 0, key.segment == segment, index < events.count else { return nil }
    return events[index].aggregate
  }

  /// Adds a lone event at `position` to the group, and to the index, where its aggregate has the
  /// slot `slot`.
  ///
  /// - Returns: the aggregate's version with it.
  @inline(__always)
  mutating func enter(
    lone batch: borrowing BatchContents,
    at position: UInt64,
    _ slot: Int,
    _ state: inout KeyIndex.State
  ) -> UInt64 {
    begin(at: position, state)
    let item = batch.items[0]
    let key = state.table[slot]
    let version = key.version + 1
    let row: UInt32
    if let known = self.row(of: key, in: state.segmentInWriting) {
      row = known
    } else {
      row = UInt32(truncatingIfNeeded: aggregates.count)
      aggregates.append(
        Aggregate(
          hash: key.hash,
          idOffset: UInt32(truncatingIfNeeded: ids.count),
          idCount: batch.aggregates[0].idCount,
          firstVersion: version
        )
      )
      ids.append(batch.ids)
    }
    events.append(
      Event(
        item,
        aggregate: row,
        versionOffset: UInt32(truncatingIfNeeded: version - aggregates[Int(row)].firstVersion),
        type: batch.typeNumbers[Int(item.type)],
        extrasBase: 0
      )
    )
    appendCounts.append(1)
    payloads.append(batch.payloads)
    _ = state.addEvent(slot, version: version)
    return version
  }
}
