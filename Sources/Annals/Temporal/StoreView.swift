/// The store as it was at one position: all aggregates, all queries, whatever is appended since.
///
/// Free: the log only grows, so a view is a number. It obeys the rules of retention of the moment
/// it was made: what is deleted afterwards it still sees.
public struct StoreView: Sendable {
  /// The store.
  public let store: EventStore
  /// The last position that is seen.
  public let position: Position
  /// The log as it was when the view was made.
  package let pin: LogPin

  /// The state an aggregate had.
  public func load<State: Aggregate>(
    _ type: State.Type,
    _ id: AggregateID
  ) throws(StoreError) -> Loaded<State> {
    try store.load(type, id, throughVersion: nil, through: position, pin: pin)
  }

  /// Folds what a model's query finds up to the view's position.
  public func fold<Value: EventFold>(_ value: Value) throws(StoreError) -> Value {
    var value = value
    try store.fold(into: &value, until: position, pin: pin)
    return value
  }

  /// Lends each event asked for, up to the view's position, to `body`.
  ///
  /// `request.until` may bound it further, except where an aggregate is named: then it is a
  /// version.
  public func forEach(
    _ request: ReadRequest = .all(),
    _ body: (borrowing EventView) throws -> Void
  ) throws {
    var request = request
    request.pin = pin
    if request.aggregate == nil { request.until = min(request.until, position.rawValue) }
    // What stands behind the view's position does not count.
    var rest = request.limit
    if request.aggregate != nil { request.limit = .max }
    if rest <= 0 { return }
    var cursor = try store.log.cursor(request)
    while let event = try cursor.next() {
      // Positions rise with versions, or fall when reading backwards.
      if event.position > position {
        if request.isReversed { continue }
        return
      }
      try body(event)
      rest -= 1
      if rest == 0 { return }
    }
  }

  /// Owned copies of the events asked for, up to the view's position.
  public func events(_ request: ReadRequest = .all()) throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    try forEach(request) { events.append($0.copy()) }
    return events
  }
}

extension EventStore {
  /// The store as it was at a position, or as it is now.
  ///
  /// - Throws: `.log(.positionBeyondHead)`.
  public func view(at position: Position? = nil) throws(StoreError) -> StoreView {
    let pin = try liftingLog { () throws(LogError) in try log.pin() }
    if let position, position > pin.position {
      throw .log(.positionBeyondHead(requested: position, head: pin.position))
    }
    return StoreView(store: self, position: position ?? pin.position, pin: pin)
  }

  /// The store as it was at a time: before the first event that is later.
  public func view(at time: Timestamp) throws(StoreError) -> StoreView {
    try view(at: try position(asOf: time))
  }
}
