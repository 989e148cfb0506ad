/// An event where it stands: spans over the mapped log, valid until the cursor that lent it moves.
///
/// Reading it copies and allocates nothing; `copy()` makes an owned event. The bytes come from a
/// mapping: if another program truncates the file, or the disk can not read the page, touching them
/// raises SIGBUS, which the owning and the guarded forms of reading turn into an error.
@safe
public struct EventView: ~Escapable {
  // Four words, so that a view comes back in registers: one of five goes through memory, and
  // reading it there waits for the writing, which took longer than all else a scan does.
  private let annex: Unmanaged<FrameAnnex>
  private let payloadStart: UnsafeRawPointer
  /// From the lowest bit: whether the payload was taken away, its length, the event's index.
  private var packed: UInt64
  /// The place in the total order.
  public let position: Position

  private static let redacted: UInt64 = 1
  // A frame, and so a payload, has less than 2^31 bytes, and fewer events than bytes.
  private static let countShift: UInt64 = 1
  private static let countMask: UInt64 = 1 << 31 - 1
  private static let indexShift: UInt64 = 32

  /// The event at `index` of the frame that `decoder` holds.
  ///
  /// Unsafe: the decoder must live, and hold this frame, while the view is used. The cursor that
  /// owns it binds the view's lifetime to its own.
  @unsafe
  @_lifetime(immortal)
  @inline(__always)
  init(unretained decoder: inout FrameDecoder, _ index: Int) {
    let bytes = unsafe _overrideLifetime(decoder.bytes, copying: ())
    position = Position(decoder.frame.position(index, bytes))
    let payload = decoder.payload(index, bytes)
    packed =
      UInt64(truncatingIfNeeded: index) << Self.indexShift
      | UInt64(truncatingIfNeeded: payload.count) << Self.countShift
    unsafe annex = Unmanaged.passUnretained(decoder.annex)
    // Within the bytes, or the frame would not have been read.
    unsafe payloadStart = decoder.start(payload)
  }

  /// The event at `index` of the frame that `decoder` holds, which must be the one behind the last
  /// one made, at a position that is known.
  ///
  /// Unsafe: as above.
  @unsafe
  @_lifetime(immortal)
  @inline(__always)
  init(next decoder: inout FrameDecoder, _ index: Int, at position: UInt64) {
    let payload = unsafe decoder.nextPayload(index)
    self.position = Position(position)
    packed =
      UInt64(truncatingIfNeeded: index) << Self.indexShift
      | UInt64(truncatingIfNeeded: unsafe payload.count) << Self.countShift
    unsafe annex = Unmanaged.passUnretained(decoder.annex)
    unsafe payloadStart = payload.start
  }

  /// The event at a place that was looked at in advance, in the frame that `decoder` holds.
  ///
  /// Unsafe: as above.
  @unsafe
  @_lifetime(immortal)
  @inline(__always)
  init(ahead decoder: borrowing FrameDecoder, _ place: FrameSlots.Place) {
    position = Position(place.position)
    packed =
      UInt64(truncatingIfNeeded: place.event.index) << Self.indexShift
      | UInt64(truncatingIfNeeded: place.event.payloadCount) << Self.countShift
    unsafe annex = Unmanaged.passUnretained(decoder.annex)
    unsafe payloadStart = decoder.start((place.event.payload, place.event.payloadCount))
  }

  private var index: Int {
    @inline(__always) get { Int(truncatingIfNeeded: packed >> Self.indexShift) }
  }

  /// What the frame's offsets count in.
  private var bytes: Span<UInt8> {
    @_lifetime(copy self)
    @inline(__always)
    get {
      let bytes = unsafe annex._withUnsafeGuaranteedRef { unsafe $0.bytes.value }
      let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
      return unsafe _overrideLifetime(span, copying: self)
    }
  }

  /// Takes the payload away.
  mutating func redact() {
    packed = UInt64(truncatingIfNeeded: index) << Self.indexShift | Self.redacted
  }

  /// Whether a rule took the payload away; it reads as empty then.
  public var isRedacted: Bool { packed & Self.redacted != 0 }

  /// The version its aggregate has with it.
  public var version: Version {
    let bytes = bytes
    return unsafe annex._withUnsafeGuaranteedRef {
      let row = $0.frame.aggregateIndex(index, bytes)
      return Version($0.frame.version(index, aggregate: row, bytes))
    }
  }

