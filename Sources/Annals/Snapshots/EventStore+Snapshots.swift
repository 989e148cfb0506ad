extension EventStore {
  /// The newest snapshot that stands on an event up to `through` and fits the type's shape.
  package func restored<State: Aggregate>(
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    through: Position,
    notAfter version: Version? = nil
  ) -> Loaded<State>? {
    nil
  }

  /// Hands the state to the keeper of snapshots, if the type's policy says so.
  package func keepIfDue<State: Aggregate>(
    _ loaded: inout Loaded<State>,
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    _ folding: Folding
  ) {
    guard let policy = kind.snapshots, policy.isDue(folding, loaded) else { return }
    loaded.snapshotVersion = loaded.version
  }
}
