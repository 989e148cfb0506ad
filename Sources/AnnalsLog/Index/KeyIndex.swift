/// The index in memory: keys of the segment in writing, and of those whose footers are being made.
///
/// Invariants, all under `lock`:
/// 1. A key of any segment without footer is in the table.
/// 2. A slot with `newest != 0` leads into the chains of its `segment`, which is in `chains`.
/// 3. When a slot moves on to a newer segment while its old one has no footer yet, the old entry
///    goes to that segment's `heads`.
package final class KeyIndex: @unchecked Sendable {
  // Checked how: `state` is touched only under `lock`.
  private let lock = Lock()
  private let state = Cell(State())

  /// The index's content.
  package struct State {
    package var table = KeyTable()
    /// Oldest first; the last is the segment in writing.
    package var chains: [SegmentChains] = []
    /// For each of `chains`, entries of keys that have since moved on; `newest` is 0 in those that
    /// were taken back.
    package var heads: [KeyTable] = []
    /// The segment in writing; beside `chains`, as every event asks for it.
    package private(set) var segmentInWriting: SegmentID = 0

    package init() {}
  }

  /// An empty index.
  package init() {}

  /// Runs `body` on the content; it must be short and must not do I/O.
  @inline(__always)
  package func withState<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state.value)
  }
}

extension KeyIndex.State {
  /// The index of the chains of `segment`.
  package func chainsIndex(_ segment: SegmentID) -> Int? {
    chains.lastIndex { $0.segment == segment }
  }

  /// Makes `segment` the one in writing.
  package mutating func begin(_ segment: SegmentID, basePosition: UInt64, expecting events: Int) {
    chains.append(SegmentChains(segment: segment, basePosition: basePosition, expecting: events))
    heads.append(KeyTable())
    segmentInWriting = segment
  }

  /// Forgets the chains of `segment`, whose footer is there now.
  package mutating func drop(_ segment: SegmentID) {
    guard let index = chainsIndex(segment) else { return }
    chains.remove(at: index)
    heads.remove(at: index)
  }

  /// Adds the next event of the segment in writing to the key in slot `slot`.
  ///
  /// - Returns: the event's ordinal.
  @inline(__always)
  package mutating func addEvent(_ slot: Int, version: UInt64) -> Int {
    let link = moveLink(slot)
    let last = chains.count - 1
    let ordinal = chains[last].append(link)
    moveOn(slot, to: ordinal, version: version)
    return ordinal
  }

  /// Notes that event `ordinal` of the segment in writing is the newest of the key in slot `slot`.
  @inline(__always)
  package mutating func moveOn(_ slot: Int, to ordinal: Int, version: UInt64) {
    var key = table[slot]
    key.version = version
    key.newest = UInt32(truncatingIfNeeded: ordinal + 1)
    key.segment = segmentInWriting
    table[slot] = key
  }

  /// Adds event `ordinal` of the segment in writing to the tag or idempotency key in slot `slot`.
  package mutating func addExtra(_ slot: Int, ordinal: Int, version: UInt64) {
    let link = moveLink(slot)
    let last = chains.count - 1
    let entry = chains[last].appendExtra(ordinal: ordinal, link)
    var key = table[slot]
    key.version = version
    key.newest = UInt32(truncatingIfNeeded: entry + 1)
    key.segment = segmentInWriting
    table[slot] = key
  }

  /// What a new entry of the key links to; keeps the old entry findable if its segment has no
  /// footer yet.
  @inline(__always)
  package mutating func moveLink(_ slot: Int) -> SegmentChains.Link {
    let key = table[slot]
    if key.newest != 0 {
      if key.segment == segmentInWriting { return .entry(Int(key.newest) - 1) }
      if let index = chainsIndex(key.segment) { heads[index].set(key) }
    }
    return key.segment == Self.unknownSegment ? .unknown : .segment(key.segment)
  }

  /// Stands in a slot's `segment` where older segments have not been looked at.
  package static let unknownSegment: SegmentID = .max

  /// The slot of `hash`, if it is in the table and its version is known.
  @inline(__always)
  package func knownSlot(_ hash: KeyHash) -> Int? {
    guard let slot = table.find(hash) else { return nil }
    let key = table[slot]
    return key.newest == 0 && key.segment == Self.unknownSegment ? nil : slot
  }

  /// Notes what the footers say of a key that is not in any segment without footer.
  package mutating func setKnown(
    _ hash: KeyHash,
    _ domain: KeyHash.Domain,
    version: UInt64,
    segment: SegmentID
  ) {
    let key = KeySlot(
      hash: hash,
      packed: KeyTableFormat.pack(version, domain),
      newest: 0,
      segment: segment
    )
    table.set(key)
  }

  /// The position of a key's newest event, if it stands in a segment without footer.
  package func newestPosition(_ key: KeySlot) -> UInt64? {
    guard key.newest != 0, let index = chainsIndex(key.segment) else { return nil }
    let entry = Int(key.newest) - 1
    let ordinal =
      key.domain == KeyHash.Domain.aggregate.rawValue ? entry : chains[index].extraOrdinal(entry)
    return chains[index].basePosition + UInt64(ordinal)
  }

  /// Takes back entry `entry` of the key in slot `slot`, the newest one it has.
  package mutating func takeBack(_ slot: Int, _ link: SegmentChains.Link, version: UInt64) {
    var key = table[slot]
    switch link {
    case .entry(let entry):
      key.newest = UInt32(entry + 1)
      key.version = version
    case .segment(let segment):
      if let index = chainsIndex(segment), let found = heads[index].find(key.hash),
        heads[index][found].newest != 0
      {
        key = heads[index][found]
        heads[index][found].newest = 0
      } else {
        key.newest = 0
        key.segment = segment
        key.version = version
      }
    case .unknown:
      key.newest = 0
      key.segment = Self.unknownSegment
      key.version = version
    }
    table[slot] = key
  }

  /// The newest chain entry of `hash` in `segment`, if the index holds that segment.
  package func newestEntry(_ hash: KeyHash, in segment: SegmentID) -> Int? {
    if let slot = table.find(hash) {
      let key = table[slot]
      if key.segment == segment { return key.newest == 0 ? nil : Int(key.newest) - 1 }
    }
    guard let index = chainsIndex(segment), let head = head(hash, index) else { return nil }
    return Int(head.newest) - 1
  }

  /// The entry of `hash` in the chains at `index`, if the key has since moved on.
  package func head(_ hash: KeyHash, _ index: Int) -> KeySlot? {
    guard let found = heads[index].find(hash), heads[index][found].newest != 0 else { return nil }
    return heads[index][found]
  }
}
