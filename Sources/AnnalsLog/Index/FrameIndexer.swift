/// Puts the events of a frame into an index: used by recovery, by followers and by footers.
package struct FrameIndexer: Sendable {
  /// The hashes of the aggregate ids, by their rows.
  package private(set) var rows: [KeyHash] = []
  private var slots: [Int] = []
  private var extras = FrameExtras()
  private var tagHashes: [KeyHash] = []
  private var keyHashes: [KeyHash] = []
  /// The idempotency keys of the frame.
  package private(set) var keys: [FrameKey] = []

  package init() {}

  /// The sequence numbers of the frame's idempotency keys.
  package var keySequences: [UInt64] { keys.map(\.sequence) }

  /// Hashes all keys of `frame`, which was verified.
  package mutating func hash(_ frame: EventsFrame, _ bytes: Span<UInt8>, _ hasher: KeyHasher) {
    rows.removeAll(keepingCapacity: true)
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      let count = Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
      rows.append(hasher.hash(bytes.extracting(offset..<offset + count), .aggregate))
      offset += count
    }
    tagHashes.removeAll(keepingCapacity: true)
    extras.removeAll()
    if frame.extrasEnd != 0, extras.decode(frame, bytes) {
      for tag in extras.tags {
        tagHashes.append(
          hasher.hash(bytes.extracting(tag.offset..<tag.offset + tag.count), .tag)
        )
      }
    }
    keyHashes.removeAll(keepingCapacity: true)
    keys = frame.keysEnd == 0 ? [] : frame.keys(bytes) ?? []
    for key in keys {
      keyHashes.append(hasher.hash(bytes.extracting(key.offset..<key.offset + key.count), .key))
    }
  }

  /// Adds the hashed frame to `state`, whose segment in writing is the frame's.
  ///
  /// - Returns: false if the frame's positions do not fit the segment.
  package mutating func add(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    to state: inout KeyIndex.State
  ) -> Bool {
    let last = state.chains.count - 1
    let base = state.chains[last].basePosition
    guard frame.firstPosition >= base,
      frame.lastPosition(bytes) - base <= UInt64(Limits.segmentEventsMax)
    else { return false }
    place(rows, .aggregate, in: &state)
    state.chains[last].pad(to: Int(frame.firstPosition - base))
    state.chains[last].noteFrame(
      ordinal: Int(frame.firstPosition - base),
      offset: frame.offset
    )
    for index in 0..<frame.eventCount {
      if frame.hasPositions {
        state.chains[last].pad(to: Int(frame.position(index, bytes) - base))
      }
      let row = frame.aggregateIndex(index, bytes)
      _ = state.addEvent(slots[row], version: frame.version(index, aggregate: row, bytes))
    }
    addExtras(frame, bytes, base, to: &state)
    return true
  }

  private mutating func addExtras(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ base: UInt64,
    to state: inout KeyIndex.State
  ) {
    if !tagHashes.isEmpty {
      place(tagHashes, .tag, in: &state)
      for index in 0..<frame.eventCount where extras.places[index].tagCount > 0 {
        let place = extras.places[index]
        let position = frame.position(index, bytes)
        var reader = ByteReader(bytes, at: place.tagsOffset)
        for _ in 0..<place.tagCount {
          guard let tag = reader.readCount(maximum: tagHashes.count - 1) else { return }
          state.addExtra(slots[tag], ordinal: Int(position - base), version: position)
        }
      }
    }
    if !keys.isEmpty {
      place(keyHashes, .key, in: &state)
      for (row, key) in keys.enumerated() {
        let first = frame.events(ofAppend: key.append, bytes).lowerBound
        let ordinal = Int(frame.position(first, bytes) - base)
        state.addExtra(slots[row], ordinal: ordinal, version: key.sequence)
      }
    }
  }

  /// Fills `slots` with the slots of `hashes`, inserting those that are new.
  private mutating func place(
    _ hashes: [KeyHash],
    _ domain: KeyHash.Domain,
    in state: inout KeyIndex.State
  ) {
    slots.removeAll(keepingCapacity: true)
    state.table.reserve(hashes.count)
    let packed = KeyTableFormat.pack(0, domain)
    for hash in hashes {
      slots.append(
        state.table.findOrInsert(
          KeySlot(hash: hash, packed: packed, newest: 0, segment: KeyIndex.State.unknownSegment)
        )
      )
    }
  }
}
