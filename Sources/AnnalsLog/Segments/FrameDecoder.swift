/// One events frame made ready to be read event by event: the part of a cursor that is reused from
/// frame to frame.
///
/// In guarded mode the frame is copied out of the mapping first, so that a file truncated by
/// another program, or a page the disk can not read, is an error and not a signal.
@safe
struct FrameDecoder: ~Copyable {
  /// What the views of the frame's events reach beyond its bytes.
  let annex: FrameAnnex
  let memory: CursorMemory
  private(set) var segment: Segment?
  // Of the segment entered last, so that an event counts no references; `segment` keeps them.
  private var current: Unmanaged<Segment>?
  // What the frame's offsets count in: the mapping, or the copy. Views find it at the annex.
  private var counted = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  private var base = SegmentBase(position: 0, time: 0)
  private(set) var offset = 0
  private var aheadCount = 0
  // Of the frames looked at in advance the one that was read last, and its segment.
  private var aheadRead = 0
  private var aheadSegment: SegmentID = 0
  private let isGuarded: Bool
  /// The frame, in guarded mode.
  private var copy = ByteBuffer(capacity: 0)
  // The event behind the one whose payload was asked for last, and where its payload begins.
  private var nextIndex = 0
  private var nextPayload = 0
  private var lengths = Column(constant: 0)
  /// The frame, where it is stored compressed.
  private var expanded = ByteBuffer(capacity: 0)
  private var isExpanded = false

  /// A decoder that holds no frame.
  init(types: TypeTable, isGuarded: Bool) {
    memory = CursorMemory.take(types)
    annex = memory.annex
    self.isGuarded = isGuarded
    if isGuarded { GuardedCopy.install() }
  }

  deinit {
    memory.giveBack()
  }

  /// Where everything stands in the frame that is loaded.
  var frame: EventsFrame {
    @inline(__always) _read { yield annex.frame.value }
  }

  /// The bytes that the frame's offsets count in.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      let span = unsafe Span<UInt8>(_unsafeBytes: counted)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Where a payload of the loaded frame begins.
  ///
  /// Unsafe: the frame must stay loaded while the pointer is used.
  @unsafe
  @inline(__always)
  func start(_ payload: (offset: Int, count: Int)) -> UnsafeRawPointer {
    let bytes = unsafe counted
    precondition(
      payload.offset >= 0 && payload.count >= 0 && payload.offset <= bytes.count &- payload.count,
      "a payload lies in its frame"
    )
    guard let start = bytes.baseAddress else { preconditionFailure("no frame is loaded") }
    return unsafe start + payload.offset
  }

  /// Loads the frame at `offset`; false if it holds no events.
  ///
  /// - Returns: whether it is an events frame, and the offset behind the frame.
  mutating func load(
    _ segment: Segment,
    at offset: Int,
    limit: Int
  ) throws(LogError) -> (isEvents: Bool, end: Int) {
    if self.segment !== segment { enter(segment) }
    return try load(at: offset, limit: limit)
  }

  /// Makes `segment` the one whose frames are loaded.
  mutating func enter(_ segment: Segment) {
    self.segment = segment
    unsafe current = Unmanaged.passUnretained(segment)
    if !isGuarded { unsafe count(in: segment.mapping.buffer) }
    isExpanded = false
    base = segment.base
  }

