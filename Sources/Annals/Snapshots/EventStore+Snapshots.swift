extension EventStore {
  /// The snapshot that stands on an event up to `through` and fits the type's shape; nil in all
  /// other cases.
  package func restored<State: Aggregate>(
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    through: Position,
    notAfter version: Version? = nil
  ) -> Loaded<State>? {
    guard let policy = kind.snapshots else { return nil }
    let snapshots = log.snapshots
    let ignored = snapshots.ignoredCount
    let found = snapshots.load(
      id,
      fingerprint: policy.fingerprint,
      through: through.rawValue,
      notAfter: version?.rawValue
    )
    guard let found else {
      if snapshots.ignoredCount > ignored { monitor.noteSnapshotsIgnored(snapshots.counts) }
      return nil
    }
    guard let state = try? policy.decode(found.state, stateCodec) else {
      snapshots.note(.anotherShape)
      monitor.noteSnapshotsIgnored(snapshots.counts)
      return nil
    }
    var loaded = Loaded(
      state: state,
      version: Version(found.version),
      position: Position(found.position)
    )
    loaded.snapshotVersion = loaded.version
    return loaded
  }

  /// Has the state kept if the type's policy says so; the keeper's thread does the work.
  package func keepIfDue<State: Aggregate>(
    _ loaded: inout Loaded<State>,
    _ kind: AggregateKind<State>,
    _ id: AggregateID,
    _ folding: Folding
  ) {
    guard let policy = kind.snapshots, loaded.version > loaded.snapshotVersion,
      log.writer != nil, policy.isDue(folding, loaded)
    else { return }
    loaded.snapshotVersion = loaded.version
    let (state, codec) = (loaded.state, stateCodec)
    keeper.keep(
      id,
      version: loaded.version,
      position: loaded.position,
      fingerprint: policy.fingerprint
    ) { try policy.encode(state, codec) }
  }

  /// Forgets the states kept of an aggregate, in memory and on disk, and every dictionary that
  /// holds some of them; durable on return.
  ///
  /// For erasure, after its events were removed. Costs the reading of all snapshots.
  ///
  /// - Throws: `.log(.readOnly)`, `.log(.closed)`, `.log(.system)`, `.log(.unsupportedVersion)`.
  public func forgetSnapshots(of id: AggregateID) throws(StoreError) {
    cache.remove(id)
    keeper.drop(id)
    try liftingLog { () throws(LogError) in try log.snapshots.forget(id) }
    // What was put there meanwhile may rest on what is gone.
    cache.remove(id)
  }
}
