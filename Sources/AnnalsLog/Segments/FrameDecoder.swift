/// One events frame made ready to be read event by event: the part of a cursor that is reused from
/// frame to frame.
///
/// In guarded mode the frame is copied out of the mapping first, so that a file truncated by
/// another program, or a page the disk can not read, is an error and not a signal.
@safe
struct FrameDecoder: ~Copyable {
  /// What the views of the frame's events reach beyond its bytes.
  let annex: FrameAnnex
  private(set) var segment: Segment?
  private(set) var offset = 0
  private(set) var frame = EventsFrame()
  private let isGuarded: Bool
  /// The frame, in guarded mode.
  private var copy: [UInt8] = []
  private var rowOffsets: [Int] = []
  private var hasRowOffsets = false
  // The payload of the event asked for last, so that neighbours are found by one step.
  private var cursorIndex = 0
  private var cursorPayload = 0

  /// A decoder that holds no frame.
  init(types: TypeTable, isGuarded: Bool) {
    annex = FrameAnnex(types)
    self.isGuarded = isGuarded
    if isGuarded { GuardedCopy.install() }
  }

  /// The bytes that the frame's offsets count in.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      if isGuarded {
        let span = copy.span
        return unsafe _overrideLifetime(span, borrowing: self)
      }
      guard let segment else { preconditionFailure("a frame is loaded before it is read") }
      let span = segment.bytes
      return unsafe _overrideLifetime(span, borrowing: self)
    }
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
  }

  /// Loads the frame at `offset` of the segment entered last.
  mutating func load(
    at offset: Int,
    limit: Int
  ) throws(LogError) -> (isEvents: Bool, end: Int) {
    guard let segment else { preconditionFailure("a segment is entered before it is read") }
    self.offset = offset
    if frame.extrasEnd != 0 { annex.extras.removeAll() }
    hasRowOffsets = false
    let header =
      isGuarded
      ? try loadCopy(segment, at: offset, limit: limit)
      : try segment.frame(at: offset, limit: limit)
    let end = offset + header.byteCount
    guard header.knownKind == .events else { return (false, end) }
    let start = isGuarded ? 0 : offset
    // The bytes live as long as segment and annex, which stay what they are meanwhile.
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    guard frame.read(bytes, at: start, byteCount: header.byteCount, segment.base) else {
      throw .corrupt(
        Corruption(file: segment.name, offset: offset, .malformed(.eventsFrame))
      )
    }
    if frame.extrasEnd != 0 { _ = annex.extras.decode(frame, bytes) }
    cursorIndex = 0
    cursorPayload = frame.payloadsOffset
    return (true, end)
  }

  /// Has the processor fetch what the event at `position` will be read from, if the frame at
  /// `offset` holds it.
  ///
  /// Believes nothing: it is verified when it is loaded.
  func fetch(_ position: UInt64, at offset: Int) {
    guard !isGuarded, let segment else { return }
    let bytes = segment.bytes
    guard
      case .frame(let header) = FrameHeader.probe(bytes, at: offset, limit: bytes.count),
      header.knownKind == .events,
      let frame = segment.eventsFrame(at: offset, header),
      let index = frame.index(of: position, bytes)
    else { return }
    let row =
      frame.hasAggregates
      ? Int(truncatingIfNeeded: frame.aggregates.value(index, in: bytes))
      : frame.aggregateCount == 1 ? 0 : index
    guard row >= 0, row < frame.aggregateCount else { return }
    let payload = frame.payloadOffset(index, bytes)
    segment.mapping.prefetch(payload)
    segment.mapping.prefetch(payload + 64)
    segment.mapping.prefetch(frame.idOffset(row, bytes))
  }

  private mutating func loadCopy(
    _ segment: Segment,
    at offset: Int,
    limit: Int
  ) throws(LogError) -> FrameHeader {
    let limit = min(limit, segment.mapping.count)
    guard offset + FrameHeader.Layout.byteCount <= limit else {
      throw .truncatedFile(
        file: segment.name,
        expected: UInt64(offset + FrameHeader.Layout.byteCount),
        actual: UInt64(limit)
      )
    }
    try copyOut(segment, offset..<offset + FrameHeader.Layout.byteCount)
    let available = limit - offset
    let start = copy
    let word = start.span.load(UInt32.self, at: 4)
    let byteCount = Int(word & 0x0fff_ffff) * FrameHeader.unit
    guard word >> 28 != 0, byteCount >= FrameHeader.byteCountMin, byteCount <= available else {
      throw .corrupt(
        Corruption(
          file: segment.name,
          offset: offset,
          start.span.load(UInt64.self, at: 0) == 0 ? .erased : .malformed(.frame)
        )
      )
    }
    let probe = FrameHeader(
      checksum: start.span.load(UInt32.self, at: 0),
      kind: UInt8(word >> 28),
      byteCount: byteCount
    )
    try copyOut(segment, offset..<offset + byteCount)
    let whole = copy
    try segment.verify(probe, at: offset, whole.span, copiedTo: 0)
    return probe
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

  /// The offset of the payload of event `index`; cheap for the neighbour of the last one asked for.
  @inline(__always)
  mutating func payloadOffset(_ index: Int, _ bytes: Span<UInt8>) -> Int {
    if index == cursorIndex + 1 {
      cursorPayload &+= Int(frame.payloadLengths.value(cursorIndex, in: bytes))
      cursorIndex = index
    } else if index != cursorIndex {
      cursorPayload = frame.payloadOffset(index, bytes)
      cursorIndex = index
    }
    return cursorPayload
  }

  /// The offset of the id of row `row` of the aggregate table.
  @inline(__always)
  mutating func idOffset(_ row: Int, _ bytes: Span<UInt8>) -> Int {
    if frame.idLengths.width == .constant {
      return frame.idsOffset &+ row &* Int(truncatingIfNeeded: frame.idLengths.constant)
    }
    if !hasRowOffsets { makeRowOffsets(bytes) }
    return rowOffsets[row]
  }

  private mutating func makeRowOffsets(_ bytes: Span<UInt8>) {
    rowOffsets.removeAll(keepingCapacity: true)
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      rowOffsets.append(offset)
      offset += Int(frame.idLengths.value(row, in: bytes))
    }
    hasRowOffsets = true
  }

  /// Whether event `index` belongs to the aggregate `id`.
  mutating func isEvent(_ index: Int, of id: Span<UInt8>) -> Bool {
    let bytes = unsafe _overrideLifetime(self.bytes, copying: ())
    let row = frame.aggregateIndex(index, bytes)
    let start = idOffset(row, bytes)
    return bytes.extracting(start..<start + Int(frame.idLengths.value(row, in: bytes))).equals(id)
  }
}

/// What the views of a frame's events reach through a reference: all that is not in the frame's
/// columns.
final class FrameAnnex {
  let types: TypeTable
  var extras = FrameExtras()

  init(_ types: TypeTable) {
    self.types = types
  }
}
