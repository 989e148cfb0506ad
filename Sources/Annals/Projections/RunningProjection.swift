/// A projection at work: on a thread of its own it takes in events as they become visible, and
/// keeps state and checkpoint.
///
/// Ends with `stop()`, with the store, or with an error, which `status` tells. Reading the state
/// never waits for more than a few thousand events to be folded.
public final class RunningProjection<State: Codable & Sendable>: @unchecked Sendable {
  // Checked how: `fold`, `thread`, `rebuilder`, `isEnding`, `isAtWork`, `isRebuilding`,
  // `erasures`, `foldErasures` and `keptThrough` are touched only under `lock`; `savedPosition` and
  // `savedAt` before the thread is started and then by it alone.
  /// The name it is kept under.
  public let name: String
  package let store: EventStore
  package let initial: State
  package let fingerprint: UInt64
  package let options: ProjectionOptions
  package let progress: ConsumerProgress
  package let lock = Lock()
  package var fold: ProjectionFold<State>
  private var thread: Thread?
  private var rebuilder: Thread?
  /// Whether it was told to stop since it was last started.
  package private(set) var isEnding = false
  /// Whether the thread needs the name.
  private var isAtWork = false
  /// Whether a rebuild needs it.
  private var isRebuilding = false
  /// How often it was told that events are about to be erased.
  package private(set) var erasures = 0
  /// … when the fold was begun: if it was told since, the state may hold what is gone, and is not
  /// kept any more.
  package var foldErasures = 0
  /// Held while a state is kept; taken before `lock`.
  package let keeping = Lock()
  /// What was kept of `fold`, and of what it was before it went on; only under `lock`.
  package var keptThrough = Position.start
  private var savedPosition = Position.start
  private var savedAt: UInt64 = 0

  /// How many positions are folded between two looks at who wants to read, or to stop it.
  package static var windowMax: UInt64 { 1 << 13 }

  init(
    _ name: String,
    _ store: EventStore,
    _ initial: State,
    _ fold: ProjectionFold<State>,
    _ options: ProjectionOptions
  ) {
    self.name = name
    self.store = store
    self.initial = initial
    self.fold = fold
    self.options = options
    progress = ConsumerProgress(name: name, store.monitor)
    fingerprint = StateShape.fingerprint(of: KeptProjection<State>.self)
  }

  /// What it is doing, and how far it is.
  public var status: ConsumerStatus { progress.current }

  /// Its statuses from now on: each change of phase, and now and then how far it is.
  public var statuses: AsyncStream<ConsumerStatus> { progress.statuses() }

