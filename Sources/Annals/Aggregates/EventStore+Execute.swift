extension EventStore {
  /// Executes a command on an aggregate: loads it, lets it decide, appends what it decided.
  ///
  /// If other events came first, only those are folded and it decides again, up to
  /// `StoreOptions.retriesMax` times. Executions of this process on one aggregate wait for each
  /// other. Decides on what is written, durable or not; returns when its own events, and with them
  /// everything they rest on, have the durability asked for.
  ///
  /// - Parameters:
  ///   - command: What is asked.
  ///   - id: Of which aggregate.
  ///   - type: Its Swift type.
  ///   - key: Makes it safe to repeat the same decision.
  ///   - durability: When to return.
  /// - Throws: `.refused` with the domain's reason, `.conflict`, `.store`; nothing was appended
  ///   then, but after `.store(.log(.outcomeUnknown))`.
  @discardableResult
  public func execute<State: Decider>(
    _ command: State.Command,
    on id: AggregateID,
    as type: State.Type,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) throws(ExecuteError<State.Refusal>) -> Execution<State> {
    let stripes = ExecutionGate.stripes(of: [id])
    gate.enterBlocking(stripes)
    defer { gate.leave(stripes) }
    var work = try Work<State>(self, id, key)
    defer { batches.give(work.batch) }
    while try work.decide(command) {
      do throws(LogError) {
        return work.finish(try log.append(work.batch, durability: durability))
      } catch {
        try work.retry(.log(error))
      }
    }
    return work.finish(nil)
  }

  /// Executes a command without blocking a thread of the tasks' pool.
  @discardableResult
  public func execute<State: Decider>(
    _ command: State.Command,
    on id: AggregateID,
    as type: State.Type,
    key: [UInt8]? = nil,
    durability: Durability = .durable
  ) async throws(ExecuteError<State.Refusal>) -> Execution<State> {
    let stripes = ExecutionGate.stripes(of: [id])
    await gate.enter(stripes)
    defer { gate.leave(stripes) }
    var work = try Work<State>(self, id, key)
    defer { batches.give(work.batch) }
    while try work.decide(command) {
      do throws(LogError) {
        return work.finish(try await log.append(work.batch, durability: durability))
      } catch {
        try work.retry(.log(error))
      }
    }
    return work.finish(nil)
  }
}

extension EventStore {
  /// One execution under way.
  fileprivate struct Work<State: Decider> {
    private let store: EventStore
    private let kind: AggregateKind<State>
    private let id: AggregateID
    private let key: [UInt8]?
    private var loaded: Loaded<State>
    private var events: [State.Event] = []
    private var retries = 0
    private var folding = Folding()
    let batch: EventBatch

    init(
      _ store: EventStore,
      _ id: AggregateID,
      _ key: [UInt8]?
    ) throws(ExecuteError<State.Refusal>) {
      self.store = store
      self.id = id
      self.key = key
      do throws(StoreError) {
        kind = try store.kinds.kind(State.self, store)
        loaded = try store.load(kind, id, .written)
      } catch {
        throw .store(error)
      }
      batch = store.batches.take(store.options.log.limits)
    }

    /// Asks the aggregate; whether there is something to append, which is then in the batch.
    mutating func decide(
      _ command: State.Command
    ) throws(ExecuteError<State.Refusal>) -> Bool {
      do throws(State.Refusal) {
        events = try loaded.state.decide(command)
      } catch {
        throw .refused(error)
      }
      if events.isEmpty { return false }
      do throws(StoreError) {
        try store.fill(batch, events, id, .exactly(loaded.version), key, Metadata(), nil)
      } catch {
        throw .store(error)
      }
      return true
    }

    /// Takes in what came first; throws what is no conflict, and a conflict too many.
    mutating func retry(_ error: StoreError) throws(ExecuteError<State.Refusal>) {
      guard let conflict = ExecutionConflict(error) else { throw .store(error) }
      guard retries < store.options.retriesMax else {
        throw .conflict(conflict, retries: retries)
      }
      retries += 1
      batch.removeAll()
      do throws(StoreError) {
        if store.log.ruleCount == 0 {
          try store.fold(&loaded, kind, id, .written, &folding)
        } else {
          loaded = try store.load(kind, id, .written)
        }
      } catch {
        throw .store(error)
      }
    }

    mutating func finish(_ receipt: Receipt?) -> Execution<State> {
      if let receipt, !receipt.isRepeated {
        for event in events { loaded.state.apply(event) }
        loaded.version = receipt.version
        loaded.position = receipt.lastPosition
        loaded.rules?.deletion = nil
        folding.eventCount += events.count
        if !(loaded.rules?.isAffected ?? false) { store.keepIfDue(&loaded, kind, id, folding) }
        store.cache.put(loaded, of: id)
      }
      return Execution(
        state: loaded.state,
        version: loaded.version,
        receipt: receipt,
        retries: retries
      )
    }
  }
}
