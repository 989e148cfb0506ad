import AnnalsLog
import AnnalsTesting
import Testing

/// What the tests of the snapshots' log share.
enum SnapshotSamples {
  static func options(_ disk: SimulatedFileSystem) -> LogOptions {
    var options = simulatedOptions(disk)
    options.snapshotFileBytes = 64 << 10
    options.snapshotRewriteBytesMin = 16 << 10
    return options
  }

  /// A log with so many events of each of `aggregates` aggregates, in turn.
  static func log(
    _ disk: SimulatedFileSystem,
    aggregates: Int = 1,
    rounds: Int = 9,
    _ access: LogOptions.Access = .readWrite
  ) throws -> EventLog {
    var options = options(disk)
    options.access = access
    let log = try EventLog(at: "/store", options: options)
    while access == .readWrite, log.head().rawValue < UInt64(aggregates * rounds) {
      let batch = EventBatch()
      for number in 0..<aggregates {
        let event = NewEvent(type: "T", payload: [UInt8(truncatingIfNeeded: number)])
        try batch.add(event, to: AggregateID("a-\(number)"))
      }
      try log.append(batch)
    }
    return log
  }

  /// A snapshot of the aggregate at a version, in a log made as above.
  static func snapshot(
    _ number: Int = 0,
    version: UInt64,
    of aggregates: Int = 1,
    _ state: [UInt8]
  ) -> Snapshot {
    Snapshot(
      version: version,
      position: (version - 1) * UInt64(aggregates) + UInt64(number) + 1,
      fingerprint: 7,
      state: state
    )
  }

  /// A state as small ones are: much of it the same in all.
  static func small(_ number: Int, _ version: UInt64) -> [UInt8] {
    Array(
      """
      {"owner":"customer \(number)","currency":"EUR","limits":{"daily":100000,"monthly":\
      1000000},"flags":["verified","private"],"balance":\(number * 7919 + Int(version))}
      """.utf8
    )
  }

  static func load(_ log: EventLog, _ number: Int = 0) -> Snapshot? {
    log.snapshots.load(AggregateID("a-\(number)"), fingerprint: 7, through: log.head().rawValue)
  }

  static func save(_ log: EventLog, _ snapshot: Snapshot, _ number: Int = 0) throws {
    try log.snapshots.save(snapshot, of: AggregateID("a-\(number)"))
  }

  static func files(_ disk: SimulatedFileSystem) throws -> [String: [UInt8]] {
    let directory = try disk.openDirectory("/store/snapshots", create: false)
    var files: [String: [UInt8]] = [:]
    for name in try directory.names() {
      let file = try directory.openFile(name, .readOnly)
      files[name] = try file.read(try file.size(), at: 0)
    }
    return files
  }

  static func put(_ files: [String: [UInt8]], on disk: SimulatedFileSystem) throws {
    let root = try disk.openDirectory("/store", create: false)
    let directory = try root.openDirectory("snapshots", create: true)
    for name in try directory.names() { try directory.remove(name) }
    for (name, bytes) in files {
      try directory.openFile(name, .create).write(bytes, at: 0)
    }
  }

  static func verify(_ disk: SimulatedFileSystem) throws -> VerifyReport {
    try StoreVerifier.verify("/store", options: simulatedOptions(disk))
  }
}

@Suite struct SnapshotStoreTests {
  private typealias Samples = SnapshotSamples