  /// Lends the state to `body`; no event comes in meanwhile, so be quick.
  ///
  /// Not to be called while an event is folded, which it waits for; `body` MUST NOT stop the
  /// projection, close the store or compact it.
  public func read<Result, Failure: Error>(
    _ body: (State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(fold.state)
  }

  /// The state, and the position it stands at.
  public func snapshot() -> (state: State, position: Position) {
    lock.withLock { (fold.state, fold.position) }
  }

  /// Waits until everything up to `position` is in the state: to read what one has written.
  ///
  /// - Throws: `.timedOut`, `.stopped`, `.cancelled`, or the error that ended it.
  public func reached(
    _ position: Position,
    within duration: Duration
  ) async throws(ConsumerError) {
    try await progress.reached(position, within: duration)
  }

  /// Waits as the `async` form does, blocking the thread.
  public func reached(_ position: Position, within duration: Duration) throws(ConsumerError) {
    try progress.reachedBlocking(position, within: duration)
  }

  /// Keeps the state and ends; what waits for it gets `.stopped`.
  ///
  /// Blocks until it has, and waits for the event at hand and for `read`: not to be called from
  /// within either.
  public func stop() {
    let running = lock.withLock { () -> [Thread?] in
      isEnding = true
      return [thread, rebuilder]
    }
    store.log.core.signal.wake()
    for thread in running { thread?.join() }
  }

  /// Sees to it that nothing is kept that was folded from the event at `position`, or one behind
  /// it, before this: the state is folded anew beside this one, which readers have until then.
  package func forget(from position: Position) {
    let isConcerned = keeping.withLock {
      lock.withLock { () -> Bool in
        let isCurrent = foldErasures == erasures
        erasures += 1
        if isCurrent, fold.position < position {
          foldErasures = erasures
          return false
        }
        return !isEnding
      }
    }
    guard isConcerned else { return }
    // Without a thread it is folded anew when the projection is started the next time.
    let thread = try? Thread(name: "annals-rebuild") { [weak self] in
      _ = try? self?.rebuildNow(isOwn: true, false) { _ in }
    }
    lock.withLock { rebuilder = thread }
  }

  /// Takes up the checkpoint and starts the thread.
  func start() throws(ConsumerError) {
    try store.consumers.claim(name)
    noteRunning()
    do throws(ConsumerError) {
      try takeUp()
      guard try launch() else { throw .store(.log(.closed)) }
    } catch {
      store.consumers.release(name)
      throw error
    }
  }

  package func noteRunning() {
    store.consumers.noteRunning(name, forget: { self.forget(from: $0) }, stop: { self.stop() })
  }

  /// Starts the thread, behind what the fold holds; false if it was told to stop.
  package func launch() throws(ConsumerError) -> Bool {
    do throws(LogError) {
      return try lock.withLock { () throws(LogError) in
        if isEnding { return false }
        if foldErasures != erasures { beginAnew() }
        isAtWork = true
        thread = try Thread(name: "annals-project") { self.work() }
        return true
      }
    } catch {
      lock.withLock { isAtWork = false }
      throw .store(.log(error))
    }
  }

  /// Puts aside a state that may hold what was erased since it was taken up; before the thread.
  ///
  /// Under `lock`.
  private func beginAnew() {
    fold = fold.restarted(initial)
    foldErasures = erasures
    keptThrough = .start
    savedPosition = .start
    progress.update {
      $0.position = .start
      $0.savedThrough = .start
    }
  }

  /// Makes the name this one's until the rebuild ends, where the thread does not hold it already;
  /// false for a rebuild that nobody asked for, of what does not run.
  package func beginRebuild(isOwn: Bool) throws(ConsumerError) -> Bool {
    let isHeld = lock.withLock { () -> Bool in
      if isAtWork { isRebuilding = true }
      return isAtWork
    }
    if isHeld || isOwn { return isHeld }
    try store.consumers.claim(name)
    lock.withLock { isRebuilding = true }
    noteRunning()
    return true
  }

  package func endRebuild() {
    let isFree = lock.withLock { () -> Bool in
      isRebuilding = false
      return !isAtWork
    }
    if isFree { store.consumers.release(name) }
  }

  private func endWork() {
    let isFree = lock.withLock { () -> Bool in
      isAtWork = false
      return !isRebuilding
    }
    if isFree { store.consumers.release(name) }
  }

  private func takeUp() throws(ConsumerError) {
    let mark = store.consumers.erasureMark
    let kept: KeptConsumer
    do throws(ConsumerError) {
      guard let found = try store.consumers.load(name, as: .projection) else { return }
      kept = found
    } catch {
      if case .store(.log(.corrupt)) = error {
        // A projection's state is a cache of the log.
        progress.update { $0.restart = .damaged }
        return
      }
      guard options.foreignCheckpoint == .restart, error.isForeignCheckpoint else { throw error }
      progress.update { $0.restart = .anotherHistory }
      return
    }
    guard kept.fingerprint == fingerprint else {
      progress.update { $0.restart = .shapeChanged }
      return
    }
    guard let found = decoded(kept) else {
      progress.update { $0.restart = .damaged }
      return
    }
    let fold = lock.withLock { self.fold }
    if let reason = try fold.reasonToRestart(found, through: kept.position, in: store) {
      progress.update { $0.restart = reason }
      return
    }
    let isGood = lock.withLock { () -> Bool in
      // From here on it is told of what is erased.
      guard let mark, store.consumers.erasureMark == mark else { return false }
      self.fold.state = found.state
      self.fold.position = kept.position
      savedPosition = kept.position
      return true
    }
    guard isGood else { return }
    progress.update {
      $0.position = kept.position
      $0.savedThrough = kept.position
    }
  }

  /// What was kept, as values; nil if it is damaged.
  package func decoded(_ kept: KeptConsumer) -> KeptProjection<State>? {
    try? store.stateCodec.decode(KeptProjection<State>.self, from: kept.state.span)
  }
}

// MARK: The thread

extension RunningProjection {
  private func work() {
    var failure: ConsumerError?
    savedAt = SystemClock.monotonicNanoseconds()
    do throws(ConsumerError) {
      while !lock.withLock({ isEnding }) { try step() }
      try save()
    } catch {
      // What was folded before the event that failed is kept.
      failure = error
      try? save()
    }
    endWork()
    progress.update(isPhase: true) { $0.phase = failure.map { .failed($0) } ?? .stopped }
  }

