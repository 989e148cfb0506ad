extension EventStore {
  /// The newest snapshot that stands on an event up to `through` and fits the type's shape.
  ///
  /// None as long as the snapshots' log is not built; see the article on snapshots.
  package func restored<State: Aggregate>(
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    through: Position,
    notAfter version: Version? = nil
  ) -> Loaded<State>? {
    nil
  }

  /// Notes that the type's policy asked for a snapshot; nothing is kept yet.
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
