import AnnalsLog
import AnnalsTesting
import Testing

/// Single written events that are acknowledged before they are framed.
@Suite struct StagingTests {
  private let disk = SimulatedFileSystem()

  private func options(_ disk: SimulatedFileSystem? = nil, stages: Bool = true) -> LogOptions {
    var options = simulatedOptions(disk ?? self.disk)
    options.stagesWithoutThread = stages
    options.visibility = .written
    return options
  }

  private func open(_ disk: SimulatedFileSystem? = nil) throws -> EventLog {
    try EventLog(at: "/store", options: options(disk))
  }

  @discardableResult
  private func stage(_ log: EventLog, _ number: Int, byteCount: Int = 20) throws -> Receipt {
    let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount)
    let event = NewEvent(
      type: "Staged",
      payload: payload,
      time: Timestamp(microseconds: Int64(number))
    )
    return try log.append([event], to: "a-\(number % 3)", durability: .written)
  }

  /// The first event makes its type known, and is framed for that.
  private func begin() throws -> EventLog {
    let log = try open()
    try stage(log, 1)
    try log.sync()
    return log
  }

  private func stagingBytes(_ disk: SimulatedFileSystem) throws -> [UInt8] {
    let root = try disk.openDirectory("/store", create: false)
    let file = try root.openFile("staging", .readOnly)
    return try file.read(try file.size(), at: 0)
  }

  private func check(_ log: EventLog, through last: Int) throws {
    let events = try log.read()
    #expect(events.map(\.position.rawValue) == Array(1...UInt64(last)))
    #expect(events.map(\.time.microseconds) == Array(1...Int64(last)))
    for event in events {
      let number = Int(event.position.rawValue)
      #expect(event.aggregate == AggregateID("a-\(number % 3)"))
      #expect(event.payload.first == UInt8(truncatingIfNeeded: number))
      #expect(event.version.rawValue == UInt64((1...number).count { $0 % 3 == number % 3 }))
    }
  }

  @Test func aStagedEventCostsNoCallAndIsSeenAtOnce() throws {
    let log = try begin()
    let calls = disk.withFaults { $0.operationCount }
    for number in 2...50 {
      #expect(try stage(log, number).lastPosition.rawValue == UInt64(number))
    }
    #expect(disk.withFaults { $0.operationCount } == calls)
    #expect(log.core.writtenThrough == 1)
    #expect(log.head() == 50)
    try check(log, through: 50)
    #expect(try log.version(of: "a-0").rawValue == 16)
    // One frame for all of them.
    #expect(disk.withFaults { $0.operationCount } == calls + 1)
  }

  @Test func whatIsStagedSurvivesAKill() throws {
    let log = try begin()
    for number in 2...20 { try stage(log, number) }
    #expect(log.core.writtenThrough == 1)
    let killed = disk.killed()
    let again = try open(killed)
    #expect(again.recovery.stagedEvents == 19)
    #expect(again.recovery.findings.isEmpty)
    #expect(again.durableThrough == 20)
    try check(again, through: 20)
    // Once more, with nothing left to take up.
    let third = try open(killed.killed())
    #expect(third.recovery.stagedEvents == 0)
    try check(third, through: 20)
  }

  @Test func aFullHalfIsFramed() throws {
    let log = try begin()
    for number in 2...120 { try stage(log, number, byteCount: 1000) }
    #expect(log.core.writtenThrough > 60)
    #expect(log.core.writtenThrough < 120)
    try check(try open(disk.killed()), through: 120)
    try check(log, through: 120)
  }

  @Test func batchesAndDurableAppendsTakeStagedEventsAlong() throws {
    let log = try begin()
    try stage(log, 2)
    let batch = EventBatch()
    for number in 3...4 {
      try batch.add(
        NewEvent(
          type: "Staged",
          payload: [UInt8(number)],
          time: Timestamp(microseconds: Int64(number))
        ),
        to: AggregateID("a-\(number % 3)")
      )
    }
    try log.append(batch, durability: .written)
    #expect(log.core.writtenThrough == 4)
    try stage(log, 5)
    #expect(log.core.writtenThrough == 4)
    try log.sync()
    #expect(log.durableThrough == 5)
    try check(log, through: 5)
  }

  @Test func versionsAreHeldAgainstStagedEvents() throws {
    let log = try begin()
    try stage(log, 2)
    let event = NewEvent(type: "Staged", payload: [])
    #expect(
      throws: LogError.versionConflict(
        VersionConflict(aggregate: "a-2", expected: .absent, actual: 1)
      )
    ) {
      try log.append([event], to: "a-2", expecting: .absent, durability: .written)
    }
    try log.append([event], to: "a-2", expecting: .exactly(1), durability: .written)
    #expect(try log.version(of: "a-2") == 2)
  }

  @Test func entriesBehindAHoleAreDroppedAndNeverComeBack() throws {
    let log = try begin()
    try stage(log, 2)
    _ = log.head()
    for number in 3...6 { try stage(log, number) }
    // The power goes: the frame of 2 is lost, and of the staged ones all are there.
    let staged = try stagingBytes(disk)
    let after = disk.crash(choosing: .nothing)
    let root = try after.openDirectory("/store", create: false)
    let file =
      try (try? root.openFile("staging", .readWrite)) ?? root.openFile("staging", .create)
    try file.write(staged.span, at: 0)
    let second = try open(after)
    #expect(second.recovery.findings.map(\.kind) == [.stagedEventsDropped])
    #expect(second.recovery.stagedEvents == 0)
    #expect(second.head() == 1)
    // Other events take their positions, staged over the first of them.
    try stage(second, 2)
    try check(try open(after.killed()), through: 2)
  }

  @Test func entriesOfAnotherLogAreDropped() throws {
    let log = try begin()
    let fork = disk.killed()
    for number in 2...4 { try stage(log, number) }
    let staged = try stagingBytes(disk)
    // The same store went another way: its next event is of the aggregate that 3 begins.
    let other = try EventLog(at: "/store", options: options(fork, stages: false))
    try other.append([NewEvent(type: "Staged", payload: [9])], to: "a-0")
    try other.close()
    let root = try fork.openDirectory("/store", create: false)
    try root.openFile("staging", .readWrite).write(staged.span, at: 0)
    let again = try open(fork)
    #expect(again.recovery.findings == [.init("staging", .stagedEventsDropped)])
    #expect(again.head() == 2 && again.recovery.stagedEvents == 0)
  }

  /// What no writer stages, with a checksum that is right, does not keep the store from opening.
  @Test func entriesThatCanNotBeAppendedAreDropped() throws {
    let log = try begin()
    for number in 2...4 { try stage(log, number) }
    let killed = disk.killed()
    let bytes = try stagingBytes(killed)
    let header = try StagingHeader.decode(bytes.span)
    let event = try #require(StagedEvent.all(bytes.span, header).dropFirst().first)
    let entries =
      [4096] + StagedEvent.all(bytes.span, header).map { ($0.payload.upperBound + 7) & -8 }
    let entry = entries[1]..<entries[2]
    var forged = bytes
    // No text.
    forged[event.id.lowerBound] = 0xff
    let sum = header.checksum.checksum(forged.span, entry, at: entry.lowerBound)
    for byte in 0..<4 {
      forged[entry.lowerBound + byte] = UInt8(truncatingIfNeeded: sum >> (8 * byte))
    }
    let root = try killed.openDirectory("/store", create: false)
    try root.openFile("staging", .readWrite).write(forged.span, at: 0)
    #expect(StagedEvent.all(forged.span, header).count == 3)
    let again = try open(killed)
    #expect(again.recovery.findings == [.init("staging", .stagedEventsDropped)])
    #expect(again.recovery.stagedEvents == 1)
    try check(again, through: 2)
  }

  @Test func closingBehindARollLeavesNothingStaged() throws {
    let log = try begin()
    for number in 2...9 { try stage(log, number) }
    try log.writer?.sealSegment()
    try log.close()
    let bytes = try stagingBytes(disk)
    #expect(bytes[4096...].allSatisfy { $0 == 0 })
    try check(try open(), through: 9)
  }

  @Test func aDamagedHeaderIsToldAndTheFileMadeAnew() throws {
    let log = try begin()
    try stage(log, 2)
    let killed = disk.killed()
    let root = try killed.openDirectory("/store", create: false)
    try root.openFile("staging", .readWrite).write([0xff], at: 40)
    let verdict = try StoreVerifier.verify("/store", options: options(killed))
    #expect(verdict.problems.map(\.structure) == [.staging])
    let again = try open(killed)
    #expect(again.recovery.findings == [.init("staging", .stagingIgnored)])
    #expect(again.head() == 1)
    try stage(again, 2)
    #expect(try StoreVerifier.verify("/store", options: options(killed)).isOK)
    try check(try open(killed.killed()), through: 2)
  }

  @Test func verifyTellsOfWhatIsWaiting() throws {
    let log = try begin()
    for number in 2...4 { try stage(log, number) }
    let verdict = try StoreVerifier.verify("/store", options: options(disk.killed()))
    #expect(verdict.isOK && verdict.lastPosition == 1)
    let notes = verdict.notes.filter { $0.kind == .stagedEvents }
    #expect(notes == [VerifyNote(.stagedEvents, file: "staging", byteCount: 60)])
  }

  @Test func aSalvageNamesWhatItLeaves() throws {
    let log = try begin()
    for number in 2...4 { try stage(log, number) }
    let report = try StoreCopier.salvage(
      "/store",
      to: "/saved",
      opening: options(disk.killed())
    )
    #expect(report.events == 1 && report.eventsLost == 3)
    #expect(report.lost.map(\.file) == ["staging"])
    #expect(report.lost.first?.positions == PositionRange(2, 4))
  }

  @Test func aFailedFrameKeepsWhatWasAcknowledged() throws {
    let log = try begin()
    for number in 2...9 { try stage(log, number) }
    disk.withFaults { $0.fail(FaultPlan.Failure(28, kinds: [.write])) }
    #expect(throws: LogError.self) { try log.sync() }
    #expect(throws: LogError.self) { try stage(log, 10) }
    #expect(log.head() == 1)
    try? log.close()
    let again = try open(disk.killed())
    #expect(again.recovery.stagedEvents == 8)
    try check(again, through: 9)
  }

  @Test func closingLeavesNothingStaged() throws {
    let log = try begin()
    for number in 2...9 { try stage(log, number) }
    try log.close()
    let bytes = try stagingBytes(disk)
    #expect(bytes.count == 68 << 10)
    #expect(bytes[4096...].allSatisfy { $0 == 0 })
    let calls = disk.withFaults { $0.operationCount }
    let again = try open()
    #expect(again.recovery.wasClosed && again.recovery.stagedEvents == 0)
    #expect(disk.withFaults { $0.operationCount } > calls)
    try check(again, through: 9)
  }

  @Test func whatIsErasedIsErasedFromTheStagingFile() throws {
    let log = try begin()
    let secret = Array("a payload that must go".utf8)
    try log.append([NewEvent(type: "Staged", payload: secret)], to: "gone", durability: .written)
    try log.sync()
    func holdsSecret() throws -> Bool {
      let bytes = try stagingBytes(disk)
      return bytes.indices.contains { bytes[$0...].starts(with: secret) }
    }
    #expect(try holdsSecret())
    try log.retain(.delete(.aggregate("gone")))
    try log.compact()
    #expect(try !holdsSecret())
  }

  @Test func withoutTheOptionNothingIsStaged() throws {
    let log = try EventLog(at: "/store", options: options(stages: false))
    try stage(log, 1)
    try stage(log, 2)
    #expect(log.core.writtenThrough == 2)
    #expect(throws: LogError.self) { try stagingBytes(disk) }
  }

  @Test func whatIsStagedIsTakenUpAlsoWhenNothingIsToBeStaged() throws {
    let log = try begin()
    for number in 2...5 { try stage(log, number) }
    let killed = disk.killed()
    let again = try EventLog(at: "/store", options: options(killed, stages: false))
    #expect(again.recovery.stagedEvents == 4)
    try check(again, through: 5)
    let bytes = try stagingBytes(killed)
    #expect(bytes[4096...].allSatisfy { $0 == 0 })
  }

  @Test func whoWaitsForEventsIsNotLeftWaiting() async throws {
    let directory = TemporaryDirectory()
    var options = LogOptions()
    options.visibility = .written
    options.writtenSyncMilliseconds = 600_000
    let log = try EventLog(at: directory.path + "/store", options: options)
    try stage(log, 1)
    async let hasMoved = Task.detached { try log.wait(after: 1, milliseconds: 60_000) }.value
    try stage(log, 2)
    #expect(try await hasMoved)
  }

  @Test(arguments: [1, 2, 3])
  func threadsStageSideBySide(seed: Int) async throws {
    let log = try begin()
    let receipts = try await withThrowingTaskGroup(of: [UInt64].self) { group in
      for thread in 0..<4 {
        group.addTask {
          try (0..<200).map { number in
            let isDurable = (number * 7 + thread * seed) % 50 == 0
            let event = NewEvent(type: "Staged", payload: [UInt8](repeating: 7, count: 300))
            let receipt = try log.append(
              [event],
              to: AggregateID("t-\(thread)"),
              durability: isDurable ? .durable : .written
            )
            return receipt.lastPosition.rawValue
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(receipts.sorted() == Array(2...801))
    let again = try open(disk.killed())
    #expect(again.head() == 801)
    for thread in 0..<4 { #expect(try again.version(of: "t-\(thread)") == 200) }
  }
}
