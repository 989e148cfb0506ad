internal import FoundationEssentials

/// Payloads in JSON: readable by every tool, and five times the cost of CBOR.
///
/// Foundation's form, compact, keys in the order in which they are encoded as far as Foundation
/// keeps it. Dates are texts in ISO 8601, UTC, rounded to microseconds, as `Timestamp` prints them.
/// Thread-safe.
struct JSONPayloadCoder: Sendable {
  private let encoder: JSONEncoder
  private let decoder: JSONDecoder

  /// Creates a coder.
  init() {
    encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      guard let time = Timestamp(date) else {
        throw EncodingError.invalidValue(
          date,
          EncodingError.Context(
            codingPath: encoder.codingPath,
            debugDescription: "A date in JSON is of the years 1 to 9999."
          )
        )
      }
      try container.encode(time.description)
    }
    decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
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

  /// Appends the JSON of a value.
  func encode<T: Encodable>(_ value: T, into buffer: inout [UInt8]) throws {
    buffer.append(contentsOf: try encoder.encode(value))
  }

  /// Makes a value of its JSON.
  func decode<T: Decodable>(_ type: T.Type, from payload: Span<UInt8>) throws -> T {
    try decoder.decode(type, from: Data(payload.array))
  }

  /// Appends what stands inside the one key that a value encodes, and returns the key's place in
  /// `names`; nil, and nothing is appended, if it is none of them.
  ///
  /// - Throws: `EncodingError.invalidValue` if the value encodes anything but one key.
  func encodeCase<T: Encodable>(
    _ value: T,
    among names: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    let text = [UInt8](try encoder.encode(value))
    guard let parts = JSONCase(text.span) else { throw EncodingError.notOneKey(value) }
    guard let index = text.span.extracting(parts.name).index(among: names) else { return nil }
    payload.append(text.span.extracting(parts.payload))
    return index
  }

  /// Makes a value of the one key that it encodes and what stands inside it.
  ///
  /// - Throws: a `DecodingError`.
  func decodeCase<T: Decodable>(
    _ type: T.Type,
    name: String,
    from payload: Span<UInt8>
  ) throws -> T {
    var text: [UInt8] = []
    text.reserveCapacity(payload.count + name.utf8.count + 5)
    text += [UInt8(ascii: "{"), UInt8(ascii: "\"")]
    text += name.utf8
    text += [UInt8(ascii: "\""), UInt8(ascii: ":")]
    text.append(payload)
    text.append(UInt8(ascii: "}"))
    return try decoder.decode(type, from: Data(text))
  }
}

/// Where name and value stand in the compact text of an object with one key; the names of cases
/// have nothing in them that JSON escapes.
private struct JSONCase {
  let name: Range<Int>
  let payload: Range<Int>

  /// Finds them; nil if the text is anything else.
  init?(_ text: Span<UInt8>) {
    let last = text.count - 1
    guard last >= 5, text[0] == UInt8(ascii: "{"), text[1] == UInt8(ascii: "\""),
      text[last] == UInt8(ascii: "}")
    else { return nil }
    var end = 2
    while text[end] != UInt8(ascii: "\"") {
      if text[end] == UInt8(ascii: "\\") || end == last { return nil }
      end += 1
    }
    guard end + 2 < last, text[end + 1] == UInt8(ascii: ":") else { return nil }
    name = 2..<end
    payload = end + 2..<last
    if Self.hasSeveral(text.extracting(payload)) { return nil }
  }

  /// Whether a comma stands outside of all brackets and strings.
  private static func hasSeveral(_ text: Span<UInt8>) -> Bool {
    var depth = 0
    var isString = false
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      if isString {
        if byte == UInt8(ascii: "\\") { index += 1 }
        if byte == UInt8(ascii: "\"") { isString = false }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ",") where depth == 0: return true
      default: break
      }
    }
    return false
  }
}

extension Timestamp {
  /// Microseconds from 1970 to 2001, where `Date` counts from.
  private static let reference: Int64 = 978_307_200_000_000

  /// The date to the nearest microsecond; nil outside the years 1 to 9999.
  init?(_ date: Date) {
    let microseconds = (date.timeIntervalSinceReferenceDate * 1e6).rounded()
    guard abs(microseconds) < 1e18 else { return nil }
    let time = Timestamp(microseconds: Int64(microseconds) + Self.reference)
    guard time >= .earliest, time <= .latest else { return nil }
    self = time
  }

  /// The moment as a date; to the microsecond it is exact.
  var date: Date {
    Date(timeIntervalSinceReferenceDate: Double(microseconds - Self.reference) / 1e6)
  }
}

extension [UInt8] {
  /// Appends the bytes of a span.
  mutating func append(_ bytes: Span<UInt8>) {
    append(addingCapacity: bytes.count) { target in
      for index in 0..<bytes.count { target.append(bytes[index]) }
    }
  }
}
