/// The only writer of a log: admits appends into groups, and has each group committed by one of
/// those who wait for it.
///
/// 1. All state below `lock` is touched only while it is held; I/O happens without it.
/// 2. `isCommitting` is true while somebody writes, syncs or rolls; only that one may touch `tail`,
///    `encoder` and `typeFile`.
/// 3. Groups settle in the order of their numbers; `open` has the highest.
/// 4. Positions, versions and index entries are given at admission and taken back if the group
///    fails; readers see none of it before the watermark passes.
@safe
package final class Writer: @unchecked Sendable {
  // Checked how: rules 1 and 2.
  package let core: LogCore
  let index: KeyIndex
  package let directoryLock: HeldLock
  package let lock = Lock()
  let room: Condition
  let taskLeader: Condition

  private let openCell: Cell<CommitGroup>
  private let idleGroups = Cell<[CommitGroup]>([])
  var isCommitting = false
  var committing: CommitGroup?
  /// An upper bound of the offset behind the group being committed; `.max` while a new segment is
  /// being begun.
  var offsetBound: Int
  /// What of `tail` admission needs, as of the last time nobody was committing.
  var segmentByteCount: Int
  var segmentBase: UInt64
  var typeCountInLog: Int
  var settledThrough: UInt64 = 0
  private let failures = Cell<[Failure]>([])
  var roomWaiters = 0
  private let roomTasksCell = unsafe Cell<[UnsafeContinuation<GroupOutcome, Never>]>([])
  /// What a task needs of a new segment, in bytes; 0: nobody waits for one.
  var rollBytesWanted = 0
  var nextPosition: UInt64
  /// The frame written last, which the index has not been told of.
  private var unnotedFrame: (ordinal: Int, offset: Int)?
  var keySequence: UInt64
  package var poison: SystemError? {
    didSet {
      acceptsAppends = poison == nil && !isClosed
      if oldValue == nil, let poison { core.options.observe?(.writerPoisoned(poison)) }
    }
  }
  var isClosed = false {
    didSet { acceptsAppends = poison == nil && !isClosed }
  }
  /// Whether it is neither poisoned nor closed: what each append asks, in one byte.
  private(set) var acceptsAppends = true
  /// The thread that is closing it.
  var closer: ThreadIdentity?
  var taskThread: Thread?
  let scratch = Cell(AdmissionScratch())

  /// Where single written events wait to be framed; nil where there is no such place.
  let staging = Cell<Staging?>(nil)
  /// Whether the group being committed, if there is one, was all staged, and in which half.
  var committingStaged: (isAll: Bool, half: Int)?

  private let tailCell: Cell<WriterTail>
  let encoder = Cell(FrameEncoder())
  package let writeBehind = WriteBehind()
  var typeFile: TypeFile
  var watermark = ByteBuffer(capacity: 64)
  package let maintenance: Maintenance
  package let control: ControlPage?

  /// A group that failed, kept until all its waiters know.
  package struct Failure {
    package var number: UInt64
    package var outcome: GroupOutcome
    package var waiters: Int
  }

  package init(
    core: LogCore,
    directoryLock: HeldLock,
    tail: WriterTail,
    typeFile: TypeFile,
    keySequence: UInt64,
    maintenance: Maintenance,
    control: ControlPage?
  ) {
    self.control = control
    self.core = core
    index = core.index
    self.directoryLock = directoryLock
    tailCell = Cell(tail)
    self.typeFile = typeFile
    self.keySequence = keySequence
    self.maintenance = maintenance
    nextPosition = tail.lastPosition + 1
    offsetBound = tail.offset
    segmentByteCount = tail.reservedBytes
    segmentBase = tail.segment.base.position
    typeCountInLog = tail.typeCount
    room = Condition(lock)
    taskLeader = Condition(lock)
    openCell = Cell(CommitGroup(lock))
    open.reset(number: 1)
  }

  /// The group that appends join.
  var open: CommitGroup {
    @inline(__always) _read { yield openCell.value }
    @inline(__always) _modify { yield &openCell.value }
  }

  /// What `change` makes of the group that appends join, without counting a reference to it.
  @inline(__always)
  func withOpen<Result>(_ change: (CommitGroup) -> Result) -> Result {
    openCell.withObject(change)
  }

  /// Where the next frame goes.
  var tail: WriterTail {
    @inline(__always) _read { yield tailCell.value }
    @inline(__always) _modify { yield &tailCell.value }
  }

  /// The tasks that wait for room.
  var roomTasks: [UnsafeContinuation<GroupOutcome, Never>] {
    @inline(__always) _read { yield unsafe roomTasksCell.value }
    @inline(__always) _modify { yield unsafe &roomTasksCell.value }
  }

  /// Fails if this writer may not write any more.
  ///
  /// Under `lock`.
  package func checkUsable() throws(LogError) {
    if acceptsAppends { return }
    if let poison { throw .writerPoisoned(poison) }
    throw .closed
  }
}

