/// The place of an event in the total order of the log.
///
/// The first event is at 1 and an empty log's head is 0, so "after position 0" means "from the
/// start". Positions are assigned without gaps in commit order, and never change or restart.
public struct Position: Hashable, Comparable, Sendable, Codable {
  /// The ordinal; 0 stands before the first event.
  public let rawValue: UInt64

  /// Creates a position from its ordinal.
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The place before the first event.
  public static let start = Position(0)

  /// Orders positions by log order.
  public static func < (lhs: Self, rhs: Self) -> Bool {
    lhs.rawValue < rhs.rawValue
  }
}

extension Position: CustomStringConvertible, ExpressibleByIntegerLiteral {
  /// The ordinal in decimal.
  public var description: String { "\(rawValue)" }

  /// Creates a position from a literal ordinal.
  public init(integerLiteral value: UInt64) {
    self.init(value)
  }
}
