/// Walks the frames of a segment that may end anywhere, and says how it ends.
///
/// Only classifies; what to do about it is decided in one place, `LogOpener`. See the table in
/// `Format.md`, section "Torn or corrupt".
package struct TailScan {
  /// How the walk ended.
  package enum Ending: Equatable {
    /// Only zeros follow, or the file ends.
    case clean
    /// What follows was never durable; the offset behind its last byte that is not zero.
    case torn(end: Int)
    /// What follows was durable once and is damaged; see `damages`.
    case corrupt
  }

  /// Where the walk is: behind the last whole frame.
  package var offset: Int
  package var lastPosition: UInt64
  package var lastRecord: UInt64
  package var lastChecksum: UInt32 = 0
  /// Where the last frame that was walked stands; 0 before the first.
  package private(set) var lastFrame = 0
  package var keySequence: UInt64
  package var eventCount = 0
  package var ending = Ending.clean
  /// Every place found where something durable is damaged, in the order of the log.
  package private(set) var damages: [Corruption] = []

  private let segment: Segment
  /// Whose index takes what is walked.
  package var core: LogCore
  private var indexer = FrameIndexer()
  private let content = FrameContent()
  /// Up to this offset the log is known to have been durable, from elsewhere.
  private let durableEnd: Int
  /// The last position before `durableEnd`; 0 if that is not known.
  private let durablePosition: UInt64
  /// The offset behind the last byte that may belong to a frame.
  private let limit: Int
  /// Everything before this offset was synced by whoever wrote it: the manifest, a successor or a
  /// frame says so.
  package private(set) var provenEnd: Int
  /// Nothing but zeros stands behind this offset.
  ///
  /// Only as of opening: whoever walks on after a writer has come must no longer think so.
  package var contentEnd = Int.max
  /// The walk stops behind this position: no more is published.
  package var through = UInt64.max
  /// … but for the rules of retention up to this record.
  package var throughRecord: UInt64 = 0
  /// What is wrong with the segment's header, which explains that its first frame can not be read.
  package var headerProblem: Corruption.Kind?
  /// Events up to there must be feared lost, if no frame has them: the file is not what it was.
  package var lostThrough: UInt64 = 0
  /// The number of type names that the walked frames hold.
  package private(set) var typeCount = 0
  /// The greatest number of a type that the walked events have.
  package private(set) var typeMax = 0
  /// Whether nothing was written behind `durableEnd`: the store was closed there.
  ///
  /// Whoever walks on
  /// after another writer has come must no longer think so.
  package var isKnownEnd: Bool

  /// A walk of `segment` from `offset`, where the next event is to be the one after `position`.
  package init(
    _ segment: Segment,
    core: LogCore,
    from offset: Int,
    after position: UInt64,
    record: UInt64,
    keySequence: UInt64,
    durableEnd: Int,
    durablePosition: UInt64 = 0,
    isKnownEnd: Bool
  ) {
    self.segment = segment
    self.core = core
    self.offset = offset
    self.durableEnd = durableEnd
    provenEnd = durableEnd
    self.durablePosition = durablePosition
    limit = segment.limit
    self.isKnownEnd = isKnownEnd
    lastPosition = position
    lastRecord = record
    self.keySequence = keySequence
  }

  /// Walks to the end, putting every event into the index.
  ///
  /// - Parameter goesOn: whether frames behind a damaged one are walked as well, for reading.
  package mutating func run(goesOn: Bool) throws(LogError) {
    while true {
      let problem: LogError
      do throws(LogError) {
        if try step() { continue }
        return
      } catch {
        problem = error
      }
      // What the disk can not read is not known to be torn.
      if case .system = problem { throw problem }
      if case .unsupportedVersion = problem { throw problem }
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .lengthTrusted { try believeLength() }
      #endif
      guard try resolve(problem, goesOn: goesOn) else { return }
    }
  }

  /// Takes the next frame; false at the end of what was written.
  private mutating func step() throws(LogError) -> Bool {
    let segment = segment
    // What stands behind a proper close was written later, and the mark is an old one.
    if isKnownEnd, offset == durableEnd, isBlank() { return false }
    if offset + FrameHeader.byteCountMin > limit, offset >= durableEnd, lastPosition >= lostThrough
    {
      return false
    }
    if lastPosition >= through, lastRecord >= throughRecord { return false }
    let header = try segment.frame(at: offset, limit: limit)
    provenEnd = max(provenEnd, segment.durableEnd(at: offset, header))
    let bytes = segment.bytes
    switch header.knownKind {
    case .events, .compressedEvents:
      let content = content
      guard let frame = content.events(segment, at: offset, header) else { break }
      let bytes = content.bytes
      guard continues(frame) else {
        throw .corrupt(
          Corruption(
            file: segment.name,
            offset: offset,
            .discontinuity(expected: lastPosition + 1, found: frame.firstPosition)
          )
        )
      }
      try add(frame, bytes)
      lastPosition = frame.lastPosition(bytes)
      eventCount += frame.eventCount
    case .control:
      guard
        let frame = ControlFrame.decode(
          bytes,
          at: offset,
          byteCount: header.byteCount,
          segment.base
        )
      else { break }
      guard continues(frame), frame.record >= lastRecord else {
        throw .corrupt(
          Corruption(
            file: segment.name,
            offset: offset,
            .discontinuity(expected: lastPosition + 1, found: frame.nextPosition)
          )
        )
      }
      if frame.subject == .watermark {
        return try stopAtWatermark(endingAt: offset + header.byteCount)
      }
      if frame.subject == .types {
        guard
          let (first, names) = TypeNames.decode(
            bytes.extracting(frame.contentOffset..<frame.contentEnd)
          ),
          core.types.merge(first: first, names)
        else {
          throw .corrupt(
            Corruption(file: segment.name, offset: offset, .malformed(.controlFrame))
          )
        }
        typeCount = first + names.count - 1
      }
      if frame.subject == .retention { try takeRule(frame) }
      if frame.subject == .removal { try takeRemoval(frame) }
      lastRecord = frame.record
    case .snapshot, nil:
      break
    }
    lastChecksum = header.checksum
    lastFrame = offset
    offset += header.byteCount
    return true
  }

  private func takeRule(_ frame: ControlFrame) throws(LogError) {
    core.retention.apply(try segment.retention(frame))
  }

  /// Takes up the versions of aggregates whose newest events left.
  private mutating func takeRemoval(_ frame: ControlFrame) throws(LogError) {
    guard segment.isRewritten, let removal = segment.removal(frame) else {
      throw .corrupt(Corruption(file: segment.name, offset: offset, .malformed(.controlFrame)))
    }
    let id = segment.id
    core.index.withState { state in
      for entry in removal.versions { state.note(entry, in: id) }
    }
    lastPosition = frame.nextPosition - 1
  }

  private func continues(_ frame: ControlFrame) -> Bool {
    if frame.nextPosition == lastPosition + 1 { return true }
    return segment.isRewritten && frame.nextPosition > lastPosition
      && frame.nextPosition <= durablePosition + 1
  }

  private func isBlank() -> Bool {
    segment.bytes.isZero(offset..<min(offset + FrameHeader.byteCountMin, limit))
  }

  /// Whether the frame's positions go on where the last one's ended.
  ///
  /// Compaction, which leaves gaps, only ever makes sealed segments.
  private func continues(_ frame: EventsFrame) -> Bool {
    if frame.firstPosition == lastPosition + 1 { return !frame.hasPositions || durablePosition > 0 }
    return frame.firstPosition > lastPosition && frame.firstPosition <= durablePosition
      && segment.isSealed
  }

  /// The watermark holds the tail's place: the next frame goes where it stands.
  ///
  /// Anything behind it shows that a next frame was begun: then this place is judged as any other
  /// where a frame does not verify.
  private func stopAtWatermark(endingAt end: Int) throws(LogError) -> Bool {
    if durableEnd <= offset, lastByte() <= end { return false }
    throw .corrupt(Corruption(file: segment.name, offset: offset, .malformed(.controlFrame)))
  }

  private mutating func add(_ frame: EventsFrame, _ bytes: Span<UInt8>) throws(LogError) {
    indexer.hash(frame, bytes, core.hasher)
    let isAdded = core.index.withState { state in
      indexer.add(frame, bytes, to: &state)
    }
    guard isAdded else {
      throw .corrupt(
        Corruption(file: segment.name, offset: offset, .malformed(.eventsFrame))
      )
    }
    for sequence in indexer.keySequences { keySequence = max(keySequence, sequence) }
    for index in 0..<frame.eventCount {
      typeMax = max(typeMax, Int(clamping: frame.types.value(index, in: bytes)))
    }
  }

  #if ANNALS_PLANTED_BUGS
  /// Goes by what a header says that nothing has verified.
  private func believeLength() throws(LogError) {
    guard
      case .truncated(let needed, let available) = FrameHeader.probe(
        segment.bytes,
        at: offset,
        limit: limit
      )
    else { return }
    throw .truncatedFile(
      file: segment.name,
      expected: UInt64(offset + needed),
      actual: UInt64(offset + available)
    )
  }
  #endif

  /// Decides what the frame at `offset` that does not verify means.
  ///
  /// - Returns: whether the walk goes on behind it.
  private mutating func resolve(
    _ problem: LogError,
    goesOn: Bool
  ) throws(LogError) -> Bool {
    let end = lastByte()
    var isDurable = durableEnd > offset || lostThrough > lastPosition
    // Where only zeros follow there is nothing to look for.
    let resumed = end == offset ? nil : frame(behind: offset + FrameHeader.unit, lastPosition)
    // Any later frame may tell that this place was durable when it was written.
    var next = resumed
    var position = lastPosition
    while let found = next, !isDurable {
      if segment.durableEnd(at: found.offset, found.header) > offset { isDurable = true }
      position = max(position, lastPositionOf(found))
      next = frame(behind: found.offset + found.header.byteCount, position)
    }
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .watermarkIgnored { isDurable = false }
    #endif
    if !isDurable {
      ending = end > offset ? .torn(end: end) : .clean
      return false
    }
    var damage = problem.corruption(
      in: segment.name,
      at: offset,
      positions: lostPositions(resumed)
    )
    if offset == Segment.firstFrame, let headerProblem {
      damage = Corruption(
        file: damage.file,
        offset: offset,
        positions: damage.positions,
        headerProblem
      )
    }
    damages.append(damage)
    guard goesOn else {
      ending = .corrupt
      return false
    }
    if let resumed {
      resume(at: resumed)
      return true
    }
    // What stood here is known to have been there: readers are told so, not that the log ends.
    ending = .corrupt
    lastPosition = max(lastPosition, durablePosition, lostThrough)
    return false
  }

  /// The next frame that verifies behind a damaged one.
  ///
  /// An event takes a byte at least: a frame that would leave more positions behind it than the
  /// bytes that were passed can have held is none of this log's.
  private func frame(
    behind start: Int,
    _ position: UInt64
  ) -> (offset: Int, header: FrameHeader)? {
    var start = start
    while let found = segment.resync(
      from: start,
      limit: limit,
      after: position,
      contentEnd: contentEnd
    ) {
      let first = firstPosition(found) ?? 0
      // Compaction leaves gaps, and never beyond the last position of a sealed segment.
      if first <= lastPosition + 1 + UInt64(found.offset - offset)
        || segment.isSealed && first <= durablePosition + 1
      {
        return found
      }
      start = found.offset + FrameHeader.unit
    }
    return nil
  }

  private func lastPositionOf(_ found: (offset: Int, header: FrameHeader)) -> UInt64 {
    segment.lastPosition(at: found.offset, found.header) ?? 0
  }

  private func lostPositions(_ next: (offset: Int, header: FrameHeader)?) -> PositionRange? {
    let last =
      next.map { firstPosition($0).map { $0 - 1 } ?? 0 }
      ?? max(durablePosition, lostThrough)
    if last <= lastPosition { return nil }
    return PositionRange(Position(lastPosition + 1), Position(last))
  }

  private func firstPosition(_ found: (offset: Int, header: FrameHeader)) -> UInt64? {
    segment.firstPosition(at: found.offset, found.header)
  }

  private mutating func resume(at found: (offset: Int, header: FrameHeader)) {
    offset = found.offset
    lastPosition = (firstPosition(found) ?? lastPosition + 1) - 1
    core.index.withState { state in
      let last = state.chains.count - 1
      let ordinal = Int(lastPosition + 1 - state.chains[last].basePosition)
      state.chains[last].resume(at: ordinal, offset: found.offset)
    }
  }

  /// The offset behind the last byte of the segment that is not zero.
  private func lastByte() -> Int {
    let bytes = segment.bytes
    var end = min(limit, bytes.count, contentEnd)
    let block = 64 << 10
    while end > offset, bytes.isZero(max(offset, end - block)..<end) { end -= block }
    if end <= offset { return offset }
    while end > offset, bytes[end - 1] == 0 { end -= 1 }
    return end
  }
}

extension LogError {
  /// The corruption in an error, with the positions that can not be read because of it.
  package func corruption(
    in file: String,
    at offset: Int,
    positions: PositionRange?
  ) -> Corruption {
    let kind: Corruption.Kind =
      if case .corrupt(let corruption) = self { corruption.kind } else { .malformed(.frame) }
    return Corruption(file: file, offset: offset, positions: positions, kind)
  }
}
