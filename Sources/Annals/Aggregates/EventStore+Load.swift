extension EventStore {
  /// The state of an aggregate, folded from its events.
  ///
  /// Starts from the newest of cached state, snapshot and initial state, and folds the events
  /// behind it: which of them there were changes the time it takes, never the answer. An aggregate
  /// without events has the initial state and version 0.
  ///
  /// - Parameters:
  ///   - type: The Swift type of the state.
  ///   - id: The aggregate.
  ///   - visibility: Whether events count that are written but not durable yet; nil takes the
  ///     log's.
  /// - Throws: `.event` for an event that `type` does not know or cannot decode, `.log`.
  public func load<State: Aggregate>(
    _ type: State.Type,
    _ id: AggregateID,
    visibility: Durability? = nil
  ) throws(StoreError) -> Loaded<State> {
    let kind = try kinds.kind(type, self)
    return try load(kind, id, visibility ?? options.log.visibility)
  }

  /// Loads through what the store knows of the type.
  package func load<State: Aggregate>(
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    _ visibility: Durability
  ) throws(StoreError) -> Loaded<State> {
    let rules = try liftingLog { () throws(LogError) in try log.foldRules(of: id, visibility) }
    if rules == nil, let newest = newestCached(State.self, id, visibility) { return newest }
    let head = log.head(visibility)
    if let rules { cache.obey(rules.record) }
    let cached =
      rules?.isStanding ?? false ? nil : cache.state(State.self, of: id, through: head)
    var loaded = cached ?? Loaded()
    var folding = Folding()
    // What a rule is about is folded from what is seen of it.
    let usesSnapshots = !(rules?.isAffected ?? false)
    if cached == nil, usesSnapshots, let snapshot = restored(kind, id, through: head) {
      loaded = snapshot
    }
    loaded.rules = rules
    try fold(&loaded, kind, id, visibility, &folding)
    if let rules { loaded.version = max(loaded.version, rules.floor) }
    if cached == nil || folding.eventCount > 0 {
      if usesSnapshots { keepIfDue(&loaded, kind, id, folding) }
      cache.put(loaded, of: id)
    }
    return loaded
  }

  /// The cached state, if no event came behind it: nothing is read then, and what is only staged
  /// need not be framed for a reader.
  private func newestCached<State: Aggregate>(
    _ type: State.Type,
    _ id: AggregateID,
    _ visibility: Durability
  ) -> Loaded<State>? {
    let head = log.acknowledgedHead(visibility)
    guard let cached = cache.state(type, of: id, through: head),
      log.isNewest(cached.version, of: id)
    else { return nil }
    return cached
  }

  /// Takes in the events that came behind a state.
  package func fold<State: Aggregate>(
    _ loaded: inout Loaded<State>,
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    _ visibility: Durability,
    _ folding: inout Folding
  ) throws(StoreError) {
    var request = ReadRequest.aggregate(id, after: loaded.version)
    request.visibility = visibility
    try fold(&loaded, kind, request, &folding)
  }

  /// Takes in the events of a request, which begins behind the state.
  package func fold<State: Aggregate>(
    _ loaded: inout Loaded<State>,
    _ kind: AggregateKind<State>,
    _ request: ReadRequest,
    through position: Position? = nil,
    _ folding: inout Folding
  ) throws(StoreError) {
    var request = request
    request.hidesRedacted = true
    let start = kind.snapshots == nil ? 0 : SystemClock.monotonicNanoseconds()
    do {
      var reader = kind.reader
      var cursor = try log.cursor(request)
      while let record = try cursor.next() {
        if let position, record.position > position { break }
        loaded.state.apply(try reader.read(record))
        loaded.version = record.version
        loaded.position = record.position
        folding.eventCount += 1
        folding.byteCount += record.payload.count
      }
    } catch let error as LogError {
      throw .log(error)
    } catch let error as EventError {
      throw .event(error)
    } catch {
      preconditionFailure("reading throws nothing else")
    }
    if kind.snapshots != nil {
      folding.nanoseconds += SystemClock.monotonicNanoseconds() - start
    }
  }
}

/// What it took to make a state.
package struct Folding: Sendable {
  /// The events folded.
  package var eventCount = 0
  /// The bytes of their payloads.
  package var byteCount = 0
  /// The time it took; measured only where snapshots may be taken.
  package var nanoseconds: UInt64 = 0

  package init() {}
}
