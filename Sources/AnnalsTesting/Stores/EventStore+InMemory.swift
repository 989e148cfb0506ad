public import Annals
internal import AnnalsLog

extension EventStore {
  /// A store in memory: the same engine over a simulated disk of its own, gone with the value.
  ///
  /// - Parameters:
  ///   - options: As for a store on disk.
  ///   - events: Event types to check now.
  ///   - clock: Gives the events their times; nil takes the system's.
  public static func inMemory(
    options: StoreOptions = StoreOptions(),
    events: [any Event.Type] = [],
    clock: TestClock? = nil
  ) throws(StoreError) -> EventStore {
    try MemoryDisk().open(options: options, events: events, clock: clock)
  }
}

/// A disk in memory, for tests that open a store again.
public struct MemoryDisk: Sendable {
  private let fileSystem = SimulatedFileSystem()

  /// An empty disk.
  public init() {}

  /// Opens the disk's one store, making it if there is none; close the last one first.
  public func open(
    options: StoreOptions = StoreOptions(),
    events: [any Event.Type] = [],
    clock: TestClock? = nil
  ) throws(StoreError) -> EventStore {
    var options = options
    options.log.fileSystem = fileSystem
    if let clock { options.log.clock = { clock.now.microseconds } }
    return try EventStore(at: "/store", events: events, options: options)
  }
}
