internal import Synchronization

/// Wakes threads of this process that wait for the log's watermarks to move.
///
/// Costs a writer one load where nobody waits.
package final class HeadSignal: Sendable {
  private let lock = Lock()
  private let condition: Condition
  private let sleepers = Atomic<Int>(0)

  package init() {
    condition = Condition(lock)
  }

  /// Called by whoever moved a watermark, after the move.
  package func headMoved() {
    // Either this load sees the sleeper, or the sleeper, who counted itself before it looked at the
    // watermarks, sees the move: both sides have a full fence between their two accesses.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .relaxed) > 0 { wake() }
  }

  /// Whether somebody sleeps until the watermarks move, or is about to.
  package var hasSleepers: Bool { sleepers.load(ordering: .relaxed) > 0 }

  /// Wakes all who wait, whether or not anything moved.
  package func wake() {
    lock.withLock { condition.broadcast() }
  }

  /// Sleeps until `isOver`, asked after each move, says so, or the time has passed.
  ///
  /// `isReady` is called once it counts as sleeping, before it sleeps.
  package func wait(
    nanoseconds: UInt64,
    isReady: () -> Void = {},
    until isOver: () -> Bool
  ) {
    let deadline = SystemClock.monotonicNanoseconds() + nanoseconds
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .relaxed) }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    isReady()
    lock.withLock {
      while !isOver() {
        let now = SystemClock.monotonicNanoseconds()
        guard now < deadline, condition.wait(nanoseconds: deadline - now) else { return }
      }
    }
  }
}
