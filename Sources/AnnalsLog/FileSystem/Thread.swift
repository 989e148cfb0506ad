internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A thread of the engine's own, for work that blocks: the tasks' pool has one thread per core and
/// none to spare for a disk.
@safe
package final class Thread: @unchecked Sendable {
  // Checked how: `handle` is written once before the value is shared; `isJoined` is under `lock`.
  private var handle: pthread_t
  private let lock = Lock()
  private var isJoined = false

  /// Starts a thread that runs `body` once; debuggers see the first 15 bytes of `name`.
  ///
  /// The thread takes none of the program's signals, whose handlers belong on threads the program
  /// knows. Throws `.system` when there is no memory or no thread to be had.
  package init(name: String, body: @escaping @Sendable () -> Void) throws(LogError) {
    let work = unsafe Unmanaged.passRetained(Work(name: name, body: body))
    var before = sigset_t()
    var asynchronous = Thread.asynchronousSignals()
    // A new thread inherits the mask of its maker.
    unsafe pthread_sigmask(SIG_BLOCK, &asynchronous, &before)
    let (started, status) = unsafe create(work.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard let started else {
      unsafe work.release()
      throw .failed(.thread, file: name, errno: status)
    }
    handle = started
  }

  deinit {
    if !isJoined { pthread_detach(handle) }
  }

  /// Waits until the thread has run to its end; the second call returns at once.
  ///
  /// MUST NOT be called on the thread itself.
  package func join() {
    lock.withLock {
      guard !isJoined else { return }
      pthread_join(handle, nil)
      isJoined = true
    }
  }

  /// All signals but those that report a fault of the thread itself, which cannot be put off.
  private static func asynchronousSignals() -> sigset_t {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    for fault in [SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT] {
      unsafe sigdelset(&signals, fault)
    }
    return signals
  }
}

/// Which thread it is, as long as that runs.
@safe
package struct ThreadIdentity: @unchecked Sendable, Equatable {
  // Checked how: a handle is only a number, or an address that is never followed.
  private let handle: pthread_t

  /// The thread that asks.
  package static var current: ThreadIdentity { ThreadIdentity(handle: pthread_self()) }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    pthread_equal(lhs.handle, rhs.handle) != 0
  }
}

/// What a new thread is handed.
private final class Work: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

/// Runs the work that `pointer` retains; the first function of every thread.
private func runWork(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let pointer = unsafe pointer else { return nil }
  let work = unsafe Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
  unsafe annals_name_thread(work.name)
  work.body()
  return nil
}

/// Starts a thread that runs `work`; nil and the reason if there is none to be had.
private func create(_ work: UnsafeMutableRawPointer) -> (pthread_t?, CInt) {
  // The C libraries differ in whether a thread may be nil.
  #if canImport(Glibc)
  var started = pthread_t()
  #else
  var started: pthread_t?
  #endif
  let status = unsafe pthread_create(&started, nil, runWork, work)
  return (status == 0 ? started : nil, status)
}
