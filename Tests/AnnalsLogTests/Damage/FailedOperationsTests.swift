import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lets each call of what is done with whole stores fail: reading, verifying, copying, compacting.
///
/// Whatever fails says so by an error of the log, or does without; the store keeps all its events,
/// and what failed succeeds afterwards.
@Suite(.serialized) struct FailedOperationsTests {
  enum Work: String, CaseIterable {
    case verify, backup, backupAgain, restore, restorePart, restoreRewritten, fork, link, salvage
    case write, read, inspect, compact, snapshots, consumers, follow
  }

  private struct Store {
    let disk: SimulatedFileSystem
    let events: [RecordedEvent]
    let ends: [UInt64]
  }

  private static let store = Result { try make() }

  /// A store that holds all kinds of file, with a backup from before the last of it.
  private static func make() throws -> Store {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    var ends: [UInt64] = []
    for round in 0..<9 {
      ends += try CopyStory.append(log, 4, seed: UInt64(round + 1))
      try DamageStore.roll(log)
    }
    try log.retain(.truncate("account-2", before: 3))
    try log.retain(.delete(.aggregate("account-1")))
    var options = CompactionOptions()
    options.leastGarbage = 0.2
    _ = try log.compact(options)
    ends += try CopyStory.append(log, 3, seed: 40)
    _ = try log.snapshots.save(snapshot(log), of: "account-3")
    try ConsumerStore(log).save("bills", try log.record(20, [1, 2, 3]))
    try ConsumerStore(log).save("bills", try log.record(21, [1, 2, 3, 4]))
    try log.backup(to: CopyStory.backup)
    ends += try CopyStory.append(log, 3, seed: 41)
    let events = try log.read()
    try log.close()
    return Store(disk: disk, events: events, ends: ends)
  }

  private static func snapshot(_ log: EventLog) throws -> Snapshot {
    let event = try #require(try log.events(of: "account-3").last)
    return Snapshot(
      version: event.version.rawValue,
      position: event.position.rawValue,
      fingerprint: 7,
      state: [UInt8](repeating: 9, count: 300)
    )
  }

  // MARK: - The work

  private static func run(_ work: Work, _ disk: SimulatedFileSystem, _ store: Store) throws {
    let opening = CopyStory.options(disk)
    switch work {
    case .verify:
      _ = try StoreVerifier.verify(CopyStory.source, options: opening)
      _ = try StoreVerifier.verify(CopyStory.backup, options: opening)
    case .backup: try StoreCopier.backup(CopyStory.source, to: "/copy", opening: opening)
    case .backupAgain:
      try StoreCopier.backup(CopyStory.source, to: CopyStory.backup, opening: opening)
    case .restore: try StoreCopier.restore(CopyStory.backup, to: "/copy", opening: opening)
    case .restorePart:
      try StoreCopier.restore(
        CopyStory.source,
        to: "/copy",
        through: .position(Position(store.ends[store.ends.count - 3])),
        opening: opening
      )
    case .restoreRewritten:
      let end = CopyEnd.position(Position(store.events[store.events.count / 2].position.rawValue))
      do throws(LogError) {
        try StoreCopier.restore(CopyStory.source, to: "/copy", through: end, opening: opening)
      } catch {
        guard case .removedSince = error else { throw error }
      }
    case .fork:
      disk.canClone = true
      try StoreCopier.fork(CopyStory.source, to: "/copy", opening: opening)
    case .link:
      disk.canClone = false
      try StoreCopier.fork(CopyStory.source, to: "/copy", opening: opening)
    case .salvage: try StoreCopier.salvage(CopyStory.source, to: "/copy", opening: opening)
    case .write: try write(disk)
    case .read: try read(try CopyStory.open(disk, CopyStory.source))
    case .inspect: try inspect(try CopyStory.open(disk, CopyStory.source))
    case .compact:
      let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
      defer { log.abandon() }
      do throws(LogError) {
        try log.retain(.skip(store.events[3].position))
      } catch {
        guard case .refusedByRetention = error else { throw error }
      }
      var options = CompactionOptions()
      options.leastGarbage = 0
      _ = try log.compact(options)
      try log.close()
    case .snapshots: try useSnapshots(disk)
    case .consumers: try useConsumers(disk)
    case .follow: try follow(disk)
    }
  }