// MARK: Leading a commit

extension Writer {
  /// Commits the open group.
  ///
  /// Called, and returns, with `lock` held and nobody committing.
  package func lead() {
    isCommitting = true
    let group = takeOpenGroup()
    committing = group
    // What the leader changes is its own from here on: the rest of the group others look at.
    encoder.value.take(&group.contents)
    committingStaged = (group.isAllStaged, group.stagedHalf)
    offsetBound = tail.offset + group.encodedBytesMax + frameSlack(newTypes: core.types.count)
    lock.unlock()
    let result = commit(group)
    lock.lock()
    let (outcome, behind) = settle(group, result)
    // Not while others queue: whoever leads next would wait for it.
    var isQuiet = group.needsSync && open.isEmpty && poison == nil
    if case .failed = outcome { isQuiet = false }
    if unsafe isQuiet || behind != nil || !group.tasks.isEmpty {
      lock.unlock()
      resumeTasks(of: group, outcome)
      if let behind { resumeTasks(of: behind.group, behind.outcome) }
      if isQuiet { noteWatermark() }
      lock.lock()
    }
    finishCommitting()
    // The next leader first: the disk is idle until it runs. Then those who only return.
    wakeWaiters(of: group)
    idleGroups.value.append(group)
    if let behind {
      wakeWaiters(of: behind.group)
      idleGroups.value.append(behind.group)
    }
  }

  /// Wakes the threads that wait for a group which has settled.
  ///
  /// Called, and returns, with `lock` held, but gives it up meanwhile: they take it at once.
  private func wakeWaiters(of group: CommitGroup) {
    if group.sleepers == 0 { return }
    lock.unlock()
    group.settled.broadcast()
    lock.lock()
  }

  /// The most bytes that go with a frame beside it: header, and names of types not in the log yet.
  ///
  /// Under `lock`.
  package func frameSlack(newTypes count: Int) -> Int {
    256 + Segment.firstFrame + (count - typeCountInLog) * (Limits.typeBytesMax + 2)
  }

  /// Replaces the open group by an empty one.
  ///
  /// Under `lock`.
  private func takeOpenGroup() -> CommitGroup {
    let next = idleGroups.value.popLast() ?? CommitGroup(lock)
    let group = open
    next.reset(number: group.number + 1)
    open = next
    return group
  }

  /// Lets the next leader begin.
  ///
  /// Under `lock`.
  package func finishCommitting() {
    isCommitting = false
    committing = nil
    committingStaged = nil
    core.noteStaged(through: open.stagedCount > 0 ? nextPosition - 1 : 0)
    offsetBound = tail.offset
    segmentByteCount = tail.reservedBytes
    segmentBase = tail.segment.base.position
    typeCountInLog = tail.typeCount
    if roomWaiters > 0 { room.broadcast() }
    if open.isWanted {
      if open.blockingWaiters > 0 { open.settled.signal() } else { taskLeader.signal() }
    }
    if rollBytesWanted > 0 {
      taskLeader.signal()
    } else {
      resumeRoomTasks(.retry)
    }
  }

