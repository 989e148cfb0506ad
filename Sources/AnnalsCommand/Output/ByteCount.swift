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
  /// At most three digits before the unit's own, one decimal below ten, rounded down.
  ///
  /// Down, so that a file is never said to be larger than a limit it does not reach.
  package var description: String {
    var tenths = bytes.multipliedReportingOverflow(by: 10)
    if tenths.overflow { tenths.partialValue = .max }
    var value = tenths.partialValue
    var unit = 0
    while value >= 10_240, unit < Self.units.count - 1 {
      value /= 1_024
      unit += 1
    }
    let decimal = unit > 0 && value < 100 && !value.isMultiple(of: 10) ? ".\(value % 10)" : ""
    return "\(value / 10)\(decimal) \(Self.units[unit])"
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
