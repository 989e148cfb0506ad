/// One thread that does what it is handed, in order: for work that may block on the disk, which the
/// threads of the tasks' pool must not.
package final class WorkThread: @unchecked Sendable {
  // Checked how: all but the lock and the condition is touched only under `lock`.
  private let lock = Lock()
  private let condition: Condition
  private let name: String
  private var jobs: [@Sendable () -> Void] = []
  private var thread: Thread?
  private var isEnding = false

  package init(name: String) {
    self.name = name
    condition = Condition(lock)
  }

  /// Hands over work; false if the thread has been ended, or cannot be started.
  package func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    lock.withLock {
      if isEnding { return false }
      if thread == nil {
        // It holds itself until it is ended.
        thread = try? Thread(name: name) { self.work() }
        if thread == nil { return false }
      }
      jobs.append(job)
      condition.signal()
      return true
    }
  }

  /// Runs `body` on the thread while the task waits; on the task's own thread if there is no other.
  package func perform<Result: Sendable>(
    _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { continuation in
      if !run({ continuation.resume(returning: body()) }) {
        continuation.resume(returning: body())
      }
    }
  }

  /// Does what was handed over and ends the thread; blocks until it has.
  package func end() {
    let running = lock.withLock { () -> Thread? in
      isEnding = true
      condition.broadcast()
      return thread
    }
    running?.join()
  }

  private func work() {
    while true {
      let next = lock.withLock { () -> [@Sendable () -> Void] in
        while jobs.isEmpty, !isEnding { condition.wait() }
        defer { jobs.removeAll() }
        return jobs
      }
      if next.isEmpty { return }
      for job in next { job() }
    }
  }
}
