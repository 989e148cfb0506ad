extension EventLog {
  /// Makes a backup of this log, or carries on the one that is at `destination`, while appends go
  /// on.
  ///
  /// Takes what is durable when it begins. See `StoreCopier.backup`; blocks the thread for as long
  /// as the copying takes.
  ///
  /// - Throws: what `StoreCopier.backup` throws.
  @discardableResult
  public func backup(
    to destination: String,
    options: BackupOptions = BackupOptions(),
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> BackupReport {
    try StoreCopier.backup(
      core.path,
      to: destination,
      options: options,
      opening: core.options,
      progress: progress
    )
  }

  /// Makes an independent log at `destination` that begins as this one, while appends go on.
  ///
  /// Takes what is durable when it begins, up to `end`. See `StoreCopier.fork`.
  ///
  /// - Throws: what `StoreCopier.fork` throws.
  @discardableResult
  public func fork(
    to destination: String,
    at end: CopyEnd? = nil,
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> CopyReport {
    try StoreCopier.fork(
      core.path,
      to: destination,
      at: end,
      opening: core.options,
      progress: progress
    )
  }
}
