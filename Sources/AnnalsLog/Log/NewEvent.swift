/// An event to be appended.
public struct NewEvent: Sendable {
  /// The name of its type: 1 to 256 bytes of UTF-8.
  public var type: String
  /// Its content, which the log does not look into.
  public var payload: [UInt8]
  /// When it happened; nil takes the clock at the moment of writing.
  public var time: Timestamp?
  /// An identity the caller gives it.
  public var id: EventID?
  /// Names it can be found by, apart from its aggregate.
  public var tags: [String]
  /// What else is to be known of it.
  public var metadata: Metadata

  /// Creates an event.
  public init(
    type: String,
    payload: [UInt8],
    time: Timestamp? = nil,
    id: EventID? = nil,
    tags: [String] = [],
    metadata: Metadata = Metadata()
  ) {
    self.type = type
    self.payload = payload
    self.time = time
    self.id = id
    self.tags = tags
    self.metadata = metadata
  }
}

/// The 16 bytes of an identity that a caller gives an event, usually a UUID.
public struct EventID: Hashable, Sendable, BitwiseCopyable {
  package let low: UInt64
  package let high: UInt64

  /// Creates an id from its first and last eight bytes, as little-endian numbers.
  package init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Creates an id from 16 bytes; nil for any other number.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    low = bytes.span.load(UInt64.self, at: 0)
    high = bytes.span.load(UInt64.self, at: 8)
  }

  /// The 16 bytes.
  public var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: low >> ($0 * 8)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: high >> ($0 * 8)) }
  }
}

/// Pairs of names and texts that accompany an event: correlation, causation, actor, free ones.
public struct Metadata: Hashable, Sendable {
  /// The pairs, in the order they were given.
  public var pairs: [Pair]

  /// One name and its text.
  public struct Pair: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The text.
    public var value: String

    /// Creates a pair.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Creates metadata from pairs.
  public init(_ pairs: [Pair] = []) {
    self.pairs = pairs
  }

  /// The text of the first pair called `name`.
  public subscript(name: String) -> String? {
    pairs.first { $0.name == name }?.value
  }

  /// Whether there are no pairs.
  public var isEmpty: Bool { pairs.isEmpty }

  /// Appends the encoding that stands in a frame: `Format.md`, section "Extras".
  package func encode(into buffer: inout ByteBuffer) {
    for pair in pairs {
      buffer.appendVarint(UInt64(pair.name.utf8.count))
      buffer.append(pair.name.utf8Span.span)
      buffer.appendVarint(UInt64(pair.value.utf8.count))
      buffer.append(pair.value.utf8Span.span)
    }
  }

  /// Whether `decode` finds pairs in the bytes; allocates nothing.
  package static func isWellFormed(_ bytes: Span<UInt8>) -> Bool {
    var reader = ByteReader(bytes)
    while reader.remaining > 0 {
      guard let count = reader.readCount(maximum: reader.remaining), reader.skip(count) != nil,
        let count = reader.readCount(maximum: reader.remaining), reader.skip(count) != nil
      else { return false }
    }
    return true
  }

  /// Reads the encoding; nil where the bytes are not what a writer makes.
  package static func decode(_ bytes: Span<UInt8>) -> Metadata? {
    var reader = ByteReader(bytes)
    var pairs: [Pair] = []
    while reader.remaining > 0 {
      guard let nameCount = reader.readCount(maximum: reader.remaining),
        let name = reader.skip(nameCount),
        let valueCount = reader.readCount(maximum: reader.remaining),
        let value = reader.skip(valueCount)
      else { return nil }
      pairs.append(
        Pair(name: bytes.extracting(name).text, value: bytes.extracting(value).text)
      )
    }
    return Metadata(pairs)
  }
}
