/// A moment in UTC, exact to the microsecond.
///
/// It is printed as ISO 8601 with `Z` and 0, 3 or 6 decimals, the fewest that are exact, and what
/// is printed for the years 1 to 9999 parses back to the same value.
public struct Timestamp: Hashable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds; negative before it.
  ///
  /// The least of all numbers is no time of an event: an append takes the clock in its place.
  public let microseconds: Int64

  /// Creates a moment from its microseconds since 1970.
  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// The first moment that can be written: 0001-01-01T00:00:00Z.
  public static let earliest = Timestamp(microseconds: -62_135_596_800_000_000)
  /// The last moment that can be written: 9999-12-31T23:59:59.999999Z.
  public static let latest = Timestamp(microseconds: 253_402_300_799_999_999)
}

extension Timestamp: Comparable {
  /// Orders by time.
  public static func < (lhs: Self, rhs: Self) -> Bool {
    lhs.microseconds < rhs.microseconds
  }
}

extension Timestamp: CustomStringConvertible {
  /// The moment as `2026-01-31T23:59:59.123Z`.
  ///
  /// Years outside 1 to 9999 have a sign and at least four digits, and do not parse.
  public var description: String {
    var text: [UInt8] = []
    text.reserveCapacity(27)
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the description's ASCII to a buffer, without making a string.
  package func append(to text: inout [UInt8]) {
    let (days, ofDay) = CivilDate.floorDivide(Int(microseconds), Self.microsecondsPerDay)
    let date = CivilDate(daysSince1970: days)
    if date.year > 9_999 { text.append(UInt8(ascii: "+")) }
    if date.year < 0 { text.append(UInt8(ascii: "-")) }
    let year = abs(date.year)
    if year > 9_999 { Self.append(year / 10_000, digits: year > 99_999 ? 2 : 1, to: &text) }
    Self.append(year % 10_000, digits: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(date.month, digits: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(date.day, digits: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    let seconds = ofDay / Self.microsecondsPerSecond
    Self.append(seconds / 3_600, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(seconds / 60 % 60, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(seconds % 60, digits: 2, to: &text)
    Self.appendFraction(ofDay % Self.microsecondsPerSecond, to: &text)
    text.append(UInt8(ascii: "Z"))
  }

  private static func appendFraction(_ fraction: Int, to text: inout [UInt8]) {
    guard fraction != 0 else { return }
    text.append(UInt8(ascii: "."))
    if fraction.isMultiple(of: 1_000) {
      append(fraction / 1_000, digits: 3, to: &text)
    } else {
      append(fraction, digits: 6, to: &text)
    }
  }

  private static func append(_ value: Int, digits: Int, to text: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  package static let microsecondsPerSecond = 1_000_000
  package static let microsecondsPerDay = 86_400 * microsecondsPerSecond
}

extension Timestamp: Codable {
  /// Decodes the microseconds since 1970.
  public init(from decoder: any Decoder) throws {
    self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
  }

  /// Encodes the microseconds since 1970: every value survives, whatever its year.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}