  @Test func whatWasKeptLastIsLoaded() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk)
    #expect(Samples.load(log) == nil)
    let sizes = [0, 1, 100, 20_000, 50, 300_000, 10, 0, 5_000]
    for (index, size) in sizes.enumerated() {
      let state = index % 2 == 0 ? noise(size) : [UInt8](repeating: 5, count: size)
      let snapshot = Samples.snapshot(version: UInt64(index + 1), state)
      try Samples.save(log, snapshot)
      #expect(Samples.load(log) == snapshot)
      let reader = try Samples.log(disk, .readOnly)
      #expect(Samples.load(reader) == snapshot)
    }
    // One that is older, or as new, changes nothing.
    #expect(
      try !log.snapshots.save(Samples.snapshot(version: 3, [1]), of: "a-0")
    )
    #expect(Samples.load(log)?.version == 9)
    #expect(log.snapshots.counts.ignoredCount == 0)
    #expect(log.snapshots.counts.superseded == 1)
  }

  @Test func uncompressedOnesAreAsLargeAsTheirStatesAndReadByAnybody() throws {
    let disk = SimulatedFileSystem()
    let state = [UInt8](repeating: 7, count: 4096)
    var sizes: [Int] = []
    for (version, isCompressing) in [(1, false), (2, true), (3, false)] {
      let made = try Samples.log(disk)
      try made.close()
      var options = Samples.options(disk)
      options.compressesSnapshots = isCompressing
      let log = try EventLog(at: "/store", options: options)
      let snapshot = Samples.snapshot(version: UInt64(version), state)
      let before = log.snapshots.counts.savedStoredBytes
      try Samples.save(log, snapshot)
      sizes.append(log.snapshots.counts.savedStoredBytes - before)
      #expect(Samples.load(log) == snapshot)
      try log.close()
      let again = try Samples.log(disk)
      #expect(Samples.load(again) == snapshot)
      try again.close()
    }
    #expect(sizes[0] >= 4096 && sizes[1] < 200 && sizes[2] >= 4096)
    #expect(try Samples.verify(disk).isOK)
  }

  @Test func itComesBackAfterACloseAndAfterAKill() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 50)
    for number in 0..<50 {
      for version in UInt64(1)...3 {
        let state = Samples.small(number, version)
        try Samples.save(log, Samples.snapshot(number, version: version, of: 50, state), number)
      }
    }
    let killed = disk.killed()
    try log.close()
    #expect(throws: LogError.closed) {
      try Samples.save(log, Samples.snapshot(version: 9, of: 50, [1]))
    }
    for disk in [disk, killed] {
      let again = try Samples.log(disk, aggregates: 50)
      for number in 0..<50 {
        let state = Samples.small(number, 3)
        #expect(Samples.load(again, number)?.state == state)
      }
      // It goes on in the same file.
      try Samples.save(again, Samples.snapshot(version: 9, of: 50, [1]))
      try again.close()
      #expect(try Samples.files(disk).keys.filter { $0.hasSuffix(".snapshots") }.count == 1)
      let report = try Samples.verify(disk)
      #expect(report.problems == [])
      #expect(report.snapshots == 50)
    }
  }

  @Test func whatIsNotAllowedIsATypedError() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, rounds: 3)
    try log.append([NewEvent(type: "T", payload: [])], to: "a-0", durability: .written)
    #expect(throws: LogError.positionBeyondHead(requested: 4, head: 3)) {
      try Samples.save(log, Samples.snapshot(version: 4, []))
    }
    let large = [UInt8](repeating: 0, count: Limits.snapshotStateBytesMax + 1)
    #expect(
      throws: LogError.limitExceeded(
        LimitExceeded(.snapshotBytes, value: large.count, maximum: large.count - 1)
      )
    ) { try Samples.save(log, Samples.snapshot(version: 1, large)) }
    // The event of that position is of another version, or of another aggregate.
    var wrong = Samples.snapshot(version: 2, [1])
    wrong.position = 3
    #expect(try !log.snapshots.save(wrong, of: "a-0"))
    #expect(try !log.snapshots.save(Samples.snapshot(version: 2, [1]), of: "b-0"))
    let reader = try Samples.log(disk, .readOnly)
    #expect(throws: LogError.readOnly) {
      try Samples.save(reader, Samples.snapshot(version: 1, []))
    }
    #expect(throws: LogError.readOnly) { try reader.snapshots.forget("a-0") }
    #expect(throws: LogError.self) { try Samples.files(disk) }
  }

  @Test func theLargestStatesComeBack() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk)
    let zeros = [UInt8](repeating: 0, count: Limits.snapshotStateBytesMax)
    try Samples.save(log, Samples.snapshot(version: 1, zeros))
    let loaded = Samples.load(log)?.state
    #expect(loaded == zeros)
    // Larger than what is read at once when the files are walked.
    let raw = noise(3 << 20)
    try Samples.save(log, Samples.snapshot(version: 2, raw))
    let again = Samples.load(try Samples.log(disk.killed()))?.state
    #expect(again == raw)
  }

  @Test func nothingNewerThanAskedIsGivenOut() throws {
    let log = try Samples.log(SimulatedFileSystem())
    try Samples.save(log, Samples.snapshot(version: 5, [1]))
    let snapshots = log.snapshots
    #expect(snapshots.load("a-0", fingerprint: 7, through: 4) == nil)
    #expect(snapshots.load("a-0", fingerprint: 7, through: 5) != nil)
    #expect(snapshots.load("a-0", fingerprint: 7, through: 9, notAfter: 4) == nil)
    #expect(snapshots.load("a-0", fingerprint: 7, through: 9, notAfter: 5) != nil)
    #expect(snapshots.counts.ignoredCount == 0)
    #expect(snapshots.load("a-0", fingerprint: 8, through: 9) == nil)
    #expect(snapshots.counts[.anotherShape] == 1)
    // A state of another shape takes its place, whatever its version.
    var other = Samples.snapshot(version: 3, [2])
    other.fingerprint = 8
    #expect(try snapshots.save(other, of: "a-0"))
    #expect(snapshots.load("a-0", fingerprint: 8, through: 9) == other)
  }

  /// What was seen to fit once is not read again, except where a rule may have hidden it since.
  @Test(arguments: [
    RetentionRule.delete(.aggregate("a-0")), .keepCount(.category("a"), 2), .skip(3), .redact(3),
  ])
  func aSnapshotThatWasGivenOutIsIgnoredOnceARuleHidesItsEvent(rule: RetentionRule) throws {
    let disk = SimulatedFileSystem()
    let first = try Samples.log(disk)
    try Samples.save(first, Samples.snapshot(version: 3, [1]))
    #expect(Samples.load(first)?.state == [1])
    try first.close()
    let log = try EventLog(at: "/store", options: Samples.options(disk))
    for _ in 0..<2 { #expect(Samples.load(log)?.state == [1]) }
    try log.retain(rule)
    for count in 1...2 {
      #expect(Samples.load(log) == nil)
      #expect(log.snapshots.counts[.anotherHistory] == count)
    }
    // Nor is it trusted again once nothing hides the event any more: compaction may have come.
    if case .keepCount(let subject, _) = rule {
      try log.compact()
      try log.retain(.keepCount(subject, nil))
      #expect(Samples.load(log) == nil)
    }
    try log.close()
  }

  @Test func aSnapshotOfEventsThatAreNotThereIsIgnored() throws {
    let base = SimulatedFileSystem()
    try Samples.log(base, rounds: 3).close()
    let longer = base.killed()
    let log = try Samples.log(longer, rounds: 9)
    try Samples.save(log, Samples.snapshot(version: 9, [1]))
    try log.close()
    let files = try Samples.files(longer)

    // The events behind the third were lost.
    let shorter = base.killed()
    try Samples.put(files, on: shorter)
    let short = try Samples.log(shorter, rounds: 3)
    #expect(Samples.load(short) == nil)
    #expect(short.snapshots.counts[.beyondHead] == 1)
    // A new one takes its place although its version is lower.
    try Samples.save(short, Samples.snapshot(version: 2, [2]))
    #expect(Samples.load(short)?.state == [2])

    // Others came in their place.
    let other = base.killed()
    try Samples.put(files, on: other)
    let changed = try EventLog(at: "/store", options: Samples.options(other))
    for _ in 0..<9 { try changed.append([NewEvent(type: "U", payload: [9])], to: "a-0") }
    #expect(Samples.load(changed) == nil)
    #expect(changed.snapshots.counts[.anotherHistory] == 1)

    // Another store.
    let strange = SimulatedFileSystem()
    try Samples.log(strange).close()
    try Samples.put(files, on: strange)
    let stranger = try Samples.log(strange)
    #expect(Samples.load(stranger) == nil)
    #expect(stranger.snapshots.counts[.damaged] == 1)
  }

  @Test func openingTouchesNoSnapshot() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk)
    try Samples.save(log, Samples.snapshot(version: 9, [1]))
    try log.close()
    disk.withFaults { $0.isTracing = true }
    try Samples.log(disk).close()
    let trace = disk.withFaults { $0.trace }
    #expect(!trace.isEmpty)
    #expect(!trace.contains { $0.file.contains("snapshots") })
  }

  @Test func aReaderSeesWhatAWriterKeepsAndRewrites() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 9)
    let reader = try Samples.log(disk, .readOnly)
    #expect(Samples.load(reader) == nil)
    for version in UInt64(1)...9 {
      for number in 0..<9 {
        let state = noise(4000 + number)
        try Samples.save(log, Samples.snapshot(number, version: version, of: 9, state), number)
      }
    }
    #expect(log.snapshots.counts.rewritten > 0)
    SystemClock.sleep(nanoseconds: 1_100_000_000)
    for number in 0..<9 {
      #expect(Samples.load(reader, number)?.version == 9)
      #expect(Samples.load(reader, number)?.state == noise(4000 + number))
    }
    #expect(reader.snapshots.counts.ignoredCount == 0)
  }
}
