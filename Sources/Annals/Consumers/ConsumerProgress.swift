/// The status of one consumer, those who watch it, and those who wait for it to get somewhere.
package final class ConsumerProgress: @unchecked Sendable {
  // Checked how: all but the lock is touched only under `lock`.
  private let lock = Lock()
  private var status: ConsumerStatus
  private var watchers: [UInt64: AsyncStream<ConsumerStatus>.Continuation] = [:]
  private var waiting: [UInt64: Waiter] = [:]
  private var nextNumber: UInt64 = 0
  private var toldAt: UInt64 = 0

  private struct Waiter {
    var position: Position
    var deadline: UInt64
    /// Nil for a thread, which looks for itself.
    var continuation: CheckedContinuation<Result<Void, ConsumerError>, Never>?
  }

  /// Watchers are told of mere movement at most this often.
  private static let tellNanoseconds: UInt64 = 50_000_000

  private let monitor: StoreMonitor

  package init(name: String, _ monitor: StoreMonitor) {
    status = ConsumerStatus(name: name)
    self.monitor = monitor
  }

  /// The status now.
  package var current: ConsumerStatus { lock.withLock { status } }

  /// The statuses from now on: each change of phase, and now and then how far it is.
  package func statuses() -> AsyncStream<ConsumerStatus> {
    AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
      let number = lock.withLock { () -> UInt64 in
        nextNumber += 1
        watchers[nextNumber] = continuation
        continuation.yield(status)
        return nextNumber
      }
      continuation.onTermination = { _ in
        self.lock.withLock { self.watchers[number] = nil }
      }
    }
  }

  /// Changes the status and tells those whom it concerns.
  package func update(isPhase: Bool = false, _ change: (inout ConsumerStatus) -> Void) {
    let now = SystemClock.monotonicNanoseconds()
    var told: ConsumerStatus?
    let ready = lock.withLock { () -> [Ready] in
      change(&status)
      if isPhase { told = status }
      if isPhase || now - toldAt >= Self.tellNanoseconds {
        toldAt = now
        for watcher in watchers.values { watcher.yield(status) }
      }
      return waiting.isEmpty ? [] : takeReady(now)
    }
    if let told { monitor.note(told) }
    for one in ready { one.continuation?.resume(returning: one.result) }
  }

  /// Lets those go whose time is over; nanoseconds until the next one's is.
  package func expire() -> UInt64? {
    let now = SystemClock.monotonicNanoseconds()
    var next: UInt64?
    let ready = lock.withLock { () -> [Ready] in
      let ready = takeReady(now)
      if let deadline = waiting.values.map(\.deadline).min() { next = deadline - now }
      return ready
    }
    for one in ready { one.continuation?.resume(returning: one.result) }
    return next
  }

  /// Waits until the consumer is at `position`.
  package func reached(
    _ position: Position,
    within duration: Duration
  ) async throws(ConsumerError) {
    let deadline = SystemClock.monotonicNanoseconds() + SystemClock.nanoseconds(duration)
    let number = lock.withLock { () -> UInt64 in
      nextNumber += 1
      return nextNumber
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiter = Waiter(
          position: position,
          deadline: deadline,
          continuation: continuation
        )
        let result = lock.withLock { () -> Result<Void, ConsumerError>? in
          if let result = outcome(for: waiter) { return result }
          if Task.isCancelled { return .failure(.cancelled) }
          waiting[number] = waiter
          return nil
        }
        if let result { continuation.resume(returning: result) }
      }
    } onCancel: {
      let waiter = lock.withLock { waiting.removeValue(forKey: number) }
      waiter?.continuation?.resume(returning: .failure(.cancelled))
    }
    try result.get()
  }

  /// Waits until the consumer is at `position`, blocking the thread.
  package func reachedBlocking(
    _ position: Position,
    within duration: Duration
  ) throws(ConsumerError) {
    let deadline = SystemClock.monotonicNanoseconds() + SystemClock.nanoseconds(duration)
    let waiter = Waiter(position: position, deadline: deadline, continuation: nil)
    while true {
      if let result = lock.withLock({ outcome(for: waiter) }) { return try result.get() }
      guard SystemClock.monotonicNanoseconds() < deadline else {
        throw .timedOut(position: position, reached: current.position)
      }
      // Seldom used, where nobody else is kept from work: looked at again and again.
      SystemClock.sleep(nanoseconds: 500_000)
    }
  }

  private struct Ready {
    var continuation: CheckedContinuation<Result<Void, ConsumerError>, Never>?
    var result: Result<Void, ConsumerError>
  }

  private func takeReady(_ now: UInt64) -> [Ready] {
    var ready: [Ready] = []
    for (number, waiter) in waiting {
      var result = outcome(for: waiter)
      if result == nil, waiter.deadline <= now {
        result = .failure(.timedOut(position: waiter.position, reached: status.position))
      }
      guard let result else { continue }
      waiting[number] = nil
      ready.append(Ready(continuation: waiter.continuation, result: result))
    }
    return ready
  }

  private func outcome(for waiter: Waiter) -> Result<Void, ConsumerError>? {
    if status.position >= waiter.position { return .success(()) }
    switch status.phase {
    case .failed(let error): return .failure(error)
    case .stopped: return .failure(.stopped)
    case .starting, .catchingUp, .live: return nil
    }
  }
}
