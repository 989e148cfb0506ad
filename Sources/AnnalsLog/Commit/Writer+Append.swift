extension Writer {
  /// Appends and waits on the calling thread, which commits the group itself if nobody else does.
  package func append(
    _ batch: EventBatch,
    _ durability: Durability
  ) throws(LogError) -> Receipt {
    var attempt = try begin(batch, durability)
    if let receipt = stage(batch, attempt) { return receipt }
    while true {
      lock.lock()
      switch admit(batch.contents, attempt) {
      case .admitted(let receipt):
        let group = open
        group.blockingWaiters += 1
        let outcome = waitUntilSettled(group, group.number)
        lock.unlock()
        switch outcome {
        case .committed: return receipt
        case .failed(let error): throw error
        case .retry: continue
        }
      case .wait:
        waitForRoom()
        lock.unlock()
      case .roll(let byteCount):
        let result = leadRoll(byteCount)
        lock.unlock()
        try result.get()
      case let admission:
        lock.unlock()
        if let receipt = try advance(&attempt, batch, admission) { return receipt }
      }
    }
  }

  /// Appends without blocking the calling thread: the writer's own thread commits.
  package func appendAsync(
    _ batch: EventBatch,
    _ durability: Durability
  ) async throws(LogError) -> Receipt {
    var attempt = try begin(batch, durability)
    if let receipt = stage(batch, attempt) { return receipt }
    try startTaskThread()
    while true {
      var admission = Admission.wait
      let outcome = unsafe await withUnsafeContinuation {
        (task: UnsafeContinuation<GroupOutcome, Never>) in
        lock.lock()
        admission = admit(batch.contents, attempt)
        switch admission {
        case .admitted:
          unsafe open.tasks.append(task)
          if !isCommitting { taskLeader.signal() }
          lock.unlock()
        case .wait:
          unsafe roomTasks.append(task)
          if !isCommitting { taskLeader.signal() }
          lock.unlock()
        case .roll(let byteCount):
          rollBytesWanted = max(rollBytesWanted, byteCount)
          unsafe roomTasks.append(task)
          taskLeader.signal()
          lock.unlock()
        case .examineKey, .examineCondition, .refused:
          lock.unlock()
          unsafe task.resume(returning: .retry)
        }
      }
      switch (admission, outcome) {
      case (.admitted(let receipt), .committed): return receipt
      case (_, .failed(let error)): throw error
      case (.admitted, .retry), (.wait, _), (.roll, _): continue
      case (let admission, _):
        if let receipt = try advance(&attempt, batch, admission) { return receipt }
      }
    }
  }

  /// Makes everything written so far durable.
  package func sync() throws(LogError) {
    lock.lock()
    defer { lock.unlock() }
    try checkUsable()
    let group = open
    let number = group.number
    group.needsSync = true
    group.blockingWaiters += 1
    if case .failed(let error) = waitUntilSettled(group, number) { throw error }
  }

  private func begin(
    _ batch: EventBatch,
    _ durability: Durability
  ) throws(LogError) -> AppendAttempt {
    guard directoryLock.isHeldByProcess else {
      throw lock.withLock { isClosed } ? .closed : .locked(path: core.path)
    }
    try batch.contents.prepare(core.hasher)
    if !batch.contents.isNumbered(in: core.types.id) {
      try batch.contents.number(in: core.types)
    }
    return AppendAttempt(
      durability: durability,
      checkedThrough: batch.condition?.after.rawValue ?? 0
    )
  }

  /// Does what an admission asked for, without the lock; a receipt ends the append.
  private func advance(
    _ attempt: inout AppendAttempt,
    _ batch: EventBatch,
    _ admission: Admission
  ) throws(LogError) -> Receipt? {
    switch admission {
    case .refused(let error):
      throw error
    case .examineKey(let sequence):
      guard let receipt = try repeated(batch, sequence, attempt.durability) else {
        attempt.expiredKey = sequence
        return nil
      }
      return receipt
    case .examineCondition(let through):
      guard let condition = batch.condition else { return nil }
      let found = try core.firstMatch(
        condition.query,
        after: attempt.checkedThrough,
        through: through
      )
      if let found {
        throw .conditionFailed(ConditionConflict(after: condition.after, found: Position(found)))
      }
      attempt.checkedThrough = through
      return nil
    case .admitted, .wait, .roll:
      return nil
    }
  }

  /// The first receipt of a key used before; nil if that use is out of the window.
  private func repeated(
    _ batch: EventBatch,
    _ sequence: UInt64,
    _ durability: Durability
  ) throws(LogError) -> Receipt? {
    guard let key = batch.key, let hash = batch.contents.keyHash,
      let use = try core.findKey(hash, key, sequence: sequence)
    else { return nil }
    let window = KeyWindow(newest: lock.withLock { keySequence }, now: core.options.clock())
    if !window.holds(sequence: sequence, time: use.time) { return nil }
    guard use.digest == batch.contents.digest else {
      throw .keyReused(firstPosition: Position(use.firstPosition))
    }
    if durability == .durable, core.durableThrough < use.lastPosition { try sync() }
    let reached: Durability = core.durableThrough >= use.lastPosition ? .durable : .written
    var versions: [Version] = []
    for row in batch.contents.aggregates.indices {
      let id = AggregateID(batch.contents.idText(row))
      // An aggregate that was only expected, not appended to, has the version it has.
      var version = use.versions[id]
      if version == nil { version = try core.version(of: id.text.utf8Span.span, through: .max) }
      versions.append(Version(version ?? 0))
    }
    return Receipt(
      firstPosition: Position(use.firstPosition),
      lastPosition: Position(use.lastPosition),
      version: versions.first ?? .none,
      versions: versions.count > 1 ? versions : [],
      durability: reached,
      isRepeated: true
    )
  }

  /// Waits until a group has settled, or commits the open one.
  ///
  /// Under `lock`.
  func waitForRoom() {
    if !isCommitting {
      if !open.isEmpty { lead() }
      return
    }
    roomWaiters += 1
    room.wait()
    roomWaiters -= 1
  }
}

// MARK: The thread that commits for tasks

extension Writer {
  private func startTaskThread() throws(LogError) {
    try lock.withLock { () throws(LogError) in
      try checkUsable()
      if taskThread != nil { return }
      taskThread = try Thread(name: "annals-commit") { [unowned self] in serveTasks() }
    }
  }

  private func serveTasks() {
    lock.lock()
    defer { lock.unlock() }
    while !isClosed {
      if isCommitting {
        taskLeader.wait()
      } else if rollBytesWanted > 0 {
        let byteCount = rollBytesWanted
        rollBytesWanted = 0
        if case .failure(let error) = leadRoll(byteCount) { resumeRoomTasks(.failed(error)) }
        resumeRoomTasks(.retry)
      } else if unsafe open.isWanted || !open.isEmpty && !roomTasks.isEmpty {
        lead()
      } else if unsafe !roomTasks.isEmpty {
        resumeRoomTasks(.retry)
      } else {
        taskLeader.wait()
      }
    }
    resumeRoomTasks(.failed(.closed))
  }
}