  /// Loads the frame at `offset` of the segment entered last.
  ///
  /// - Parameter number: which of the frames looked at in advance it is, if it is one.
  mutating func load(
    at offset: Int,
    limit: Int,
    ahead number: Int = -1
  ) throws(LogError) -> (isEvents: Bool, end: Int) {
    self.offset = offset
    if frame.extrasEnd != 0 { annex.extras.removeAll() }
    if isExpanded { leaveExpanded() }
    let header = isGuarded ? try loadCopy(at: offset, limit: limit) : try verified(offset, limit)
    let end = offset + header.byteCount
    guard header.knownKind == .events else {
      if header.knownKind != .compressedEvents { return (false, end) }
      try expand(header, at: offset)
      begin()
      return (true, end)
    }
    // The bytes live as long as segment and annex, which stay what they are meanwhile.
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    if number >= 0, number < aheadCount, memory.ahead.value[number].frame.start == offset {
      // The same bytes gave it, which never change once they verify.
      annex.frame.value = memory.ahead.value[number].frame
      begin()
      if let place = memory.ahead.value[number].place {
        nextIndex = place.index
        nextPayload = place.payload
        annex.rows.value.begin(at: place.row, place.id)
      }
      return (true, end)
    } else {
      let start = isGuarded ? 0 : offset
      guard annex.frame.value.read(bytes, at: start, byteCount: header.byteCount, base) else {
        throw .corrupt(
          Corruption(file: segment?.name ?? "", offset: offset, .malformed(.eventsFrame))
        )
      }
    }
    begin()
    return (true, end)
  }

  /// Makes the frame that was read ready for its events.
  @inline(__always)
  private mutating func begin() {
    if frame.extrasEnd != 0 {
      let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
      _ = annex.extras.decode(frame, bytes)
    }
    annex.rows.value.begin(frame)
    nextIndex = 0
    nextPayload = frame.payloadsOffset
    lengths = frame.payloadLengths
  }

  /// Reads a frame that is stored compressed, and verified.
  @inline(never)
  private mutating func expand(_ header: FrameHeader, at offset: Int) throws(LogError) {
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    let found = CompressedFrame.events(
      bytes,
      at: isGuarded ? 0 : offset,
      byteCount: header.byteCount,
      base,
      offset: offset,
      into: &expanded
    )
    guard let found else {
      throw .corrupt(
        Corruption(file: segment?.name ?? "", offset: offset, .malformed(.eventsFrame))
      )
    }
    annex.frame.value = found
    // The buffer is changed by nothing until the next compressed frame is loaded.
    unsafe count(in: expanded.memory)
    isExpanded = true
  }

  /// Counts in the mapping again.
  @inline(never)
  private mutating func leaveExpanded() {
    isExpanded = false
    if !isGuarded, let segment { unsafe count(in: segment.mapping.buffer) }
  }

  /// The header of the frame at `offset`, which is verified if it was not yet.
  @inline(__always)
  private func verified(_ offset: Int, _ limit: Int) throws(LogError) -> FrameHeader {
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    if case .frame(let header) = FrameHeader.probe(
      bytes,
      at: offset,
      limit: min(limit, bytes.count)
    ), let current = unsafe current,
      unsafe current._withUnsafeGuaranteedRef({ $0.isVerified(offset) })
    {
      return header
    }
    guard let segment else { preconditionFailure("a segment is entered before it is read") }
    return try segment.frame(at: offset, limit: limit)
  }

  /// Forgets the frames that were looked at in advance.
  ///
  /// - Parameter count: how many will be looked at now.
  mutating func beginAhead(expecting count: Int) {
    aheadCount = 0
    aheadSegment = 0
    if !isGuarded { memory.ahead.value.reserveCapacity(count) }
  }

  /// Looks at the frame at `offset` in advance, and has the processor fetch what the event at
  /// `position` will be read from, if the frame holds it.
  ///
  /// Believes nothing: the frame is verified when it is loaded.
  mutating func lookAhead(_ position: UInt64, _ segment: Segment, at offset: Int) {
    // In guarded mode the mapping must not be touched.
    if isGuarded { return }
    if aheadCount == memory.ahead.value.count { memory.ahead.value.append(Ahead()) }
    let number = aheadCount
    aheadCount += 1
    let mapped = unsafe segment.mapping.buffer
    let bytes = unsafe Span<UInt8>(_unsafeBytes: mapped)
    // Of several events in one frame the first one's is loaded for all.
    if aheadSegment != segment.id || memory.ahead.value[aheadRead].frame.start != offset {
      aheadRead = number
      aheadSegment = segment.id
      if !Self.look(bytes, segment, at: offset, &memory.ahead.value[number].frame) {
        memory.ahead.value[number].frame.start = 0
        return
      }
    } else {
      memory.ahead.value[number].frame.start = 0
    }
    let place = memory.ahead.value[aheadRead].frame.place(position, bytes)
    memory.ahead.value[number].place = place
    guard let place else { return }
    unsafe Prefetch.fetch(mapped, place.id)
    var line = place.payload
    let end = place.payload &+ min(place.payloadCount, Self.fetchedBytesMax)
    while line < end {
      unsafe Prefetch.fetch(mapped, line)
      line &+= 64
    }
  }

