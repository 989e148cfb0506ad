/// What a projection or a reactor is doing.
public struct ConsumerStatus: Sendable {
  /// What it is doing.
  public enum Phase: Sendable {
    /// Taking up its checkpoint.
    case starting
    /// Taking in what was there before it.
    case catchingUp
    /// Taking in events as they are appended.
    case live
    /// Ended on request; `start` takes it up again.
    case stopped
    /// Ended by an error, at the event behind `position`.
    case failed(ConsumerError)
  }

  /// The consumer.
  public let name: String
  /// What it is doing.
  public internal(set) var phase = Phase.starting
  /// Everything up to here is in its state, or done.
  public internal(set) var position = Position.start
  /// The position of the last event that readers see.
  public internal(set) var head = Position.start
  /// Up to here a restart need not do again.
  public internal(set) var savedThrough = Position.start
  /// The events it took in since it was started.
  public internal(set) var eventCount = 0
  /// The time it spent taking them in, in seconds.
  public internal(set) var seconds = 0.0
  /// Why it began at the start, if it had a checkpoint and could not use it.
  public internal(set) var restart: RestartReason?

  /// How many events it is behind the head.
  public var lag: UInt64 { head.rawValue - min(head, position).rawValue }
  /// Events a second, while it was not waiting.
  public var eventsPerSecond: Double { seconds > 0 ? Double(eventCount) / seconds : 0 }
}

/// Why a consumer began at the start although it had been run before.
@nonexhaustive
public enum RestartReason: Hashable, Sendable {
  /// The kept state is of another shape than the Swift type has now.
  case shapeChanged
  /// The kept state was folded by code of another declared `version`.
  case versionChanged
  /// The kept state was folded from what another query found, and there are events before its
  /// position that only one of the two finds.
  case queryChanged
  /// The kept state was damaged.
  case damaged
  /// The checkpoint was of another history, and a restart was asked for.
  case anotherHistory
}

/// Why a consumer ended, or could not do what it was asked.
@nonexhaustive
public enum ConsumerError: Error, Sendable {
  /// Its checkpoint stands on an event that this store's history does not have: the store was
  /// restored, or lost written events. Starting with `ForeignCheckpointPolicy.restart` mends it.
  case checkpointOfAnotherHistory(position: Position)
  /// Its checkpoint is beyond the end of the log; mended in the same way.
  case checkpointBeyondHead(position: Position, head: Position)
  /// The store failed, or an event cannot be read.
  case store(StoreError)
  /// The user's code, or the user's database, failed at an event.
  case handler(position: Position, any Error)
  /// The time was over before the position was reached.
  case timedOut(position: Position, reached: Position)
  /// It was stopped while somebody waited for it.
  case stopped
  /// The task that waited was cancelled.
  case cancelled
  /// A consumer of this name runs already in this store.
  case alreadyRunning(name: String)
  /// A consumer of another kind has kept how far it is under this name; that was not touched. Each
  /// consumer of a store needs a name of its own.
  case nameTaken(name: String, by: ConsumerKind)
}

/// What keeps a checkpoint in a store.
@nonexhaustive
public enum ConsumerKind: String, Hashable, Sendable {
  /// A `Projection` or `RawProjection`.
  case projection
  /// A `Reactor`.
  case reactor
  /// Something that this version does not run.
  case other
}

extension ConsumerError {
  /// Whether a checkpoint does not stand on this store's history.
  package var isForeignCheckpoint: Bool {
    switch self {
    case .checkpointOfAnotherHistory, .checkpointBeyondHead: true
    default: false
    }
  }
}
