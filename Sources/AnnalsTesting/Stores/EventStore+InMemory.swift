public import Annals
internal import AnnalsLog

extension EventStore {
  /// A store in memory: the same engine over a simulated disk of its own, gone with the value.
  public static func inMemory(
    options: StoreOptions = StoreOptions(),
    events: [any Event.Type] = []
  ) throws(StoreError) -> EventStore {
    var options = options
    options.log.fileSystem = SimulatedFileSystem()
    return try EventStore(at: "/store", events: events, options: options)
  }
}
