/// What a consumer has kept in the store: how far it is, on which history, and its state.
package struct KeptConsumer: Sendable {
  package var kind: Kind
  package var position: Position
  package var fingerprint: UInt64
  package var state: [UInt8]

  /// What kind of consumer it is.
  package enum Kind: UInt8, Sendable {
    case projection = 1
    case reactor = 2
  }

  package init(
    kind: Kind = .projection,
    position: Position,
    fingerprint: UInt64,
    state: [UInt8]
  ) {
    self.kind = kind
    self.position = position
    self.fingerprint = fingerprint
    self.state = state
  }
}

/// The consumers of a store: who runs, and what they keep.
package final class Consumers: @unchecked Sendable {
  // Checked how: all but the lock is touched only under `lock`.
  private let lock = Lock()
  /// How each that runs is stopped; nil while it is being started.
  private var running: [String: (@Sendable () -> Void)?] = [:]
  private var kept: [String: KeptConsumer] = [:]

  package init() {}

  /// Makes the name the caller's, until it is released.
  package func claim(_ name: String) throws(ConsumerError) {
    let isFree = lock.withLock { () -> Bool in
      if running[name] != nil { return false }
      running[name] = .some(nil)
      return true
    }
    if !isFree { throw .alreadyRunning(name: name) }
  }

  /// Notes how the consumer that has the name is stopped, if it still runs.
  package func noteRunning(_ name: String, stop: @escaping @Sendable () -> Void) {
    lock.withLock { if running[name] != nil { running[name] = stop } }
  }

  /// Gives a name back.
  package func release(_ name: String) {
    lock.withLock { running[name] = nil }
  }

  /// Stops all consumers, and waits until they have kept what they had.
  package func stopAll() {
    let stops = lock.withLock { running.values.compactMap { $0 } }
    for stop in stops { stop() }
  }

  package func load(
    _ name: String,
    in store: EventStore
  ) throws(ConsumerError) -> KeptConsumer? {
    lock.withLock { kept[name] }
  }

  package func save(
    _ name: String,
    _ consumer: KeptConsumer,
    in store: EventStore
  ) throws(ConsumerError) {
    lock.withLock { kept[name] = consumer }
  }

  package func remove(_ name: String, in store: EventStore) throws(ConsumerError) {
    _ = lock.withLock { kept.removeValue(forKey: name) }
  }
}
