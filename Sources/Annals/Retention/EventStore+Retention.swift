extension EventStore {
  /// Makes a rule about what readers see; see `RetentionRule`.
  ///
  /// Durable on return, obeyed by every read from then on; states kept of what it hides are
  /// forgotten. Removing it from the disk is compaction's.
  ///
  /// - Parameters:
  ///   - rule: What is to be hidden, or no longer.
  ///   - reason: Why, for people; at most 1,024 bytes.
  /// - Throws: `.log`, as `EventLog.retain` does.
  @discardableResult
  public func retain(
    _ rule: RetentionRule,
    reason: String = ""
  ) throws(StoreError) -> RetentionReceipt {
    let receipt = try liftingLog { () throws(LogError) in
      try log.retain(rule, reason: reason)
    }
    cache.obey(receipt.record)
    forgetSnapshots(of: rule)
    return receipt
  }

  /// Makes a rule without blocking a thread of the tasks' pool.
  @discardableResult
  public func retain(
    _ rule: RetentionRule,
    reason: String = ""
  ) async throws(StoreError) -> RetentionReceipt {
    let result = await readers.perform { () -> Result<RetentionReceipt, StoreError> in
      do throws(StoreError) {
        return .success(try self.retain(rule, reason: reason))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// What there is of an aggregate: tells one that was deleted from one that never existed.
  public func status(of id: AggregateID) throws(StoreError) -> AggregateStatus {
    try liftingLog { () throws(LogError) in try log.status(of: id) }
  }

  /// Removes the snapshots of what a rule is about.
  ///
  /// Reading does not rely on it: states of what rules are about are never made from snapshots.
  private func forgetSnapshots(of rule: RetentionRule) {}
}
