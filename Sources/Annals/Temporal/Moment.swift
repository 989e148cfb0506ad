/// A point in the history of a store or an aggregate.
public enum Moment: Hashable, Sendable {
  /// With the event of this version of the aggregate, and nothing later.
  case version(Version)
  /// With the event at this position, and nothing later.
  case position(Position)
  /// Before the first event in log order whose time is later than this.
  case time(Timestamp)
}

extension EventStore {
  /// The last position before the first event, in log order, whose time is later than `time`.
  ///
  /// Scans the log's times from the start where they are not known to be earlier; times need not
  /// rise.
  public func position(asOf time: Timestamp) throws(StoreError) -> Position {
    // Before the events are looked at: what comes meanwhile may be later.
    let head = log.head()
    // Nothing is later than the last moment there is.
    if time.microseconds == .max { return head }
    var request = ReadRequest.all()
    request.since = Timestamp(microseconds: time.microseconds + 1)
    request.until = head.rawValue
    request.limit = 1
    return try liftingLog { () throws(LogError) in
      var cursor = try log.cursor(request)
      if let later = try cursor.next() { return Position(later.position.rawValue - 1) }
      return head
    }
  }

  /// The state an aggregate had.
  ///
  /// The same with and without snapshots. A version or position beyond the head gives the state at
  /// the head.
  public func load<State: Aggregate>(
    _ type: State.Type,
    _ id: AggregateID,
    at moment: Moment
  ) throws(StoreError) -> Loaded<State> {
    switch moment {
    case .version(let version):
      return try load(type, id, throughVersion: version, through: head)
    case .position(let position):
      return try load(type, id, throughVersion: nil, through: min(position, head))
    case .time(let time):
      return try load(type, id, throughVersion: nil, through: try position(asOf: time))
    }
  }

  /// The state after the last event that is neither behind the version nor the position.
  package func load<State: Aggregate>(
    _ type: State.Type,
    _ id: AggregateID,
    throughVersion version: Version?,
    through position: Position,
    pin: LogPin? = nil
  ) throws(StoreError) -> Loaded<State> {
    let kind = try kinds.kind(type, self)
    var loaded = Loaded<State>()
    let rules = try liftingLog { () throws(LogError) in try log.foldRules(of: id, nil) }
    if let rules { cache.obey(rules.record) }
    let isCurrent = pin.map { $0.record == rules?.record ?? 0 } ?? true
    let isAffected = (rules?.isAffected ?? false) || !isCurrent
    if !isAffected, let cached = cache.state(type, of: id, through: position),
      version.map({ cached.version <= $0 }) ?? true
    {
      loaded = cached
    } else if !isAffected, let snapshot = restored(kind, id, through: position, notAfter: version) {
      loaded = snapshot
    }
    var request = ReadRequest.aggregate(id, after: loaded.version)
    if let version { request.until = version.rawValue }
    request.pin = pin
    var folding = Folding()
    try fold(&loaded, kind, request, through: position, &folding)
    return loaded
  }
}
