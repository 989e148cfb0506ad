/// The events of a commit group.
package struct GroupContents: ~Copyable {
  /// One event.
  package struct Event: BitwiseCopyable {
    package var aggregate: UInt32
    package var versionOffset: UInt32
    package var type: UInt32
    package var payloadCount: UInt32
    /// The row of `extras`, or -1.
    package var extras: Int32
    package var time: Int64
  }

  /// One aggregate of the group.
  package struct Aggregate: BitwiseCopyable {
    package var hash: KeyHash
    package var idOffset: UInt32
    package var idCount: UInt32
    package var firstVersion: UInt64
  }

  /// One idempotency key.
  package struct Key: BitwiseCopyable {
    package var append: UInt32
    package var offset: UInt32
    package var count: UInt32
    package var digest: KeyHash
    package var sequence: UInt64
    package var time: Int64
  }

  /// What to put back into the index if the group fails, beyond its events.
  package struct ExtraUndo: BitwiseCopyable {
    package var hash: KeyHash
    package var version: UInt64
  }

  var events: [Event] = []
  var aggregates: [Aggregate] = []
  var appendCounts: [UInt32] = []
  var extras: [BatchContents.Extras] = []
  var tags: [BatchContents.Tag] = []
  var keys: [Key] = []
  var extraUndo: [ExtraUndo] = []
  /// Positions less the first, where they have gaps: only compaction makes such frames.
  var positions: [UInt64] = []
  var ids = ByteBuffer(capacity: 4096)
  var texts = ByteBuffer(capacity: 256)
  var payloads = ByteBuffer(capacity: 64 << 10)
  var firstPosition: UInt64 = 0
  var firstOrdinal = 0

  /// Forgets positions that follow each other without a gap.
  mutating func dropGaplessPositions() {
    guard positions.last == UInt64(events.count - 1) else { return }
    // With one aggregate a frame without positions has no versions of its events either.
    if aggregates.count == 1 {
      for index in events.indices where events[index].versionOffset != UInt32(index) { return }
    }
    positions.removeAll(keepingCapacity: true)
  }

  /// Forgets everything but the memory.
  mutating func removeAll() {
    events.empty()
    aggregates.empty()
    appendCounts.empty()
    extras.empty()
    tags.empty()
    keys.empty()
    extraUndo.empty()
    positions.empty()
    ids.removeAll()
    texts.removeAll()
    payloads.removeAll()
    firstPosition = 0
    firstOrdinal = 0
  }
}

extension GroupContents.Event {
  /// An event of a batch whose first extras have the row `extrasBase` in the group.
  @inline(__always)
  init(
    _ item: BatchContents.Item,
    aggregate: UInt32,
    versionOffset: UInt32,
    type: UInt32,
    extrasBase: Int32
  ) {
    self.init(
      aggregate: aggregate,
      versionOffset: versionOffset,
      type: type,
      payloadCount: item.payloadCount,
      extras: item.extras < 0 ? -1 : item.extras + extrasBase,
      time: item.time
    )
  }
}
