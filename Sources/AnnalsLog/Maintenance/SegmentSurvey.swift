/// All that a segment's frames say, gathered by reading them: what its footer has to agree with.
package struct SegmentSurvey {
  package let segment: SegmentID
  package let basePosition: UInt64
  package private(set) var index = KeyIndex.State()
  package private(set) var indexer = FrameIndexer()
  package private(set) var typeCounts: [Int: UInt64] = [:]
  package private(set) var categories: Set<String> = []
  package private(set) var leastTime = Int64.max
  package private(set) var greatestTime = Int64.min
  package private(set) var eventCount: UInt64 = 0
  /// The first ordinal of each events frame, and where it stands, in units.
  package private(set) var frames: [(ordinal: UInt32, units: UInt32)] = []
  package var lastPosition: UInt64
  package var lastRecord: UInt64
  package var keySequence: UInt64
  package var lastChecksum: UInt32 = 0
  package var end = Segment.firstFrame
  /// Whether frames could not be read, so that others may say more than this does.
  package var hasLosses = false
  private let hasher: KeyHasher

  /// A survey of `segment` that has seen nothing.
  package init(_ segment: Segment, storeID: StoreID, record: UInt64, keySequence: UInt64) {
    self.segment = segment.id
    basePosition = segment.base.position
    lastPosition = segment.base.position - 1
    lastRecord = record
    self.keySequence = keySequence
    hasher = KeyHasher(storeID)
    index.begin(segment.id, basePosition: segment.base.position, expecting: 0)
  }

  /// Hashes the keys of the frame that `add` is to take next.
  package mutating func prepare(_ frame: EventsFrame, _ bytes: Span<UInt8>) {
    indexer.hash(frame, bytes, hasher)
  }

  /// Adds a frame that verified and was prepared; false if its positions do not fit the segment.
  package mutating func add(_ frame: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    // What is behind the last event of the segment does not come again.
    guard frame.firstPosition >= basePosition,
      frame.firstPosition - basePosition >= UInt64(index.chains[0].count),
      indexer.add(frame, bytes, to: &index)
    else { return false }
    frames.append(
      (UInt32(frame.firstPosition - basePosition), UInt32(frame.offset / FrameHeader.unit))
    )
    eventCount += UInt64(frame.eventCount)
    for index in 0..<frame.eventCount {
      typeCounts[Int(truncatingIfNeeded: frame.types.value(index, in: bytes)), default: 0] += 1
      let time = frame.time(index, bytes)
      leastTime = min(leastTime, time)
      greatestTime = max(greatestTime, time)
    }
    var start = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      let count = Int(frame.idLengths.value(row, in: bytes))
      categories.insert(AggregateID.category(bytes.extracting(start..<start + count)))
      start += count
    }
    return true
  }

  /// Notes the version of an aggregate whose newest event left the segment.
  package mutating func note(_ entry: Removal.LastVersion) { index.note(entry, in: segment) }

  /// The slots of all keys, in the order of their hashes.
  package var sortedSlots: [KeySlot] {
    var slots: [KeySlot] = []
    slots.reserveCapacity(index.table.count)
    index.table.forEach { slots.append($0) }
    slots.sort { $0.hash < $1.hash }
    return slots
  }

  /// The ordinals of a key's events, ascending.
  package func ordinals(of slot: KeySlot) -> [UInt32] {
    var found: [UInt32] = []
    let isAggregate = slot.domain == KeyHash.Domain.aggregate.rawValue
    let chains = index.chains[0]
    var entry = Int(slot.newest) - 1
    while entry >= 0 {
      let ordinal = UInt32(isAggregate ? entry : chains.extraOrdinal(entry))
      if found.last != ordinal { found.append(ordinal) }
      let link = isAggregate ? chains.link(entry) : chains.extraLink(entry)
      guard case .entry(let previous) = link else { break }
      entry = previous
    }
    return found.reversed()
  }
}
