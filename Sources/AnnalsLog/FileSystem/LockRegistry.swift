internal import CAnnals

/// The locks that this process holds, by the file and not by its name.
///
/// Taking and releasing happen while the registry is excluded, with their system calls: on a file
/// system where closing any descriptor of a file frees all its locks, the two must not overlap.
final class LockRegistry: @unchecked Sendable {
  // Checked how: `held` and `generation` are only touched with `lock` held.
  static let shared = LockRegistry()

  private let lock = Lock()
  private var held: Set<FileIdentity> = []
  private var generation: UInt32 = 0

  private init() {}

  /// Runs `body` while no other thread takes or releases a lock.
  func whileExcluded<Result>(
    _ body: (LockRegistry) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    try lock.withLock { () throws(LogError) -> Result in
      forgetInherited()
      return try body(self)
    }
  }

  /// Whether this process holds the file's lock.
  ///
  /// MUST be called inside `whileExcluded`.
  func contains(_ identity: FileIdentity) -> Bool { held.contains(identity) }

  /// Notes that this process holds the file's lock.
  ///
  /// MUST be called inside `whileExcluded`.
  func insert(_ identity: FileIdentity) { held.insert(identity) }

  /// Forgets a lock, after `body` has freed it.
  func release(_ identity: FileIdentity, _ body: () -> Void) {
    lock.withLock {
      body()
      held.remove(identity)
    }
  }

  /// A forked child begins with its parent's entries, which are not locks of its own.
  private func forgetInherited() {
    let current = annals_process_generation()
    if generation != current { held = [] }
    generation = current
  }
}
