/// Which events are meant: those that match any of its items; an empty query means all.
public struct Query: Hashable, Sendable {
  /// The alternatives.
  public var items: [Item]

  /// One alternative: events of one of the types *and* with all of the tags.
  public struct Item: Hashable, Sendable {
    /// Any of these types; empty means every type.
    public var types: [String]
    /// All of these tags; empty demands none.
    public var tags: [String]

    /// Creates an alternative.
    public init(types: [String] = [], tags: [String] = []) {
      self.types = types
      self.tags = tags
    }
  }

  /// Creates a query from alternatives.
  public init(_ items: [Item]) {
    self.items = items
  }

  /// Events of one of the types and with all of the tags.
  public init(types: [String] = [], tags: [String] = []) {
    items = types.isEmpty && tags.isEmpty ? [] : [Item(types: types, tags: tags)]
  }

  /// Every event.
  public static var all: Query { Query([]) }
}

/// A condition on an append: no event that matches the query may stand after the position.
///
/// The dynamic consistency boundary: read what a decision needs, remember the position of the
/// head then, and append only if nothing that would have changed the decision came since.
public struct AppendCondition: Hashable, Sendable {
  /// The events that must not exist.
  public var query: Query
  /// The position they must not stand after; `.start` means that none may exist at all.
  public var after: Position

  /// Creates a condition.
  public init(noEventMatching query: Query, after: Position) {
    self.query = query
    self.after = after
  }
}
