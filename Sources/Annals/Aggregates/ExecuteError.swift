/// Why a command was not executed: the domain refused, others were faster, or the store failed.
public enum ExecuteError<Refusal: Error>: Error {
  /// The aggregate refused the command; nothing was appended.
  case refused(Refusal)
  /// Other events came first each time, as often as `retriesMax` allows; nothing was appended.
  case conflict(ExecutionConflict, retries: Int)
  /// The store failed.
  case store(StoreError)
}

/// What stood in an execution's way when it gave up.
public enum ExecutionConflict: Hashable, Sendable {
  /// An aggregate had another version than the decision rested on.
  case version(VersionConflict)
  /// An event that bears on the decision came after it was made.
  case condition(ConditionConflict)

  /// The conflict that an error of the log reports, if it does.
  package init?(_ error: StoreError) {
    switch error {
    case .log(.versionConflict(let conflict)): self = .version(conflict)
    case .log(.conditionFailed(let conflict)): self = .condition(conflict)
    default: return nil
    }
  }
}

/// What executing a command came to.
public struct Execution<State: Aggregate>: Sendable {
  /// The state with what was decided.
  public let state: State
  /// The version of the aggregate now.
  public let version: Version
  /// The receipt of the append; nil if nothing was decided, so that nothing was appended.
  public let receipt: Receipt?
  /// How often other events came first and it was decided again.
  public let retries: Int
}
