/// Makes a segment's footer from the index of its events.
package struct FooterBuilder: ~Copyable {
  private let segment: Segment
  private let types: TypeTable
  private var index = KeyIndex.State()
  private var indexer = FrameIndexer()
  private let content = FrameContent()
  private var census: EventCensus
  private var lastPosition: UInt64
  private var aggregateCount: UInt64 = 0
  private var lastRecord: UInt64
  private var keySequence: UInt64
  private var lastChecksum: UInt32 = 0
  private var end: Int
  /// Damaged places with events that were passed over.
  package private(set) var damages: [Corruption] = []
  private let hasher: KeyHasher
  private let storeID: StoreID

  /// A builder that has seen nothing of `segment` yet.
  package init(_ segment: Segment, types: TypeTable, storeID: StoreID, keySequence: UInt64) {
    self.segment = segment
    self.types = types
    self.storeID = storeID
    self.keySequence = keySequence
    hasher = KeyHasher(storeID)
    census = EventCensus(hasher)
    index.begin(segment.id, basePosition: segment.base.position, expecting: 0)
    lastPosition = segment.base.position - 1
    lastRecord = segment.baseRecord
    end = Segment.firstFrame
  }

  /// Adds the frames of the segment up to the offset `limit`.
  ///
  /// - Parameter knownPosition: the last position in those frames, if damaged ones are to be passed
  ///   over, and noted in `damages`; otherwise all must verify.
  package mutating func scan(
    through limit: Int,
    endingAt knownPosition: UInt64? = nil
  ) throws(LogError) {
    while end < limit {
      do throws(LogError) {
        try addFrames(through: limit)
      } catch {
        guard let knownPosition, case .corrupt = error else { throw error }
        pass(error, limit: limit, knownPosition)
      }
    }
  }

  /// Notes what is lost with the damaged frame at `end`, and goes on at the next one that verifies
  /// and that the segment can hold.
  private mutating func pass(_ problem: LogError, limit: Int, _ knownPosition: UInt64) {
    let greatest = min(knownPosition, segment.base.position + UInt64(Limits.segmentEventsMax))
    var next = segment.nextFrame(behind: end, limit: limit, after: lastPosition)
    while let found = next, found.first > greatest + 1 {
      next = segment.nextFrame(behind: found.offset, limit: limit, after: lastPosition)
    }
    let last = next.map { $0.first - 1 } ?? knownPosition
    if last > lastPosition {
      let lost = PositionRange(Position(lastPosition + 1), Position(last))
      damages.append(problem.corruption(in: segment.name, at: end, positions: lost))
    }
    guard let next else {
      end = limit
      return
    }
    end = next.offset
    lastPosition = next.first - 1
    // Whoever looks for an event behind the damage must not come by it.
    index.chains[0].resume(at: Int(next.first - segment.base.position), offset: end)
  }

  private mutating func addFrames(through limit: Int) throws(LogError) {
    let segment = segment
    while end < limit {
      let header = try segment.frame(at: end, limit: limit)
      let bytes = segment.bytes
      let content = content
      if header.holdsEvents, let frame = content.events(segment, at: end, header) {
        let bytes = content.bytes
        guard add(frame, bytes) else {
          throw .corrupt(
            Corruption(file: segment.name, offset: end, .malformed(.eventsFrame))
          )
        }
        lastPosition = frame.lastPosition(bytes)
      } else if header.knownKind == .control,
        let frame = ControlFrame.decode(
          bytes,
          at: end,
          byteCount: header.byteCount,
          segment.base
        )
      {
        lastRecord = frame.record
        if frame.subject == .removal, let removal = segment.removal(frame) {
          for entry in removal.versions { index.note(entry, in: segment.id) }
          lastPosition = frame.nextPosition - 1
        }
      }
      lastChecksum = header.checksum
      end += header.byteCount
    }
  }

  private mutating func add(_ frame: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    indexer.hash(frame, bytes, hasher)
    guard indexer.add(frame, bytes, to: &index) else { return false }
    census.add(frame, bytes)
    for key in indexer.keySequences { keySequence = max(keySequence, key) }
    return true
  }
}

