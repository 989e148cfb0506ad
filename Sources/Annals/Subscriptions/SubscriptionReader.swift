/// What a subscription begins with.
struct SubscriptionSource<Content: Sendable>: Sendable {
  var store: EventStore
  var request: SubscriptionRequest
  var countMax = 256
  /// Makes of an event what the subscription gives.
  var make: @Sendable (borrowing EventView) throws(StoreError) -> Content

  init(
    store: EventStore,
    request: SubscriptionRequest,
    make: @escaping @Sendable (borrowing EventView) throws(StoreError) -> Content
  ) {
    self.store = store
    self.request = request
    self.make = make
  }

  func makeReader() -> SubscriptionReader<Content> { SubscriptionReader(self) }
}

/// Reads the batches of one subscription.
///
/// A class, so that it can work on the store's reading thread while the task waits; used by one
/// task at a time, as every iterator.
final class SubscriptionReader<Content: Sendable>: @unchecked Sendable {
  // Checked how: the task that iterates waits while the reading thread works.
  private let source: SubscriptionSource<Content>
  private let store: EventStore
  private let request: SubscriptionRequest
  private var position: Position
  /// Of the aggregate that is followed, if one is.
  private var version = Version.none
  private var hasCaughtUp = false
  private var isOver = false
  /// The nudges of which whoever reads has been told.
  private var nudges: UInt64

  /// How many positions are looked at between two checkpoints of a filtered subscription.
  private static var windowMax: UInt64 { 1 << 16 }

  init(_ source: SubscriptionSource<Content>) {
    self.source = source
    store = source.store
    request = source.request
    position = request.after
    nudges = source.store.watcher.nudges
  }

  /// The next batch; nil at the end.
  func next() async throws(StoreError) -> SubscriptionBatch<Content>? {
    while !isOver {
      if Task.isCancelled { return end() }
      let head = store.log.head(request.visibility)
      if head > position {
        do throws(StoreError) {
          return try await read(through: head).get()
        } catch {
          isOver = true
          throw error
        }
      }
      if !hasCaughtUp {
        hasCaughtUp = true
        return SubscriptionBatch(through: position, isCaughtUp: true)
      }
      guard request.isLive else { return end() }
      let known = request.returnsWhenNudged ? nudges : nil
      switch await store.watcher.wait(beyond: position, request.visibility, since: known) {
      case .moved: continue
      case .nudged:
        nudges = store.watcher.nudges
        if request.returnsWhenNudged { return SubscriptionBatch(through: position) }
      case .cancelled, .closed: return end()
      case .failed(let error):
        isOver = true
        throw .log(error)
      }
    }
    return nil
  }

  private func end() -> SubscriptionBatch<Content>? {
    isOver = true
    return nil
  }

  /// Reads on the reading thread, unless what is to be read was just written.
  private func read(
    through head: Position
  ) async -> Result<SubscriptionBatch<Content>, StoreError> {
    if store.log.isRecent(position) { return readNow(through: head) }
    return await store.readers.perform { self.readNow(through: head) }
  }

  private func readNow(
    through head: Position
  ) -> Result<SubscriptionBatch<Content>, StoreError> {
    var batch = SubscriptionBatch<Content>(through: head)
    do throws(StoreError) {
      if let aggregate = request.aggregate, request.damage == .fail {
        try readVersions(of: aggregate, into: &batch)
      } else {
        try readWindow(into: &batch)
      }
    } catch {
      guard case .log(.corrupt(let corruption)) = error, request.damage == .reportGaps,
        let lost = corruption.positions, lost.last > position
      else { return .failure(error) }
      batch.through = lost.last
      batch.gap = SubscriptionGap(
        positions: PositionRange(max(lost.first, Position(position.rawValue + 1)), lost.last),
        reason: .corrupt(corruption)
      )
    }
    position = batch.through
    return .success(batch)
  }

  /// Reads what a range of positions has of what is asked for.
  private func readWindow(into batch: inout SubscriptionBatch<Content>) throws(StoreError) {
    var read = ReadRequest.matching(request.query, after: position)
    if batch.through.rawValue - position.rawValue > Self.windowMax {
      batch.through = Position(position.rawValue + Self.windowMax)
    }
    read.category = request.category
    read.until = batch.through.rawValue
    read.hidesRedacted = request.hidesRedacted
    read.visibility = request.visibility
    let wanted = request.aggregate.map { Array($0.text.utf8) }
    try collect(read, into: &batch) { event in
      guard let wanted else { return true }
      return event.aggregateBytes.equals(wanted.span)
    }
  }

  /// Reads the events of one aggregate by its index.
  private func readVersions(
    of aggregate: AggregateID,
    into batch: inout SubscriptionBatch<Content>
  ) throws(StoreError) {
    var read = ReadRequest.aggregate(aggregate, after: version)
    read.query = request.query
    read.hidesRedacted = request.hidesRedacted
    read.visibility = request.visibility
    let (after, through) = (position, batch.through)
    try collect(read, into: &batch) { event in
      if event.position > through { return nil }
      version = event.version
      return event.position > after
    }
  }

  /// Takes the events that `isWanted`; ends where that is nil, or the batch is full.
  private func collect(
    _ read: ReadRequest,
    into batch: inout SubscriptionBatch<Content>,
    _ isWanted: (borrowing EventView) -> Bool?
  ) throws(StoreError) {
    do {
      var cursor = try store.log.cursor(read)
      while let event = try cursor.next() {
        guard let isWanted = isWanted(event) else { return }
        if !isWanted { continue }
        batch.events.append(try source.make(event))
        if batch.events.count == source.countMax {
          batch.through = event.position
          return
        }
      }
    } catch let error as LogError {
      throw .log(error)
    } catch let error as StoreError {
      throw error
    } catch {
      preconditionFailure("reading throws nothing else")
    }
  }
}

extension EventLog {
  /// Whether what follows `position` stands in the segment being written, so that reading it will
  /// hardly wait for the disk.
  package func isRecent(_ position: Position) -> Bool {
    guard let last = core.currentView.segments.last else { return true }
    return position.rawValue + 1 >= last.base.position
  }
}
