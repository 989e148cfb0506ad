/// The name of an aggregate: 1 to 1,024 bytes of UTF-8 without NUL, `category-rest` by convention.
///
/// Ids are compared byte for byte, never by Unicode equivalence, and never become file names.
public struct AggregateID: Sendable {
  /// The id as text.
  public let text: String

  /// Creates an id; its limits are checked when it is used in an append.
  public init(_ text: String) {
    self.text = text
  }

  /// The part before the first `-`, or the whole id where it has none.
  public var category: Substring {
    text.prefix { $0 != "-" }
  }
}

extension AggregateID {
  /// The category of an id given as bytes.
  package static func category(_ id: Span<UInt8>) -> String { categoryBytes(id).text }

  /// The bytes of the category of an id given as bytes.
  @_lifetime(copy id)
  static func categoryBytes(_ id: Span<UInt8>) -> Span<UInt8> {
    var end = 0
    while end < id.count, id[end] != UInt8(ascii: "-") { end += 1 }
    return id.extracting(0..<end)
  }
}

extension AggregateID: Hashable, Comparable {
  /// Compares the bytes.
  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.text.utf8Span.span.equals(rhs.text.utf8Span.span)
  }

  /// Orders by the bytes.
  public static func < (lhs: Self, rhs: Self) -> Bool {
    lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    text.utf8Span.span.hash(into: &hasher)
  }
}

extension AggregateID: ExpressibleByStringInterpolation, CustomStringConvertible {
  /// Creates an id from a literal.
  public init(stringLiteral value: String) {
    self.init(value)
  }

  /// The id as text.
  public var description: String { text }
}

extension AggregateID: Codable {
  /// Reads the id as text.
  public init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  /// Writes the id as text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
