/// One element of a subscription.
public enum SubscriptionItem<Content: Sendable>: Sendable {
  /// An event, in the order of the log; each once.
  case event(Content)
  /// There is nothing more now: from here on events come as they are appended.
  case caughtUp(Position)
  /// Everything up to here has been looked at and nothing of it was asked for; a place to begin
  /// behind next time, also where hardly any event is.
  case checkpoint(Position)
  /// Events that cannot be given, and why.
  case gap(PositionRange, GapReason)
}

/// Why events are missing from a subscription.
@nonexhaustive
public enum GapReason: Hashable, Sendable {
  /// Their bytes are damaged.
  case corrupt(Corruption)
}

/// Events as they come: first those that are there, then those that are appended, none missed and
/// none twice.
///
/// Pulled by its reader, so a slow one holds nobody up; ends when its task is cancelled or the
/// store is closed. Reading what is not in memory happens on a thread of the store's own.
/// A suspension per event caps the rate at some millions a second; `batches()` avoids it.
public struct Subscription<Content: Sendable>: AsyncSequence, Sendable {
  /// Events and what is to be known between them.
  public typealias Element = SubscriptionItem<Content>
  /// What ends it: damage, a failing disk.
  public typealias Failure = StoreError
  private let source: SubscriptionSource<Content>

  init(_ source: SubscriptionSource<Content>) {
    self.source = source
  }

  /// The same in batches of up to `countMax` events.
  public func batches(of countMax: Int = 1024) -> SubscriptionBatches<Content> {
    var source = source
    source.countMax = Swift.max(1, countMax)
    return SubscriptionBatches(source)
  }

  /// A reader of its own, from the place the subscription begins at.
  public func makeAsyncIterator() -> Iterator {
    Iterator(batches: source.makeReader())
  }

  /// Gives the elements one by one.
  public struct Iterator: AsyncIteratorProtocol {
    private let batches: SubscriptionReader<Content>
    private var batch: SubscriptionBatch<Content>?
    private var index = 0

    init(batches: SubscriptionReader<Content>) {
      self.batches = batches
    }

    /// The next element; nil when the task is cancelled or the store is closed.
    public mutating func next(
      isolation actor: isolated (any Actor)? = #isolation
    ) async throws(StoreError) -> SubscriptionItem<Content>? {
      while true {
        if let batch {
          if index < batch.events.count {
            index += 1
            return .event(batch.events[index - 1])
          }
          self.batch = nil
          if let gap = batch.gap { return .gap(gap.positions, gap.reason) }
          if batch.isCaughtUp { return .caughtUp(batch.through) }
          if batch.events.isEmpty { return .checkpoint(batch.through) }
        }
        guard let next = try await batches.next() else { return nil }
        batch = next
        index = 0
      }
    }
  }
}

/// A subscription's events in batches: one suspension for many.
public struct SubscriptionBatches<Content: Sendable>: AsyncSequence, Sendable {
  /// Some events, and how far they reach.
  public typealias Element = SubscriptionBatch<Content>
  /// What ends it.
  public typealias Failure = StoreError
  private let source: SubscriptionSource<Content>

  init(_ source: SubscriptionSource<Content>) {
    self.source = source
  }

  /// A reader of its own, from the place the subscription begins at.
  public func makeAsyncIterator() -> Iterator {
    Iterator(reader: source.makeReader())
  }

  /// Gives the batches one by one.
  public struct Iterator: AsyncIteratorProtocol {
    private let reader: SubscriptionReader<Content>

    init(reader: SubscriptionReader<Content>) {
      self.reader = reader
    }

    /// The next batch; nil when the task is cancelled or the store is closed.
    public mutating func next(
      isolation actor: isolated (any Actor)? = #isolation
    ) async throws(StoreError) -> SubscriptionBatch<Content>? {
      try await reader.next()
    }
  }
}

/// Some events of a subscription, and how far they reach.
public struct SubscriptionBatch<Content: Sendable>: Sendable {
  /// The events, in the order of the log; none if nothing of what was looked at was asked for.
  public var events: [Content] = []
  /// Everything up to here has been given or was not asked for.
  public var through: Position
  /// Whether this was the end of the log for the first time.
  public var isCaughtUp = false
  /// Events behind those of the batch that cannot be given.
  public var gap: SubscriptionGap?
}

/// Events of a subscription that cannot be given.
public struct SubscriptionGap: Hashable, Sendable {
  /// Which.
  public let positions: PositionRange
  /// Why.
  public let reason: GapReason
}
