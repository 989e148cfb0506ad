import AnnalsLog
import AnnalsTesting
import Testing

/// Cases at the edge of an operation that no other suite comes by.
@Suite struct CornerTests {
  private func log(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readWrite,
    stages: Bool = false
  ) throws -> EventLog {
    var options = simulatedOptions(disk)
    options.access = access
    options.stagesWithoutThread = stages
    return try EventLog(at: "/store", options: options)
  }

  /// Three events, one by one: those behind the first are staged where events are.
  private func appendWritten(to log: EventLog) throws {
    for number in 1...3 {
      try log.append(
        [NewEvent(type: "T", payload: [UInt8(number)])],
        to: "a-1",
        durability: .written
      )
    }
  }

  private func file(_ disk: SimulatedFileSystem, _ name: String) throws -> any LogFile {
    try disk.openDirectory("/store", create: false).openFile(name, .readWrite)
  }

  @Test func reportsOfNothing() {
    let report = CompactionReport()
    #expect(report.ratio == 1 && report.bytesBefore == 0)
    #expect(report.garbage == 0)
  }

  @Test func blocksAreSharedOnlyWithinOneSystem() throws {
    let directory = TemporaryDirectory()
    let place = try SystemFileSystem.shared.openDirectory(directory.path, create: false)
    let own = try place.openFile("own", .create)
    let simulated = try SimulatedFileSystem().openDirectory("/", create: true)
    #expect(try !own.clone(simulated.openFile("other", .create)))
    #expect(try own.size() == 0)
  }

  @Test func aListOfCopiesThatIsFullTakesNoMore() throws {
    let disk = SimulatedFileSystem()
    let log = try log(disk)
    try log.append([NewEvent(type: "T", payload: [1])], to: "a-1")
    let line = "/" + String(repeating: "x", count: (1 << 20) - 8) + "\n"
    let root = try disk.openDirectory("/store", create: false)
    try root.openFile("copies", .create).write(Array(line.utf8).span, at: 0)
    _ = try log.backup(to: "/elsewhere")
    #expect(try file(disk, "copies").size() == line.utf8.count)
  }

