/// A read model: a value folded from the events that its query finds, kept up to date.
///
/// ```swift
/// struct Balances: Projection {
///   static let name = "balances"
///   var total: [String: Money] = [:]
///
///   mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
///     …
///   }
/// }
/// let balances = try store.start(Balances())
/// try await balances.reached(receipt.lastPosition, within: .seconds(1))
/// let total = balances.read { $0.total["ada"] }
/// ```
///
/// Replayable, so without side effects (those are a `Reactor`'s): it may be folded again at any
/// time. State and checkpoint are kept together, so each event is in the state exactly once,
/// whenever the process dies.
public protocol Projection: EventFold, Codable {
  /// The name it is kept under: 1 to 200 bytes, another for each projection of a store.
  static var name: String { get }
  /// The version of its code, to be raised whenever `apply` comes to do something else.
  ///
  /// What was folded by another version is put aside, and it begins at the start. The default is 0,
  /// "not declared": then a state is gone on with whatever folded it, until a rebuild is asked for,
  /// and a rebuild that was interrupted begins anew.
  static var version: Int { get }
}

extension Projection {
  /// Not declared.
  public static var version: Int { 0 }
}

/// A read model folded from events where they stand, for folds that must be as fast as a scan.
public protocol RawProjection: Codable, Sendable {
  /// The name it is kept under: 1 to 200 bytes, another for each projection of a store.
  static var name: String { get }
  /// The version of its code; see `Projection.version`.
  static var version: Int { get }
  /// Which events it is folded from.
  var query: Query { get }

  /// Takes in what happened, from an event lent for the call.
  ///
  /// If it throws, the projection ends before the event. What it did by then is not kept: started
  /// again, the projection goes on behind its last checkpoint.
  mutating func apply(_ record: borrowing EventView) throws

  /// Takes in all events that are pending, in order.
  ///
  /// There is no need to write it: the default calls `apply` for each. It is here so that the loop
  /// is compiled where the conforming type is, with `apply` in it, instead of a call through a
  /// witness for each event, which cost as much as reading it.
  mutating func apply(all events: inout PendingEvents) throws
}

extension RawProjection {
  /// Not declared.
  public static var version: Int { 0 }

  /// Every event.
  public var query: Query { .all }

  /// Takes in each event by `apply`.
  @inlinable
  public mutating func apply(all events: inout PendingEvents) throws {
    while let event = try events.next() { try apply(event) }
  }
}

/// How a projection is run.
public struct ProjectionOptions: Sendable {
  /// State and checkpoint are kept after at most so many events.
  ///
  /// The default is 100,000. Fewer are done again after a crash, for more writing.
  public var eventsPerCheckpoint = 100_000
  /// State and checkpoint are kept at most this long after a change.
  ///
  /// The default is 2 seconds.
  public var checkpointInterval = Duration.seconds(2)
  /// What happens to a checkpoint of another history.
  public var foreignCheckpoint = ForeignCheckpointPolicy.fail

  /// The defaults.
  public init() {}
}
