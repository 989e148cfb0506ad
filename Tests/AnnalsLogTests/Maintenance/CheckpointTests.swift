import AnnalsLog
import AnnalsTesting
import Testing

/// Index checkpoints take about one entry a key, however often the keys come back.
@Suite struct CheckpointTests {
  private static let path = "/store"

  private func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readWrite
  ) -> LogOptions {
    var options = simulatedOptions(disk)
    options.access = access
    options.createsStore = access == .readWrite
    options.firstSegmentBytes = 256 << 10
    options.segmentBytes = 256 << 10
    options.writtenSyncMilliseconds = 0
    return options
  }

  /// Makes a store of as many segments as `keys` has ranges, each with one event of each of its
  /// keys.
  private func makeStore(_ disk: SimulatedFileSystem, _ keys: [Range<Int>]) throws -> EventLog {
    let log = try EventLog(at: Self.path, options: options(disk))
    let writer = try #require(log.writer)
    let batch = EventBatch()
    for range in keys {
      batch.removeAll()
      for key in range {
        try batch.add("Used", to: "key-\(key)".utf8Span.span, payload: [1].span)
      }
      try log.append(batch, durability: .written)
      writer.lock.lock()
      defer { writer.lock.unlock() }
      try writer.leadRoll(1).get()
    }
    return log
  }

  private func check(_ disk: SimulatedFileSystem, _ keys: [Range<Int>]) throws {
    let report = try StoreVerifier.verify(Self.path, options: options(disk.killed(), .readOnly))
    #expect(report.problems == [])
    let log = try EventLog(at: Self.path, options: options(disk.killed(), .readOnly))
    for key in [0, 1, 999, 2999] {
      let segments = keys.count { $0.contains(key) }
      #expect(try log.version(of: AggregateID("key-\(key)")) == Version(UInt64(segments)))
      #expect(try log.events(of: AggregateID("key-\(key)")).count == segments)
    }
    #expect(try log.version(of: "key-x") == .none)
  }

  @Test func checkpointsOfTheSameKeysAreMerged() throws {
    let disk = SimulatedFileSystem()
    let keys = Array(repeating: 0..<3000, count: 17)
    let log = try makeStore(disk, keys)
    let checkpoints = LogInspector(log).checkpoints
    #expect(checkpoints.map(\.keys) == [3000])
    #expect(checkpoints.map(\.lastSegment) == [16])
    let bytes = checkpoints.reduce(0) { $0 + $1.fileBytes }
    #expect(bytes <= 32 * 3000 + 4096)
    let root = try disk.openDirectory(Self.path, create: false)
    // What was merged is gone.
    #expect(try root.names().count { $0.hasPrefix("index-") } == 1)
    try check(disk, keys)
    try log.close()
    try check(disk, keys)
  }

  @Test func checkpointsOfDifferentKeysAreLeftAlone() throws {
    let disk = SimulatedFileSystem()
    let keys = (0..<16).map { $0 * 400..<($0 + 1) * 400 }
    let log = try makeStore(disk, keys)
    #expect(LogInspector(log).checkpoints.map(\.keys) == [3200, 3200])
    try check(disk, keys)
  }

  /// Only the newest ones that repeat each other, where that is enough.
  @Test func anOldCheckpointIsNotWrittenAgainForNothing() throws {
    let disk = SimulatedFileSystem()
    let old = (0..<8).map { $0 * 1200..<($0 + 1) * 1200 }
    let new = Array(repeating: 10_000..<12_500, count: 16)
    let log = try makeStore(disk, old + new)
    #expect(LogInspector(log).checkpoints.map(\.keys) == [2500, 9600])
    try check(disk, old + new)
  }

  /// A reader may find a checkpoint damaged while it is being merged.
  @Test func aTableThatWasReplacedMeanwhileIsNotReplacedAgain() throws {
    let disk = SimulatedFileSystem()
    let log = try makeStore(disk, Array(repeating: 0..<100, count: 9))
    let runs = log.core.currentView.directory.runs
    #expect(runs.count == 2)
    #expect(!log.core.replaceRuns(runs.reversed(), by: runs[0]))
    #expect(log.core.replaceRuns([runs[1]], by: runs[1]))
    #expect(log.core.currentView.directory.runs.count == 2)
  }
}
