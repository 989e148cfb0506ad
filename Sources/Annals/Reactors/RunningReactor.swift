/// A reactor at work, in a task of its own.
///
/// Ends with `stop()`, with the store, or with an error, which `status` tells.
public final class RunningReactor<Behaviour: Reactor>: @unchecked Sendable {
  // Checked how: `book` and `task` are touched only under `lock`, `isClosed` under `keeping`.
  /// The name its checkpoint is kept under.
  public var name: String { Behaviour.name }
  private let reactor: Behaviour
  private let store: EventStore
  private let options: ReactorOptions
  private let progress: ConsumerProgress
  private let lock = Lock()
  private var book = ReactorBook()
  private var task: Task<Void, Never>?
  /// Held while the book is kept; taken before `lock`.
  private let keeping = Lock()
  private var isClosed = false

  init(_ reactor: Behaviour, _ store: EventStore, _ options: ReactorOptions) {
    self.reactor = reactor
    self.store = store
    self.options = options
    progress = ConsumerProgress(name: Behaviour.name, store.monitor)
  }

  /// What it is doing, and how far it is.
  public var status: ConsumerStatus { progress.current }

  /// Its statuses from now on.
  public var statuses: AsyncStream<ConsumerStatus> { progress.statuses() }

  /// Waits until everything up to `position` has been reacted to, or was set aside.
  public func reached(
    _ position: Position,
    within duration: Duration
  ) async throws(ConsumerError) {
    try await progress.reached(position, within: duration)
  }

  /// The aggregates that are set aside.
  public var parked: [ParkedAggregate] {
    lock.withLock { book.parked.sorted { $0.positions[0] < $1.positions[0] } }
  }

  /// Takes up an aggregate that was set aside: its events are reacted to, in order, before any
  /// later one of it.
  ///
  /// If one fails again, it and what follows stay parked.
  public func release(_ aggregate: AggregateID) {
    lock.withLock { _ = book.released.insert(aggregate) }
    store.watcher.nudge()
  }

  /// Ends it after the event at hand, and keeps its checkpoint.
  ///
  /// Waits for that event: not to be awaited by the reactor's own `react`.
  public func stop() async {
    let running = lock.withLock { task }
    running?.cancel()
    await running?.value
  }

  func start() throws(ConsumerError) {
    try store.consumers.claim(name)
    do throws(ConsumerError) {
      try takeUp()
    } catch {
      store.consumers.release(name)
      throw error
    }
    let task = Task { await self.work() }
    lock.withLock { self.task = task }
    store.consumers.noteRunning(name) {
      task.cancel()
      self.keepLast()
    }
  }

  private func takeUp() throws(ConsumerError) {
    var book = ReactorBook()
    switch options.begin {
    case .now: book.position = store.head
    case .start: book.position = .start
    case .after(let position): book.position = position
    }
    do throws(ConsumerError) {
      if let kept = try store.consumers.load(name, as: .reactor) {
        do {
          book = try store.stateCodec.decode(ReactorBook.self, from: kept.state.span)
        } catch {
          // Neither skipping nor repeating everything would be right without being asked for.
          throw ConsumerError.handler(position: kept.position, error)
        }
      } else {
        try begin(book)
      }
    } catch {
      guard options.foreignCheckpoint == .restart, error.isForeignCheckpoint else { throw error }
      book.position = store.head
      try begin(book)
      progress.update { $0.restart = .anotherHistory }
    }
    lock.withLock { self.book = book }
    let position = book.position
    progress.update {
      $0.position = position
      $0.savedThrough = position
    }
  }

  /// Keeps where it begins, so that a restart before the first event begins at the same place: what
  /// was appended in between is not from before.
  private func begin(_ book: ReactorBook) throws(ConsumerError) {
    if try keep(book) || store.log.writer == nil || book.position > store.head { return }
    // Only what is durable can be stood on.
    do throws(LogError) {
      try store.log.sync()
    } catch {
      throw .store(.log(error))
    }
    try keep(book)
  }

  /// Keeps the book; false if what it stands on is not durable yet, or the store was opened for
  /// reading.
  @discardableResult
  private func keep(_ book: ReactorBook) throws(ConsumerError) -> Bool {
    var bytes: [UInt8] = []
    do {
      try store.stateCodec.encode(book, into: &bytes)
    } catch {
      throw .handler(position: book.position, error)
    }
    let kept = KeptConsumer(
      kind: .reactor,
      position: book.position,
      fingerprint: 0,
      state: bytes
    )
    guard try store.consumers.save(name, kept) else { return false }
    progress.update { $0.savedThrough = book.position }
    return true
  }
}

