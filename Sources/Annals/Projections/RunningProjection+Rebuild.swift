/// How far a rebuild is.
public struct RebuildProgress: Sendable {
  /// Everything up to here is in the new state.
  public let position: Position
  /// Where it will end, as far as is known now.
  public let head: Position
  /// Positions a second.
  public let positionsPerSecond: Double

  /// The part that is done, from 0 to 1.
  public var fraction: Double {
    head.rawValue == 0 ? 1 : Double(position.rawValue) / Double(head.rawValue)
  }
}

/// What a rebuild came to.
public struct RebuildReport: Sendable {
  /// Where old and new state were exchanged.
  public let position: Position
  /// The events folded.
  public let eventCount: Int
  /// How the new state differs from the old one at the same position; nil if that was not asked
  /// for, or the old one had failed before.
  public let differences: [StateDifference]?
}

extension RunningProjection {
  /// Folds everything again into a second state beside this one, and puts it in its place at the
  /// same position; readers see the old state until then.
  ///
  /// Also the remedy for a projection that failed, or whose checkpoint is of another history: it
  /// goes on behind the new state. One that was stopped, before or meanwhile, has the new state and
  /// stays stopped; `start` takes it up. A rebuild that was interrupted by the end of the process
  /// goes on where it last kept what it had, when it is asked for again by code of the same
  /// declared `version`.
  ///
  /// - Parameters:
  ///   - comparing: Whether to report how the new state differs from the old one.
  ///   - onProgress: Told now and then how far it is.
  /// - Throws: `.alreadyRunning` if another of its name was started since it ended; `.nameTaken`;
  ///   `.store` for an event that cannot be read, `.handler`. The old state stays then.
  @discardableResult
  public func rebuild(
    comparing: Bool = false,
    onProgress: @escaping @Sendable (RebuildProgress) -> Void = { _ in }
  ) async throws(ConsumerError) -> RebuildReport {
    // A thread of its own: a long rebuild must not hold up subscriptions.
    let worker = WorkThread(name: "annals-rebuild")
    let result = await worker.perform { () -> Result<RebuildReport?, ConsumerError> in
      do throws(ConsumerError) {
        return .success(try self.rebuildNow(isOwn: false, comparing, onProgress))
      } catch {
        return .failure(error)
      }
    }
    worker.end()
    guard let report = try result.get() else { throw .stopped }
    return report
  }

  private var shadowName: String { name + "~rebuild" }

  /// What an interrupted rebuild has kept.
  private func keptShadow() throws(ConsumerError) -> KeptConsumer? {
    do throws(ConsumerError) {
      return try store.consumers.load(shadowName, as: .projection)
    } catch {
      // Of no use is as good as none; only what is another's must not be written over.
      if case .nameTaken = error { throw error }
      return nil
    }
  }

  /// - Parameter isOwn: Whether nobody asked for it: then it ends with the projection.
  func rebuildNow(
    isOwn: Bool,
    _ comparing: Bool,
    _ onProgress: (RebuildProgress) -> Void
  ) throws(ConsumerError) -> RebuildReport? {
    guard try beginRebuild(isOwn: isOwn) else { return nil }
    defer { endRebuild() }
    try store.consumers.claim(shadowName)
    defer { store.consumers.release(shadowName) }
    let mark = store.consumers.erasureMark
    var (shadow, erasures) = lock.withLock { (fold.restarted(initial), self.erasures) }
    if !isOwn, let kept = try keptShadow(),
      kept.fingerprint == fingerprint,
      let found = decoded(kept),
      // Rebuilds follow changes of the code: it goes on only with what is known to be its own.
      shadow.version != 0,
      try shadow.reasonToRestart(found, through: kept.position, in: store) == nil,
      let mark, store.consumers.erasureMark == mark
    {
      shadow.state = found.state
      shadow.position = kept.position
    }
    var meter = RebuildMeter(shadow.position, options)
    while true {
      let (current, isEnded) = lock.withLock { (self.erasures, isOwn && isEnding) }
      if isEnded { return nil }
      if current != erasures {
        // It may hold what has been erased since it was begun.
        shadow = lock.withLock { fold.restarted(initial) }
        erasures = current
        meter = RebuildMeter(shadow.position, options)
      }
      let target = lock.withLock { max(fold.position, store.head) }
      if target.rawValue - min(shadow.position, target).rawValue <= Self.windowMax {
        if let report = try exchange(&shadow, erasures, isOwn: isOwn, comparing) { return report }
        continue
      }
      let until = Position(shadow.position.rawValue + Self.windowMax)
      try shadow.advance(through: until, in: store)
      onProgress(meter.progress(shadow.position, target))
      if meter.isSaveDue(shadow.position) {
        try keep(shadow, erasures, as: shadowName)
        meter.noteSaved(shadow.position)
      }
    }
  }

