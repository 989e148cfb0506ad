internal import AnnalsLog

/// A value that one thread at a time touches.
///
/// As `Synchronization.Mutex`, but by a lock that the thread sanitizer sees.
@safe
final class Guarded<Value>: @unchecked Sendable {
  // Checked how: the value is touched only under `lock`.
  private let lock = Lock()
  private var value: Value

  /// Guards `value`.
  init(_ value: sending Value) {
    self.value = value
  }

  /// Runs `body` on the value while no other thread does.
  func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
