import AnnalsLog
import AnnalsTesting
import Testing

/// What an interrupted copy leaves at its destination, for those who do not ask for a copy.
@Suite struct InterruptedCopyTests {
  /// How many calls `body` makes.
  private static func callCount(
    _ disk: SimulatedFileSystem,
    _ body: (SimulatedFileSystem) throws -> Void
  ) throws -> Int {
    let copy = disk.killed()
    try body(copy)
    return copy.withFaults { $0.operationCount }
  }

  /// Does `body` on a copy of the disk whose `call`th call and all later ones fail.
  private static func interrupted(
    _ disk: SimulatedFileSystem,
    at call: Int,
    _ body: (SimulatedFileSystem) throws -> Void
  ) -> SimulatedFileSystem {
    let copy = disk.killed()
    copy.withFaults { $0.fail(FaultPlan.Failure(28, nth: call, isSticky: true)) }
    try? body(copy)
    copy.withFaults { $0.clearFailures() }
    return copy
  }

  /// Half a copy is no place for a new and empty store: who opens it is told.
  @Test func halfACopyIsNotTakenForAnEmptyPlace() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 2)
    func restore(_ disk: SimulatedFileSystem) throws {
      try StoreCopier.restore(CopyStory.source, to: "/copy", opening: CopyStory.options(disk))
    }
    var halves = 0
    for call in 1...(try Self.callCount(disk, restore)) {
      let copy = Self.interrupted(disk, at: call, restore)
      guard let root = try? copy.openDirectory("/copy", create: false),
        try root.names().contains(where: { $0 != "LOCK" })
      else { continue }
      do {
        let log = try CopyStory.open(copy, "/copy", .readWrite)
        #expect(try log.read() == written.events, "call \(call)")
        try log.close()
      } catch is LogError {
        halves += 1
        try restore(copy)
      }
    }
    #expect(halves > 3)
  }

  /// A backup that is interrupted leaves the one that was there, with its consumers where they were.
  @Test func consumersOfAnInterruptedBackupStandInIt() throws {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    func keep() throws {
      _ = try CopyStory.append(log, 8, seed: 3)
      let head = log.head()
      let record = ConsumerRecord(
        position: head.rawValue,
        history: log.historyID,
        eventDigest: try log.eventDigest(at: head) ?? KeyHash(high: 0, low: 0),
        fingerprint: 1,
        kind: ConsumerRecord.Kind.reactor.rawValue,
        state: [1, 2, 3]
      )
      try ConsumerStore(log).save("letters", record)
    }
    func backup(_ disk: SimulatedFileSystem) throws {
      try StoreCopier.backup(
        CopyStory.source,
        to: CopyStory.backup,
        opening: CopyStory.options(disk)
      )
    }
    try keep()
    try backup(disk)
    for _ in 0..<3 { try keep() }
    try log.close()
    for call in 1...(try Self.callCount(disk, backup)) {
      let copy = Self.interrupted(disk, at: call, backup)
      try StoreCopier.restore(CopyStory.backup, to: "/again", opening: CopyStory.options(copy))
      let again = try CopyStory.open(copy, "/again")
      let record = try #require(try ConsumerStore(again).load("letters"))
      #expect(try again.standing(of: record) == .fits, "call \(call)")
    }
  }

  /// What cannot be opened for want of descriptors, or of a right, is not lost: a salvage says so.
  @Test(arguments: [CInt(24), 13, 12]) func whatASalvageMayNotReadIsNotLost(errno: CInt) throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk)
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    let record = ConsumerRecord(
      position: 0,
      history: log.historyID,
      eventDigest: KeyHash(high: 0, low: 0),
      fingerprint: 1,
      kind: ConsumerRecord.Kind.reactor.rawValue,
      state: []
    )
    try ConsumerStore(log).save("letters", record)
    try log.close()
    var saved = 0
    for call in 1..<60 {
      let copy = disk.killed()
      copy.withFaults {
        $0.fail(FaultPlan.Failure(errno, nth: call, kinds: [.open, .map], isSticky: false))
      }
      let opening = CopyStory.options(copy)
      let report: SalvageReport
      do throws(LogError) {
        report = try StoreCopier.salvage(CopyStory.source, to: "/copy", opening: opening)
      } catch {
        continue
      }
      copy.withFaults { $0.clearFailures() }
      #expect(report.lost == [], "call \(call)")
      var expected = record
      let found = try CopyStory.open(copy, "/copy")
      #expect(try found.read() == written.events, "call \(call)")
      expected.history = found.historyID
      #expect(try ConsumerStore(found).load("letters") == expected, "call \(call)")
      saved += 1
    }
    #expect(saved > 3)
  }
}
