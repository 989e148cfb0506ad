/// Payloads as JSON text, which every tool reads; several times the cost of CBOR.
///
/// Compact, as Foundation writes it. Dates are texts in ISO 8601, UTC, to the microsecond, of the
/// years 1 to 9999. What an enum's case holds stands alone; a case without values is `{}`.
public struct JSONEventCodec: EventCodec {
  private static let coder = JSONPayloadCoder()

  /// "json".
  public var name: String { "json" }

  /// Creates the codec.
  public init() {}

  /// Appends the encoding of a value.
  public func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws {
    try Self.coder.encode(value, into: &payload)
  }

  /// Appends what one case of an enum holds, and gives the case's place in `cases`.
  public func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    try Self.coder.encodeCase(value, among: cases, into: &payload)
  }

  /// Reads a value.
  public func decode<Value: Decodable>(
    _ type: Value.Type,
    from payload: Span<UInt8>
  ) throws -> Value {
    try Self.coder.decode(type, from: payload)
  }

  /// Reads the enum value whose case has the coding key `name`.
  public func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value {
    try Self.coder.decodeCase(type, name: name, from: payload)
  }

  /// Whether the first byte is of ASCII, as that of every JSON text is.
  public func isEncoding(of payload: Span<UInt8>) -> Bool {
    payload.count > 0 && payload[0] < 0x80
  }
}

extension EventCodec where Self == JSONEventCodec {
  /// JSON text, which every tool reads.
  public static var json: JSONEventCodec { JSONEventCodec() }
}