  /// Lets the tasks that found no room try again, or fail.
  ///
  /// Under `lock`.
  package func resumeRoomTasks(_ outcome: GroupOutcome) {
    if unsafe roomTasks.isEmpty { return }
    for index in unsafe roomTasks.indices {
      unsafe roomTasks[index].resume(returning: outcome)
    }
    unsafe roomTasks.removeAll(keepingCapacity: true)
  }

  /// Publishes what a group did, or takes it back.
  ///
  /// Under `lock`.
  ///
  /// - Returns: how the group ended, and the group behind it, if that had to end with it.
  private func settle(
    _ group: CommitGroup,
    _ result: Result<Int, CommitFailure>
  ) -> (GroupOutcome, behind: (group: CommitGroup, outcome: GroupOutcome)?) {
    settledThrough = group.number
    switch result {
    case .success(let frameOffset):
      if !group.contents.events.isEmpty {
        unnotedFrame = (group.contents.firstOrdinal, frameOffset)
      }
      core.publish(
        written: tail.lastPosition,
        durable: tail.isDirty ? core.durableThrough : tail.lastPosition
      )
      control?.publish(durable: core.durableThrough, written: core.writtenThrough)
      return (.committed, nil)
    case .failure(let failure):
      if case .diskFull(let cause) = failure.error { core.options.observe?(.diskFull(cause)) }
      // What was queued behind it counted on it: take that back first, and let it ask again.
      let behind = takeOpenGroup()
      // Staged events were acknowledged: they stay where they are, for the next opening.
      let isPoisoning = failure.isPoisoning || group.stagedCount + behind.stagedCount > 0
      if isPoisoning { poison = failure.cause }
      takeBack(behind)
      if !failure.isWritten { takeBack(group) }
      settledThrough = behind.number
      let outcome: GroupOutcome =
        isPoisoning ? .failed(.writerPoisoned(failure.cause)) : .retry
      noteFailure(behind, outcome)
      noteFailure(group, .failed(failure.error))
      return (.failed(failure.error), (behind, outcome))
    }
  }

  /// Tells the index where the frame written last begins, when it is looked at anyway.
  ///
  /// Until then the frame is found from the one before. Under `lock`.
  @inline(__always)
  func noteLastFrame(_ state: inout KeyIndex.State) {
    guard let frame = unnotedFrame else { return }
    unnotedFrame = nil
    state.chains[state.chains.count - 1].noteFrame(ordinal: frame.ordinal, offset: frame.offset)
  }

  private func noteFailure(_ group: CommitGroup, _ outcome: GroupOutcome) {
    if group.blockingWaiters == 0 { return }
    failures.value.append(
      Failure(number: group.number, outcome: outcome, waiters: group.blockingWaiters)
    )
  }

  /// Tells the tasks that wait for a group how it ended.
  ///
  /// Without `lock`.
  private func resumeTasks(of group: CommitGroup, _ outcome: GroupOutcome) {
    for index in unsafe group.tasks.indices {
      unsafe group.tasks[index].resume(returning: outcome)
    }
  }

  /// Waits until `group`, joined when it had `number`, has settled; leads it if nobody else does.
  ///
  /// Under `lock`.
  package func waitUntilSettled(_ group: CommitGroup, _ number: UInt64) -> GroupOutcome {
    while settledThrough < number {
      if isCommitting {
        group.sleepers += 1
        group.settled.wait()
        group.sleepers -= 1
      } else {
        lead()
      }
    }
    guard let index = failures.value.firstIndex(where: { $0.number == number }) else {
      return .committed
    }
    let outcome = failures.value[index].outcome
    failures.value[index].waiters -= 1
    if failures.value[index].waiters == 0 { failures.value.remove(at: index) }
    return outcome
  }
}
