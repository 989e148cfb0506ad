/// Keeps states as snapshots on a thread of its own, off the path of loads and executions.
///
/// Of an aggregate only the newest state waits. A state that stands on an event which is not
/// durable yet waits for that; if too many wait, new ones are dropped: the policy asks again.
package final class SnapshotKeeper: @unchecked Sendable {
  // Checked how: all but the constants is touched only under `lock`.
  private let log: EventLog
  private let monitor: StoreMonitor
  private let lock = Lock()
  private let condition: Condition
  private let idle: Condition
  private var waiting: [AggregateID: Waiting] = [:]
  private var thread: Thread?
  private var isWorking = false
  private var isEnding = false

  /// A state that is to be kept.
  private struct Waiting {
    var version: Version
    var position: Position
    var fingerprint: UInt64
    /// See `SnapshotStore.forgottenCount`.
    var forgotten: UInt64
    var encode: @Sendable () throws -> [UInt8]
  }

  /// As many states may wait, each holding the memory it has.
  private static let waitingMax = 256
  /// How long to wait before it is looked again whether events have become durable.
  private static let pauseNanoseconds: UInt64 = 10_000_000

  package init(_ log: EventLog, _ monitor: StoreMonitor) {
    self.log = log
    self.monitor = monitor
    condition = Condition(lock)
    idle = Condition(lock)
  }

  /// Hands over a state; encodes it later, on the keeper's thread.
  package func keep(
    _ aggregate: AggregateID,
    version: Version,
    position: Position,
    fingerprint: UInt64,
    encode: @escaping @Sendable () throws -> [UInt8]
  ) {
    let next = Waiting(
      version: version,
      position: position,
      fingerprint: fingerprint,
      forgotten: log.snapshots.forgottenCount,
      encode: encode
    )
    let isTaken = lock.withLock { () -> Bool in
      if isEnding { return false }
      if let before = waiting[aggregate] {
        if before.version < version { waiting[aggregate] = next }
        return true
      }
      guard waiting.count < Self.waitingMax else { return false }
      if thread == nil {
        // It holds itself until it is ended.
        thread = try? Thread(name: "annals-snap") { self.work() }
        if thread == nil { return false }
      }
      waiting[aggregate] = next
      condition.signal()
      return true
    }
    if !isTaken { monitor.noteSnapshotDropped() }
  }

  /// Drops what waits of an aggregate.
  package func drop(_ aggregate: AggregateID) {
    lock.withLock { waiting[aggregate] = nil }
  }

  /// Waits until everything handed over whose events are durable is kept.
  package func drain() {
    lock.withLock {
      while isWorking || thread != nil && !isEnding && hasReady { idle.wait() }
    }
  }

  /// Keeps what can be kept, drops the rest and ends the thread; blocks until it has.
  package func end() {
    let running = lock.withLock { () -> Thread? in
      isEnding = true
      condition.broadcast()
      return thread
    }
    running?.join()
  }

  private var hasReady: Bool {
    let durable = log.durableThrough
    return waiting.values.contains { $0.position <= durable }
  }

  private func work() {
    while true {
      lock.lock()
      while !isEnding, !hasReady {
        if waiting.isEmpty {
          condition.wait()
        } else {
          _ = condition.wait(nanoseconds: Self.pauseNanoseconds)
        }
      }
      let durable = log.durableThrough
      let ready = waiting.filter { $0.value.position <= durable }
      for aggregate in ready.keys { waiting[aggregate] = nil }
      isWorking = true
      let isLast = isEnding
      lock.unlock()
      for (aggregate, next) in ready { keep(next, of: aggregate) }
      lock.withLock {
        isWorking = false
        idle.broadcast()
      }
      if isLast { return }
    }
  }

  private func keep(_ next: Waiting, of aggregate: AggregateID) {
    do {
      let snapshot = Snapshot(
        version: next.version.rawValue,
        position: next.position.rawValue,
        fingerprint: next.fingerprint,
        state: try next.encode()
      )
      if try log.snapshots.save(snapshot, of: aggregate, forgotten: next.forgotten) {
        monitor.noteSnapshotKept(snapshot.state.count)
      }
    } catch {
      monitor.noteSnapshotFailed(aggregate, error)
    }
  }
}
