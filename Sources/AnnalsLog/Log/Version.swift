/// The number of events of one aggregate: 0 before the first, the first event has version 1.
public struct Version: Hashable, Comparable, Sendable, Codable {
  /// The count.
  public let rawValue: UInt64

  /// Creates a version from its count.
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The version of an aggregate that has no event yet.
  public static let none = Version(0)

  /// Orders versions by age.
  public static func < (lhs: Self, rhs: Self) -> Bool {
    lhs.rawValue < rhs.rawValue
  }
}

extension Version: CustomStringConvertible, ExpressibleByIntegerLiteral {
  /// The count in decimal.
  public var description: String { "\(rawValue)" }

  /// Creates a version from a literal count.
  public init(integerLiteral value: UInt64) {
    self.init(value)
  }
}

/// What an append demands of an aggregate before its events may be added.
public enum ExpectedVersion: Hashable, Sendable {
  /// Anything: the events are added whatever stands before them.
  case any
  /// The aggregate must have no event.
  case absent
  /// The aggregate must have at least one event.
  case exists
  /// The aggregate must have exactly this many events.
  case exactly(Version)

  /// Whether an aggregate at `version` satisfies the demand.
  package func isSatisfied(by version: Version) -> Bool {
    switch self {
    case .any: true
    case .absent: version == .none
    case .exists: version > .none
    case .exactly(let expected): version == expected
    }
  }
}
