/// The segments of a store in log order, and the index checkpoints over them.
///
/// Specified in `Format.md`, section "Segment list". Written whole, under a new name, when a
/// segment begins or compaction replaces some; never on the path of an append.
package struct SegmentList: Equatable, Sendable {
  package enum Layout {
    package static let generation = 40..<48
    package static let segmentCount = 48..<52
    package static let checkpointCount = 52..<56
    package static let nextSegment = 56..<60
    package static let replacedCount = 60..<64
    package static let entries = 64
    package static let segmentEntry = 64
    package static let checkpointEntry = 32
    package static let replacedEntry = 8
  }

  /// What is known of one segment.
  package struct Entry: Equatable, Sendable {
    package var id: SegmentID
    /// Sealed: the fields below are final.
    ///
    /// Otherwise the segment is in writing or ready for it, and
    /// they are zero.
    package var isSealed: Bool
    /// Whether compaction or salvage made it: its positions may have gaps.
    package var isRewritten = false
    package var basePosition: UInt64 = 0
    package var lastPosition: UInt64 = 0
    package var lastRecord: UInt64 = 0
    /// The offset behind the last frame.
    package var end: UInt64 = 0
    package var lastChecksum: UInt32 = 0
    /// Second copies of what the segment's header says, in case it is damaged.
    package var salt: UInt32 = 0
    package var baseTime: Int64 = 0
    /// The number of idempotency keys through this segment.
    package var keySequence: UInt64 = 0

    package init(id: SegmentID, isSealed: Bool) {
      self.id = id
      self.isSealed = isSealed
    }
  }

  /// One index checkpoint: the newest versions and segments of all keys in a run of segments.
  package struct Checkpoint: Equatable, Sendable {
    package var generation: UInt64
    package var firstSegment: SegmentID
    package var lastSegment: SegmentID
    package var keyCount: UInt64

    package init(
      generation: UInt64,
      firstSegment: SegmentID,
      lastSegment: SegmentID,
      keyCount: UInt64
    ) {
      self.generation = generation
      self.firstSegment = firstSegment
      self.lastSegment = lastSegment
      self.keyCount = keyCount
    }
  }

  package var storeID: StoreID
  package var generation: UInt64
  /// The id the next new segment gets; ids are never used twice.
  package var nextSegment: SegmentID
  package var segments: [Entry]
  package var checkpoints: [Checkpoint]
  /// Segments that are no longer there, and the rewritten ones that took their places.
  package var replaced: [SegmentID: SegmentID] = [:]

  package init(
    storeID: StoreID,
    generation: UInt64,
    nextSegment: SegmentID,
    segments: [Entry],
    checkpoints: [Checkpoint]
  ) {
    self.storeID = storeID
    self.generation = generation
    self.nextSegment = nextSegment
    self.segments = segments
    self.checkpoints = checkpoints
  }

  /// Appends the whole file.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.segmentList, storeID: storeID).encode(into: &buffer)
    buffer.append(generation)
    buffer.append(UInt32(segments.count))
    buffer.append(UInt32(checkpoints.count))
    buffer.append(nextSegment)
    buffer.append(UInt32(replaced.count))
    for entry in segments {
      buffer.append(entry.id)
      buffer.append(UInt32(entry.isSealed ? 1 : 0) | (entry.isRewritten ? 2 : 0))
      buffer.append(entry.basePosition)
      buffer.append(entry.lastPosition)
      buffer.append(entry.lastRecord)
      buffer.append(entry.end)
      buffer.append(entry.keySequence)
      buffer.append(entry.lastChecksum)
      buffer.append(entry.salt)
      buffer.append(entry.baseTime)
    }
    for checkpoint in checkpoints {
      buffer.append(checkpoint.generation)
      buffer.append(checkpoint.firstSegment)
      buffer.append(checkpoint.lastSegment)
      buffer.append(checkpoint.keyCount)
      buffer.appendZeros(8)
    }
    for (old, new) in replaced.sorted(by: { $0.key < $1.key }) {
      buffer.append(old)
      buffer.append(new)
    }
    FileChecksum.finish(&buffer, from: start)
  }

  /// Reads a whole file.
  package static func decode(_ bytes: Span<UInt8>, file: String) throws(LogError) -> SegmentList {
    let header = try FileChecksum.header(bytes, .segmentList, file: file)
    guard bytes.count >= Layout.entries + FileChecksum.byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.entries + FileChecksum.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let segmentCount = Int(bytes.load(UInt32.self, at: Layout.segmentCount.lowerBound))
    let checkpointCount = Int(bytes.load(UInt32.self, at: Layout.checkpointCount.lowerBound))
    let replacedCount = Int(bytes.load(UInt32.self, at: Layout.replacedCount.lowerBound))
    let replacedStart =
      Layout.entries + segmentCount * Layout.segmentEntry
      + checkpointCount * Layout.checkpointEntry
    let end = replacedStart + replacedCount * Layout.replacedEntry
    guard bytes.count == end + FileChecksum.byteCount else {
      throw .corrupt(Corruption(file: file, offset: 0, .malformed(.segmentList)))
    }
    try FileChecksum.check(bytes, file: file)
    let hasZeroReserve = header.hasZeroReserve
    var list = SegmentList(
      storeID: header.storeID,
      generation: bytes.load(UInt64.self, at: Layout.generation.lowerBound),
      nextSegment: bytes.load(UInt32.self, at: Layout.nextSegment.lowerBound),
      segments: [],
      checkpoints: []
    )
    guard list.generation <= Limits.generationMax, list.nextSegment <= Limits.segmentIDMax
    else { throw .corrupt(Corruption(file: file, offset: 0, .malformed(.segmentList))) }
    var ids: Set<SegmentID> = []
    for index in 0..<segmentCount {
      let at = Layout.entries + index * Layout.segmentEntry
      let flags = bytes.load(UInt32.self, at: at + 4)
      let entry = Entry(bytes, at: at)
      guard entry.id != 0, entry.id < list.nextSegment, ids.insert(entry.id).inserted,
        !hasZeroReserve || flags <= 1 || flags == 3, entry.isInBounds
      else { throw .corrupt(Corruption(file: file, offset: at, .malformed(.segmentList))) }
      list.segments.append(entry)
    }
    for index in 0..<checkpointCount {
      let at =
        Layout.entries + segmentCount * Layout.segmentEntry + index * Layout.checkpointEntry
      let checkpoint = Checkpoint(
        generation: bytes.load(UInt64.self, at: at),
        firstSegment: bytes.load(UInt32.self, at: at + 8),
        lastSegment: bytes.load(UInt32.self, at: at + 12),
        keyCount: bytes.load(UInt64.self, at: at + 16)
      )
      guard checkpoint.generation <= Limits.generationMax,
        !hasZeroReserve || bytes.isZero(at + 24..<at + 32)
      else { throw .corrupt(Corruption(file: file, offset: at, .malformed(.segmentList))) }
      list.checkpoints.append(checkpoint)
    }
    for index in 0..<replacedCount {
      let at = replacedStart + index * Layout.replacedEntry
      let old = bytes.load(UInt32.self, at: at)
      let new = bytes.load(UInt32.self, at: at + 4)
      guard old != 0, old < list.nextSegment, ids.contains(new), ids.insert(old).inserted else {
        throw .corrupt(Corruption(file: file, offset: at, .malformed(.segmentList)))
      }
      list.replaced[old] = new
    }
    return list
  }
}

