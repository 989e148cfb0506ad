/// What a consumer has kept in the store: how far it is, and its state.
package struct KeptConsumer: Sendable {
  package var kind: ConsumerRecord.Kind
  package var position: Position
  package var fingerprint: UInt64
  package var state: [UInt8]

  package init(
    kind: ConsumerRecord.Kind = .projection,
    position: Position,
    fingerprint: UInt64,
    state: [UInt8]
  ) {
    self.kind = kind
    self.position = position
    self.fingerprint = fingerprint
    self.state = state
  }
}

/// The consumers of a store: who runs, and what they keep.
package final class Consumers: @unchecked Sendable {
  // Checked how: all that changes is touched only under `lock`; log and files guard themselves.
  private let lock = Lock()
  private let idle: Condition
  /// How many change the files now.
  private var changeCount = 0
  private var isClosed = false
  /// Whether the store is being closed: nothing begins any more.
  private var isEnding = false
  /// How many are told now that events are about to be erased, and how many ever were.
  private var erasing = 0
  private var erasures: UInt64 = 0
  /// The threads that hand events to users' code, which holds locks meanwhile.
  private var handing: [ThreadIdentity] = []
  /// Each that runs; nil while it is being started.
  private var running: [String: Running?] = [:]
  private let log: EventLog
  private let files: ConsumerStore

  /// What can be done to one that runs.
  private struct Running: Sendable {
    var stop: @Sendable () -> Void
    var forget: @Sendable (Position) -> Void
  }

  package init(_ log: EventLog) {
    self.log = log
    files = ConsumerStore(log)
    idle = Condition(lock)
  }

  /// Makes the name the caller's, until it is released.
  package func claim(_ name: String) throws(ConsumerError) {
    try lock.withLock { () throws(ConsumerError) in
      if isEnding { throw .store(.log(.closed)) }
      if running[name] != nil { throw .alreadyRunning(name: name) }
      running[name] = .some(nil)
    }
  }

  /// Notes how the consumer that has the name is stopped, if it still runs, and how it is told
  /// that the event at a position is about to be erased.
  ///
  /// Before it takes up a state or starts a thread: it is told of all that happens since.
  package func noteRunning(
    _ name: String,
    forget: @escaping @Sendable (Position) -> Void = { _ in },
    stop: @escaping @Sendable () -> Void
  ) {
    let isEnding = lock.withLock { () -> Bool in
      if running[name] != nil { running[name] = Running(stop: stop, forget: forget) }
      return self.isEnding
    }
    if isEnding { stop() }
  }

  /// Makes sure that no state is kept, now or later, that had taken the event at `position` or one
  /// behind it before this.
  ///
  /// - Throws: `.system` with `EDEADLK` from within a fold, which would wait for itself.
  package func forgetStates(from position: Position) throws(LogError) {
    try checkNotHanding()
    let forgets = lock.withLock { () -> [@Sendable (Position) -> Void] in
      erasing += 1
      erasures += 1
      return running.values.compactMap { $0?.forget }
    }
    defer { lock.withLock { erasing -= 1 } }
    for forget in forgets { forget(position) }
    try files.forgetStates(from: position)
  }

  /// What is to be the same before a kept state is read and when it is taken up.
  ///
  /// Else it may hold what is being erased; nil while something is.
  package var erasureMark: UInt64? { lock.withLock { erasing > 0 ? nil : erasures } }

  /// Runs `body`, in which users' code takes in events while a consumer waits for it.
  package func whileHanding<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let thread = ThreadIdentity.current
    lock.withLock { handing.append(thread) }
    defer {
      lock.withLock {
        if let index = handing.lastIndex(of: thread) { handing.remove(at: index) }
      }
    }
    return try body()
  }

  /// Fails where who asks would wait for its own thread.
  package func checkNotHanding() throws(LogError) {
    let thread = ThreadIdentity.current
    guard lock.withLock({ handing.contains(thread) }) else { return }
    throw .failed(.lock, file: log.core.path, errno: SystemError.deadlock)
  }

  /// Gives a name back.
  package func release(_ name: String) {
    lock.withLock { running[name] = nil }
  }

  /// Stops all consumers, and waits until those with threads have kept what they had.
  package func stopAll() {
    let stops = lock.withLock { () -> [@Sendable () -> Void] in
      isEnding = true
      return running.values.compactMap { $0?.stop }
    }
    for stop in stops { stop() }
  }

  /// Lets nothing be kept from now on, and waits for what is being kept.
  ///
  /// Behind it the store may be given up: whoever opens it next is alone with the files.
  package func close() {
    lock.withLock {
      isClosed = true
      while changeCount > 0 { idle.wait() }
    }
  }

  private func changing(_ body: () throws(LogError) -> Void) throws(ConsumerError) {
    let isOpen = lock.withLock { () -> Bool in
      if !isClosed { changeCount += 1 }
      return !isClosed
    }
    guard isOpen else { throw .store(.log(.closed)) }
    defer {
      lock.withLock {
        changeCount -= 1
        if changeCount == 0 { idle.broadcast() }
      }
    }
    try lifting(body)
  }

  /// What was kept last under a name.
  ///
  /// - Throws: `.nameTaken` if a consumer of another kind kept it; `.checkpointOfAnotherHistory`,
  ///   `.checkpointBeyondHead` if it does not stand on this store's events;
  ///   `.store(.log(.corrupt))` if it is damaged.
  package func load(
    _ name: String,
    as kind: ConsumerRecord.Kind
  ) throws(ConsumerError) -> KeptConsumer? {
    let record: ConsumerRecord
    do throws(LogError) {
      guard let found = try files.load(name) else { return nil }
      record = found
    } catch {
      // Damaged, it is another's no less, as far as it still says whose.
      if case .corrupt = error, let other = try? files.list().first(where: { $0.name == name }) {
        try check(other.kind, kind, name)
      }
      throw .store(.log(error))
    }
    // Before all else: who is told to begin anew must not do so over another's checkpoint.
    try check(record.kind, kind, name)
    let position = Position(record.position)
    switch try lifting({ () throws(LogError) in try log.standing(of: record) }) {
    case .fits: break
    case .anotherHistory: throw .checkpointOfAnotherHistory(position: position)
    case .beyondHead: throw .checkpointBeyondHead(position: position, head: log.durableThrough)
    }
    return KeptConsumer(
      kind: kind,
      position: position,
      fingerprint: record.fingerprint,
      state: record.state
    )
  }

  private func check(
    _ found: UInt8,
    _ wanted: ConsumerRecord.Kind,
    _ name: String
  ) throws(ConsumerError) {
    if found == wanted.rawValue { return }
    switch ConsumerRecord.Kind(rawValue: found) {
    case .projection: throw .nameTaken(name: name, by: .projection)
    case .reactor: throw .nameTaken(name: name, by: .reactor)
    case .cursor, nil: throw .nameTaken(name: name, by: .other)
    }
  }

  /// Keeps a consumer, durably; false if what it stands on is not durable yet, or the store was
  /// opened for reading.
  @discardableResult
  package func save(_ name: String, _ consumer: KeptConsumer) throws(ConsumerError) -> Bool {
    guard consumer.position <= log.durableThrough,
      log.core.options.access == .readWrite
    else { return false }
    try changing { () throws(LogError) in
      let digest = try log.eventDigest(at: consumer.position)
      let record = ConsumerRecord(
        position: consumer.position.rawValue,
        history: log.historyID,
        eventDigest: digest ?? KeyHash(high: 0, low: 0),
        fingerprint: consumer.fingerprint,
        kind: consumer.kind.rawValue,
        state: consumer.state
      )
      try files.save(name, record)
    }
    return true
  }

  /// Forgets what was kept.
  package func remove(_ name: String) throws(ConsumerError) {
    try changing { () throws(LogError) in try files.remove(name) }
  }

  private func lifting<Result>(
    _ body: () throws(LogError) -> Result
  ) throws(ConsumerError) -> Result {
    do throws(LogError) {
      return try body()
    } catch {
      throw .store(.log(error))
    }
  }
}