  private static func look(
    _ bytes: Span<UInt8>,
    _ segment: Segment,
    at offset: Int,
    _ frame: inout EventsFrame
  ) -> Bool {
    guard
      case .frame(let header) = FrameHeader.probe(bytes, at: offset, limit: bytes.count),
      header.knownKind == .events
    else { return false }
    if header.byteCount > Segment.firstReadBytes {
      segment.startReading(offset, byteCount: header.byteCount)
    }
    return frame.read(bytes, at: offset, byteCount: header.byteCount, segment.base)
  }

  /// Of a longer payload the processor fetches the rest by itself, once it is read in order.
  private static let fetchedBytesMax = 512

  /// A frame that was looked at in advance.
  struct Ahead: BitwiseCopyable {
    var frame = EventsFrame()
    /// Where in it the event that is sought stands.
    var place: EventsFrame.EventPlace?
  }

  private mutating func loadCopy(at offset: Int, limit: Int) throws(LogError) -> FrameHeader {
    guard let segment else { preconditionFailure("a segment is entered before it is read") }
    // Until the frame is whole there is nothing to count in.
    unsafe count(in: UnsafeRawBufferPointer(start: nil, count: 0))
    let isCut = limit > segment.mapping.count
    let limit = min(limit, segment.mapping.count)
    guard offset + FrameHeader.Layout.byteCount <= limit else {
      if isCut { throw segment.missing(at: offset) }
      throw .truncatedFile(
        file: segment.name,
        expected: UInt64(offset + FrameHeader.Layout.byteCount),
        actual: UInt64(limit)
      )
    }
    try copyOut(segment, offset..<offset + FrameHeader.Layout.byteCount)
    let available = limit - offset
    let word = copy.bytes.load(UInt32.self, at: 4)
    let byteCount = Int(word & 0x0fff_ffff) * FrameHeader.unit
    guard word >> 28 != 0, byteCount >= FrameHeader.byteCountMin, byteCount <= available else {
      throw .corrupt(
        Corruption(
          file: segment.name,
          offset: offset,
          copy.bytes.load(UInt64.self, at: 0) == 0 ? .erased : .malformed(.frame)
        )
      )
    }
    let probe = FrameHeader(
      checksum: copy.bytes.load(UInt32.self, at: 0),
      kind: UInt8(word >> 28),
      byteCount: byteCount
    )
    try copyOut(segment, offset..<offset + byteCount)
    try segment.verify(probe, at: offset, copy.bytes, copiedTo: 0)
    // The buffer is changed by nothing until the next frame is copied.
    unsafe count(in: copy.memory)
    return probe
  }

  @unsafe
  private mutating func count(in bytes: UnsafeRawBufferPointer) {
    unsafe counted = bytes
    unsafe annex.bytes.value = bytes
  }

  private mutating func copyOut(_ segment: Segment, _ range: Range<Int>) throws(LogError) {
    if GuardedCopy.copy(segment.mapping, range, into: &copy) { return }
    let size = (try? segment.fileSize()) ?? 0
    if size < range.upperBound {
      throw .truncatedFile(
        file: segment.name,
        expected: UInt64(range.upperBound),
        actual: UInt64(size)
      )
    }
    throw .system(SystemError(.read, file: segment.name, errno: SystemError.inputOutput))
  }

