/// One step in the history of an aggregate.
public struct HistoryStep<State: Aggregate>: Sendable {
  /// The event as it stands in the log.
  public let record: RecordedEvent
  /// The event as a value.
  public let event: State.Event
  /// The state after it.
  public let state: State
}

extension EventStore {
  /// The history of an aggregate: each event with the state after it.
  ///
  /// - Parameters:
  ///   - id: The aggregate.
  ///   - type: The Swift type of its state.
  ///   - version: Gives only the steps behind this version; the states are those of the whole
  ///     history all the same.
  ///   - limit: Gives at most so many steps.
  public func history<State: Aggregate>(
    of id: AggregateID,
    as type: State.Type,
    after version: Version = .none,
    limit: Int = .max
  ) throws(StoreError) -> [HistoryStep<State>] {
    let kind = try kinds.kind(type, self)
    var state = try load(type, id, at: .version(version)).state
    var request = ReadRequest.aggregate(id, after: version)
    request.limit = limit
    request.hidesRedacted = true
    var steps: [HistoryStep<State>] = []
    do {
      var reader = kind.reader
      var cursor = try log.cursor(request)
      while let record = try cursor.next() {
        let event = try reader.read(record)
        state.apply(event)
        steps.append(HistoryStep(record: record.copy(), event: event, state: state))
      }
    } catch let error as LogError {
      throw .log(error)
    } catch let error as EventError {
      throw .event(error)
    } catch {
      preconditionFailure("reading throws nothing else")
    }
    return steps
  }
}
