internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Ctrl-C as a wish that is looked at between two steps, so that the output ends with a whole line.
enum Interruption {
  private static let asked = Atomic<Bool>(false)

  /// Whether Ctrl-C was pressed since `listen()`.
  static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// From now on the first Ctrl-C is a wish; the second ends the process as it always does.
  static func listen() {
    // Touched here first: a signal handler must not be the one that initializes it.
    asked.store(false, ordering: .relaxed)
    _ = signal(SIGINT) { number in
      Interruption.asked.store(true, ordering: .relaxed)
      _ = signal(number, SIG_DFL)
    }
    // A parent that blocks signals in the thread that starts this process hands that down.
    var interrupt = sigset_t()
    unsafe sigemptyset(&interrupt)
    unsafe sigaddset(&interrupt, SIGINT)
    unsafe pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
  }
}