  /// The position of the loaded frame's last event.
  var lastPosition: UInt64 {
    @inline(__always) get { frame.lastPosition(bytes) }
  }

  /// The index of the first event behind `after`, and that of the first behind `through`.
  @inline(__always)
  func indices(after: UInt64, through: UInt64) -> (first: Int, end: Int) {
    let bytes = bytes
    // Nearly always all of them.
    if frame.firstPosition > after, frame.lastPosition(bytes) <= through {
      return (0, frame.eventCount)
    }
    return (frame.firstIndex(behind: after, bytes), frame.firstIndex(behind: through, bytes))
  }

  /// Where the payload of event `index` stands; cheap for those behind the last one asked for.
  @inline(__always)
  mutating func payload(_ index: Int, _ bytes: Span<UInt8>) -> (offset: Int, count: Int) {
    if index != nextIndex { seekPayload(index, bytes) }
    let offset = nextPayload
    let count = Int(truncatingIfNeeded: frame.payloadLengths.value(index, in: bytes))
    nextIndex = index &+ 1
    nextPayload = offset &+ count
    return (offset, count)
  }

  /// The payload of event `index`, which must be the one behind that whose payload was asked for
  /// last.
  ///
  /// Unsafe: the frame must stay loaded while the pointer is used.
  @unsafe
  @inline(__always)
  mutating func nextPayload(_ index: Int) -> (start: UnsafeRawPointer, count: Int) {
    let span = unsafe Span<UInt8>(_unsafeBytes: counted)
    let count = Int(truncatingIfNeeded: lengths.value(index, in: span))
    let offset = nextPayload
    nextIndex = index &+ 1
    nextPayload = offset &+ count
    let begin = unsafe start((offset, count))
    unsafe Prefetch.ahead(of: begin, byteCount: count)
    return unsafe (begin, count)
  }

  private mutating func seekPayload(_ index: Int, _ bytes: Span<UInt8>) {
    if index < nextIndex {
      nextIndex = 0
      nextPayload = frame.payloadsOffset
    }
    let skipped = frame.payloadLengths.sum(nextIndex..<index, in: bytes)
    nextPayload &+= Int(truncatingIfNeeded: skipped)
    nextIndex = index
  }

  /// Notes the aggregate that `isEventOfKey` asks for.
  func setKey(_ id: Span<UInt8>) {
    memory.key.value.removeAll()
    memory.key.value.append(id)
  }

  /// Whether event `index` belongs to the aggregate that was noted.
  func isEventOfKey(_ index: Int) -> Bool {
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    return memory.key.value.equals(bytes.extracting(annex.idRange(index, bytes)))
  }
}

/// What the views of a frame's events reach through a reference: all that they do not need to be
/// handed out.
@safe
final class FrameAnnex {
  /// The names of the log's types.
  let types: Cell<TypeTable>
  /// What the frame's offsets count in; valid while the decoder holds the frame.
  let bytes = unsafe Cell(UnsafeRawBufferPointer(start: nil, count: 0))
  let frame = Cell(EventsFrame())
  let rows = Cell(RowOffsets())
  var extras = FrameExtras()

  init(_ types: TypeTable) {
    self.types = Cell(types)
  }

  /// The bytes of memory taken by what a frame has for each event or aggregate.
  var byteCount: Int { extras.byteCount + rows.value.byteCount }

  /// Leaves the frame, whose bytes may go now.
  func forget() {
    unsafe bytes.value = UnsafeRawBufferPointer(start: nil, count: 0)
    if frame.value.extrasEnd != 0 { extras.removeAll() }
    frame.value.extrasEnd = 0
  }

  /// Where the aggregate id of event `index` stands.
  func idRange(_ index: Int, _ bytes: Span<UInt8>) -> Range<Int> {
    let row = frame.value.aggregateIndex(index, bytes)
    let start = rows.value.offset(row, frame.value, bytes)
    return start..<start + Int(frame.value.idLengths.value(row, in: bytes))
  }
}
