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
  let isGuarded: Bool
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
    @inline(__always) _read { yield annex.frame }
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

  /// Makes the place of an event the one that is read next.
  @inline(__always)
  private mutating func seek(_ place: EventsFrame.EventPlace) {
    nextIndex = place.index
    nextPayload = place.payload
    annex.rows.value.begin(at: place.row, place.id)
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
    if let slot = slotAhead(number, at: offset) {
      // The same bytes gave it, which never change once they verify.
      annex.slots.load(slot)
      begin()
      if annex.slots[place: number].isFound { seek(annex.slots[place: number].event) }
      return (true, end)
    }
    let start = isGuarded ? 0 : offset
    guard annex.slots.own.read(bytes, at: start, byteCount: header.byteCount, base) else {
      throw .corrupt(
        Corruption(file: segment?.name ?? "", offset: offset, .malformed(.eventsFrame))
      )
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

  /// The position of the event looked for in advance as `number`, if it was found to be what is
  /// sought, in a frame that is verified; nil if nothing is known of it.
  @inline(__always)
  func positionAhead(_ number: Int) -> UInt64? {
    guard number >= 0, number < annex.slots.count, annex.slots[place: number].isReady else {
      return nil
    }
    return annex.slots[place: number].position
  }

  /// Loads the frame of an event that `positionAhead` knows of.
  @inline(__always)
  mutating func loadAhead(_ number: Int) -> FrameSlots.Place {
    if frame.extrasEnd != 0 { annex.extras.removeAll() }
    if isExpanded { leaveExpanded() }
    let place = annex.slots[place: number]
    annex.slots.load(place.slot)
    offset = place.offset
    seek(place.event)
    return place
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
    annex.slots.own = found
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

  /// Whether the `count` bytes at `offset` are the id that was noted.
  @inline(__always)
  func isKey(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) -> Bool {
    memory.key.value.equals(bytes.extracting(offset..<offset + count))
  }
}
