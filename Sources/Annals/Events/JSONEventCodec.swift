internal import FoundationEssentials

/// Payloads as JSON text, as Foundation makes it: readable by every tool, at some five times the
/// cost of CBOR.
///
/// Dates are texts in ISO 8601, UTC, rounded to microseconds, as `Timestamp` prints them; `Data` is
/// Base64.
public struct JSONEventCodec: EventCodec {
  // Both may be used by several threads at once, and making them costs a microsecond.
  private static let encoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    encoder.dateEncodingStrategy = .custom(encode)
    return encoder
  }()
  private static let decoder = {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom(decode)
    return decoder
  }()

  public var name: String { "json" }

  public func encode<Value: Encodable>(_ value: Value, into payload: inout [UInt8]) throws {
    payload += try Self.encoder.encode(value)
  }

  /// Throws `EncodingError.invalidValue` if the value encodes anything but one key.
  public func encodeCase<Value: Encodable>(
    of value: Value,
    among cases: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    let text = [UInt8](try Self.encoder.encode(value))
    guard let parts = JSONCase(text.span) else { throw EncodingError.notOneKey(value) }
    for index in cases.indices where text.span.equals(cases[index], in: parts.name) {
      payload += text[parts.payload]
      return index
    }
    return nil
  }

  public func decode<Value: Decodable>(
    _ type: Value.Type,
    from payload: Span<UInt8>
  ) throws -> Value {
    try Self.decoder.decode(type, from: Data(payload.array))
  }

  public func decode<Value: Decodable>(
    _ type: Value.Type,
    case name: String,
    from payload: Span<UInt8>
  ) throws -> Value {
    var text: [UInt8] = []
    text.reserveCapacity(payload.count + name.utf8.count + 5)
    text += [UInt8(ascii: "{"), UInt8(ascii: "\"")]
    text += name.utf8
    text += [UInt8(ascii: "\""), UInt8(ascii: ":")]
    text.append(payload)
    text.append(UInt8(ascii: "}"))
    return try Self.decoder.decode(type, from: Data(text))
  }

  public func isEncoding(of payload: Span<UInt8>) -> Bool {
    payload.count > 0 && payload[0] < 0x80
  }

  private static func encode(_ date: Date, to encoder: any Encoder) throws {
    guard let time = Timestamp(date) else {
      // Not the date itself: Foundation's description of one that is no number traps.
      throw EncodingError.invalidValue(
        date.timeIntervalSinceReferenceDate,
        EncodingError.Context(
          codingPath: encoder.codingPath,
          debugDescription: "A date in JSON is of the years 1 to 9999."
        )
      )
    }
    var container = encoder.singleValueContainer()
    try container.encode(time.description)
  }

  private static func decode(from decoder: any Decoder) throws -> Date {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = try? Timestamp(parsing: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(text) is no time in ISO 8601 with at most six decimals."
      )
    }
    return time.date
  }
}

extension EventCodec where Self == JSONEventCodec {
  /// JSON text, which every tool reads.
  public static var json: JSONEventCodec { JSONEventCodec() }
}