// MARK: The task

extension RunningReactor {
  private func work() async {
    var failure: ConsumerError?
    do throws(ConsumerError) {
      try await follow()
    } catch {
      failure = error
    }
    do throws(ConsumerError) {
      try await saveOffPool()
    } catch {
      failure = failure ?? error
    }
    store.consumers.release(name)
    progress.update(isPhase: true) { $0.phase = failure.map { .failed($0) } ?? .stopped }
  }

  /// Keeps the checkpoint on a thread that may wait for the disk.
  private func saveOffPool() async throws(ConsumerError) {
    let (position, hasChanged) = lock.withLock { (book.position, book.hasChanged) }
    if progress.current.savedThrough == position, !hasChanged { return }
    let result = await store.readers.perform { () -> Result<Void, ConsumerError> in
      do throws(ConsumerError) {
        return .success(try self.keepBook())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func keepBook() throws(ConsumerError) {
    keeping.lock()
    defer { keeping.unlock() }
    if isClosed { return }
    let book = lock.withLock { self.book }
    if progress.current.savedThrough == book.position, !book.hasChanged { return }
    if try keep(book) { lock.withLock { self.book.hasChanged = false } }
  }

  /// Keeps what it has done, for the last time: the store is about to be closed, and a reaction
  /// that is at work is not waited for.
  private func keepLast() {
    // What cannot be kept is done again, as after a crash.
    try? keepBook()
    keeping.withLock { isClosed = true }
  }

  private func follow() async throws(ConsumerError) {
    var request = SubscriptionRequest()
    request.query = reactor.query
    request.returnsWhenNudged = true
    request.after = lock.withLock { book.position }
    let source: Subscription<TypedEvent<Behaviour.Event>>
    do throws(StoreError) {
      source = try store.subscribe(to: Behaviour.Event.self, request)
    } catch {
      throw .store(error)
    }
    var batches = source.batches(of: options.eventsPerCheckpoint).makeAsyncIterator()
    while !Task.isCancelled {
      if try await takeUpReleased() { try await saveOffPool() }
      let batch: SubscriptionBatch<TypedEvent<Behaviour.Event>>?
      do throws(StoreError) {
        batch = try await batches.next()
      } catch {
        throw .store(error)
      }
      guard let batch else { return }
      try await take(batch)
      try await saveOffPool()
    }
  }

  private func take(
    _ batch: SubscriptionBatch<TypedEvent<Behaviour.Event>>
  ) async throws(ConsumerError) {
    for event in batch.events {
      if Task.isCancelled { return }
      let start = SystemClock.monotonicNanoseconds()
      // What was cut off comes again when the reactor is started again.
      guard try await take(event) else { return }
      reach(event.record.position, count: 1, since: start)
    }
    reach(batch.through, count: 0, since: nil)
    if batch.isCaughtUp { progress.update(isPhase: true) { $0.phase = .live } }
  }

  private func reach(_ position: Position, count: Int, since start: UInt64?) {
    lock.withLock { book.position = position }
    let head = max(store.head, position)
    progress.update {
      $0.position = position
      $0.head = head
      $0.eventCount += count
      if case .starting = $0.phase { $0.phase = .catchingUp }
      if let start { $0.seconds += Double(SystemClock.monotonicNanoseconds() - start) / 1e9 }
    }
  }

  /// Has the event reacted to, or sets it aside; false if the task was cancelled first.
  private func take(_ event: TypedEvent<Behaviour.Event>) async throws(ConsumerError) -> Bool {
    let aggregate = event.record.aggregate
    let isParked = lock.withLock { book.park(event.record.position, behind: aggregate) }
    if isParked { return true }
    guard let error = await attempt(event) else { return true }
    if Task.isCancelled { return false }
    guard options.poison.parks else {
      throw .handler(position: event.record.position, error)
    }
    lock.withLock { book.park(event.record.position, of: aggregate, because: "\(error)") }
    return true
  }

  /// Lets the reactor react, as often as the policy says; what it threw last if that was in vain.
  private func attempt(_ event: TypedEvent<Behaviour.Event>) async -> (any Error)? {
    var backoff = options.poison.backoff
    var retries = 0
    while true {
      do {
        let correlation = event.record.metadata[Metadata.correlation]
        let causation = "\(event.record.position)"
        try await EventContext.with(correlation: correlation, causation: causation) {
          try await reactor.react(to: event.value, event.record)
        }
        return nil
      } catch {
        if retries == options.poison.retriesMax || Task.isCancelled { return error }
        retries += 1
        do { try await Task.sleep(for: backoff) } catch { return error }
        backoff = min(backoff * 2, PoisonPolicy.backoffMax)
      }
    }
  }

  /// Has what was released reacted to, and tells whether anything was.
  ///
  /// What fails, or cannot be read, stays parked with all that follows it.
  private func takeUpReleased() async throws(ConsumerError) -> Bool {
    var hasReleased = false
    while let released = lock.withLock({ book.nextReleased() }) {
      hasReleased = true
      for position in released.positions {
        var failure: (any Error)?
        var cause: LogError?
        do throws(StoreError) {
          // Not there any more: a rule of retention took it away.
          if let event = try store.event(at: position, as: Behaviour.Event.self) {
            failure = await attempt(event)
          }
        } catch {
          failure = error
          if case .log(let error) = error { cause = error }
        }
        if let failure {
          lock.withLock { book.stayParked(released.aggregate, because: "\(failure)") }
          if let cause { throw .store(.log(cause)) }
          break
        }
        lock.withLock { book.finish(position, of: released.aggregate) }
      }
    }
    return hasReleased
  }
}

/// What a reactor keeps: how far it is, and what it has set aside.
struct ReactorBook: Codable, Sendable {
  var position = Position.start
  var parked: [ParkedAggregate] = []
  /// Asked for while it runs; not kept, since what is parked is.
  var released: Set<AggregateID> = []
  var hasChanged = false

  private enum CodingKeys: String, CodingKey { case position, parked }

  /// Sets an event aside if earlier ones of its aggregate are.
  mutating func park(_ position: Position, behind aggregate: AggregateID) -> Bool {
    guard let index = parked.firstIndex(where: { $0.aggregate == aggregate }) else { return false }
    parked[index].positions.append(position)
    hasChanged = true
    return true
  }

  /// Sets the event that failed aside.
  mutating func park(_ position: Position, of aggregate: AggregateID, because reason: String) {
    parked.append(
      ParkedAggregate(aggregate: aggregate, positions: [position], reason: reason)
    )
    hasChanged = true
  }

  /// The next aggregate that was released; it stays parked until it is done, as the book may be
  /// kept meanwhile.
  mutating func nextReleased() -> ParkedAggregate? {
    while let aggregate = released.popFirst() {
      if let found = parked.first(where: { $0.aggregate == aggregate }) { return found }
    }
    return nil
  }

  /// Notes that the first of what is parked of an aggregate is done.
  mutating func finish(_ position: Position, of aggregate: AggregateID) {
    guard let index = parked.firstIndex(where: { $0.aggregate == aggregate }) else { return }
    parked[index].positions.removeAll { $0 == position }
    if parked[index].positions.isEmpty { parked.remove(at: index) }
    hasChanged = true
  }

  /// Notes why the first of what is parked failed again.
  mutating func stayParked(_ aggregate: AggregateID, because reason: String) {
    guard let index = parked.firstIndex(where: { $0.aggregate == aggregate }) else { return }
    parked[index].reason = reason
    hasChanged = true
  }
}

extension EventStore {
  /// Starts a reactor, behind its kept checkpoint.
  ///
  /// - Throws: `.alreadyRunning`, `.nameTaken`, `.checkpointOfAnotherHistory`,
  ///   `.checkpointBeyondHead`, `.store`.
  public func start<Behaviour: Reactor>(
    _ reactor: Behaviour,
    options: ReactorOptions = ReactorOptions()
  ) throws(ConsumerError) -> RunningReactor<Behaviour> {
    let running = RunningReactor(reactor, self, options)
    try running.start()
    return running
  }

  /// The event at a position, as a value; nil beyond the head, and where a rule of retention hides
  /// the event or took its payload away.
  ///
  /// - Throws: `.event` for an event that `type` does not know or cannot decode, `.log`.
  public func event<Value: Event>(
    at position: Position,
    as type: Value.Type
  ) throws(StoreError) -> TypedEvent<Value>? {
    guard position > .start else { return nil }
    var request = ReadRequest.all(after: Position(position.rawValue - 1))
    request.until = position.rawValue
    request.hidesRedacted = true
    switch try events(request, reporting: type).first {
    case nil: return nil
    case .event(let value, let record): return TypedEvent(value: value, record: record)
    case .unknown(_, let reason): throw .event(reason)
    }
  }
}
