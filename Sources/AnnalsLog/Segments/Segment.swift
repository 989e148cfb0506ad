/// One log file: its mapping, its identity, and what has been verified of it.
///
/// The bytes of a published frame never change. What does change, from in writing to sealed to
/// having a footer, changes under `lock`.
package final class Segment: @unchecked Sendable {
  // Checked how: the `let`s are immutable; `state` is touched only under `lock`.
  package let id: SegmentID
  /// The path in the store, for errors.
  package let name: String
  /// The directory the file is in.
  ///
  /// The file itself is not kept open: a store may have more segments
  /// than a process may have descriptors, and a mapping needs none.
  private let directory: any LogDirectory
  package let mapping: Mapping
  package let salt: UInt32
  package let base: SegmentBase
  package let baseRecord: UInt64
  package let header: SegmentHeader
  private let verified: VerifiedPlaces
  private let lock = Lock()
  private let state: Cell<State>

  /// What changes in a segment's life.
  package struct State: Sendable {
    /// The list entry; final once `isSealed`.
    package var entry: SegmentList.Entry
    package var footer: Footer?
    /// Whether the footer was found damaged and made anew in memory.
    package var isFooterRebuilt = false
  }

  /// Whether compaction or salvage made it: positions and versions in it may have gaps.
  package var isRewritten: Bool { header.rewrittenThrough != nil }

  /// The first frame's offset.
  package static let firstFrame = SegmentHeader.Layout.byteCount

  /// A segment whose header is known.
  package init(
    name: String,
    in directory: any LogDirectory,
    mapping: Mapping,
    header: SegmentHeader,
    entry: SegmentList.Entry
  ) {
    id = header.segmentID
    self.name = name
    self.directory = directory
    self.mapping = mapping
    self.header = header
    salt = header.salt
    base = SegmentBase(position: header.basePosition, time: header.baseTime)
    baseRecord = header.baseRecord
    verified = VerifiedPlaces(count: mapping.count / FrameHeader.unit + 1)
    state = Cell(State(entry: entry))
  }

  /// The current state.
  package var current: State { lock.withLock { state.value } }

  /// Changes the state.
  package func update(_ change: (inout State) -> Void) {
    lock.withLock { change(&state.value) }
  }

  /// The footer, if the segment has one.
  package var footer: Footer? { lock.withLock { state.value.footer } }

  /// The footer, if the segment has one, whether it reaches as far as the list says the segment
  /// does, which is nowhere if that is in writing, and whether it is.
  package var coverage: (footer: Footer?, isWhole: Bool, isSealed: Bool) {
    lock.lock()
    defer { lock.unlock() }
    let entry = state.value.entry
    guard let footer = state.value.footer else { return (nil, false, entry.isSealed) }
    return (footer, footer.header.end >= entry.end, entry.isSealed)
  }

  /// Whether the segment is final and its footer covers all of it.
  package var hasWholeFooter: Bool {
    lock.withLock {
      guard state.value.entry.isSealed, let footer = state.value.footer else { return false }
      return footer.header.end == state.value.entry.end && footer.damages.isEmpty
    }
  }

  /// The name of its footer in the store, whether it is there, made anew, or missing.
  package var footerName: String {
    footer?.name ?? StoreFile.logDirectory + "/" + StoreFile.footer(id)
  }

  /// Whether the segment is final.
  package var isSealed: Bool { lock.withLock { state.value.entry.isSealed } }

  /// The offset behind the last byte that may belong to a frame.
  package var limit: Int {
    lock.withLock { state.value.entry.isSealed ? Int(state.value.entry.end) : mapping.count }
  }

  /// All mapped bytes of the file.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    @inline(__always)
    get { mapping.bytes(0..<mapping.count, lentBy: self) }
  }

  /// The size the file has now, which another program may have changed.
  package func fileSize() throws(LogError) -> Int {
    try directory.openFile(StoreFile.segment(id), .readOnly).size()
  }

  /// Checks the frame at `offset`, a multiple of 8, once per process, and returns its header.
  ///
  /// - Parameter limit: the offset behind the last byte that may belong to a frame.
  package func frame(at offset: Int, limit: Int) throws(LogError) -> FrameHeader {
    let bytes = self.bytes
    switch FrameHeader.probe(bytes, at: offset, limit: min(limit, bytes.count)) {
    case .frame(let header):
      // Every place a frame can begin counts: what a damaged footer leads to may lie inside a frame
      // that was verified.
      let mark = offset / FrameHeader.unit
      if verified.contains(mark) { return header }
      try verify(header, at: offset, bytes)
      // A watermark holds the tail's place: the next frame is written over it and must be verified.
      if !isWatermark(header, at: offset) { verified.insert(mark) }
      return header
    case .unwritten:
      throw .corrupt(Corruption(file: name, offset: offset, .erased))
    case .truncated where limit > bytes.count:
      throw missing(at: offset)
    case .truncated, .malformed:
      throw .corrupt(Corruption(file: name, offset: offset, .malformed(.frame)))
    }
  }

  /// The file ends before it should, which was known when it was opened: readers take what is
  /// missing for zeros, and go on behind it.
  package func missing(at offset: Int) -> LogError {
    .corrupt(Corruption(file: name, offset: offset, .erased))
  }

  /// Whether the frame at `offset` was found whole before.
  @inline(__always)
  package func isVerified(_ offset: Int) -> Bool {
    verified.contains(offset / FrameHeader.unit)
  }

  /// Up to the columns: where those are is told there.
  private static let fetchedLines = 2

  /// Has the processor fetch what reading the frame at `offset` begins with.
  package func prefetch(_ offset: Int) {
    verified.prefetch(offset / FrameHeader.unit)
    for line in 0..<Self.fetchedLines { mapping.prefetch(offset + line * 64) }
  }

  /// Has the system begin to read the frame at `offset`, unless it was read before.
  ///
  /// Only what is asked for so: a fault reads as far around as the disk is set to, and one after
  /// the other.
  package func startReading(_ offset: Int, byteCount: Int = firstReadBytes) {
    guard offset >= 0, offset < mapping.count, !isVerified(offset) else { return }
    let start = offset & -Self.firstReadBytes
    mapping.startReading(start..<offset + byteCount)
  }

  /// Has the system begin to read from `offset` on, for who reads on from there.
  ///
  /// A fault alone has it read in the smallest units, which costs the more of the disk's speed the
  /// faster the disk is.
  package func startScan(_ offset: Int) {
    directory.startScan(StoreFile.segment(id), at: offset)
  }

  /// As small as a disk reads at nearly full speed, and more than most frames.
  package static let firstReadBytes = 64 << 10

  /// Whether the verified frame at `offset` only tells what is durable.
  package func isWatermark(_ header: FrameHeader, at offset: Int) -> Bool {
    guard header.knownKind == .control else { return false }
    let frame = ControlFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
    return frame?.subject == .watermark
  }

  /// Checks checksum and content of a frame in `bytes`, which may be a copy.
  package func verify(
    _ header: FrameHeader,
    at offset: Int,
    _ bytes: Span<UInt8>,
    copiedTo start: Int? = nil
  ) throws(LogError) {
    let start = start ?? offset
    let computed = FrameChecksum(salt: salt).checksum(
      bytes,
      start..<start + header.byteCount,
      at: offset
    )
    guard header.checksum == computed else {
      throw .corrupt(
        Corruption(
          file: name,
          offset: offset,
          .checksum(stored: header.checksum, computed: computed)
        )
      )
    }
    switch header.knownKind {
    case .events:
      var frame = EventsFrame()
      guard frame.read(bytes, at: start, byteCount: header.byteCount, base),
        frame.isConsistent(bytes)
      else { throw .corrupt(Corruption(file: name, offset: offset, .malformed(.eventsFrame))) }
    case .compressedEvents:
      guard self.header.hasCompressedFrames else {
        throw .corrupt(Corruption(file: name, offset: offset, .malformed(.frame)))
      }
      guard
        CompressedFrame.isConsistent(bytes, at: start, byteCount: header.byteCount, base)
      else { throw .corrupt(Corruption(file: name, offset: offset, .malformed(.eventsFrame))) }
    case .control:
      guard ControlFrame.decode(bytes, at: start, byteCount: header.byteCount, base) != nil else {
        throw .corrupt(Corruption(file: name, offset: offset, .malformed(.controlFrame)))
      }
    case .snapshot:
      throw .corrupt(Corruption(file: name, offset: offset, .malformed(.frame)))
    case nil:
      guard header.isSkippable else {
        throw .unsupportedVersion(
          file: name,
          UnsupportedVersion(major: FormatVersion.major, features: 0)
        )
      }
    }
  }

  /// The events frame at `offset`, which `frame(at:limit:)` has checked.
  @inline(__always)
  package func eventsFrame(at offset: Int, _ header: FrameHeader) -> EventsFrame? {
    EventsFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
  }

  /// As `eventsFrame`, of one that is compressed: what stands before its block.
  package func compressedFrame(at offset: Int, _ header: FrameHeader) -> CompressedFrame? {
    CompressedFrame.decode(bytes, at: offset, byteCount: header.byteCount, base)
  }

  /// The position of the last event in the frame at `offset`, which `frame(at:limit:)` has checked;
  /// nil if it holds none.
  package func lastPosition(at offset: Int, _ header: FrameHeader) -> UInt64? {
    switch header.knownKind {
    case .events: eventsFrame(at: offset, header)?.lastPosition(bytes)
    case .compressedEvents: compressedFrame(at: offset, header)?.lastPosition
    case .control, .snapshot, nil: nil
    }
  }
}