  private func step() throws(ConsumerError) {
    let head = store.log.head()
    let start = SystemClock.monotonicNanoseconds()
    let position = lock.withLock { fold.position }
    if head > position {
      let until = Position(min(head.rawValue, position.rawValue + Self.windowMax))
      var before = 0
      let failure = lock.withLock { () -> ConsumerError? in
        before = fold.eventCount
        do throws(ConsumerError) {
          try fold.advance(through: until, in: store)
          return nil
        } catch {
          return error
        }
      }
      tell(head, since: start, countedBefore: before)
      if let failure { throw failure }
      if isSaveDue() { try save() }
      return
    }
    tell(head, since: nil, countedBefore: 0)
    if isSaveDue() { try save() }
    let rest = min(progress.expire() ?? .max, 50_000_000)
    do throws(LogError) {
      try store.log.waitForMove(
        durable: store.log.durableThrough,
        written: store.log.writtenThrough,
        milliseconds: Int(max(1, rest / 1_000_000))
      )
    } catch {
      throw .store(.log(error))
    }
  }

  private func tell(_ head: Position, since start: UInt64?, countedBefore: Int) {
    let (position, count) = lock.withLock { (fold.position, fold.eventCount) }
    let isLive = position >= head
    var isPhase = false
    switch (progress.current.phase, isLive) {
    case (.live, true), (.catchingUp, false): break
    // Falling behind by a window is no change of phase.
    case (.live, false): isPhase = head.rawValue - position.rawValue > Self.windowMax
    default: isPhase = true
    }
    progress.update(isPhase: isPhase) { status in
      status.position = position
      status.head = max(head, position)
      if isPhase { status.phase = isLive ? .live : .catchingUp }
      if let start {
        status.eventCount += count - countedBefore
        status.seconds += Double(SystemClock.monotonicNanoseconds() - start) / 1e9
      }
    }
  }

  private func isSaveDue() -> Bool {
    let position = lock.withLock { fold.position }
    if position == savedPosition { return false }
    let count = UInt64(max(0, options.eventsPerCheckpoint))
    if position.rawValue - savedPosition.rawValue >= count { return true }
    let passed = SystemClock.monotonicNanoseconds() - savedAt
    return passed >= SystemClock.nanoseconds(options.checkpointInterval)
  }

  /// Keeps state and checkpoint, if what they stand on is durable.
  package func save() throws(ConsumerError) {
    let (fold, erasures) = lock.withLock { (self.fold, foldErasures) }
    let position = fold.position
    guard fold.refusal == nil, position > savedPosition, position <= store.log.durableThrough,
      try keep(fold, erasures, as: name)
    else { return }
    savedPosition = position
    savedAt = SystemClock.monotonicNanoseconds()
    progress.update { $0.savedThrough = position }
  }
}

extension EventStore {
  /// Starts a projection: takes up its kept state, catches up, and goes on live.
  ///
  /// - Parameters:
  ///   - projection: Its initial state; used if none is kept, or the kept one is of another shape,
  ///     of another version, or of a query that found other events.
  ///   - options: How often state and checkpoint are kept.
  /// - Throws: `.alreadyRunning`, `.nameTaken`, `.checkpointOfAnotherHistory`,
  ///   `.checkpointBeyondHead`, `.store`.
  public func start<State: Projection>(
    _ projection: State,
    options: ProjectionOptions = ProjectionOptions()
  ) throws(ConsumerError) -> RunningProjection<State> {
    let fold: ProjectionFold<State>
    do throws(StoreError) {
      fold = try ProjectionFold(projection, self)
    } catch {
      throw .store(error)
    }
    let running = RunningProjection(State.name, self, projection, fold, options)
    try running.start()
    return running
  }

  /// Starts a projection over events where they stand; see `start`.
  public func start<State: RawProjection>(
    raw projection: State,
    options: ProjectionOptions = ProjectionOptions()
  ) throws(ConsumerError) -> RunningProjection<State> {
    let fold = ProjectionFold(raw: projection)
    let running = RunningProjection(State.name, self, projection, fold, options)
    try running.start()
    return running
  }
}
