/// A number of bytes, printed for people: `812 B`, `1.5 KiB`, `64 MiB`.
package struct ByteCount: Hashable, Sendable {
  /// The exact number.
  package let bytes: UInt64

  /// Wraps a number of bytes, which is not negative.
  package init(_ bytes: some BinaryInteger) {
    self.bytes = UInt64(bytes)
  }
}

extension ByteCount: CustomStringConvertible {
  /// Below ten with one decimal, unless that is zero; rounded down.
  ///
  /// Down, so that a file is never said to be larger than a limit it does not reach.
  package var description: String {
    var divisor: UInt64 = 1
    var unit = 0
    while bytes / divisor >= 1_024 {
      divisor *= 1_024
      unit += 1
    }
    let (whole, rest) = bytes.quotientAndRemainder(dividingBy: divisor)
    // The rest is below 2⁶⁰, so that ten times it still fits.
    let tenths = rest * 10 / divisor
    return "\(whole)\(whole < 10 && tenths > 0 ? ".\(tenths)" : "") \(Self.units[unit])"
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
}

extension BinaryInteger {
  /// The number in decimal with a comma between each three digits: `1,234,567`.
  package var grouped: String {
    let digits = String(magnitude)
    var text = self < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }
}

extension Double {
  /// A number of seconds, printed for people with three digits: `0.012 s`, `1.25 s`, `312 s`.
  package var seconds: String {
    let decimals = self < 1 ? 3 : self < 10 ? 2 : self < 100 ? 1 : 0
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let rounded = Int((self * scale).rounded())
    guard decimals > 0 else { return "\(rounded.grouped) s" }
    let (whole, rest) = rounded.quotientAndRemainder(dividingBy: Int(scale))
    let digits = String(rest)
    let zeros = String(repeating: "0", count: decimals - digits.count)
    return "\(whole).\(zeros)\(digits) s"
  }
}
