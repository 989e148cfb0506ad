/// An event store: Swift values over an `EventLog`.
///
/// One writer and any number of readers, in one process or several. Safe to use from any thread
/// and any task. What blocks has an `async` twin that does not.
///
/// ```swift
/// let store = try EventStore(at: "/var/lib/shop")
/// try store.append([OrderEvent.placed(total: 42)], to: "order-7", expecting: .absent)
/// let order = try store.load(Order.self, "order-7")
/// ```
public final class EventStore: Sendable {
  /// The log below: bytes, order, durability.
  public let log: EventLog
  /// How the store was opened.
  public let options: StoreOptions
  package let registry = EventRegistry()
  package let batches = BatchPool()
  package let kinds = AggregateKinds()
  package let cache: AggregateCache
  package let gate = ExecutionGate()
  package let consumers: Consumers
  package let keeper: SnapshotKeeper
  package let monitor: StoreMonitor
  package let codecs: [any EventCodec]
  /// The codec of what only this library reads: the states of snapshots and projections.
  package let stateCodec: any EventCodec = .cbor
  /// Wakes tasks that wait for events.
  package let watcher: HeadWatcher
  /// Reads what may have to come from the disk.
  package let readers = WorkThread(name: "annals-read")

  /// Opens the store in the directory at `path`, making it if there is none.
  ///
  /// Recovery happens here; `log.recovery` tells what was found and done. Costs the number of
  /// segments and the tail written since the last proper close, not the number of events.
  ///
  /// - Parameter events: Event types to check now. Types that are not named here are checked when
  ///   they are first used.
  /// - Throws: `.log` as `EventLog.init` does; `.schema` if two types store events of one name.
  public init(
    at path: String,
    events: [any Event.Type] = [],
    options: StoreOptions = StoreOptions()
  ) throws(StoreError) {
    let monitor = StoreMonitor(options.logger, path: path)
    var options = options
    options.log.observe = { monitor.note($0) }
    self.options = options
    self.monitor = monitor
    let logOptions = options.log
    log = try liftingLog { () throws(LogError) in try EventLog(at: path, options: logOptions) }
    monitor.noteOpened(log)
    watcher = HeadWatcher(log)
    let consumers = Consumers(log)
    self.consumers = consumers
    log.compaction?.setForgetStates { [weak consumers] position throws(LogError) in
      try consumers?.forgetStates(from: position)
      return consumers != nil
    }
    keeper = SnapshotKeeper(log, monitor)
    cache = AggregateCache(byteCountMax: options.cacheBytes)
    var codecs = [options.codec]
    let others: [any EventCodec] = [.json, .cbor] + options.codecs
    for codec in others where !codecs.contains(where: { $0.name == codec.name }) {
      codecs.append(codec)
    }
    self.codecs = codecs
    for type in events { try register(type) }
  }

  deinit {
    end()
  }

  private func register<Value: Event>(_ type: Value.Type) throws(StoreError) {
    if type.schema.parts.isEmpty {
      _ = try registry.table(writing: type)
    } else {
      _ = try registry.table(reading: type)
    }
  }

  /// The position of the last event that readers see; 0 in an empty store.
  public var head: Position { log.head() }

  /// A reader of events as values of `Value`.
  package func reader<Value: Event>(
    of type: Value.Type
  ) throws(StoreError) -> EventReader<Value> {
    EventReader(try registry.table(reading: type), codecs: codecs)
  }

  /// Ends what runs on the store, makes everything durable and gives the store up.
  ///
  /// - Throws: as `EventLog.close` does; refused from within a compaction, and from within what a
  ///   projection or a read model is handed, nothing has ended.
  public func close() throws(StoreError) {
    try liftingLog { () throws(LogError) in
      try log.checkMayClose()
      try consumers.checkNotHanding()
    }
    end()
    try liftingLog { () throws(LogError) in try log.close() }
    monitor.noteClosed(log)
  }

  /// Ends the threads, and with them what waits for them.
  private func end() {
    consumers.stopAll()
    keeper.end()
    watcher.end()
    readers.end()
    // A task that is cancelled may still have come to keep something by itself.
    consumers.close()
  }
}
