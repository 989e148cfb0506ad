/// One slot of the manifest: where to start reading a store.
///
/// Specified in `Format.md`, section "Manifest". The file has two slots; each change overwrites the
/// older one, and the valid one with the higher generation counts.
package struct Manifest: Equatable, Sendable {
  package enum Layout {
    package static let byteCount = HeaderBlock.byteCount
    package static let slots = 2
    package static let generation = 40..<48
    package static let listGeneration = 48..<56
    package static let historyID = 56..<72
    package static let historyStart = 72..<80
    package static let tailSegment = 80..<84
    package static let tailChecksum = 84..<88
    package static let tailEnd = 88..<96
    package static let tailPosition = 96..<104
    package static let tailRecord = 104..<112
    package static let keySequence = 112..<120
    package static let closed = 120..<121
    package static let reserved = 121..<4092
  }

  package var storeID: StoreID
  package var generation: UInt64
  /// The generation of the segment list that counts.
  package var listGeneration: UInt64
  /// Renewed when the store is restored or forked.
  package var historyID: StoreID
  /// The position it was renewed at: what stands up to it is shared with the earlier history.
  package var historyStart: UInt64
  /// The log was durable at least up to here.
  package var tail: Tail
  /// Whether the store was closed at `tail` and has not been opened for writing since.
  package var isClosed: Bool

  /// A place in the log up to which everything is known to be durable.
  package struct Tail: Equatable, Sendable, BitwiseCopyable {
    package var segment: SegmentID
    /// The offset behind the last frame.
    package var end: UInt64
    package var position: UInt64
    package var record: UInt64
    /// The checksum of the last frame, zero if the segment has none.
    package var checksum: UInt32
    /// The number of idempotency keys so far.
    package var keySequence: UInt64

    package init(
      segment: SegmentID,
      end: UInt64,
      position: UInt64,
      record: UInt64,
      checksum: UInt32,
      keySequence: UInt64
    ) {
      self.segment = segment
      self.end = end
      self.position = position
      self.record = record
      self.checksum = checksum
      self.keySequence = keySequence
    }
  }

  /// Notes that all is durable up to `mark`, if it is not known to be further already: a roll may
  /// have gone on while that was found.
  package mutating func raiseTail(to mark: Tail) {
    if (tail.position, tail.record) < (mark.position, mark.record) { tail = mark }
  }

  /// Appends one slot.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.manifest, storeID: storeID).encode(into: &buffer)
    buffer.append(generation)
    buffer.append(listGeneration)
    buffer.append(historyID.low)
    buffer.append(historyID.high)
    buffer.append(historyStart)
    buffer.append(tail.segment)
    buffer.append(tail.checksum)
    buffer.append(tail.end)
    buffer.append(tail.position)
    buffer.append(tail.record)
    buffer.append(tail.keySequence)
    buffer.append(UInt8(isClosed ? 1 : 0))
    HeaderBlock.finish(&buffer, from: start)
  }

  /// Reads the slot `number` of a manifest's bytes.
  package static func decode(
    _ bytes: Span<UInt8>,
    slot number: Int,
    file: String = StoreFile.manifest
  ) throws(LogError) -> Manifest {
    let offset = number * Layout.byteCount
    guard bytes.count >= offset + Layout.byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.slots * Layout.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let block = bytes.extracting(offset..<offset + Layout.byteCount)
    let header = try HeaderBlock.header(block, .manifest, file: file, at: offset)
    let manifest = Manifest(block, header.storeID)
    guard !header.hasZeroReserve || block.isZero(Layout.reserved),
      block[Layout.closed.lowerBound] <= 1, manifest.isInBounds
    else { throw .corrupt(Corruption(file: file, offset: offset, .malformed(.manifest))) }
    return manifest
  }

  private init(_ block: Span<UInt8>, _ storeID: StoreID) {
    func word(_ range: Range<Int>) -> UInt64 { block.load(UInt64.self, at: range.lowerBound) }
    self.init(
      storeID: storeID,
      generation: word(Layout.generation),
      listGeneration: word(Layout.listGeneration),
      historyID: StoreID(
        high: block.load(UInt64.self, at: Layout.historyID.lowerBound + 8),
        low: word(Layout.historyID)
      ),
      historyStart: word(Layout.historyStart),
      tail: Tail(
        segment: block.load(UInt32.self, at: Layout.tailSegment.lowerBound),
        end: word(Layout.tailEnd),
        position: word(Layout.tailPosition),
        record: word(Layout.tailRecord),
        checksum: block.load(UInt32.self, at: Layout.tailChecksum.lowerBound),
        keySequence: word(Layout.keySequence)
      ),
      isClosed: block[Layout.closed.lowerBound] == 1
    )
  }

  /// A slot to be written.
  package init(
    storeID: StoreID,
    generation: UInt64,
    listGeneration: UInt64,
    historyID: StoreID,
    historyStart: UInt64,
    tail: Tail,
    isClosed: Bool
  ) {
    self.storeID = storeID
    self.generation = generation
    self.listGeneration = listGeneration
    self.historyID = historyID
    self.historyStart = historyStart
    self.tail = tail
    self.isClosed = isClosed
  }

  /// Whether all numbers are in the ranges that the rest of the format can name.
  private var isInBounds: Bool {
    generation <= Limits.generationMax && listGeneration <= Limits.generationMax
      && historyStart <= Limits.ordinalMax && tail.segment <= Limits.segmentIDMax
      && tail.end <= UInt64(Int64.max) && tail.position <= Limits.ordinalMax
      && tail.record <= Limits.ordinalMax && tail.keySequence <= Limits.ordinalMax
  }
}