  /// Brings the shadow to where the state is and puts it there; nil if events were erased since it
  /// was begun.
  private func exchange(
    _ shadow: inout ProjectionFold<State>,
    _ erasures: Int,
    isOwn: Bool,
    _ comparing: Bool
  ) throws(ConsumerError) -> RebuildReport? {
    let isRunning = progress.current.isRunning
    var differences: [StateDifference]?
    let report = try lock.withLock { () throws(ConsumerError) -> RebuildReport? in
      if self.erasures != erasures { return nil }
      // What had failed may stand anywhere, even beyond this history's head: the head is the aim.
      let target = isRunning ? max(fold.position, shadow.position) : store.head
      if isRunning { try fold.advance(through: target, in: store) }
      try shadow.advance(through: target, in: store)
      if comparing, isRunning {
        differences = try StateDifference.between(fold.state, shadow.state)
      }
      let count = shadow.eventCount
      fold = shadow
      foldErasures = erasures
      // Before the thread goes on behind it.
      keptThrough = .start
      progress.update {
        $0.position = target
        $0.savedThrough = .start
        $0.restart = nil
      }
      return RebuildReport(position: target, eventCount: count, differences: differences)
    }
    guard let report else { return nil }
    if try keep(shadow, erasures, as: name) {
      // The thread may have kept more already.
      progress.update { $0.savedThrough = max($0.savedThrough, report.position) }
    }
    try store.consumers.remove(shadowName)
    // What had failed goes on; who stopped it did not ask for that.
    if !isRunning, !isOwn { _ = try launch() }
    return report
  }

  /// Keeps a fold; false if what it stands on is not durable yet, if the store was opened for
  /// reading, or if what it was folded from has been erased since.
  ///
  /// Does nothing, and is true, where more of the same was kept already.
  ///
  /// - Parameter erasures: how often it had been told of erasures when the fold was begun.
  @discardableResult
  package func keep(
    _ fold: ProjectionFold<State>,
    _ erasures: Int,
    as name: String
  ) throws(ConsumerError) -> Bool {
    keeping.lock()
    defer { keeping.unlock() }
    let isShadow = name != self.name
    let (isFree, kept) = lock.withLock { (self.erasures == erasures, keptThrough) }
    guard isFree else { return false }
    // What took its place has gone on meanwhile, and was kept.
    if !isShadow, fold.position < kept { return true }
    var bytes: [UInt8] = []
    do {
      let state = KeptProjection(
        version: fold.version,
        query: KeptQuery(fold.query),
        state: fold.state
      )
      try store.stateCodec.encode(state, into: &bytes)
    } catch {
      throw .handler(position: fold.position, error)
    }
    let consumer = KeptConsumer(position: fold.position, fingerprint: fingerprint, state: bytes)
    guard try store.consumers.save(name, consumer) else { return false }
    if !isShadow { lock.withLock { keptThrough = fold.position } }
    return true
  }
}

/// When a rebuild keeps what it has, and how fast it is.
private struct RebuildMeter {
  private let options: ProjectionOptions
  private let start = SystemClock.monotonicNanoseconds()
  private let first: Position
  private var saved: Position

  init(_ first: Position, _ options: ProjectionOptions) {
    self.first = first
    saved = first
    // A rebuild is repeated more cheaply than a state is kept: ten times less often.
    self.options = options
  }

  func isSaveDue(_ position: Position) -> Bool {
    (position.rawValue - saved.rawValue) / 10 >= UInt64(max(0, options.eventsPerCheckpoint))
  }

  mutating func noteSaved(_ position: Position) { saved = position }

  func progress(_ position: Position, _ head: Position) -> RebuildProgress {
    let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
    return RebuildProgress(
      position: position,
      head: max(head, position),
      positionsPerSecond: seconds > 0
        ? Double(position.rawValue - first.rawValue) / seconds : 0
    )
  }
}

extension ConsumerStatus {
  /// Whether its thread is at work.
  package var isRunning: Bool {
    switch phase {
    case .starting, .catchingUp, .live: true
    case .stopped, .failed: false
    }
  }
}
