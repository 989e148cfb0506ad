/// Which events to read, in which order.
///
/// Everything that is set must hold. The bounds `after` (exclusive) and `until` (inclusive) are
/// positions, or versions where an aggregate is named.
public struct ReadRequest: Sendable {
  /// Only events of this aggregate.
  public var aggregate: AggregateID?
  /// Only events of aggregates whose id begins with this and a `-`, or is this.
  public var category: String?
  /// Only events the query matches.
  public var query = Query.all
  /// Only events behind this position, or version.
  public var after: UInt64 = 0
  /// Only events up to this position, or version.
  public var until = UInt64.max
  /// Only events at or after this time.
  public var since: Timestamp?
  /// Only events before this time.
  public var before: Timestamp?
  /// Newest first.
  public var isReversed = false
  /// At most this many events.
  public var limit = Int.max
  /// Which events are seen; nil takes the log's.
  public var visibility: Durability?
  /// The moment the log is seen at; nil for now.
  public var pin: LogPin?
  /// Whether events whose payload a rule took away are passed over; else they are given without.
  public var hidesRedacted = false
  /// Whether what rules hide is given, as far as compaction has left it.
  package var ignoresRetention = false
  /// Whether frames are copied before they are read, so that a file another program truncated, or
  /// a page the disk can not read, is an error and not a signal.
  ///
  /// Installs a handler for SIGBUS that
  /// passes on what is not its own. The default is false; the owning form of reading sets it.
  public var isGuarded = false

  /// Every event.
  public init() {}

  private init(aggregate: AggregateID, after: UInt64) {
    self.aggregate = aggregate
    self.after = after
  }

  /// The events of one aggregate behind a version.
  public static func aggregate(_ id: AggregateID, after version: Version = .none) -> ReadRequest {
    ReadRequest(aggregate: id, after: version.rawValue)
  }

  /// All events behind a position.
  public static func all(after position: Position = .start) -> ReadRequest {
    var request = ReadRequest()
    request.after = position.rawValue
    return request
  }

  /// The events a query matches, behind a position.
  public static func matching(_ query: Query, after position: Position = .start) -> ReadRequest {
    var request = ReadRequest.all(after: position)
    request.query = query
    return request
  }
}

/// A request made ready to be held against events.
package struct EventFilter: Sendable {
  private let query: ResolvedQuery
  private let category: [UInt8]?
  private let since: Int64
  private let before: Int64
  /// Whether every event must be of one aggregate.
  package let isOfAggregate: Bool
  /// A tag every event must have, because it was looked up by it.
  package let tag: [UInt8]?
  package let minimumVersion: UInt64
  package let maximumVersion: UInt64
  /// Whether every event passes.
  package let isOpen: Bool

  /// The filter of `request` for a log with the given types.
  package init(_ request: borrowing ReadRequest, tag: String?, _ types: TypeTable) {
    query = ResolvedQuery(request.query, types)
    category = request.category.map { Array($0.utf8) }
    since = request.since?.microseconds ?? .min
    before = request.before?.microseconds ?? .max
    isOfAggregate = request.aggregate != nil
    self.tag = tag.map { Array($0.utf8) }
    minimumVersion = request.aggregate == nil ? 0 : request.after
    maximumVersion = request.aggregate == nil ? .max : request.until
    // An aggregate's own events are found by its key, and held against it there.
    isOpen =
      query.isAll && category == nil && request.since == nil && request.before == nil
      && tag == nil && minimumVersion == 0 && maximumVersion == .max
  }

  /// Whether the event passes.
  package func matches(_ event: borrowing EventView) -> Bool {
    let time = event.time.microseconds
    if time < since || (time >= before && before != .max) { return false }
    if isOfAggregate {
      let version = event.version.rawValue
      if version <= minimumVersion || version > maximumVersion { return false }
    }
    if let category {
      let id = event.aggregateBytes
      guard id.count >= category.count, id.extracting(0..<category.count).equals(category.span),
        id.count == category.count || id[category.count] == UInt8(ascii: "-")
      else { return false }
    }
    if query.isAll { return true }
    return query.matches(type: event.typeNumber) { event.hasTag($0.utf8Span.span) }
  }
}
