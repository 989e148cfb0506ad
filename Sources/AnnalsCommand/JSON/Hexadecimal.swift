/// Hexadecimal digits, and the text form of 16-byte identifiers.
package enum Hexadecimal {
  /// The value of a digit of either case, or nil.
  package static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The lower-case digit of a value below 16.
  package static func digit(of value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

/// Sixteen bytes that name an event, written as a UUID: `6ba7b810-9dad-11d1-80b4-00c04fd430c8`.
package struct UniqueID: Hashable, Sendable {
  /// The first eight bytes, most significant first.
  package let high: UInt64
  /// The last eight bytes, most significant first.
  package let low: UInt64

  /// Creates an identifier from its two halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Parses 8-4-4-4-12 hexadecimal digits of either case; nil for anything else.
  package init?(parsing text: String) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      if [8, 13, 18, 23].contains(count) {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Hexadecimal.value(of: byte) else { return nil }
        high = high << 4 | low >> 60
        low = low << 4 | UInt64(digit)
      }
      count += 1
    }
    guard count == 36 else { return nil }
    self.init(high: high, low: low)
  }

  /// Appends the lower-case text form.
  package func append(to text: inout [UInt8]) {
    for nibble in 0..<32 {
      if [8, 12, 16, 20].contains(nibble) { text.append(UInt8(ascii: "-")) }
      let half = nibble < 16 ? high : low
      let value = half >> UInt64(60 - nibble % 16 * 4) & 0xf
      text.append(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: value)))
    }
  }
}

extension UniqueID: CustomStringConvertible {
  /// The lower-case text form.
  package var description: String {
    var text: [UInt8] = []
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
