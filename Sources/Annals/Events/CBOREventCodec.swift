/// Payloads as CBOR (RFC 8949): smaller than JSON and several times faster both ways.
///
/// What ``CBOREncoder`` writes and ``CBORDecoder`` reads; events that are ``PayloadCodable`` write
/// and read themselves. What an enum's case holds stands alone; a case without values is the empty
/// map.
public struct CBOREventCodec: EventCodec {
  /// "cbor".
  public var name: String { "cbor" }

  /// Creates the codec.
  public init() {}

  /// Appends the encoding of a value.
  public func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws {
    try CBOREncoder().encode(value, into: &payload)
  }

  /// Appends what one case of an enum holds, and gives the case's place in `cases`.
  public func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    try CBOREncoder().encodeCase(value, among: cases, into: &payload)
  }

  /// Reads a value.
  public func decode<Value: Decodable>(
    _ type: Value.Type,
    from payload: Span<UInt8>
  ) throws -> Value {
    try CBORDecoder().decode(type, from: payload)
  }

  /// Reads the enum value whose case has the coding key `name`.
  public func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value {
    try CBORDecoder().decodeCase(type, name: name, from: payload)
  }

  /// Whether the payload begins as a map of definite length, or with the mark of CBOR, the three
  /// bytes of tag 55799.
  public func isEncoding(of payload: Span<UInt8>) -> Bool {
    guard payload.count > 0 else { return false }
    if payload[0] >= 0xa0, payload[0] <= 0xbb { return true }
    return payload.count >= 3 && payload[0] == 0xd9 && payload[1] == 0xd9 && payload[2] == 0xf7
  }
}

extension EventCodec where Self == CBOREventCodec {
  /// CBOR, the fast one.
  public static var cbor: CBOREventCodec { CBOREventCodec() }
}
