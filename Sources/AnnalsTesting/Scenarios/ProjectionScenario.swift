public import Annals

/// Given what happened, then the read model is like this: a test of a projection.
///
/// The events go through a store in memory, and are folded twice from the start and once in two
/// halves with the state kept in between; if the three are not the same, the fold depends on
/// something else than its events, or its state does not survive being kept.
///
/// ```swift
/// try ProjectionScenario(Balances())
///   .given("account-1", AccountEvent.opened(owner: "Ada", balance: 10))
///   .then { #expect($0.total == 10) }
/// ```
public struct ProjectionScenario<Model: Projection & Equatable> {
  private let initial: Model
  private var changes: [Change] = []

  /// A scenario that begins with the projection's initial state.
  public init(_ initial: Model) {
    self.initial = initial
  }

  /// What has happened to an aggregate.
  public func given<Value: Event>(
    _ aggregate: AggregateID,
    _ events: Value...
  ) -> ProjectionScenario {
    var scenario = self
    scenario.changes.append(Change(aggregate, events))
    return scenario
  }

  /// What the read model must be like.
  ///
  /// - Throws: `ScenarioFailure` if folding again gives another state, what `check` throws, and the
  ///   store's errors.
  public func then(_ check: (Model) throws -> Void) throws {
    let store = try EventStore.inMemory()
    for change in changes { try store.append([change]) }
    let once = try store.view().fold(initial)
    let again = try store.view().fold(initial)
    guard once == again else {
      throw ScenarioFailure(expected: "\(once)", actual: "folded again: \(again)")
    }
    let middle = Position(store.head.rawValue / 2)
    var halves = try store.recoded(try store.view(at: middle).fold(initial))
    try store.fold(into: &halves, after: middle)
    guard once == halves else {
      throw ScenarioFailure(expected: "\(once)", actual: "kept in between: \(halves)")
    }
    try check(once)
  }
}

extension EventStore {
  /// The state as it is after being kept and taken up.
  fileprivate func recoded<State: Codable>(_ state: State) throws -> State {
    var bytes: [UInt8] = []
    try stateCodec.encode(state, into: &bytes)
    return try stateCodec.decode(State.self, from: bytes.span)
  }
}
