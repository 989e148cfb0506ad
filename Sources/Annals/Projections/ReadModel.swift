/// A read model in a database of the user's.
///
/// The contract: `apply` stores what the events mean *and* the position in one transaction of the
/// database, and `position` gives the position of the last transaction that was committed. Then
/// each event is in the read model exactly once, wherever process and machine stop. It is given
/// what is durable, whatever the store shows its readers: what a power cut can still take back
/// would stay in the database, and what comes in its place would never get there. All calls come
/// from one thread, which may block.
public protocol ReadModel: AnyObject, Sendable {
  /// The events it understands.
  associatedtype Event: Annals.Event

  /// The name its progress is shown under, another for each consumer of a store.
  var name: String { get }
  /// Which events it is made of.
  ///
  /// Only the database could tell whether it was made of those of another query: one that now finds
  /// events that are behind the checkpoint MUST be started with `resetting`, to get them.
  var query: Query { get }

  /// How far the database is, and on which history; nil for an empty one.
  func checkpoint() throws -> ReadModelCheckpoint?

  /// Takes in the events, and that everything up to the checkpoint is in: both or neither.
  ///
  /// With no events only the checkpoint moves.
  func apply(_ events: [TypedEvent<Event>], through checkpoint: ReadModelCheckpoint) throws

  /// Empties the database for a rebuild, checkpoint and all.
  func reset() throws
}

extension ReadModel {
  /// All events of the types that `Event` reads.
  public var query: Query { Query(types: Event.schema.readableTypes) }
}

/// How far a user's database is; to be stored with what it stands for.
public struct ReadModelCheckpoint: Hashable, Sendable, Codable {
  /// Everything up to here is in.
  public let position: Position
  /// The history the position belongs to, as text; compared, never read.
  public let history: String

  /// Creates a checkpoint from its facts, as they were stored.
  public init(position: Position, history: String) {
    self.position = position
    self.history = history
  }
}

/// A `ReadModel` at work: on a thread of its own it hands batches of events to the database.
public final class RunningReadModel<Model: ReadModel>: @unchecked Sendable {
  // Checked how: `position` is touched only by the thread, `isEnding` and `thread` under `lock`.
  /// The database.
  public let model: Model
  private let store: EventStore
  private let countMax: Int
  private let progress: ConsumerProgress
  private let lock = Lock()
  private var thread: Thread?
  private var isEnding = false
  private var position = Position.start

  init(_ model: Model, _ store: EventStore, countMax: Int) {
    self.model = model
    self.store = store
    self.countMax = max(1, countMax)
    progress = ConsumerProgress(name: model.name, store.monitor)
  }

  /// What it is doing, and how far it is.
  public var status: ConsumerStatus { progress.current }

  /// Its statuses from now on.
  public var statuses: AsyncStream<ConsumerStatus> { progress.statuses() }

  /// Waits until everything up to `position` is in the database.
  public func reached(
    _ position: Position,
    within duration: Duration
  ) async throws(ConsumerError) {
    try await progress.reached(position, within: duration)
  }

  /// Ends it; blocks until its last transaction is through.
  public func stop() {
    let running = lock.withLock { () -> Thread? in
      isEnding = true
      return thread
    }
    store.log.core.signal.wake()
    running?.join()
  }

  /// The position of the last event that it may be given.
  private var head: Position { store.log.head(.durable) }

  private var history: String { "\(store.log.core.historyID)" }

  func start(resetting: Bool) throws(ConsumerError) {
    try store.consumers.claim(model.name)
    store.consumers.noteRunning(model.name) { self.stop() }
    do throws(ConsumerError) {
      try takeUp(resetting)
      try lock.withLock { () throws(ConsumerError) in
        if isEnding { throw .store(.log(.closed)) }
        do throws(LogError) {
          thread = try Thread(name: "annals-model") { self.work() }
        } catch {
          throw .store(.log(error))
        }
      }
    } catch {
      store.consumers.release(model.name)
      throw error
    }
  }

