internal import AnnalsLog

/// Runs an asynchronous body from the command's synchronous verbs, blocking the main thread, which
/// is none of the tasks' pool.
func blocking<Value: Sendable>(
  _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
  let outcome = BlockingOutcome<Value>()
  Task {
    do {
      outcome.set(.success(try await body()))
    } catch {
      outcome.set(.failure(error))
    }
  }
  return try outcome.wait()
}

private final class BlockingOutcome<Value: Sendable>: @unchecked Sendable {
  // Checked how: `result` is touched only under `lock`.
  private let lock = Lock()
  private let condition: Condition
  private var result: Result<Value, any Error>?

  init() {
    condition = Condition(lock)
  }

  func set(_ result: Result<Value, any Error>) {
    lock.withLock {
      self.result = result
      condition.signal()
    }
  }

  func wait() throws -> Value {
    let found = lock.withLock { () -> Result<Value, any Error> in
      while true {
        if let result = self.result { return result }
        condition.wait()
      }
    }
    return try found.get()
  }
}
