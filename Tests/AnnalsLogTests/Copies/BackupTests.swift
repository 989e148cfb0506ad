import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct BackupTests {
  @discardableResult
  private static func backup(
    _ disk: SimulatedFileSystem,
    _ options: BackupOptions = BackupOptions()
  ) throws -> BackupReport {
    try StoreCopier.backup(
      CopyStory.source,
      to: CopyStory.backup,
      options: options,
      opening: CopyStory.options(disk)
    )
  }

  @Test(arguments: [false, true]) func aBackupIsTheStoreAndIsCarriedOn(canClone: Bool) throws {
    let disk = SimulatedFileSystem()
    disk.canClone = canClone
    let written = try CopyStory.make(disk)
    let first = try Self.backup(disk)
    #expect(first.events == UInt64(written.events.count))
    #expect(first.lastPosition.rawValue == written.ends.last)
    #expect(first.previousPosition == nil)
    #expect(first.segments == 3)
    #expect(try CopyStory.verified(disk, CopyStory.backup) == written.events)

    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    var head = first.lastPosition
    for round in 0..<4 {
      let ends = try CopyStory.append(log, 3, seed: UInt64(40 + round))
      if round == 1 { try DamageStore.roll(log) }
      let next = try Self.backup(disk)
      #expect(next.previousPosition == head)
      #expect(next.lastPosition.rawValue == ends.last)
      #expect(next.bytesCopied < first.bytes)
      head = next.lastPosition
      #expect(try CopyStory.verified(disk, CopyStory.backup) == log.read())
      #expect(next.events == UInt64(try log.read().count))
    }
    // Nothing new: nothing is copied.
    let last = try Self.backup(disk)
    #expect(last.bytesCopied + last.bytesShared == 0)
    try log.close()
  }

  @Test func linksAreMadeWhenAskedForAndNeverWritten() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk)
    var options = BackupOptions()
    options.links = true
    let report = try Self.backup(disk, options)
    #expect(report.bytesShared > report.bytesCopied)
    let before = try DiskImage(disk)
    let log = try CopyStory.open(disk, CopyStory.backup, .readWrite)
    _ = try CopyStory.append(log, 30, seed: 9)
    try log.close()
    let after = try DiskImage(disk)
    for name in before.segmentNames { #expect(before.files[name] == after.files[name]) }
    #expect(try CopyStory.verified(disk, CopyStory.source) == written.events)
    #expect(try CopyStory.verified(disk, CopyStory.backup).count > written.events.count)
  }

  @Test func anEmptyStoreHasABackup() throws {
    let disk = SimulatedFileSystem()
    try CopyStory.open(disk, CopyStory.source, .readWrite).close()
    let report = try Self.backup(disk)
    #expect(report.events == 0)
    #expect(try CopyStory.verified(disk, CopyStory.backup).isEmpty)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 3, seed: 1)
    #expect(try Self.backup(disk).lastPosition == log.head())
    #expect(try CopyStory.verified(disk, CopyStory.backup) == log.read())
    try log.close()
  }

  @Test func aDryRunTellsWhatWouldBeCopiedAndWritesNothing() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk)
    var options = BackupOptions()
    options.isDryRun = true
    let plan = try Self.backup(disk, options)
    #expect(plan.lastPosition.rawValue == written.ends.last)
    #expect(throws: LogError.notAStore(path: CopyStory.backup)) {
      try StoreVerifier.verify(CopyStory.backup, options: CopyStory.options(disk))
    }
    let first = try Self.backup(disk)
    #expect(plan.events == first.events)
    #expect(plan.bytesCopied == first.bytes)
    #expect(try Self.backup(disk, options).bytesCopied == 0)
  }

  @Test func onlyTheBackupOfTheSameHistoryIsCarriedOn() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk)
    _ = try Self.backup(disk)
    let options = CopyStory.options(disk)
    func mismatch(_ source: String, _ target: String) -> BackupMismatch? {
      let error = CopyStory.error {
        try StoreCopier.backup(source, to: target, opening: options)
      }
      return if case .backupMismatch(_, let reason)? = error { reason } else { nil }
    }
    // A restored store has left the history.
    try StoreCopier.restore(CopyStory.backup, to: "/restored", opening: options)
    #expect(mismatch("/restored", CopyStory.backup) == .anotherHistory)
    #expect(mismatch(CopyStory.source, "/restored") == .notABackup)
    let other = try CopyStory.open(disk, "/other", .readWrite)
    _ = try CopyStory.append(other, 2, seed: 1)
    try other.close()
    #expect(mismatch("/other", CopyStory.backup) == .anotherStore)
    let opened = try CopyStory.open(disk, CopyStory.backup, .readWrite)
    _ = try CopyStory.append(opened, 1, seed: 3)
    try opened.close()
    #expect(mismatch(CopyStory.source, CopyStory.backup) == .changed)
    // Nothing of that was in anybody's way.
    #expect(mismatch(CopyStory.source, "/second") == nil)
    // A backup of a backup is one, until the first goes on.
    #expect(mismatch("/second", "/third") == nil)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 1, seed: 4)
    try log.close()
    #expect(mismatch(CopyStory.source, "/second") == nil)
    #expect(mismatch("/third", "/second") == .ahead)
    // One that has lost its manifest is none.
    try disk.openDirectory("/second", create: false).remove(StoreFile.manifest)
    #expect(mismatch(CopyStory.source, "/second") == .notABackup)
  }

  @Test func aForeignDirectoryIsLeftAlone() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk)
    let root = try disk.openDirectory("/backup", create: true)
    _ = try root.openFile("letter.txt", .create)
    #expect(throws: LogError.occupied(path: "/backup")) { try Self.backup(disk) }
    #expect(throws: LogError.occupied(path: "/backup")) {
      try StoreCopier.restore("/store", to: "/backup", opening: CopyStory.options(disk))
    }
    #expect(throws: LogError.occupied(path: "/store")) {
      try StoreCopier.fork("/store", to: "/store", opening: CopyStory.options(disk))
    }
    #expect(throws: LogError.notAStore(path: "/nowhere")) {
      try StoreCopier.backup("/nowhere", to: "/fresh", opening: CopyStory.options(disk))
    }
    #expect(throws: (any Error).self) { try disk.openDirectory("/fresh", create: false) }
    #expect(try root.names().contains("letter.txt"))
  }

  @Test func damageIsFoundWhileCopying() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk)
    let image = try DiskImage(disk)
    var random = SplitMix64(seed: 5)
    var damaged = 0
    for name in image.segmentNames {
      let bytes = image.files[name] ?? []
      let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
      // Made ready, and not begun.
      if used == 1 { continue }
      // What stands in frames that are copied; the watermark at the tail is none.
      for _ in 0..<30 {
        let offset = Int.random(in: 0..<(used - 32), using: &random)
        let copy = try image.disk()
        try DiskImage.write([bytes[offset] ^ 0x10], at: offset, of: name, on: copy)
        let found = CopyStory.corruption { try Self.backup(copy) }
        #expect(found?.file == name, "\(name) at \(offset)")
        damaged += 1
        #expect(throws: (any Error).self) { try CopyStory.open(copy, CopyStory.backup) }
      }
    }
    #expect(damaged == 90)
  }

  // MARK: Crashes

  private static func crashOptions() -> CrashOptions {
    var options = Proof.crashOptions(states: 2000)
    options.exhaustiveMax = max(16, options.exhaustiveMax)
    return options
  }

  private struct Wrong: Error {
    var message: String
  }

  /// The backup is one of `allowed`, or a clear error; afterwards one can be made.
  private static func check(_ disk: SimulatedFileSystem, _ allowed: [[RecordedEvent]]) throws {
    let found: [RecordedEvent]
    do {
      found = try CopyStory.open(disk, CopyStory.backup).read()
      guard allowed.contains(found) else { throw Wrong(message: "\(found.count) events") }
      let report = try StoreVerifier.verify(CopyStory.backup, options: CopyStory.options(disk))
      guard report.isOK else { throw Wrong(message: "\(report.problems)") }
    } catch let error as LogError {
      switch error {
      case .notAStore where allowed.count == 1, .missingFile where allowed.count == 1: break
      default: throw error
      }
    }
    _ = try backup(disk)
    let report = try StoreVerifier.verify(CopyStory.backup, options: CopyStory.options(disk))
    guard report.isOK else { throw Wrong(message: "again: \(report.problems)") }
    guard try CopyStory.open(disk, CopyStory.backup).read() == allowed[0] else {
      throw Wrong(message: "the next backup is not the store")
    }
  }

  @Test func aCrashOfTheFirstBackupLeavesItOrNone() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 2)
    let explorer = CrashExplorer<Int>(options: Self.crashOptions(), start: disk.killed) {
      (disk, _) in
      _ = try Self.backup(disk)
    } check: { (disk, _, _) in
      try Self.check(disk, [written.events])
    }
    let report = try explorer.explore()
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
    #expect(report.failure == nil, "\(String(describing: report.failure))")
    #expect(report.stateCount > Proof.share(of: 200))
  }

  @Test func aCrashOfALaterBackupLeavesItOrTheOlder() throws {
    let disk = SimulatedFileSystem()
    let older = try CopyStory.make(disk, rounds: 2)
    _ = try Self.backup(disk)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 4, seed: 70)
    try DamageStore.roll(log)
    _ = try CopyStory.append(log, 4, seed: 71)
    let store = ConsumerStore(log)
    try store.save("orders", try log.record(20))
    let newer = try log.read()
    try log.close()
    let explorer = CrashExplorer<Int>(options: Self.crashOptions(), start: disk.killed) {
      (disk, _) in
      _ = try Self.backup(disk)
    } check: { (disk, _, _) in
      try Self.check(disk, [newer, older.events])
    }
    let report = try explorer.explore()
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
    #expect(report.failure == nil, "\(String(describing: report.failure))")
    #expect(report.stateCount > Proof.share(of: 200))
  }

  @Test func everyFailingCallIsAnErrorOrHarmless() throws {
    let disk = SimulatedFileSystem()
    let older = try CopyStory.make(disk, rounds: 2)
    _ = try Self.backup(disk)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 9, seed: 70)
    let newer = try log.read()
    try log.close()
    for kind in Operation.Kind.allCases {
      for nth in 1...40 where nth < 8 || nth % 8 == 0 {
        let copy = disk.killed()
        copy.withFaults { $0.fail(.init(5, nth: nth, kinds: [kind])) }
        let isDone = (try? Self.backup(copy)) != nil
        copy.withFaults { $0.clearFailures() }
        let found = try CopyStory.open(copy, CopyStory.backup).read()
        #expect(found == newer || !isDone && found == older.events, "\(kind) \(nth)")
        let report = try StoreVerifier.verify(CopyStory.backup, options: CopyStory.options(copy))
        #expect(report.isOK, "\(kind) \(nth): \(report.problems)")
      }
    }
  }
}
