/// An aggregate to be decided on, and its Swift type.
public struct Target<State: Aggregate>: Sendable {
  /// The aggregate.
  public let id: AggregateID

  /// Names an aggregate and the type its events are folded into.
  public init(_ type: State.Type, _ id: AggregateID) {
    self.id = id
  }
}

extension EventStore {
  /// Decides on several aggregates at once and appends what happens to them as one: all or
  /// nothing.
  ///
  /// ```swift
  /// try await store.execute(
  ///   on: Target(Account.self, "account-1"), Target(Account.self, "account-2")
  /// ) { from, to throws(AccountRefusal) in
  ///   (try from.decide(.withdraw(amount)), try to.decide(.deposit(amount)))
  /// }
  /// ```
  ///
  /// Each aggregate must have the version that was decided on, also those that nothing happens to.
  /// On a conflict only the missed events are folded and `decide` is called again.
  ///
  /// - Parameters:
  ///   - target: The aggregates.
  ///   - key: Makes it safe to repeat the same decision.
  ///   - durability: When to return.
  ///   - decide: From the states to the events of each; pure, and perhaps called several times.
  /// - Returns: The receipt; nil if nothing happens to any of them.
  @discardableResult
  public func execute<each State: Aggregate, Refusal: Error>(
    on target: repeat Target<each State>,
    key: [UInt8]? = nil,
    durability: Durability = .durable,
    _ decide: (repeat each State) throws(Refusal) -> (repeat [(each State).Event])
  ) async throws(ExecuteError<Refusal>) -> Receipt? {
    let stripes = Self.stripes(repeat each target)
    await gate.enter(stripes)
    defer { gate.leave(stripes) }
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    var loaded = try (repeat loadLifting(each target, Refusal.self))
    var retries = 0
    while true {
      guard
        try prepare(
          batch,
          key,
          for: repeat each target,
          from: repeat each loaded,
          by: decide
        )
      else {
        return nil
      }
      do throws(LogError) {
        return try await log.append(batch, durability: durability)
      } catch {
        try retries.count(.log(error), upTo: options.retriesMax, Refusal.self)
        batch.removeAll()
        loaded = try (repeat catchUp(each target, each loaded, Refusal.self))
      }
    }
  }

  /// Decides on several aggregates at once, blocking the thread; see the `async` form.
  @discardableResult
  public func execute<each State: Aggregate, Refusal: Error>(
    on target: repeat Target<each State>,
    key: [UInt8]? = nil,
    durability: Durability = .durable,
    _ decide: (repeat each State) throws(Refusal) -> (repeat [(each State).Event])
  ) throws(ExecuteError<Refusal>) -> Receipt? {
    let stripes = Self.stripes(repeat each target)
    gate.enterBlocking(stripes)
    defer { gate.leave(stripes) }
    let batch = batches.take(options.log.limits)
    defer { batches.give(batch) }
    var loaded = try (repeat loadLifting(each target, Refusal.self))
    var retries = 0
    while true {
      guard
        try prepare(
          batch,
          key,
          for: repeat each target,
          from: repeat each loaded,
          by: decide
        )
      else {
        return nil
      }
      do throws(LogError) {
        return try log.append(batch, durability: durability)
      } catch {
        try retries.count(.log(error), upTo: options.retriesMax, Refusal.self)
        batch.removeAll()
        loaded = try (repeat catchUp(each target, each loaded, Refusal.self))
      }
    }
  }

  private static func stripes<each State: Aggregate>(
    _ target: repeat Target<each State>
  ) -> [Int] {
    var ids: [AggregateID] = []
    for target in repeat each target { ids.append(target.id) }
    return ExecutionGate.stripes(of: ids)
  }

  private func loadLifting<State: Aggregate, Refusal: Error>(
    _ target: Target<State>,
    _ refusal: Refusal.Type
  ) throws(ExecuteError<Refusal>) -> Loaded<State> {
    do throws(StoreError) {
      return try load(State.self, target.id, visibility: .written)
    } catch {
      throw .store(error)
    }
  }

  private func catchUp<State: Aggregate, Refusal: Error>(
    _ target: Target<State>,
    _ loaded: Loaded<State>,
    _ refusal: Refusal.Type
  ) throws(ExecuteError<Refusal>) -> Loaded<State> {
    do throws(StoreError) {
      var loaded = loaded
      var folding = Folding()
      let kind = try kinds.kind(State.self, self)
      if log.ruleCount > 0 { return try load(kind, target.id, .written) }
      try fold(&loaded, kind, target.id, .written, &folding)
      cache.put(loaded, of: target.id)
      return loaded
    } catch {
      throw .store(error)
    }
  }

  /// Decides and fills the batch; false if nothing happens.
  private func prepare<each State: Aggregate, Refusal: Error>(
    _ batch: EventBatch,
    _ key: [UInt8]?,
    for target: repeat Target<each State>,
    from loaded: repeat Loaded<each State>,
    by decide: (repeat each State) throws(Refusal) -> (repeat [(each State).Event])
  ) throws(ExecuteError<Refusal>) -> Bool {
    let events: (repeat [(each State).Event])
    do throws(Refusal) {
      events = try decide(repeat (each loaded).state)
    } catch {
      throw .refused(error)
    }
    do throws(StoreError) {
      for (target, loaded, events) in repeat (each target, each loaded, each events) {
        let version = ExpectedVersion.exactly(loaded.version)
        try fill(batch, events, target.id, version, nil, Metadata(), nil)
      }
    } catch {
      throw .store(error)
    }
    batch.key = key
    return batch.count > 0
  }
}

extension Int {
  /// Counts a conflict; throws what is none, and one too many.
  package mutating func count<Refusal: Error>(
    _ error: StoreError,
    upTo maximum: Int,
    _ refusal: Refusal.Type
  ) throws(ExecuteError<Refusal>) {
    guard let conflict = ExecutionConflict(error) else { throw .store(error) }
    guard self < maximum else { throw .conflict(conflict, retries: self) }
    self += 1
  }
}
