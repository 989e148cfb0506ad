/// An amount of money, in hundredths of its unit: exact, as no `Double` is.
public struct Money: Hashable, Comparable, Codable, Sendable {
  /// The amount in hundredths.
  public var cents: Int

  /// Creates an amount from hundredths.
  public init(cents: Int) {
    self.cents = cents
  }

  /// Nothing.
  public static let zero = Money(cents: 0)

  /// Reads and writes the bare number of hundredths.
  public init(from decoder: any Decoder) throws {
    cents = try decoder.singleValueContainer().decode(Int.self)
  }

  /// Reads and writes the bare number of hundredths.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(cents)
  }

  /// Orders by amount.
  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.cents < rhs.cents }
  /// Adds; traps beyond what 64 bits of hundredths hold.
  public static func + (lhs: Self, rhs: Self) -> Money { Money(cents: lhs.cents + rhs.cents) }
  /// Subtracts; traps beyond what 64 bits of hundredths hold.
  public static func - (lhs: Self, rhs: Self) -> Money { Money(cents: lhs.cents - rhs.cents) }
  /// Multiplies; traps beyond what 64 bits of hundredths hold.
  public static func * (lhs: Self, rhs: Int) -> Money { Money(cents: lhs.cents * rhs) }
  /// Adds in place.
  public static func += (lhs: inout Self, rhs: Self) { lhs = lhs + rhs }
  /// Subtracts in place.
  public static func -= (lhs: inout Self, rhs: Self) { lhs = lhs - rhs }
}

extension Money: ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Creates an amount of whole units.
  public init(integerLiteral value: Int) {
    self.init(cents: value * 100)
  }

  /// The amount with two decimals.
  public var description: String {
    let (units, rest) = abs(cents).quotientAndRemainder(dividingBy: 100)
    return "\(cents < 0 ? "-" : "")\(units).\(rest < 10 ? "0" : "")\(rest)"
  }
}
