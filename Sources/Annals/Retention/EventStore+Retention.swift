extension EventStore {
  /// Makes a rule about what readers see; see `RetentionRule`.
  ///
  /// Durable on return, obeyed by every read from then on. States of what a rule is about are
  /// folded from what is seen of it, and no longer made from snapshots; compaction removes those,
  /// with the events.
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
}
