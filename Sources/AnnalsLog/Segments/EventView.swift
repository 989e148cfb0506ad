/// An event where it stands: spans over the mapped log, valid until the cursor that lent it moves.
///
/// Reading it copies and allocates nothing; `copy()` makes an owned event. The bytes come from a
/// mapping: if another program truncates the file, or the disk can not read the page, touching them
/// raises SIGBUS, which the owning and the guarded forms of reading turn into an error.
@safe
public struct EventView: ~Escapable {
  private let bytes: Span<UInt8>
  private let annex: Unmanaged<FrameAnnex>
  private let index: Int
  private let payloadOffset: Int
  private let payloadCount: Int
  /// The place in the total order.
  public let position: Position

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
    payloadOffset = payload.offset
    payloadCount = payload.count
    self.index = index
    unsafe annex = Unmanaged.passUnretained(decoder.annex)
    unsafe self.bytes = _overrideLifetime(bytes, copying: ())
  }

  /// The version its aggregate has with it.
  public var version: Version {
    unsafe annex._withUnsafeGuaranteedRef {
      let row = $0.frame.value.aggregateIndex(index, bytes)
      return Version($0.frame.value.version(index, aggregate: row, bytes))
    }
  }

  /// When it happened.
  public var time: Timestamp {
    unsafe annex._withUnsafeGuaranteedRef {
      Timestamp(microseconds: $0.frame.value.time(index, bytes))
    }
  }

  /// The number of its type, which is the same for all events of the type in this store.
  public var typeNumber: Int {
    unsafe annex._withUnsafeGuaranteedRef {
      Int(truncatingIfNeeded: $0.frame.value.types.value(index, in: bytes))
    }
  }

  /// The content.
  public var payload: Span<UInt8> {
    @_lifetime(copy self)
    get { bytes.extracting(payloadOffset..<payloadOffset + payloadCount) }
  }

  /// The id of its aggregate, as bytes.
  public var aggregateBytes: Span<UInt8> {
    @_lifetime(copy self)
    get {
      let range = unsafe annex._withUnsafeGuaranteedRef { $0.idRange(index, bytes) }
      return bytes.extracting(range)
    }
  }

  /// The id of its aggregate.
  public var aggregate: AggregateID { AggregateID(aggregateBytes.text) }

  /// The name of its type; empty if the type table has lost it.
  public var type: String {
    unsafe annex._withUnsafeGuaranteedRef { $0.types.name(typeNumber) ?? "" }
  }

  private var place: ExtrasPlace? {
    unsafe annex._withUnsafeGuaranteedRef {
      index < $0.extras.places.count ? $0.extras.places[index] : nil
    }
  }

  /// The identity its writer gave it.
  public var id: EventID? {
    guard let place, place.idOffset >= 0 else { return nil }
    return EventID(
      low: bytes.load(UInt64.self, at: place.idOffset),
      high: bytes.load(UInt64.self, at: place.idOffset + 8)
    )
  }

  /// Its tags.
  public var tags: [String] {
    guard let place, place.tagCount > 0 else { return [] }
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
      metadata: metadata
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
}
