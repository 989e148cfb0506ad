public import Logging

/// How an event store is opened.
public struct StoreOptions: Sendable {
  /// How the log below is opened: access, durability, sizes, limits.
  public var log = LogOptions()

  // MARK: Events

  /// The codec of events and states that are written.
  ///
  /// The default is `.json`. What was written in another of `codecs` stays readable.
  public var codec: any EventCodec = .json
  /// Further codecs that payloads may be in, besides JSON and CBOR.
  public var codecs: [any EventCodec] = []
  /// Makes the ids of events; nil gives them none, which saves 16 bytes an event.
  public var makeEventID: (@Sendable () -> EventID)?

  // MARK: Aggregates

  /// The most bytes that cached states may take, by their own count (`Aggregate.cachedByteCount`).
  ///
  /// The default is 64 MiB; 0 caches nothing.
  public var cacheBytes = 64 << 20
  /// How often `execute` decides again after a conflict, before it gives up.
  ///
  /// The default is 10. Executions in this process wait for each other and do not conflict; this
  /// is for plain appends between them.
  public var retriesMax = 10

  // MARK: Operation

  /// Told of openings, recoveries, seals, consumers and failures; never of single events.
  ///
  /// The default is none. Figures go to swift-metrics, wherever the program sends them: timers
  /// `annals.open.seconds`, counters `annals.segments.sealed`, `annals.consumers.failed`,
  /// `annals.writer.failed`, `annals.snapshots.kept`, `annals.snapshots.dropped`,
  /// `annals.snapshots.failed` and `annals.snapshots.ignored` by `reason`, and gauges
  /// `annals.consumer.lag`.
  ///
  /// Whoever writes is at work while it is told: its handler must not call the store.
  public var logger: Logger?

  /// The defaults.
  public init() {}
}
