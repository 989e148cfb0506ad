/// Resumes tasks that wait for the head to move, from one thread that waits for all of them.
package final class HeadWatcher: @unchecked Sendable {
  // Checked how: all but the log, the lock and the condition is touched only under `lock`.
  private let log: EventLog
  private let lock = Lock()
  private let condition: Condition
  private var waiting: [UInt64: Waiter] = [:]
  private var nextNumber: UInt64 = 0
  private var thread: Thread?
  private var isEnding = false
  /// How often those who wait were nudged.
  private var nudged: UInt64 = 0

  private struct Waiter {
    var position: Position
    var visibility: Durability?
    var nudges: UInt64?
    var continuation: CheckedContinuation<Wake, Never>
  }

  /// Why a wait ended.
  package enum Wake: Sendable {
    /// There is an event behind the position.
    case moved
    /// There is something else to look at.
    case nudged
    /// The task was cancelled.
    case cancelled
    /// The store was closed.
    case closed
    /// Following the writer failed.
    case failed(LogError)
  }

  /// How long the thread sleeps at most, so that it sees its end.
  private static let sleepMilliseconds = 50

  package init(_ log: EventLog) {
    self.log = log
    condition = Condition(lock)
  }

  /// How often those who wait were nudged.
  package var nudges: UInt64 { lock.withLock { nudged } }

  /// Waits until a reader sees an event behind `position`.
  ///
  /// - Parameter nudges: the nudges that are known; it does not wait where there were others since.
  package func wait(
    beyond position: Position,
    _ visibility: Durability? = nil,
    since nudges: UInt64? = nil
  ) async -> Wake {
    let number = lock.withLock { () -> UInt64 in
      nextNumber += 1
      return nextNumber
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiter = Waiter(
          position: position,
          visibility: visibility,
          nudges: nudges,
          continuation: continuation
        )
        if let wake = add(waiter, number) {
          continuation.resume(returning: wake)
        }
      }
    } onCancel: {
      cancel(number)
    }
  }

  /// Lets those who wait for events look around, as if there had been one.
  package func nudge() {
    lock.withLock { nudged += 1 }
    release { _ in .nudged }
  }

  /// Ends the thread and all waits.
  package func end() {
    let running = lock.withLock { () -> Thread? in
      isEnding = true
      condition.broadcast()
      return thread
    }
    log.core.signal.wake()
    running?.join()
  }

  /// Adds a waiter; gives why it need not wait if it need not.
  private func add(_ waiter: Waiter, _ number: UInt64) -> Wake? {
    // Looked at with the waiter in place, so that no move comes between the look and the wait.
    lock.withLock {
      if isEnding { return .closed }
      if Task.isCancelled { return .cancelled }
      if log.head(waiter.visibility) > waiter.position { return .moved }
      if let nudges = waiter.nudges, nudges != nudged { return .nudged }
      if thread == nil {
        do throws(LogError) {
          thread = try Thread(name: "annals-head") { self.watch() }
        } catch {
          return .failed(error)
        }
      }
      waiting[number] = waiter
      condition.signal()
      return nil
    }
  }

  private func cancel(_ number: UInt64) {
    let waiter = lock.withLock { waiting.removeValue(forKey: number) }
    waiter?.continuation.resume(returning: .cancelled)
  }

  private func watch() {
    while true {
      let isOver = lock.withLock { () -> Bool in
        while waiting.isEmpty, !isEnding { condition.wait() }
        return isEnding
      }
      if isOver {
        release { _ in .closed }
        return
      }
      let (durable, written) = (log.head(.durable), log.head(.written))
      release { log.head($0.visibility) > $0.position ? .moved : nil }
      do throws(LogError) {
        try log.waitForMove(
          durable: durable,
          written: written,
          milliseconds: Self.sleepMilliseconds
        )
      } catch {
        release { _ in .failed(error) }
      }
    }
  }

  private func release(_ wake: (Waiter) -> Wake?) {
    let ready = lock.withLock { () -> [(CheckedContinuation<Wake, Never>, Wake)] in
      var ready: [(CheckedContinuation<Wake, Never>, Wake)] = []
      for (number, waiter) in waiting {
        guard let wake = wake(waiter) else { continue }
        waiting[number] = nil
        ready.append((waiter.continuation, wake))
      }
      return ready
    }
    for (continuation, wake) in ready { continuation.resume(returning: wake) }
  }
}
