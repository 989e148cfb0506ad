/// A projection's state, how far it is, and how events come into it.
///
/// State and position always belong together, also when folding stops at an event in the middle.
package struct ProjectionFold<State: Codable & Sendable>: Sendable {
  package var state: State
  package var position: Position
  package var eventCount = 0
  package let query: Query
  /// Whether events without payload are passed over.
  package let hidesRedacted: Bool
  private let makeTake: @Sendable () throws(StoreError) -> Take

  /// Takes one event into the state.
  package typealias Take = (borrowing EventView, inout State) throws(ConsumerError) -> Void

  package init(
    state: State,
    position: Position = .start,
    query: Query,
    hidesRedacted: Bool,
    makeTake: @escaping @Sendable () throws(StoreError) -> Take
  ) {
    self.state = state
    self.position = position
    self.query = query
    self.hidesRedacted = hidesRedacted
    self.makeTake = makeTake
  }

  /// The same fold at its start.
  package func restarted(_ state: State) -> ProjectionFold {
    ProjectionFold(
      state: state,
      query: query,
      hidesRedacted: hidesRedacted,
      makeTake: makeTake
    )
  }

  /// Folds what stands behind the position, up to `until`.
  package mutating func advance(
    through until: Position,
    in store: EventStore
  ) throws(ConsumerError) {
    var request = ReadRequest.matching(query, after: position)
    request.until = until.rawValue
    request.hidesRedacted = hidesRedacted
    var failure: ConsumerError?
    let take: Take
    do throws(StoreError) {
      take = try makeTake()
    } catch {
      throw .store(error)
    }
    // Not in the fold itself, event by event: a third of what a fold over spans costs.
    var count = 0
    var last = position
    defer {
      eventCount += count
      position = failure == nil ? until : last
    }
    do throws(LogError) {
      var cursor = try store.log.cursor(request)
      while let event = try cursor.next() {
        do throws(ConsumerError) {
          try take(event, &state)
        } catch {
          failure = error
          break
        }
        last = event.position
        count += 1
      }
    } catch {
      failure = .store(.log(error))
    }
    if let failure { throw failure }
  }
}

extension ProjectionFold where State: Projection {
  /// The fold of a typed projection.
  package init(_ projection: State, _ store: EventStore) throws(StoreError) {
    let reader = try store.reader(of: State.Event.self)
    self.init(state: projection, query: projection.query, hidesRedacted: true) {
      var reader = reader
      return { event, state throws(ConsumerError) in
        let value: State.Event
        do throws(EventError) {
          value = try reader.read(event)
        } catch {
          throw .store(.event(error))
        }
        state.apply(value, event)
      }
    }
  }
}

extension ProjectionFold where State: RawProjection {
  /// The fold of a projection over events where they stand.
  package init(raw projection: State) {
    self.init(state: projection, query: projection.query, hidesRedacted: false) {
      { event, state throws(ConsumerError) in
        do {
          try state.apply(event)
        } catch {
          throw .handler(position: event.position, error)
        }
      }
    }
  }
}