  /// When it happened.
  public var time: Timestamp {
    let bytes = bytes
    return unsafe annex._withUnsafeGuaranteedRef {
      Timestamp(microseconds: $0.frame.time(index, bytes))
    }
  }

  /// The number of its type, which is the same for all events of the type in this store.
  public var typeNumber: Int {
    let bytes = bytes
    return unsafe annex._withUnsafeGuaranteedRef {
      Int(truncatingIfNeeded: $0.frame.types.value(index, in: bytes))
    }
  }

  /// The content.
  public var payload: Span<UInt8> {
    @_lifetime(copy self)
    @inline(__always)
    get {
      let count = Int(truncatingIfNeeded: packed >> Self.countShift & Self.countMask)
      let span = unsafe Span<UInt8>(
        _unsafeBytes: UnsafeRawBufferPointer(start: payloadStart, count: count)
      )
      return unsafe _overrideLifetime(span, copying: self)
    }
  }

  /// The id of its aggregate, as bytes.
  public var aggregateBytes: Span<UInt8> {
    @_lifetime(copy self)
    get {
      let bytes = bytes
      let range = unsafe annex._withUnsafeGuaranteedRef { $0.idRange(index, bytes) }
      return bytes.extracting(range)
    }
  }

  /// The id of its aggregate.
  public var aggregate: AggregateID { AggregateID(aggregateBytes.text) }

  /// The name of its type; empty if the type table has lost it.
  public var type: String {
    unsafe annex._withUnsafeGuaranteedRef { $0.types.value.name(typeNumber) ?? "" }
  }

  private var place: ExtrasPlace? {
    unsafe annex._withUnsafeGuaranteedRef {
      index < $0.extras.places.count ? $0.extras.places[index] : nil
    }
  }

  /// The identity its writer gave it.
  public var id: EventID? {
    guard let place, place.idOffset >= 0 else { return nil }
    let bytes = bytes
    return EventID(
      low: bytes.load(UInt64.self, at: place.idOffset),
      high: bytes.load(UInt64.self, at: place.idOffset + 8)
    )
  }

  /// Its tags.
  public var tags: [String] {
    guard let place, place.tagCount > 0 else { return [] }
    let bytes = bytes
    var reader = ByteReader(bytes, at: place.tagsOffset)
    var tags: [String] = []
    for _ in 0..<place.tagCount {
      guard let row = reader.readVarint() else { return tags }
      let tag = unsafe annex._withUnsafeGuaranteedRef { $0.extras.tags[Int(row)] }
      tags.append(bytes.extracting(tag.offset..<tag.offset + tag.count).text)
    }
    return tags
  }

  /// Whether it has the tag `name`.
  package func hasTag(_ name: Span<UInt8>) -> Bool {
    guard let place, place.tagCount > 0 else { return false }
    let bytes = bytes
    var reader = ByteReader(bytes, at: place.tagsOffset)
    for _ in 0..<place.tagCount {
      guard let row = reader.readVarint() else { return false }
      let tag = unsafe annex._withUnsafeGuaranteedRef { $0.extras.tags[Int(row)] }
      if bytes.extracting(tag.offset..<tag.offset + tag.count).equals(name) { return true }
    }
    return false
  }

  /// Its metadata.
  public var metadata: Metadata {
    guard let place, place.metadataCount > 0 else { return Metadata() }
    let range = place.metadataOffset..<place.metadataOffset + place.metadataCount
    return Metadata.decode(bytes.extracting(range)) ?? Metadata()
  }

  /// An owned copy.
  public func copy() -> RecordedEvent {
    RecordedEvent(
      position: position,
      aggregate: aggregate,
      version: version,
      type: type,
      time: time,
      payload: payload.array,
      id: id,
      tags: tags,
      metadata: metadata,
      isRedacted: isRedacted
    )
  }
}

/// An event as it stands in the log, owned.
public struct RecordedEvent: Hashable, Sendable {
  /// The place in the total order.
  public let position: Position
  /// Its aggregate.
  public let aggregate: AggregateID
  /// The version its aggregate has with it.
  public let version: Version
  /// The name of its type.
  public let type: String
  /// When it happened.
  public let time: Timestamp
  /// The content.
  public let payload: [UInt8]
  /// The identity its writer gave it.
  public let id: EventID?
  /// Its tags.
  public let tags: [String]
  /// Its metadata.
  public let metadata: Metadata
  /// Whether a rule of retention took the payload away; it is empty then.
  public let isRedacted: Bool
}
