public import Annals

/// Given what happened, when something is asked, then this happens: a test of an aggregate's rules.
///
/// ```swift
/// try AggregateScenario(Account.self)
///   .given(.opened(owner: "Ada", balance: 10))
///   .when(.withdraw(4))
///   .then(.withdrawn(amount: 4))
/// ```
///
/// Events go through the store's codec there and back, so that one that cannot be read again fails
/// the test and not the production.
public struct AggregateScenario<State: Decider>: Sendable where State.Event: Equatable {
  private var history: [State.Event] = []

  /// A scenario that begins before the first event.
  public init(_ type: State.Type) {}

  /// What has happened.
  public func given(_ events: State.Event...) -> AggregateScenario {
    var scenario = self
    scenario.history += events
    return scenario
  }

  /// What is asked.
  public func when(_ command: State.Command) -> Asked {
    Asked(history: history, command: command)
  }

  /// A scenario in which something was asked.
  public struct Asked: Sendable {
    fileprivate let history: [State.Event]
    fileprivate let command: State.Command

    /// What must happen; nothing at all for no events.
    ///
    /// - Throws: `ScenarioFailure`.
    public func then(_ expected: State.Event...) throws {
      switch try decide() {
      case .success(let events):
        guard try recoded(events) == expected else {
          throw ScenarioFailure(expected: "\(expected)", actual: "\(events)")
        }
      case .failure(let refusal):
        throw ScenarioFailure(expected: "\(expected)", actual: "refused: \(refusal)")
      }
    }

    /// Why it must be refused.
    ///
    /// - Throws: `ScenarioFailure`.
    public func thenRefused(_ expected: State.Refusal) throws where State.Refusal: Equatable {
      switch try decide() {
      case .success(let events):
        throw ScenarioFailure(expected: "refused: \(expected)", actual: "\(events)")
      case .failure(let refusal):
        guard refusal == expected else {
          throw ScenarioFailure(expected: "refused: \(expected)", actual: "refused: \(refusal)")
        }
      }
    }

    /// What the state must be like after what was decided.
    ///
    /// - Throws: `ScenarioFailure`, and what `check` throws.
    public func thenState(_ check: (State) throws -> Void) throws {
      switch try decide() {
      case .success(let events):
        var state = try folded()
        for event in events { state.apply(event) }
        try check(state)
      case .failure(let refusal):
        throw ScenarioFailure(expected: "a state", actual: "refused: \(refusal)")
      }
    }

    private func folded() throws -> State {
      var state = State()
      for event in try recoded(history) { state.apply(event) }
      return state
    }

    private func decide() throws -> Result<[State.Event], State.Refusal> {
      let state = try folded()
      do throws(State.Refusal) {
        return .success(try state.decide(command))
      } catch {
        return .failure(error)
      }
    }

    /// The events as they are read back from a store.
    private func recoded(_ events: [State.Event]) throws -> [State.Event] {
      if events.isEmpty { return [] }
      let store = try EventStore.inMemory()
      try store.append(events, to: "scenario-1")
      return try store.events(of: "scenario-1", as: State.Event.self).map(\.value)
    }
  }
}

/// A scenario that came out otherwise.
public struct ScenarioFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What should have come out.
  public let expected: String
  /// What came out.
  public let actual: String

  /// Both, on two lines.
  public var description: String { "expected \(expected)\n     got \(actual)" }
}
