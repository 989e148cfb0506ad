/// How events and states become bytes.
///
/// Two are given: `.json`, which every tool reads, and `.cbor`, which is smaller and several times
/// faster. Payloads tell by their first byte which of the two they are in, so a store may change
/// its codec at any time and old events stay readable.
public protocol EventCodec: Sendable {
  /// What the codec is called in messages.
  var name: String { get }

  /// Appends the encoding of a value.
  func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws

  /// Appends the encoding of what one case of an enum holds, and gives the case's place in `cases`;
  /// nil if the value is of another case.
  ///
  /// The value encodes, as the compiler makes enums do, to one key, the case's, with what the case
  /// holds behind it.
  func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int?

  /// Reads a value; `payload` is lent for the call.
  func decode<Value: Decodable>(_ type: Value.Type, from payload: Span<UInt8>) throws -> Value

  /// Reads the enum value whose case has the coding key `name` and holds what `payload` says.
  func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value

  /// Whether a payload is in this codec, as far as its first bytes tell.
  func isEncoding(of payload: Span<UInt8>) -> Bool
}
