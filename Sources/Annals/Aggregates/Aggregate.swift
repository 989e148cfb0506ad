/// A consistency boundary: a value that the events of one id are folded into.
///
/// ```swift
/// struct Account: Aggregate {
///   var balance = Money.zero
///
///   mutating func apply(_ event: AccountEvent) {
///     switch event {
///     case .opened: break
///     case .deposited(let amount): balance += amount
///     }
///   }
/// }
/// ```
public protocol Aggregate: Sendable {
  /// The events of its history.
  associatedtype Event: Annals.Event

  /// The state before the first event.
  init()

  /// Takes in what happened.
  ///
  /// MUST depend on the state and the event alone, and MUST NOT refuse: it happened.
  mutating func apply(_ event: Event)

  /// When states are kept as snapshots; nil, the default, for never.
  static var snapshots: SnapshotPolicy<Self>? { get }

  /// How many bytes the state takes in a cache, roughly.
  ///
  /// The default counts the value itself and nothing it refers to.
  var cachedByteCount: Int { get }
}

extension Aggregate {
  /// No snapshots.
  public static var snapshots: SnapshotPolicy<Self>? { nil }

  /// The size of the value itself.
  public var cachedByteCount: Int { MemoryLayout<Self>.size }
}

/// An aggregate that decides commands.
public protocol Decider: Aggregate {
  /// What it may be asked.
  associatedtype Command: Sendable
  /// Why it may say no.
  associatedtype Refusal: Error

  /// What happens if the command is accepted; nothing if there is nothing to do.
  ///
  /// MUST depend on the state and the command alone: it is called again with a newer state when
  /// other events came first.
  func decide(_ command: Command) throws(Refusal) -> [Event]
}

/// The state of an aggregate, and where in its history it is.
public struct Loaded<State: Aggregate>: Sendable {
  /// The state.
  public internal(set) var state: State
  /// The number of events the aggregate has; 0 if there were none.
  ///
  /// Rules of retention may hide some of them from the state, or all.
  public internal(set) var version: Version
  /// The position of the last of them; 0 if there were none.
  public internal(set) var position: Position
  /// The version of the newest snapshot known of it; 0 for none.
  package var snapshotVersion = Version.none
  /// The rules it was made under; nil if there were none.
  package var rules: FoldRules?

  /// When and why the aggregate was deleted; nil if it was not, or was begun again since.
  public var deletion: Deletion? { rules?.deletion }

  /// The state before the first event.
  init() {
    state = State()
    version = .none
    position = .start
  }

  package init(state: State, version: Version, position: Position) {
    self.state = state
    self.version = version
    self.position = position
  }

  /// Whether the aggregate has any event, and is not deleted.
  public var exists: Bool { version > .none && deletion == nil }
}
