/// The store's lock as its writer holds it: until it is released, once.
package final class HeldLock: @unchecked Sendable {
  // Checked how: `held` is touched only under `lock`.
  private let lock = Lock()
  private var held: (any DirectoryLock)?

  /// Takes charge of a lock that was taken.
  package init(_ held: any DirectoryLock) {
    self.held = held
  }

  /// Whether this process is the one that holds it; false once it is released.
  package var isHeldByProcess: Bool {
    lock.withLock { held?.isHeldByProcess ?? false }
  }

  /// Whether it still protects the directory.
  package func isHeld() -> Bool {
    lock.withLock { held }?.isHeld() ?? false
  }

  /// Gives it up, so that another writer may open the store.
  package func release() {
    lock.withLock { held = nil }
  }
}