extension FooterBuilder {
  /// Encodes the footer.
  ///
  /// `previousSegment` tells where a key stands before this segment.
  package mutating func encode(
    previousSegment: (KeyHash) throws(LogError) -> SegmentID
  ) throws(LogError) -> ByteBuffer {
    var slots: [KeySlot] = []
    let chains = index.chains[0]
    slots.reserveCapacity(index.table.count)
    index.table.forEach { slots.append($0) }
    slots.sort { $0.hash < $1.hash }
    var body = ByteBuffer(capacity: slots.count * 40 + 64 << 10)
    var postings = ByteBuffer(capacity: chains.count * 3 + 4096)
    var ordinals: [UInt32] = []
    for slot in slots {
      ordinals.removeAll(keepingCapacity: true)
      collect(slot, chains, into: &ordinals)
      if slot.domain == KeyHash.Domain.aggregate.rawValue { aggregateCount += 1 }
      var entry = KeyEntry(
        hash: slot.hash,
        domain: slot.domain,
        version: slot.version,
        segment: try previousSegment(slot.hash),
        count: UInt32(ordinals.count),
        postings: UInt32(postings.count)
      )
      if ordinals.count == 1 {
        entry.postings = ordinals[0]
      } else {
        var before: UInt32 = 0
        for ordinal in ordinals.reversed() {
          postings.appendVarint(UInt64(ordinal - before))
          before = ordinal
        }
      }
      entry.encode(KeyTableFormat.footerEntry, into: &body, tableStart: 0)
    }
    body.appendZeros(-body.count & (CheckedPages.pageSize - 1))
    let keys = FooterHeader.Section(offset: 0, byteCount: body.count, count: slots.count)
    return finish(&body, postings, keys)
  }

  private func collect(
    _ slot: KeySlot,
    _ chains: SegmentChains,
    into ordinals: inout [UInt32]
  ) {
    let isAggregate = slot.domain == KeyHash.Domain.aggregate.rawValue
    var entry = Int(slot.newest) - 1
    while entry >= 0 {
      let ordinal = isAggregate ? entry : chains.extraOrdinal(entry)
      // Both tags of one event may be the same text: one posting is enough.
      if ordinals.last != UInt32(ordinal) { ordinals.append(UInt32(ordinal)) }
      let link = isAggregate ? chains.link(entry) : chains.extraLink(entry)
      guard case .entry(let previous) = link else { return }
      entry = previous
    }
  }

  private func finish(
    _ body: inout ByteBuffer,
    _ postings: borrowing ByteBuffer,
    _ keys: FooterHeader.Section
  ) -> ByteBuffer {
    func align(_ body: inout ByteBuffer) { body.appendZeros(-body.count & 7) }
    let postingsSection = FooterHeader.Section(offset: body.count, byteCount: postings.count)
    body.append(postings.bytes)
    align(&body)
    let samplesOffset = body.count
    let chains = index.chains[0]
    for sample in chains.samples {
      body.append(sample.ordinal)
      body.append(sample.units)
    }
    let samples = FooterHeader.Section(
      offset: samplesOffset,
      byteCount: body.count - samplesOffset,
      count: chains.samples.count
    )
    let typesOffset = body.count
    let types = census.types
    for (number, count) in types {
      let name = self.types.name(number) ?? ""
      body.appendVarint(UInt64(number))
      body.appendVarint(count)
      body.appendVarint(UInt64(name.utf8.count))
      body.append(name.utf8Span.span)
    }
    let typesSection = FooterHeader.Section(
      offset: typesOffset,
      byteCount: body.count - typesOffset,
      count: types.count
    )
    align(&body)
    let categoriesOffset = body.count
    let categories = census.hasTooManyCategories ? [] : census.categoryNames
    if !census.hasTooManyCategories {
      for name in categories {
        body.appendVarint(UInt64(name.utf8.count))
        body.append(name.utf8Span.span)
      }
    }
    var categoriesSection = FooterHeader.Section(
      offset: categoriesOffset,
      byteCount: body.count - categoriesOffset,
      count: categories.count
    )
    if census.hasTooManyCategories { categoriesSection.count = .max }
    let header = FooterHeader(
      storeID: storeID,
      segmentID: segment.id,
      salt: segment.salt,
      basePosition: segment.base.position,
      lastPosition: lastPosition,
      eventCount: census.eventCount,
      end: UInt64(end),
      lastRecord: lastRecord,
      keySequence: keySequence,
      leastTime: census.eventCount == 0 ? 0 : census.leastTime,
      greatestTime: census.eventCount == 0 ? 0 : census.greatestTime,
      lastChecksum: lastChecksum,
      liveBytes: UInt64(end - Segment.firstFrame),
      aggregateCount: aggregateCount,
      keys: keys,
      postings: postingsSection,
      samples: samples,
      types: typesSection,
      categories: categoriesSection
    )
    var fields = ByteBuffer(capacity: 512)
    header.encode(into: &fields)
    var file = ByteBuffer(capacity: body.count + body.count / 512 + 16 << 10)
    CheckedPages.finish(header: fields, body: &body, into: &file)
    return file
  }
}
