/// The name and version that events of one kind are stored under.
///
/// Apart from any Swift name, so that Swift code may be renamed while the log stays as it is. In
/// the log the type is one text: the name alone for version 1, `name@version` for later ones.
public struct EventType: Hashable, Sendable {
  /// The name: 1 to 256 bytes with the version, and no `@`.
  public let name: String
  /// The version of the payload's shape; 1 at first.
  public let version: Int

  /// Creates a type from its name and version.
  public init(_ name: String, version: Int = 1) {
    self.name = name
    self.version = version
  }

  /// Reads a type as it stands in the log; a name without a version has version 1.
  public init(text: String) {
    guard let mark = text.lastIndex(of: "@"),
      let version = Int(text[text.index(after: mark)...]), version > 1
    else {
      self.init(text)
      return
    }
    self.init(String(text[..<mark]), version: version)
  }

  /// The type as it stands in the log.
  public var text: String { version == 1 ? name : "\(name)@\(version)" }
}

extension EventType: ExpressibleByStringLiteral, CustomStringConvertible {
  /// Creates version 1 of a type from a literal name.
  public init(stringLiteral value: String) {
    self.init(value)
  }

  /// The type as it stands in the log.
  public var description: String { text }
}
