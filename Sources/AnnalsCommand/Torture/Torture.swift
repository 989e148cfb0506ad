internal import AnnalsLog

/// A run of `annals torture`: writers are killed, and what they acknowledged is looked for.
struct Torture {
  /// What came of it.
  struct Report {
    var behaviours: [TortureBehaviour] = []
    var syncMicroseconds = 0
    var kills = 0
    var stores = 0
    var acknowledged: UInt64 = 0
    /// Events that were acknowledged and found in the staging file.
    var stagedEvents = 0
    /// What was not as it must be, and where it can be looked at.
    var violation: String?
    var seed: UInt64 = 0
    var seconds = 0.0

    var isOK: Bool { violation == nil && behaviours.allSatisfy { $0.complaint == nil } }
  }

  /// No disk syncs faster: what answers sooner keeps the bytes in memory.
  static let leastSyncMicroseconds = 15

  let seed: UInt64
  let duration: Duration
  private(set) var report = Report()
  private var random: UInt64
  /// After so many events a new store is begun: checking reads all of it each time.
  private static let eventsMax: UInt64 = 20_000

  init(seed: UInt64, duration: Duration) {
    self.seed = seed
    self.duration = duration
    random = seed
    report.seed = seed
  }

  /// Tortures the file system of `directory`, which it leaves as it was, but for a store that is
  /// not as it must be.
  mutating func run(in directory: TemporaryDirectory, progress: (UInt64) -> Void) throws {
    let clock = ContinuousClock()
    let start = clock.now
    defer { report.seconds = (clock.now - start) / .seconds(1) }
    let root = try SystemFileSystem.shared.openDirectory(directory.path, create: false)
    report.behaviours = try TortureBehaviour.all(in: root)
    report.syncMicroseconds = try TortureBehaviour.syncMicroseconds(in: root)
    var path = ""
    var head = Self.eventsMax
    while clock.now - start < duration || report.kills == 0, !Interruption.isAsked {
      if head >= Self.eventsMax {
        if !path.isEmpty { TemporaryDirectory.removeAll(path) }
        report.stores += 1
        path = directory.path + "/store-\(report.stores)"
        head = 0
      }
      head = try killOnce(path, from: head)
      if report.violation != nil { return }
      progress(report.acknowledged)
    }
    if !path.isEmpty { TemporaryDirectory.removeAll(path) }
  }

  /// Lets a writer write for a while, kills it, and looks at what is there.
  ///
  /// - Returns: where the log ends.
  private mutating func killOnce(_ path: String, from head: UInt64) throws -> UInt64 {
    let workload = TortureWorkload(seed: seed &+ UInt64(report.stores))
    let child = try Child([TortureWriteCommand.name, path, "--seed", "\(workload.seed)"])
    SystemClock.sleep(nanoseconds: 2_000_000 + next() % 200_000_000)
    child.killNow()
    // The last line may be half of one; a whole one was acknowledged.
    let lines = try child.end()
    report.kills += 1
    let acknowledged = lines.compactMap { UInt64($0) }.last { workload.canEnd(at: $0, from: 0) }
    let least = max(head, acknowledged ?? 0)
    do throws(LogError) {
      var log = try EventLog(at: path, options: TortureWorkload.options(.readOnly))
      if log.head(.written).rawValue < least {
        // What was staged is taken up by who opens for writing.
        log = try EventLog(at: path, options: TortureWorkload.options(.readWrite))
        report.stagedEvents += log.recovery.stagedEvents
      }
      let complaint = try workload.complaint(about: log, acknowledged: least)
      if let complaint { report.violation = "\(path): \(complaint)" }
      if report.kills % 8 == 0 { try verify(path) }
      let end = log.head(.written).rawValue
      report.acknowledged += least - min(least, head)
      return end
    } catch {
      // It was killed before there was a store.
      if case .notAStore = error, least == 0 { return 0 }
      report.violation = "\(path): \(error.sentence)"
      return head
    }
  }

  private mutating func verify(_ path: String) throws(LogError) {
    let found = try StoreVerifier.verify(path)
    guard let problem = found.problems.first else { return }
    report.violation = "\(path): \(problem.file): \(problem.message)"
  }

  private mutating func next() -> UInt64 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return random >> 16
  }
}
