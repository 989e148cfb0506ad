/// The appends that will share one frame, one write and one sync.
///
/// Filled under the writer's lock, encoded and written by whoever leads the commit, then reused:
/// in the steady state nothing is allocated.
@safe
package final class CommitGroup {
  /// One event.
  package struct Event: BitwiseCopyable {
    package var aggregate: UInt32
    package var versionOffset: UInt32
    package var type: UInt32
    package var payloadCount: UInt32
    /// The row of `extras`, or -1.
    package var extras: Int32
    package var time: Int64
  }

  /// One aggregate of the group.
  package struct Aggregate: BitwiseCopyable {
    package var hash: KeyHash
    package var idOffset: UInt32
    package var idCount: UInt32
    package var firstVersion: UInt64
  }

  /// One idempotency key.
  package struct Key: BitwiseCopyable {
    package var append: UInt32
    package var offset: UInt32
    package var count: UInt32
    package var digest: KeyHash
    package var sequence: UInt64
    package var time: Int64
  }

  /// What to put back into the index if the group fails, beyond its events.
  package struct ExtraUndo: BitwiseCopyable {
    package var hash: KeyHash
    package var version: UInt64
  }

  /// Counts up with every group; tells waiters which one they wait for.
  package var number: UInt64 = 0
  package var events: [Event] = []
  package var aggregates: [Aggregate] = []
  package var appendCounts: [UInt32] = []
  package var extras: [EventBatch.Extras] = []
  package var tags: [EventBatch.Tag] = []
  package var keys: [Key] = []
  package var extraUndo: [ExtraUndo] = []
  package var ids = ByteBuffer(capacity: 4096)
  package var texts = ByteBuffer(capacity: 256)
  package var payloads = ByteBuffer(capacity: 64 << 10)
  package var firstPosition: UInt64 = 0
  package var firstOrdinal = 0
  package var needsSync = false
  /// An upper bound of the frame's bytes.
  package var encodedBytesMax = 0
  /// How many types the store has with this group; those the log does not hold yet go with it.
  package var typeCount = 0

  // Waiting: guarded by the writer's lock as all else here.
  package let settled: Condition
  package var blockingWaiters = 0
  package var tasks: [UnsafeContinuation<GroupOutcome, Never>] = unsafe []

  /// A group whose waiters wait under `lock`.
  package init(_ lock: Lock) {
    settled = Condition(lock)
  }

  /// Whether there is nothing to do for the group.
  package var isEmpty: Bool { events.isEmpty && !needsSync && keys.isEmpty }

  /// Forgets everything but the memory, and takes the next number.
  package func reset(number: UInt64) {
    self.number = number
    events.removeAll(keepingCapacity: true)
    aggregates.removeAll(keepingCapacity: true)
    appendCounts.removeAll(keepingCapacity: true)
    extras.removeAll(keepingCapacity: true)
    tags.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
    extraUndo.removeAll(keepingCapacity: true)
    unsafe tasks.removeAll(keepingCapacity: true)
    ids.removeAll()
    texts.removeAll()
    payloads.removeAll()
    firstPosition = 0
    firstOrdinal = 0
    needsSync = false
    encodedBytesMax = 0
    blockingWaiters = 0
    typeCount = 0
  }
}

/// How a commit group ended.
package enum GroupOutcome: Sendable {
  case committed
  case failed(LogError)
  /// A group before this one failed; nothing of this one was written. Ask again.
  case retry
}
