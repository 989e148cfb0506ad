/// Does something in the world when events happen: sends a letter, calls a service, executes a
/// command on another aggregate.
///
/// Each event is handed over at least once, in the order of the log: after a crash those since the
/// last kept checkpoint come again, so what a reactor does must bear repeating (an idempotency key
/// made of the event's position does it). It starts with what happens from now on, and no rebuild
/// ever resets it.
public protocol Reactor: Sendable {
  /// The events it understands.
  associatedtype Event: Annals.Event

  /// The name its checkpoint is kept under: 1 to 200 bytes, another for each consumer of a store.
  static var name: String { get }
  /// Which events it reacts to.
  ///
  /// May be changed: then it concerns what happens behind the checkpoint, and nothing before.
  var query: Query { get }

  /// Reacts to an event.
  ///
  /// Runs in an `EventContext` with the event's correlation, and its position as causation, so that
  /// what is appended from here can be traced back.
  func react(to event: Event, _ record: RecordedEvent) async throws
}

extension Reactor {
  /// All events of the types that `Event` reads.
  public var query: Query { Query(types: Event.schema.readableTypes) }
}

/// How a reactor is run.
public struct ReactorOptions: Sendable {
  /// Where it begins when it is started for the first time.
  public var begin = Begin.now
  /// What happens when it throws.
  public var poison = PoisonPolicy.stop
  /// The checkpoint is kept after at most so many events, and whenever there are no more.
  ///
  /// The default is 100: so many may come again after a crash.
  public var eventsPerCheckpoint = 100
  /// What happens to a checkpoint of another history.
  public var foreignCheckpoint = ForeignCheckpointPolicy.fail

  /// The defaults.
  public init() {}

  /// Where a reactor begins.
  public enum Begin: Sendable {
    /// With what happens from now on.
    case now
    /// With the first event of the log.
    case start
    /// Behind a position.
    case after(Position)
  }
}

/// What happens when a reactor throws at an event.
public struct PoisonPolicy: Sendable {
  /// How often it is tried again.
  let retriesMax: Int
  /// How long to wait before the first retry; twice as long before each next one.
  let backoff: Duration
  /// Whether the aggregate is parked when that does not help; else the reactor ends.
  let parks: Bool

  /// The longest wait between two tries.
  static let backoffMax = Duration.seconds(60)

  /// The reactor ends; started again, it begins with the same event.
  public static let stop = PoisonPolicy(retriesMax: 0, backoff: .zero, parks: false)

  /// The event, and what follows of the same aggregate, is set aside until it is released; the
  /// others go on.
  public static let park = PoisonPolicy(retriesMax: 0, backoff: .zero, parks: true)

  /// Tried again so often, after waits that double, and then `otherwise`.
  public static func retry(
    _ count: Int,
    backoff: Duration = .milliseconds(100),
    otherwise: PoisonPolicy = .stop
  ) -> PoisonPolicy {
    PoisonPolicy(retriesMax: count, backoff: backoff, parks: otherwise.parks)
  }
}

/// What happens to a checkpoint that stands on an event this store's history does not have.
public enum ForeignCheckpointPolicy: Sendable {
  /// Starting throws `.checkpointOfAnotherHistory` or `.checkpointBeyondHead`.
  case fail
  /// A projection is folded from the start again; a reactor goes on with what happens from now on.
  case restart
}

/// An aggregate whose events a reactor has set aside.
public struct ParkedAggregate: Hashable, Sendable, Codable {
  /// The aggregate.
  public let aggregate: AggregateID
  /// The positions of the events, in order; the first is the one that failed.
  public internal(set) var positions: [Position]
  /// What the reactor threw at the first.
  public internal(set) var reason: String
}
