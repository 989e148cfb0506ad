/// Payloads as CBOR: smaller than JSON text, and several times as fast.
///
/// Specified in `Format.md`, section "Payloads".
public struct CBOREventCodec: EventCodec {
  private let encoder = CBOREncoder()
  private let decoder = CBORDecoder()

  public var name: String { "cbor" }

  public func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws {
    try encoder.encode(value, into: &payload)
  }

  /// Throws `EncodingError.invalidValue` if the value encodes anything but one key.
  public func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    let state = try encoder.write(value)
    let bytes = state.core.buffer.bytes
    do throws(CBORError) {
      let head = try bytes.head(at: 1)
      if bytes[0] == CBORHead.Initial.emptyMap | 1, head.major == CBORHead.Major.text {
        let name = try bytes.content(head)
        // Names differ in length or in their first bytes: of twenty the last costs about 20 ns.
        for index in cases.indices where bytes.equals(cases[index], in: name) {
          if bytes[name.upperBound] >> 5 != CBORHead.Major.map {
            payload += CBORHead.selfDescribed
          }
          payload.append(bytes.extracting(name.upperBound..<bytes.count))
          return index
        }
        return nil
      }
    } catch {
      // An empty map, or a single item.
    }
    throw EncodingError.notOneKey(value)
  }

  public func decode<Value: Decodable>(
    _ type: Value.Type,
    from payload: Span<UInt8>
  ) throws -> Value {
    try decoder.decode(type, from: payload)
  }

  /// The map around the payload is not made: the decoder is told of it.
  public func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value {
    try decoder.decode(type, inside: name, from: payload)
  }

  /// A map's first byte, or that of the mark before anything else; neither may begin JSON.
  public func isEncoding(of payload: Span<UInt8>) -> Bool {
    payload.count > 0
      && (payload[0] >> 5 == CBORHead.Major.map || payload[0] == CBORHead.selfDescribed[0])
  }
}

extension EventCodec where Self == CBOREventCodec {
  /// CBOR, which is smaller and faster than text.
  public static var cbor: CBOREventCodec { CBOREventCodec() }
}

extension EncodingError {
  /// The error for a value that should have encoded one key.
  static func notOneKey(_ value: Any) -> EncodingError {
    .invalidValue(
      value,
      EncodingError.Context(
        codingPath: [],
        debugDescription: "An event is one key with one value, as the case of an enum is."
      )
    )
  }
}

extension [UInt8] {
  /// Appends the bytes of a span.
  mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
