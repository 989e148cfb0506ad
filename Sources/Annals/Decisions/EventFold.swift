/// A value folded from the events that a query finds, whatever aggregates they belong to.
///
/// What a decision across aggregates rests on (`EventStore.decide`), and what a `Projection` is.
public protocol EventFold: Sendable {
  /// The events it understands; a schema that joins others for several kinds of aggregate.
  associatedtype Event: Annals.Event

  /// Which events it is folded from.
  ///
  /// The default is all events of `Event`'s types. An event that the query finds and `Event` does
  /// not know is an error, never skipped.
  var query: Query { get }

  /// Takes in what happened.
  ///
  /// MUST depend on the value and the event alone.
  ///
  /// - Parameters:
  ///   - event: What happened.
  ///   - record: Where it stands, whose it is, when it was; lent for the call.
  mutating func apply(_ event: Event, _ record: borrowing EventView)
}

extension EventFold {
  /// All events of the types that `Event` reads.
  public var query: Query { Query(types: Event.schema.readableTypes) }
}

extension EventStore {
  /// Folds the events behind a position, up to another, into a value.
  ///
  /// - Returns: The number of events folded.
  @discardableResult
  public func fold<Value: EventFold>(
    into value: inout Value,
    after: Position = .start,
    until: Position? = nil,
    visibility: Durability? = nil,
    pin: LogPin? = nil
  ) throws(StoreError) -> Int {
    var request = ReadRequest.matching(value.query, after: after)
    request.until = until?.rawValue ?? .max
    request.visibility = visibility
    request.pin = pin
    request.hidesRedacted = true
    var reader = try reader(of: Value.Event.self)
    var count = 0
    do {
      var cursor = try log.cursor(request)
      while let record = try cursor.next() {
        value.apply(try reader.read(record), record)
        count += 1
      }
    } catch let error as LogError {
      throw .log(error)
    } catch let error as EventError {
      throw .event(error)
    } catch {
      preconditionFailure("reading throws nothing else")
    }
    return count
  }
}
