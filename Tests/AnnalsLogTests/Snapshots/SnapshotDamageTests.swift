import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct SnapshotDamageTests {
  private typealias Samples = SnapshotSamples

  private struct Wrong: Error {
    var number: Int
    var found: Snapshot
  }

  private static let count = 8

  private static func state(_ number: Int, _ version: UInt64) -> [UInt8] {
    number % 3 == 0 ? noise(300 + Int(version)) : Samples.small(number, version)
  }

  /// Whatever is given out is what was kept at that version.
  private static func check(_ log: EventLog) throws -> Int {
    var found = 0
    for number in 0..<count {
      guard let snapshot = Samples.load(log, number) else { continue }
      guard snapshot.state == state(number, snapshot.version) else {
        throw Wrong(number: number, found: snapshot)
      }
      found += 1
    }
    return found
  }

  private static func save(_ log: EventLog, _ versions: ClosedRange<UInt64>) throws {
    for version in versions {
      for number in 0..<count {
        let state = state(number, version)
        let snapshot = Samples.snapshot(number, version: version, of: count, state)
        do {
          try Samples.save(log, snapshot, number)
        } catch LogError.system, LogError.diskFull {}
      }
    }
  }

  private static func base() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    try Samples.log(disk, aggregates: count).close()
    return disk
  }

  private static func log(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readWrite
  ) throws -> EventLog {
    try Samples.log(disk, aggregates: count, access)
  }

  @Test(arguments: [false, true])
  func noChangedByteGivesAWrongState(isClosed: Bool) throws {
    let disk = try Self.base()
    let log = try Self.log(disk)
    try Self.save(log, 1...3)
    if isClosed { try log.close() }
    let files = try Samples.files(disk)
    #expect(files.count == (isClosed ? 2 : 1))
    let image = isClosed ? disk : disk.killed()
    for (name, bytes) in files {
      for index in bytes.indices where index < 48 || index % 13 == 3 {
        let flips: [UInt8] = index % 3 == 0 ? [1, 0x80] : [0xff]
        for flip in flips {
          var damaged = files
          damaged[name]?[index] ^= flip
          try Samples.put(damaged, on: image)
          let reader = try Self.log(image, .readOnly)
          _ = try Self.check(reader)
          reader.snapshots.forEach { _ in }
          let report = try Samples.verify(image)
          // What an index covers was durable; the rest may be a torn tail.
          let isTold =
            !report.problems.isEmpty || report.notes.contains { $0.kind == .tornTail }
          #expect(isTold, "\(name) \(index) \(flip)")
          if isClosed { #expect(!report.problems.isEmpty, "\(name) \(index) \(flip)") }
          #expect(report.problems.allSatisfy { $0.file.hasPrefix("snapshots") })
        }
      }
    }
    // Cut anywhere, and mended by what is kept next.
    for (name, bytes) in files {
      for count in stride(from: 0, to: bytes.count, by: 509) {
        var damaged = files
        damaged[name] = Array(bytes.prefix(count))
        try Samples.put(damaged, on: image)
        let log = try Self.log(image)
        _ = try Self.check(log)
        try Self.save(log, 4...4)
        #expect(try Self.check(log) == Self.count)
        try log.close()
        let again = try Self.log(image)
        #expect(try Self.check(again) == Self.count)
      }
    }
  }

  @Test func anyFileMayBeGone() throws {
    let disk = try Self.base()
    let log = try Self.log(disk)
    for version in UInt64(1)...9 { try Self.save(log, version...version) }
    try log.close()
    let files = try Samples.files(disk)
    for name in files.keys {
      var fewer = files
      fewer[name] = nil
      try Samples.put(fewer, on: disk)
      #expect(try Samples.verify(disk).problems == [])
      let log = try Self.log(disk)
      _ = try Self.check(log)
      try log.close()
    }
    for name in files.keys {
      var strange = files
      strange[name] = noise(5000)
      strange["00000099.snapshots"] = []
      strange["00000100.snapshots"] = [UInt8](repeating: 0, count: 9000)
      strange["4294967295.snapshots"] = noise(10)
      strange["99999999999.snapshots"] = noise(10)
      strange["0000000001.dictionary"] = noise(9000)
      strange["00000007.index"] = []
      strange["x"] = [1]
      try Samples.put(strange, on: disk)
      _ = try Samples.verify(disk)
      let log = try Self.log(disk)
      _ = try Self.check(log)
      try? log.snapshots.forget("a-1")
      _ = try Self.check(log)
      try log.close()
    }
  }

  @Test func everyFailingCallLeavesAnswersAsTheyWere() throws {
    let base = try Self.base()
    for kind in [Operation.Kind.write, .sync, .syncDirectory, .create, .rename, .open, .read] {
      for nth in 1...30 {
        let disk = base.killed()
        let log = try Self.log(disk)
        disk.withFaults { $0.fail(.init(5, nth: nth, kinds: [kind])) }
        try Self.save(log, 1...9)
        _ = try Self.check(log)
        disk.withFaults { $0 = FaultPlan() }
        try Self.save(log, 9...9)
        _ = try Self.check(log)
        for after in [disk.killed(), disk.crash(choosing: .nothing)] {
          _ = try Self.check(try Self.log(after))
        }
      }
    }
  }

  @Test func aFullDiskIsATypedErrorAndPasses() throws {
    let base = try Self.base()
    for room in stride(from: 0, through: 60_000, by: 2500) {
      let disk = base.killed()
      let log = try Self.log(disk)
      disk.capacity = disk.usedByteCount + room
      try Self.save(log, 1...9)
      _ = try Self.check(log)
      disk.capacity = nil
      let state = Self.state(1, 9)
      let snapshot = Samples.snapshot(1, version: 9, of: Self.count, state)
      try Samples.save(log, snapshot, 1)
      #expect(Samples.load(log, 1)?.version == 9)
      let again = try Self.log(disk.killed())
      #expect(Samples.load(again, 1)?.version == 9)
      _ = try Self.check(again)
    }
  }

  @Test func afterAnyCrashTheAnswersAreTheSame() throws {
    let base = try Self.base()
    // All stops with `ANNALS_CRASH_STATES=4000`.
    let options = Proof.crashOptions(states: 1100)
    let explorer = CrashExplorer<UInt64>(options: options, start: base.killed) { disk, record in
      let log = try Self.log(disk)
      try Self.save(log, 1...6)
      try log.snapshots.forget("a-3")
      record.submit(3)
      record.acknowledge(3)
      try Self.save(log, 7...8)
      try log.close()
      record.submit(8)
      record.acknowledge(8)
    } check: { disk, death, record in
      let promised = record.acknowledged(surviving: death)
      let reader = try Self.log(disk, .readOnly)
      let seen = try Self.check(reader)
      let log = try Self.log(disk)
      let found = try Self.check(log)
      if promised.last == 8, found != Self.count || seen != Self.count {
        throw Missing(found: found)
      }
      // What was forgotten comes back only as it was kept since.
      if promised.contains(3), let back = Samples.load(log, 3), back.version < 7 {
        throw Wrong(number: 3, found: back)
      }
      let report = try Samples.verify(disk)
      if !report.isOK { throw Told(problems: report.problems) }
      try Self.save(log, 9...9)
      guard try Self.check(log) == Self.count else { throw Missing(found: 0) }
    }
    let report = try explorer.explore()
    #expect(report.failure == nil, "\(String(describing: report.failure))")
    #expect(report.stateCount > Proof.share(of: 250))
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
  }

  private struct Missing: Error { var found: Int }
  private struct Told: Error { var problems: [VerifyProblem] }
}