extension SegmentList.Entry {
  fileprivate init(_ bytes: Span<UInt8>, at offset: Int) {
    self.init(
      id: bytes.load(UInt32.self, at: offset),
      isSealed: bytes.load(UInt32.self, at: offset + 4) & 1 != 0
    )
    isRewritten = bytes.load(UInt32.self, at: offset + 4) & 2 != 0
    basePosition = bytes.load(UInt64.self, at: offset + 8)
    lastPosition = bytes.load(UInt64.self, at: offset + 16)
    lastRecord = bytes.load(UInt64.self, at: offset + 24)
    end = bytes.load(UInt64.self, at: offset + 32)
    keySequence = bytes.load(UInt64.self, at: offset + 40)
    lastChecksum = bytes.load(UInt32.self, at: offset + 48)
    salt = bytes.load(UInt32.self, at: offset + 52)
    baseTime = bytes.load(Int64.self, at: offset + 56)
  }

  /// Whether all numbers are in the ranges that the rest of the format can name.
  fileprivate var isInBounds: Bool {
    (!isSealed || basePosition >= 1) && basePosition <= Limits.ordinalMax + 1
      && lastPosition <= Limits.ordinalMax
      && lastRecord <= Limits.ordinalMax && keySequence <= Limits.ordinalMax
      && end <= UInt64(Int64.max)
  }
}
