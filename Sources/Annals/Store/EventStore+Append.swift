extension EventStore {
  /// Appends events to one aggregate: all or none, whatever happens.
  ///
  /// Blocks the calling thread until the events have the durability asked for.
  ///
  /// - Parameters:
  ///   - events: What happened, in order.
  ///   - aggregate: Whose history it is.
  ///   - expected: The version the aggregate must have, else `.versionConflict`.
  ///   - key: Makes the append safe to repeat: the same key with the same events gives the first
  ///     receipt.
  ///   - metadata: For each of the events; completed by the task's `EventContext`.
  ///   - time: When it happened; nil takes the clock.
  ///   - durability: When to return.
  /// - Throws: `.log`, `.schema`, `.encoding`; nothing was appended then, but after
  ///   `.log(.outcomeUnknown)`.
  @discardableResult
  public func append<Value: Event>(
    _ events: [Value],
    to aggregate: AggregateID,
    expecting expected: ExpectedVersion = .any,
    key: [UInt8]? = nil,
    metadata: Metadata = Metadata(),
    time: Timestamp? = nil,
    durability: Durability = .durable
  ) throws(StoreError) -> Receipt {
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    try fill(batch, events, aggregate, expected, key, metadata, time)
    return try liftingLog { () throws(LogError) in
      try log.append(batch, durability: durability)
    }
  }

  /// Appends events to one aggregate without blocking a thread of the tasks' pool.
  @discardableResult
  public func append<Value: Event>(
    _ events: [Value],
    to aggregate: AggregateID,
    expecting expected: ExpectedVersion = .any,
    key: [UInt8]? = nil,
    metadata: Metadata = Metadata(),
    time: Timestamp? = nil,
    durability: Durability = .durable
  ) async throws(StoreError) -> Receipt {
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    try fill(batch, events, aggregate, expected, key, metadata, time)
    do throws(LogError) {
      return try await log.append(batch, durability: durability)
    } catch {
      throw .log(error)
    }
  }

  /// Appends events of several aggregates as one: all or none.
  ///
  /// - Parameters:
  ///   - changes: The events, in order, each with its aggregate.
  ///   - condition: Refuses the append if an event of a query stands after a position.
  @discardableResult
  public func append(
    _ changes: [Change],
    when condition: AppendCondition? = nil,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) throws(StoreError) -> Receipt {
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    try fill(batch, changes, condition, key)
    return try liftingLog { () throws(LogError) in
      try log.append(batch, durability: durability)
    }
  }

  /// Appends events of several aggregates as one, without blocking a thread of the tasks' pool.
  @discardableResult
  public func append(
    _ changes: [Change],
    when condition: AppendCondition? = nil,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) async throws(StoreError) -> Receipt {
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    try fill(batch, changes, condition, key)
    do throws(LogError) {
      return try await log.append(batch, durability: durability)
    } catch {
      throw .log(error)
    }
  }

  package func fill<Value: Event>(
    _ batch: EventBatch,
    _ events: [Value],
    _ aggregate: AggregateID,
    _ expected: ExpectedVersion,
    _ key: [UInt8]?,
    _ metadata: Metadata,
    _ time: Timestamp?
  ) throws(StoreError) {
    try liftingLog { () throws(LogError) in try batch.expect(expected, of: aggregate) }
    var adder = try EventAdder<Value>(self)
    for event in events {
      try adder.add(event, to: aggregate, metadata: metadata, time: time, into: batch)
    }
    batch.key = key
  }

  package func fill(
    _ batch: EventBatch,
    _ changes: [Change],
    _ condition: AppendCondition?,
    _ key: [UInt8]?
  ) throws(StoreError) {
    for change in changes { try change.fill(batch, self) }
    batch.condition = condition
    batch.key = key
  }
}

/// Events of one aggregate, as a part of an append of several.
public struct Change: Sendable {
  /// The aggregate.
  public let aggregate: AggregateID
  package let fill: @Sendable (EventBatch, EventStore) throws(StoreError) -> Void

  /// Events for an aggregate, which must have the version expected.
  ///
  /// With no events the version is demanded all the same.
  public init<Value: Event>(
    _ aggregate: AggregateID,
    _ events: [Value],
    expecting expected: ExpectedVersion = .any,
    metadata: Metadata = Metadata(),
    time: Timestamp? = nil
  ) {
    self.aggregate = aggregate
    fill = { batch, store throws(StoreError) in
      try store.fill(batch, events, aggregate, expected, nil, metadata, time)
    }
  }
}