  private func takeUp(_ resetting: Bool) throws(ConsumerError) {
    do {
      if resetting { try model.reset() }
      guard let checkpoint = try model.checkpoint() else { return }
      position = checkpoint.position
      guard checkpoint.history == history else {
        throw ConsumerError.checkpointOfAnotherHistory(position: position)
      }
      guard position <= head else {
        throw ConsumerError.checkpointBeyondHead(position: position, head: head)
      }
      progress.update {
        $0.position = checkpoint.position
        $0.savedThrough = checkpoint.position
      }
    } catch let error as ConsumerError {
      throw error
    } catch {
      throw .handler(position: .start, error)
    }
  }

  private func work() {
    var failure: ConsumerError?
    do throws(ConsumerError) {
      var reader = try read { () throws(StoreError) in try store.reader(of: Model.Event.self) }
      while !lock.withLock({ isEnding }) { try step(&reader) }
    } catch {
      failure = error
    }
    store.consumers.release(model.name)
    progress.update(isPhase: true) { $0.phase = failure.map { .failed($0) } ?? .stopped }
  }

  private func read<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(ConsumerError) -> Result {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .store(error)
    }
  }

  private func step(_ reader: inout EventReader<Model.Event>) throws(ConsumerError) {
    let head = head
    guard head > position else {
      progress.update(isPhase: !progress.current.isLive) {
        $0.head = head
        $0.phase = .live
      }
      let rest = min(progress.expire() ?? .max, 50_000_000)
      return try read { () throws(StoreError) in
        try liftingLog { () throws(LogError) in
          try store.log.waitForMove(
            durable: store.log.durableThrough,
            written: store.log.writtenThrough,
            milliseconds: Int(max(1, rest / 1_000_000))
          )
        }
      }
    }
    let start = SystemClock.monotonicNanoseconds()
    let (events, through) = try batch(&reader, head)
    do {
      try store.consumers.whileHanding {
        try model.apply(
          events,
          through: ReadModelCheckpoint(position: through, history: history)
        )
      }
    } catch {
      throw .handler(position: events.first?.record.position ?? through, error)
    }
    position = through
    progress.update {
      $0.position = through
      $0.savedThrough = through
      $0.head = head
      if !$0.isLive { $0.phase = .catchingUp }
      $0.eventCount += events.count
      $0.seconds += Double(SystemClock.monotonicNanoseconds() - start) / 1e9
    }
  }

  private func batch(
    _ reader: inout EventReader<Model.Event>,
    _ head: Position
  ) throws(ConsumerError) -> ([TypedEvent<Model.Event>], Position) {
    var request = ReadRequest.matching(model.query, after: position)
    let until = min(head.rawValue, position.rawValue + 65_536)
    request.until = until
    request.limit = countMax
    request.hidesRedacted = true
    var events: [TypedEvent<Model.Event>] = []
    do {
      var cursor = try store.log.cursor(request)
      while let event = try cursor.next() {
        events.append(TypedEvent(value: try reader.read(event), record: event.copy()))
      }
    } catch let error as LogError {
      throw .store(.log(error))
    } catch let error as EventError {
      throw .store(.event(error))
    } catch {
      preconditionFailure("reading throws nothing else")
    }
    if events.count == countMax, let last = events.last { return (events, last.record.position) }
    return (events, Position(until))
  }
}

extension ConsumerStatus {
  /// Whether it takes in events as they are appended.
  public var isLive: Bool {
    if case .live = phase { true } else { false }
  }
}

extension EventStore {
  /// Starts a read model in a database of the user's.
  ///
  /// - Parameters:
  ///   - model: The database.
  ///   - countMax: How many events it gets in one transaction at most.
  ///   - resetting: Empties it first: the remedy for a checkpoint of another history.
  /// - Throws: `.alreadyRunning`, `.checkpointOfAnotherHistory`, `.checkpointBeyondHead`,
  ///   `.handler` with what the database threw.
  public func start<Model: ReadModel>(
    _ model: Model,
    batchesOf countMax: Int = 1000,
    resetting: Bool = false
  ) throws(ConsumerError) -> RunningReadModel<Model> {
    let running = RunningReadModel(model, self, countMax: countMax)
    try running.start(resetting: resetting)
    return running
  }
}
