/// What a store knows of one aggregate type: made once, looked up by the type's identity.
package final class AggregateKind<State: Aggregate>: Sendable {
  package let reader: EventReader<State.Event>
  package let snapshots: SnapshotPolicy<State>?

  init(_ store: EventStore) throws(StoreError) {
    reader = try store.reader(of: State.Event.self)
    snapshots = State.snapshots
  }
}

/// The aggregate types a store has met.
package final class AggregateKinds: @unchecked Sendable {
  // Checked how: `kinds` is touched only under `lock`.
  private let lock = Lock()
  private var kinds: [ObjectIdentifier: AnyObject] = [:]

  package init() {}

  package func kind<State: Aggregate>(
    _ type: State.Type,
    _ store: EventStore
  ) throws(StoreError) -> AggregateKind<State> {
    let found = lock.withLock { kinds[ObjectIdentifier(type)] }
    if let kind = found as? AggregateKind<State> { return kind }
    let kind = try AggregateKind<State>(store)
    lock.withLock { kinds[ObjectIdentifier(type)] = kind }
    return kind
  }
}
