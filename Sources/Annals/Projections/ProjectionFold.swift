/// A projection's state, how far it is, and how events come into it.
///
/// State and position always belong together, also when folding stops at an event in the middle.
package struct ProjectionFold<State: Codable & Sendable>: Sendable {
  package var state: State
  package var position: Position
  package var eventCount = 0
  /// What the fold threw at an event: the state may hold a part of that, and is not to be gone on
  /// with, nor kept.
  package private(set) var refusal: ConsumerError?
  /// The version of the code that folds, as it is declared.
  package let version: Int
  package let query: Query
  /// Whether events without payload are passed over.
  package let hidesRedacted: Bool
  private let makeFold: @Sendable () throws(StoreError) -> Fold

  /// Takes all that is pending into the state.
  ///
  /// One call for many events: a call for each is as dear as reading it.
  package typealias Fold = (inout PendingEvents, inout State) throws(ConsumerError) -> Void

  package init(
    state: State,
    position: Position = .start,
    version: Int,
    query: Query,
    hidesRedacted: Bool,
    makeFold: @escaping @Sendable () throws(StoreError) -> Fold
  ) {
    self.state = state
    self.position = position
    self.version = version
    self.query = query
    self.hidesRedacted = hidesRedacted
    self.makeFold = makeFold
  }

  /// The same fold at its start.
  package func restarted(_ state: State) -> ProjectionFold {
    ProjectionFold(
      state: state,
      version: version,
      query: query,
      hidesRedacted: hidesRedacted,
      makeFold: makeFold
    )
  }

  /// Folds what stands behind the position, up to `until`.
  package mutating func advance(
    through until: Position,
    in store: EventStore
  ) throws(ConsumerError) {
    if let refusal { throw refusal }
    var request = ReadRequest.matching(query, after: position)
    request.until = until.rawValue
    request.hidesRedacted = hidesRedacted
    let fold: Fold
    do throws(StoreError) {
      fold = try makeFold()
    } catch {
      throw .store(error)
    }
    var events: PendingEvents
    do throws(LogError) {
      events = PendingEvents(try store.log.cursor(request), after: position)
    } catch {
      throw .store(.log(error))
    }
    do throws(ConsumerError) {
      try store.consumers.whileHanding { () throws(ConsumerError) in try fold(&events, &state) }
    } catch {
      // What the fold did not take stands behind its position: the event lent last, unless it asked
      // for the next.
      let isTaken = events.failure != nil || events.lentCount == 0
      position = isTaken ? events.last : Position(events.last.rawValue - 1)
      eventCount += isTaken ? events.lentCount : events.lentCount - 1
      if case .handler = error { refusal = error }
      throw error
    }
    position = until
    eventCount += events.lentCount
  }
}

extension ProjectionFold where State: Projection {
  /// The fold of a typed projection.
  package init(_ projection: State, _ store: EventStore) throws(StoreError) {
    let reader = try store.reader(of: State.Event.self)
    self.init(
      state: projection,
      version: State.version,
      query: projection.query,
      hidesRedacted: true
    ) {
      var reader = reader
      return { events, state throws(ConsumerError) in
        do {
          while let event = try events.next() { state.apply(try reader.read(event), event) }
        } catch let error as EventError {
          throw .store(.event(error))
        } catch let error as LogError {
          throw .store(.log(error))
        } catch {
          throw .handler(position: events.last, error)
        }
      }
    }
  }
}

extension ProjectionFold where State: RawProjection {
  /// The fold of a projection over events where they stand.
  package init(raw projection: State) {
    self.init(
      state: projection,
      version: State.version,
      query: projection.query,
      hidesRedacted: false
    ) {
      { events, state throws(ConsumerError) in
        do {
          while !events.isFinished { try Self.takeSome(&events, into: &state) }
        } catch {
          if let failure = events.failure { throw .store(.log(failure)) }
          throw .handler(position: events.last, error)
        }
      }
    }
  }

  /// Lets the projection take what it will, and at least one event.
  private static func takeSome(_ events: inout PendingEvents, into state: inout State) throws {
    let count = events.lentCount
    try state.apply(all: &events)
    if events.lentCount > count || events.isFinished { return }
    if let event = try events.next() { try state.apply(event) }
  }
}
