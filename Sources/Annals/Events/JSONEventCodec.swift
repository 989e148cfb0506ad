internal import FoundationEssentials

/// Payloads as JSON text.
public struct JSONEventCodec: EventCodec {
  public var name: String { "json" }

  public func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws {
    payload += try JSONEncoder().encode(value)
  }

  public func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    let bytes = [UInt8](try JSONEncoder().encode(value))
    for (index, name) in cases.enumerated() {
      let head = [UInt8]("{\"\(name)\":".utf8)
      if bytes.starts(with: head) {
        payload += bytes[head.count..<bytes.count - 1]
        return index
      }
    }
    return nil
  }

  public func decode<Value: Decodable>(
    _ type: Value.Type,
    from payload: Span<UInt8>
  ) throws -> Value {
    try JSONDecoder().decode(type, from: Data(payload.array))
  }

  public func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value {
    let text = [UInt8]("{\"\(name)\":".utf8) + payload.array + [UInt8(ascii: "}")]
    return try JSONDecoder().decode(type, from: Data(text))
  }

  public func isEncoding(of payload: Span<UInt8>) -> Bool {
    payload.count > 0 && payload[0] < 0x80
  }
}

extension EventCodec where Self == JSONEventCodec {
  /// JSON text, which every tool reads.
  public static var json: JSONEventCodec { JSONEventCodec() }
  public static var cbor: JSONEventCodec { JSONEventCodec() }
}
