internal import CAnnals
internal import Synchronization

/// The store's lock as its writer holds it: until it is released, once.
package final class HeldLock: @unchecked Sendable {
  // Checked how: `held` is touched only under `lock`; all else is immutable or atomic.
  private let lock = Lock()
  private var held: (any DirectoryLock)?
  private let isReleased = Atomic<Bool>(false)
  private let generation = annals_process_generation()

  /// Takes charge of a lock that this process has taken.
  package init(_ held: any DirectoryLock) {
    self.held = held
  }

  /// Whether this process is the one that holds it; false once it is released.
  ///
  /// Asked twice an append: two loads.
  package var isHeldByProcess: Bool {
    !isReleased.load(ordering: .acquiring) && annals_process_generation() == generation
  }

  /// Whether it still protects the directory.
  package func isHeld() -> Bool {
    lock.withLock { held }?.isHeld() ?? false
  }

  /// Gives it up, so that another writer may open the store.
  package func release() {
    isReleased.store(true, ordering: .releasing)
    lock.withLock { held = nil }
  }
}