  private static func write(_ disk: SimulatedFileSystem) throws {
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    defer { log.abandon() }
    _ = try CopyStory.append(log, 3, seed: 77)
    try DamageStore.roll(log)
    _ = try CopyStory.append(log, 2, seed: 78)
    try read(log)
    try log.close()
  }

  private static func read(_ log: EventLog) throws {
    for isReversed in [false, true] {
      for var request in [
        ReadRequest.all(after: 30), .matching(Query(tags: ["vip"])), .aggregate("account-3"),
        .matching(Query(types: ["Paid"])),
      ] {
        request.isReversed = isReversed
        _ = try log.read(request)
      }
    }
    _ = try log.version(of: "account-7")
    _ = try log.status(of: "account-1")
  }

  private static func inspect(_ log: EventLog) throws {
    let inspector = LogInspector(log)
    let segments = inspector.segments
    for segment in segments { _ = inspector.frames(of: segment.id, limit: 100) }
    _ = (inspector.checkpoints, inspector.indexMemory, try log.planCompaction())
  }

  private static func useSnapshots(_ disk: SimulatedFileSystem) throws {
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    defer { log.abandon() }
    _ = log.snapshots.load("account-3", fingerprint: 7, through: log.head().rawValue)
    _ = try log.snapshots.save(snapshot(log), of: "account-3")
    try log.snapshots.forget("account-3")
    _ = try log.snapshots.save(snapshot(log), of: "account-3")
    try log.close()
  }

  private static func useConsumers(_ disk: SimulatedFileSystem) throws {
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    defer { log.abandon() }
    let consumers = ConsumerStore(log)
    _ = try consumers.load("bills")
    try consumers.save("bills", try log.record(22, [UInt8](repeating: 1, count: 9000)))
    try consumers.save("new", try log.record(22, [1]))
    _ = try consumers.list()
    try consumers.remove("bills")
    try log.close()
  }

  /// A reader that stands still while a writer appends, rolls and compacts; then it looks.
  private static func follow(_ disk: SimulatedFileSystem) throws {
    let faults = disk.withFaults { faults in
      let all = faults
      faults.clearFailures()
      return all
    }
    let reader = try CopyStory.open(disk, CopyStory.source)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    defer { log.abandon() }
    _ = try CopyStory.append(log, 3, seed: 77)
    try DamageStore.roll(log)
    try log.retain(.truncate("account-3", before: 3))
    _ = try CopyStory.append(log, 2, seed: 78)
    disk.withFaults { $0 = faults }
    _ = try reader.refresh()
    _ = try reader.read()
    var options = CompactionOptions()
    options.leastGarbage = 0
    disk.withFaults { $0.clearFailures() }
    _ = try log.compact(options)
    _ = try CopyStory.append(log, 2, seed: 79)
    disk.withFaults { $0 = faults }
    _ = try reader.refresh()
    _ = try reader.read()
  }

  // MARK: - The faults

  /// What calls of a kind can fail with.
  private static func errnos(_ kind: Operation.Kind) -> [CInt] {
    switch kind {
    case .link: [EIO, EXDEV]
    case .open, .openDirectory: [EIO, ENOENT, EACCES]
    case .write, .create, .makeDirectory, .allocate, .rename: [EIO, ENOSPC]
    default: [EIO]
    }
  }

  @Test(arguments: Work.allCases) func whatFailsSaysSoAndLosesNothing(work: Work) throws {
    let store = try Self.store.get()
    let traced = store.disk.killed()
    traced.withFaults { $0.isTracing = true }
    try Self.run(work, traced, store)
    let kinds = Set(traced.withFaults { $0.trace }.map(\.kind))
    var cases: [(Operation.Kind, Int, CInt)] = []
    for kind in kinds.sorted(by: { $0.rawValue < $1.rawValue }) {
      let count = traced.withFaults { $0.trace.count { $0.kind == kind } }
      for nth in 1...max(1, count) { cases += Self.errnos(kind).map { (kind, nth, $0) } }
    }
    var random = SplitMix64(seed: Proof.seed)
    let wanted = Proof.share(of: isExhaustive ? cases.count : 160)
    cases = Array(cases.shuffled(using: &random).prefix(wanted))
    var failureCount = 0
    for (kind, nth, errno) in cases {
      let fault = FaultPlan.Failure(errno, nth: nth, kinds: [kind])
      let complaint = try Self.complaint(work, store, fault)
      guard let complaint else { continue }
      failureCount += 1
      if failureCount < 8 {
        Issue.record("\(work): \(kind) \(nth) fails with \(errno): \(complaint)")
      }
    }
    print(Proof.line("failed-calls", cases.count, failures: failureCount))
  }

