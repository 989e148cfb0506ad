/// A frame that holds one state of one aggregate, as it stands in the snapshots' own log.
///
/// Specified in `Format.md`, section "Snapshot frame". A cache: whatever does not fit is ignored.
package struct SnapshotFrame: Sendable, BitwiseCopyable, Equatable {
  /// The first body byte.
  package enum Flags {
    /// The state is compressed with LZ4.
    package static let compressed: UInt8 = 0b0000_1000
    /// A dictionary is needed to decompress it.
    package static let dictionary: UInt8 = 0b0001_0000
    package static let reserved: UInt8 = 0b1110_0000
  }

  /// The history whose event the state stands on.
  package var history: StoreID
  package var version: UInt64
  /// The position of the event of that version.
  package var position: UInt64
  /// The digest of that event's logical content.
  package var eventDigest: KeyHash
  /// The fingerprint of the state's shape.
  package var fingerprint: UInt64
  /// The bytes of the state before compression.
  package var rawByteCount: Int
  /// The dictionary, 0 for none.
  package var dictionary: UInt64
  package var isCompressed: Bool
  package var idOffset = 0
  package var idCount = 0
  package var stateOffset = 0
  package var stateEnd = 0

  /// The most bytes a state may have before compression; a bound for what a reader allocates.
  package static let rawByteCountMax = 64 << 20
  /// The most bytes of a frame: numbers, an id and a state, none of them larger than allowed.
  package static let byteCountMax = rawByteCountMax + Int(EventsFrame.idLengthMax) + 128

  package init(
    history: StoreID,
    version: UInt64,
    position: UInt64,
    eventDigest: KeyHash,
    fingerprint: UInt64,
    rawByteCount: Int,
    dictionary: UInt64 = 0,
    isCompressed: Bool = false
  ) {
    self.history = history
    self.version = version
    self.position = position
    self.eventDigest = eventDigest
    self.fingerprint = fingerprint
    self.rawByteCount = rawByteCount
    self.dictionary = dictionary
    self.isCompressed = isCompressed
  }

  /// Appends a whole frame but for its checksum, and returns the offset it starts at in `buffer`.
  package func encode(
    aggregate: Span<UInt8>,
    state: Span<UInt8>,
    into buffer: inout ByteBuffer
  ) -> Int {
    let start = buffer.count
    buffer.append(UInt64(0))
    buffer.append(UInt8(0))
    buffer.append(history.low)
    buffer.append(history.high)
    buffer.append(eventDigest.low)
    buffer.append(eventDigest.high)
    buffer.append(fingerprint)
    buffer.appendVarint(version)
    buffer.appendVarint(position)
    buffer.appendVarint(UInt64(rawByteCount))
    if dictionary != 0 { buffer.appendVarint(dictionary) }
    buffer.appendVarint(UInt64(aggregate.count))
    buffer.append(aggregate)
    buffer.append(state)
    var flags: UInt8 = 0
    if isCompressed { flags |= Flags.compressed }
    if dictionary != 0 { flags |= Flags.dictionary }
    buffer.endFrame(from: start, .snapshot, flags: flags)
    return start
  }

  /// Reads the frame at `start`; nil where the bytes are not what a writer makes.
  package static func decode(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int
  ) -> SnapshotFrame? {
    let end = start + byteCount
    guard end <= bytes.count else { return nil }
    var reader = ByteReader(
      bytes.extracting(0..<end),
      at: start + FrameHeader.Layout.byteCount
    )
    guard let flags = reader.read(UInt8.self), flags & Flags.reserved == 0,
      let historyLow = reader.read(UInt64.self), let historyHigh = reader.read(UInt64.self),
      let digestLow = reader.read(UInt64.self), let digestHigh = reader.read(UInt64.self),
      let fingerprint = reader.read(UInt64.self), let version = reader.readVarint(),
      let position = reader.readVarint(),
      let rawByteCount = reader.readCount(maximum: rawByteCountMax)
    else { return nil }
    var frame = SnapshotFrame(
      history: StoreID(high: historyHigh, low: historyLow),
      version: version,
      position: position,
      eventDigest: KeyHash(high: digestHigh, low: digestLow),
      fingerprint: fingerprint,
      rawByteCount: rawByteCount,
      isCompressed: flags & Flags.compressed != 0
    )
    if flags & Flags.dictionary != 0 {
      guard let dictionary = reader.readVarint(), dictionary != 0 else { return nil }
      frame.dictionary = dictionary
    }
    guard let length = reader.readCount(maximum: Int(EventsFrame.idLengthMax)), length > 0,
      let id = reader.skip(length)
    else { return nil }
    (frame.idOffset, frame.idCount) = (id.lowerBound, id.count)
    frame.stateOffset = reader.offset
    frame.stateEnd = end - Int(flags & EventsFrame.Flags.paddingMask)
    guard frame.stateOffset <= frame.stateEnd, bytes.isZero(frame.stateEnd..<end),
      frame.isCompressed || frame.stateEnd - frame.stateOffset == rawByteCount
    else { return nil }
    return frame
  }
}