  @Test func aReaderDoesNotAppendInATaskEither() async throws {
    let disk = SimulatedFileSystem()
    try log(disk).close()
    let reader = try log(disk, .readOnly)
    await #expect(throws: LogError.readOnly) {
      let batch = EventBatch()
      try batch.add(NewEvent(type: "T", payload: [1]), to: "a-1")
      try await reader.append(batch)
    }
  }

  @Test func whoExpectedNothingMissedEverything() throws {
    let log = try log(SimulatedFileSystem())
    for number in 1...3 {
      try log.append([NewEvent(type: "T", payload: [UInt8(number)])], to: "a-1")
    }
    let conflict = VersionConflict(aggregate: "a-1", expected: .absent, actual: 3)
    #expect(try conflict.missedEvents(in: log).map(\.version.rawValue) == [1, 2, 3])
    #expect(try log.core.firstMatch(Query(), after: 3, through: 3) == nil)
    #expect(try log.core.firstMatch(Query(), after: 1, through: 3) == 2)
  }

  @Test func withoutAControlPageNothingIsFollowed() throws {
    let disk = SimulatedFileSystem()
    let writer = try log(disk)
    try writer.append([NewEvent(type: "T", payload: [1])], to: "a-1")
    let rebooted = disk.crash(choosing: .everything)
    let reader = try log(rebooted, .readOnly)
    #expect(try !reader.refresh() && reader.head() == 1)
    try rebooted.openDirectory("/store", create: false).remove("control")
    let alone = try log(rebooted, .readOnly)
    #expect(try !alone.refresh() && alone.head() == 1)
    #expect(try !alone.wait(after: 1, milliseconds: 1))
  }

  @Test func filesOfOthersBesideSnapshotsAndConsumersAreNoted() throws {
    let disk = SimulatedFileSystem()
    try log(disk).close()
    let root = try disk.openDirectory("/store", create: false)
    for name in ["snapshots", "consumers"] {
      let directory = try root.openDirectory(name, create: true)
      _ = try directory.openFile("half.tmp", .create)
      _ = try directory.openFile("notes", .create)
    }
    let verdict = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
    #expect(verdict.isOK)
    let kinds = verdict.notes.filter { $0.file.contains("/") }.map { "\($0.kind) \($0.file)" }
    for name in ["snapshots", "consumers"] {
      #expect(kinds.contains("leftover \(name)/half.tmp"))
      #expect(kinds.contains("strayFile \(name)/notes"))
    }
  }

  @Test func aStagingFileOfAnotherSizeOrStore() throws {
    let disk = SimulatedFileSystem()
    let first = try log(disk, stages: true)
    try first.append([NewEvent(type: "T", payload: [1])], to: "a-1")
    try first.close()
    // Longer than it should be.
    try file(disk, "staging").write([7], at: 80_000)
    let second = try log(disk, stages: true)
    #expect(try file(disk, "staging").size() == 68 << 10)
    try second.close()
    // Made and not begun.
    try file(disk, "staging").write([UInt8](repeating: 0, count: 4096).span, at: 0)
    #expect(try StoreVerifier.verify("/store", options: simulatedOptions(disk)).isOK)
    // Another store's.
    var header = ByteBuffer(capacity: 4096)
    StagingHeader(storeID: .random()).encode(into: &header)
    try file(disk, "staging").write(header.bytes, at: 0)
    let verdict = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
    #expect(verdict.problems.map(\.kind) == [.identity])
    let third = try log(disk, stages: true)
    #expect(third.recovery.findings == [.init("staging", .stagingIgnored)])
    try third.close()
    #expect(try StoreVerifier.verify("/store", options: simulatedOptions(disk)).isOK)
  }

  @Test(arguments: [Operation.Kind.create, .allocate])
  func withoutAStagingFileAppendsAreWritten(kind: Operation.Kind) throws {
    let disk = SimulatedFileSystem()
    try log(disk).close()
    disk.withFaults { $0.fail(FaultPlan.Failure(28, kinds: [kind], file: "staging")) }
    let log = try log(disk, stages: true)
    disk.withFaults { $0.clearFailures() }
    try appendWritten(to: log)
    #expect(log.core.writtenThrough == 3)
    #expect(throws: LogError.self) { try file(disk, "staging") }
  }

  @Test func erasingTheStagingFileFramesWhatIsInIt() throws {
    let disk = SimulatedFileSystem()
    let log = try log(disk, stages: true)
    try appendWritten(to: log)
    #expect(log.core.writtenThrough == 1)
    try log.writer?.eraseStaging()
    #expect(log.core.writtenThrough == 3)
    let bytes = try file(disk, "staging").read(68 << 10, at: 0)
    #expect(bytes[4096...].allSatisfy { $0 == 0 })
  }

  @Test func anOpeningThatFailsEndsItsThread() throws {
    let disk = SimulatedFileSystem()
    let first = try log(disk, stages: true)
    try appendWritten(to: first)
    let killed = disk.killed()
    killed.withFaults { $0.fail(FaultPlan.Failure(5, kinds: [.sync], file: "staging")) }
    var options = simulatedOptions(killed)
    options.hasMaintenanceThread = true
    #expect(throws: LogError.self) { try EventLog(at: "/store", options: options) }
    // The store is given up, and nothing is lost.
    let again = try log(killed, stages: true)
    #expect(again.head() == 3)
  }

  /// More categories than a footer lists: reads by category look into the segment.
  @Test func aSegmentOfManyCategoriesListsNone() throws {
    let disk = SimulatedFileSystem()
    let log = try log(disk)
    let batch = EventBatch()
    for number in 0..<1100 {
      try batch.add(NewEvent(type: "T", payload: [1]), to: AggregateID("kind\(number)-1"))
    }
    try log.append(batch)
    try log.writer?.sealSegment()
    let segment = try #require(log.core.currentView.segments.first)
    let footer = try #require(segment.footer)
    #expect(try footer.categories() == nil)
    for number in [0, 999, 1000, 1099] {
      var request = ReadRequest.all()
      request.category = "kind\(number)"
      #expect(try log.read(request).map(\.position.rawValue) == [UInt64(number + 1)])
    }
    let verdict = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
    #expect(verdict.isOK, "\(verdict.problems)")
    #expect(Durability.written < .durable)
  }
}
