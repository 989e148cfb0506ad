/// The appends that will share one frame, one write and one sync.
///
/// Filled under the writer's lock, encoded and written by whoever leads the commit, then reused:
/// in the steady state nothing is allocated.
@safe
package final class CommitGroup {
  /// Counts up with every group; tells waiters which one they wait for.
  var number: UInt64 = 0
  let contentsCell = Cell(GroupContents())
  var needsSync = false
  /// An upper bound of the frame's bytes.
  var encodedBytesMax = 0
  /// How many of its events, the first ones, are in the staging file and were acknowledged.
  var stagedCount = 0
  /// The half of the staging file they are in.
  var stagedHalf = 0
  /// How many types the store has with this group; those the log does not hold yet go with it.
  var typeCount = 0

  // Waiting: guarded by the writer's lock as all else here.
  package let settled: Condition
  var blockingWaiters = 0
  /// How many of them sleep on `settled`.
  var sleepers = 0
  private let tasksCell = unsafe Cell<[UnsafeContinuation<GroupOutcome, Never>]>([])

  /// A group whose waiters wait under `lock`.
  package init(_ lock: Lock) {
    settled = Condition(lock)
  }

  /// The appends' events.
  var contents: GroupContents {
    @inline(__always) _read { yield contentsCell.value }
    @inline(__always) _modify { yield &contentsCell.value }
  }

  /// The tasks that wait for the group.
  var tasks: [UnsafeContinuation<GroupOutcome, Never>] {
    @inline(__always) _read { yield unsafe tasksCell.value }
    @inline(__always) _modify { yield unsafe &tasksCell.value }
  }

  /// Whether there is nothing to do for the group.
  ///
  /// Who only asked for versions waits for it, too: they may rest on the group before.
  var isEmpty: Bool {
    !needsSync && contents.events.isEmpty && contents.keys.isEmpty && !hasWaiters
  }

  /// Whether somebody waits for it to be committed; a group of staged events can wait.
  var isWanted: Bool { !isEmpty && (!isAllStaged || needsSync || hasWaiters) }

  private var hasWaiters: Bool { unsafe blockingWaiters > 0 || !tasks.isEmpty }

  /// Whether all its events are in the staging file, so that nothing of it can be lost to a kill.
  var isAllStaged: Bool { stagedCount == contents.events.count && contents.keys.isEmpty }

  /// Adds a lone event; see `GroupContents`.
  @inline(__always)
  func enter(
    lone batch: borrowing BatchContents,
    at position: UInt64,
    _ slot: Int,
    _ state: inout KeyIndex.State
  ) -> UInt64 {
    encodedBytesMax += batch.encodedBytesMax
    return contents.enter(lone: batch, at: position, slot, &state)
  }

  /// Forgets everything but the memory, and takes the next number.
  package func reset(number: UInt64) {
    self.number = number
    if unsafe !tasks.isEmpty { unsafe tasks.removeAll(keepingCapacity: true) }
    contents.removeAll()
    needsSync = false
    encodedBytesMax = 0
    blockingWaiters = 0
    typeCount = 0
    stagedCount = 0
  }
}

/// How a commit group ended.
package enum GroupOutcome: Sendable {
  case committed
  case failed(LogError)
  /// A group before this one failed; nothing of this one was written. Ask again.
  case retry
}