  @Test(arguments: Work.allCases) func whatCanNotBeReadIsToldAndLosesNothing(work: Work) throws {
    let store = try Self.store.get()
    let traced = store.disk.killed()
    traced.withFaults { $0.isTracing = true }
    try Self.run(work, traced, store)
    let files = Set(traced.withFaults { $0.trace }.map(\.file)).sorted()
    var cases: [FaultPlan.Failure] = []
    for file in files {
      for kinds in [[.read, .map], [.open, .openDirectory, .list]] as [Set<Operation.Kind>] {
        cases.append(FaultPlan.Failure(EIO, kinds: kinds, file: file, isSticky: true))
      }
    }
    var random = SplitMix64(seed: Proof.seed)
    let wanted = Proof.share(of: isExhaustive ? cases.count : 80)
    cases = Array(cases.shuffled(using: &random).prefix(wanted))
    var failureCount = 0
    for fault in cases {
      guard let complaint = try Self.complaint(work, store, fault) else { continue }
      failureCount += 1
      if failureCount < 8 { Issue.record("\(work): \(fault): \(complaint)") }
    }
    print(Proof.line("failed-calls", cases.count, failures: failureCount))
  }

  /// What is wrong after a fault; nil if all is well.
  private static func complaint(
    _ work: Work,
    _ store: Store,
    _ fault: FaultPlan.Failure
  ) throws -> String? {
    let disk = store.disk.killed()
    disk.withFaults { $0.fail(fault) }
    var hasSucceeded = true
    do {
      try run(work, disk, store)
    } catch {
      guard error is LogError else { return "\(error)" }
      hasSucceeded = false
    }
    // The process ends here, whatever it still held.
    let after = disk.killed()
    do {
      let report = try StoreVerifier.verify(CopyStory.source, options: CopyStory.options(after))
      guard report.isOK else { return "the store: \(report.problems)" }
      let log = try CopyStory.open(after, CopyStory.source)
      var request = ReadRequest.all()
      request.until = store.events.last?.position.rawValue ?? 0
      let found = try log.read(request)
      let isLess = work == .compact || work == .follow
      let expected = isLess ? store.events.filter { found.contains($0) } : store.events
      guard found == expected, found.count + 20 > store.events.count else {
        return "\(found.count) events of \(store.events.count)"
      }
      if hasSucceeded, work.makesCopy { return try copyComplaint(after, store) }
      do {
        try run(work, after, store)
      } catch LogError.occupied {
        // Only the last of it had failed: what was made is whole.
      }
      if work.makesCopy { return try copyComplaint(after, store) }
    } catch {
      return "afterwards: \(error)"
    }
    return nil
  }

  /// What is wrong with the copy; nil if it is whole and has nothing but what the store has.
  private static func copyComplaint(
    _ disk: SimulatedFileSystem,
    _ store: Store
  ) throws -> String? {
    let report = try StoreVerifier.verify("/copy", options: CopyStory.options(disk))
    guard report.isOK else { return "the copy: \(report.problems)" }
    let found = try CopyStory.open(disk, "/copy").read()
    let positions = Dictionary(uniqueKeysWithValues: store.events.map { ($0.position, $0) })
    // A salvage shows what was hidden by a rule that is lost.
    let strange = found.first { event in
      positions[event.position].map { $0 != event } ?? false
    }
    return strange.map { "the copy has \($0)" }
  }
}

extension FailedOperationsTests.Work {
  /// Whether a store is made at `/copy`, if it can be.
  fileprivate var makesCopy: Bool {
    switch self {
    case .backup, .restore, .restorePart, .fork, .link, .salvage: true
    default: false
    }
  }
}

extension EventLog {
  /// Lets the log do nothing more, not even at its end, as if its process had been killed.
  fileprivate func abandon() {
    guard let writer else { return }
    writer.lock.withLock { writer.poison = SystemError(.lock, file: "abandoned", errno: 0) }
    writer.directoryLock.release()
  }
}
