/// Staging: a `.written` append of one event is acknowledged once the event is in the staging file.
/// It stands in the open group as any other, and becomes part of the group's frame when that is
/// committed: because the half of the file is full, because somebody waits for the group, because a
/// reader wants to see it, or by the interval's sync.
///
/// After a kill the staged events must continue the log. So an event is staged only while
/// everything in front of it that is not framed yet is staged too.
extension Writer {
  /// Admits an append and stages its event, if that is all there is to it; nil, and nothing is
  /// changed, if it has to go the usual way.
  func stage(_ batch: EventBatch, _ attempt: AppendAttempt) -> Receipt? {
    guard attempt.durability == .written, staging.value != nil, batch.contents.isLone else {
      return nil
    }
    lock.lock()
    defer { lock.unlock() }
    let half = open.stagedCount > 0 ? open.stagedHalf : 1 - (committingStaged?.half ?? 1)
    guard canStage(batch.contents, in: half),
      let receipt = enterLone(batch.contents) ?? admitted(batch.contents, attempt)
    else { return nil }
    let event = open.contents.events.count - 1
    var time = open.contents.events[event].time
    if time == BatchContents.timeUnset {
      time = core.options.clock()
      open.contents.events[event].time = time
    }
    if open.stagedCount == 0 { open.stagedHalf = half }
    staging.value?.put(
      batch.contents,
      in: half,
      position: receipt.lastPosition.rawValue,
      version: receipt.version.rawValue,
      time: time
    )
    open.stagedCount += 1
    core.noteStaged(through: receipt.lastPosition.rawValue)
    return receipt
  }

  /// What `admit` does with a lone event of an aggregate that the index knows, and that has the
  /// version it is expected to have; nil, and nothing is changed, if there is more to ask.
  ///
  /// Under `lock`. Half the instructions: what an admission may have to tell is much larger than a
  /// receipt, and the tables that a batch of several needs are none here.
  private func enterLone(_ batch: borrowing BatchContents) -> Receipt? {
    guard acceptsAppends, offsetBound != .max, core.retention.record == 0,
      batch.condition == nil, hasRoom(batch)
    else { return nil }
    let position = nextPosition
    let version = index.withState { state -> UInt64? in
      noteLastFrame(&state)
      guard let slot = state.knownSlot(batch.aggregates[0].hash),
        batch.expectation(0).isSatisfied(by: Version(state.table[slot].version))
      else { return nil }
      return withOpen { $0.enter(lone: batch, at: position, slot, &state) }
    }
    guard let version else { return nil }
    nextPosition = position + 1
    return Receipt(
      firstPosition: Position(position),
      lastPosition: Position(position),
      version: Version(version),
      durability: .written,
      isRepeated: false
    )
  }

  private func admitted(
    _ batch: borrowing BatchContents,
    _ attempt: AppendAttempt
  ) -> Receipt? {
    guard case .admitted(let receipt) = admit(batch, attempt) else { return nil }
    return receipt
  }

  /// Under `lock`.
  private func canStage(_ batch: borrowing BatchContents, in half: Int) -> Bool {
    guard staging.value != nil, open.isAllStaged, committingStaged?.isAll ?? true,
      // A new name goes with a frame.
      core.types.count == typeCountInLog,
      // Who waits for events is to be woken by the frame.
      !core.signal.hasSleepers
    else { return false }
    if open.stagedCount == 0 { staging.value?.begin(half) }
    return staging.value?.hasRoom(batch.payloads.count + batch.ids.count, in: half) ?? false
  }

  /// Has what is staged framed, so that readers see it.
  ///
  /// Costs one load where nothing is staged. A failure poisons the writer; the events then stay
  /// staged for the next opening.
  package func frameStaged() {
    // In a forked child the lock may be held for ever, by a thread that is not there.
    if core.stagedThrough == 0 || !directoryLock.isHeldByProcess { return }
    lock.lock()
    defer { lock.unlock() }
    if poison != nil { return }
    let group = open.stagedCount > 0 ? open : committing
    guard let group, group.stagedCount > 0 else { return }
    group.blockingWaiters += 1
    _ = waitUntilSettled(group, group.number)
  }

  /// Makes what was staged unreadable on the disk as well; for compaction, which has erased events.
  package func eraseStaging() throws(LogError) {
    lock.lock()
    defer { lock.unlock() }
    while isCommitting || !open.isEmpty {
      try checkUsable()
      waitForRoom()
    }
    try staging.value?.erase()
  }
}
