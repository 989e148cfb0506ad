#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A mutual exclusion lock; not recursive.
///
/// `Synchronization.Mutex` would be 4 ns faster, but the thread sanitizer cannot see it and reports
/// races where there are none, which would make its true reports worthless; and it has no condition
/// to wait on.
@safe
@usableFromInline
package final class Lock: @unchecked Sendable {
  // Checked how: the pointer never changes, and what it points to is made for sharing.
  fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

  /// Creates a lock that nobody holds.
  package init() {
    // On the heap by itself: the address must not change while threads use it.
    unsafe mutex = .allocate(capacity: 1)
    let status = unsafe pthread_mutex_init(mutex, nil)
    precondition(status == 0, "a mutex with the default attributes can be made")
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  /// Runs `body` while holding the lock; compiled where it is called.
  @inlinable
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }

  /// Takes the lock, waiting for it.
  ///
  /// MUST be matched by an `unlock()` on the same thread.
  @usableFromInline
  package func lock() {
    let status = unsafe pthread_mutex_lock(mutex)
    precondition(status == 0, "the lock is usable")
  }

  /// Gives the lock back.
  @usableFromInline
  package func unlock() {
    let status = unsafe pthread_mutex_unlock(mutex)
    precondition(status == 0, "the lock is held by this thread")
  }
}

/// Lets threads that hold a lock wait until another thread has changed what it protects.
@safe
package final class Condition: @unchecked Sendable {
  // Checked how: as for `Lock`.
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private let lock: Lock

  /// Creates a condition on what `lock` protects.
  package init(_ lock: Lock) {
    self.lock = lock
    unsafe condition = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    // The default clock jumps when somebody sets the time, and waits would with it.
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    let status = unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
    precondition(status == 0, "a condition on the monotonic clock can be made")
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Gives the lock back, sleeps, and holds the lock again when it returns.
  ///
  /// MUST be called with the lock held, in a loop that looks whether the change has come: it may
  /// return without one.
  package func wait() {
    let status = unsafe pthread_cond_wait(condition, lock.mutex)
    precondition(status == 0, "the lock is held by this thread")
  }

  /// As `wait()`, but sleeps at most that long; false if the time has passed.
  package func wait(nanoseconds: UInt64) -> Bool {
    var deadline = SystemClock.deadline(after: nanoseconds)
    let status = unsafe pthread_cond_timedwait(condition, lock.mutex, &deadline)
    precondition(status == 0 || status == ETIMEDOUT, "the lock is held by this thread")
    return status == 0
  }

  /// Wakes one thread that waits, if any does.
  package func signal() { unsafe pthread_cond_signal(condition) }

  /// Wakes all threads that wait.
  package func broadcast() { unsafe pthread_cond_broadcast(condition) }
}
