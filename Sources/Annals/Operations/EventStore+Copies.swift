public import AnnalsLog

extension EventStore {
  /// Makes a backup of this store, or carries on the one at `destination`, while it is used.
  ///
  /// Takes what is durable when it begins, in whole appends, and how far projections and reactors
  /// have come. A backup is an ordinary store; `StoreCopier.restore` makes one to go on with.
  ///
  /// - Throws: `.log` with what `StoreCopier.backup` throws.
  @discardableResult
  public func backup(
    to destination: String,
    options: BackupOptions = BackupOptions(),
    progress: @escaping @Sendable (CopyProgress) -> Void = { _ in }
  ) async throws(StoreError) -> BackupReport {
    let log = log
    return try await working("annals-backup") { () throws(LogError) in
      try log.backup(to: destination, options: options, progress: progress)
    }
  }

  /// Makes an independent store at `destination` that begins as this one, while it is used.
  ///
  /// Shares what is sealed, so that it takes milliseconds and no room. To try something on the
  /// events of a live store.
  ///
  /// - Throws: `.log` with what `StoreCopier.fork` throws.
  @discardableResult
  public func fork(
    to destination: String,
    at end: CopyEnd? = nil
  ) async throws(StoreError) -> CopyReport {
    let log = log
    return try await working("annals-fork") { () throws(LogError) in
      try log.fork(to: destination, at: end)
    }
  }

  /// Does long work on a thread of its own, so that no task's thread is blocked.
  private func working<Report: Sendable>(
    _ name: String,
    _ body: @escaping @Sendable () throws(LogError) -> Report
  ) async throws(StoreError) -> Report {
    let thread = WorkThread(name: name)
    defer { thread.end() }
    let result: Result<Report, LogError> = await thread.perform {
      do throws(LogError) {
        return .success(try body())
      } catch {
        return .failure(error)
      }
    }
    return try liftingLog { () throws(LogError) in try result.get() }
  }
}
