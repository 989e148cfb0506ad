import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct ConsumerCrashTests {
  private struct Wrong: Error {
    var found: UInt64?
    var oldest: UInt64
    var newest: UInt64
  }

  /// The state that goes with a number: large enough to be torn, and to outgrow its file.
  private static func state(_ number: UInt64) -> [UInt8] {
    let count = [40, 900, 5000, 1200, 70_000, 30][Int(number) % 6]
    var word = number
    return (0..<count).map { _ in
      word = word &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: word >> 56)
    }
  }

  private static func check(
    _ record: ConsumerRecord?,
    submitted: [UInt64],
    acknowledged: [UInt64]
  ) throws {
    let found = record.map(\.fingerprint)
    let wrong = Wrong(
      found: found,
      oldest: acknowledged.last ?? 0,
      newest: submitted.last ?? 0
    )
    guard let record, let found else {
      if acknowledged.isEmpty { return }
      throw wrong
    }
    guard found >= wrong.oldest, found <= wrong.newest, record.state == state(found) else {
      throw wrong
    }
  }

  private static func options() -> CrashOptions {
    var options = Proof.crashOptions(states: 2500)
    options.exhaustiveMax = max(16, options.exhaustiveMax)
    return options
  }

  /// A disk that holds a closed log.
  private static func start() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    try logWithEvents(disk, 1).close()
    return disk
  }

  private static func save(
    _ range: ClosedRange<UInt64>,
    _ disk: SimulatedFileSystem,
    _ record: Acknowledgements<UInt64>
  ) throws {
    let log = try logWithEvents(disk, 1)
    let store = ConsumerStore(log)
    for number in range {
      var saved = try log.record(1, state(number))
      saved.fingerprint = number
      record.submit(number)
      try store.save("orders", saved)
      record.acknowledge(number)
    }
  }

  @Test func afterAnyCrashTheLastRecordIsWhole() throws {
    let base = try Self.start()
    let explorer = CrashExplorer<UInt64>(options: Self.options(), start: base.killed) {
      try Self.save(1...7, $0, $1)
    } check: { (disk, death, record) in
      let found = try ConsumerStore(try logWithEvents(disk, 1)).load("orders")
      let acknowledged = record.acknowledged(surviving: death)
      try Self.check(found, submitted: record.submitted, acknowledged: acknowledged)
      // Read-only, without what settling does.
      let reader = try logWithEvents(disk, 0, .readOnly)
      try Self.check(
        try ConsumerStore(reader).load("orders"),
        submitted: record.submitted,
        acknowledged: acknowledged
      )
    }
    let report = try explorer.explore()
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
    #expect(report.failure == nil, "\(String(describing: report.failure))")
    #expect(report.stateCount > Proof.share(of: 300))
  }

  @Test func aSecondLifeBuildsOnWhatTheFirstLeft() throws {
    let base = try Self.start()
    var options = Self.options()
    options.stopCountMax = 40
    let outer = CrashExplorer<UInt64>(options: options, start: base.killed) {
      try Self.save(1...4, $0, $1)
    } check: { (disk, death, record) in
      guard death == .kill else { return }
      let first = record.acknowledged(surviving: death).last ?? 0
      var innerOptions = options
      innerOptions.stopCountMax = 12
      let inner = CrashExplorer<UInt64>(options: innerOptions, start: disk.killed) {
        try Self.save(11...12, $0, $1)
      } check: { (disk, _, innerRecord) in
        let found = try ConsumerStore(try logWithEvents(disk, 1)).load("orders")
        try Self.check(
          found,
          submitted: record.submitted + innerRecord.submitted,
          // What the killed process was promised was synced; the second only adds to it.
          acknowledged: (first == 0 ? [] : [first])
            + innerRecord.acknowledged(surviving: .powerCut)
        )
      }
      let report = try inner.explore()
      if let failure = report.failure { throw Nested(failure: failure) }
    }
    let report = try outer.explore()
    #expect(report.failure == nil, "\(String(describing: report.failure))")
  }

  private struct Nested: Error {
    let failure: CrashFailure
  }

  @Test func afterACrashARemovedConsumerIsTheLastOneOrGone() throws {
    let base = try Self.start()
    let explorer = CrashExplorer<UInt64>(options: Self.options(), start: base.killed) {
      (disk, record) in
      try Self.save(1...3, disk, record)
      try ConsumerStore(try logWithEvents(disk, 1)).remove("orders")
      record.submit(99)
      record.acknowledge(99)
    } check: { (disk, death, record) in
      let found = try ConsumerStore(try logWithEvents(disk, 1)).load("orders")
      if record.acknowledged(surviving: death).last == 99 {
        if found != nil { throw Wrong(found: found?.fingerprint, oldest: 99, newest: 99) }
      } else if record.acknowledged(surviving: death).last == 3 {
        // Removing: the newest, or nothing.
        if let found, found.fingerprint != 3 {
          throw Wrong(found: found.fingerprint, oldest: 3, newest: 3)
        }
      }
    }
    let report = try explorer.explore()
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
    #expect(report.failure == nil, "\(String(describing: report.failure))")
  }

  @Test func everyFailingCallLeavesTheRecordBefore() throws {
    let base = try Self.start()
    for kind in [Operation.Kind.write, .sync, .syncDirectory, .create, .rename, .open] {
      for nth in 1...12 {
        let disk = base.killed()
        let log = try logWithEvents(disk, 1)
        let store = ConsumerStore(log)
        disk.withFaults { $0.fail(.init(5, nth: nth, kinds: [kind])) }
        var last: UInt64 = 0
        for number in UInt64(1)...8 {
          var saved = try log.record(1, Self.state(number))
          saved.fingerprint = number
          do {
            try store.save("orders", saved)
            last = number
          } catch {}
          // The load may be what fails; it works when it is asked again.
          let loaded = try (try? store.load("orders")) ?? store.load("orders")
          let found = loaded?.fingerprint ?? 0
          #expect(found == last || found == number, "\(kind) \(nth) at \(number)")
          let cut = disk.crash(choosing: .nothing)
          let after = try ConsumerStore(try logWithEvents(cut, 1)).load("orders")
          #expect((after?.fingerprint ?? 0) >= last, "\(kind) \(nth) at \(number)")
        }
        #expect(last >= 7)
      }
    }
  }

  @Test func aFullDiskKeepsTheLastRecordAndPasses() throws {
    let base = try Self.start()
    for room in stride(from: 0, through: 90_000, by: 3000) {
      let disk = base.killed()
      let log = try logWithEvents(disk, 1)
      let store = ConsumerStore(log)
      var small = try log.record(1, Self.state(0))
      small.fingerprint = 0
      try store.save("orders", small)
      disk.capacity = disk.usedByteCount + room
      var last: UInt64 = 0
      for number in UInt64(1)...6 {
        var saved = try log.record(1, Self.state(number))
        saved.fingerprint = number
        do {
          try store.save("orders", saved)
          last = number
        } catch {
          guard case .diskFull = error else { throw error }
        }
        #expect(try store.load("orders")?.fingerprint == last)
      }
      disk.capacity = nil
      small.fingerprint = 50
      try store.save("orders", small)
      #expect(try ConsumerStore(log).load("orders")?.fingerprint == 50)
    }
  }

  @Test func noDamagedByteGivesAWrongRecord() throws {
    let disk = try Self.start()
    let log = try logWithEvents(disk, 1)
    var records: [ConsumerRecord] = []
    for number in UInt64(1)...2 {
      var record = try log.record(1, [UInt8](repeating: UInt8(number), count: 200) + [1, 2, 3])
      record.fingerprint = number
      records.append(record)
      try ConsumerStore(log).save("orders", record)
    }
    let directory = try disk.openDirectory("/store/consumers", create: false)
    let names = try directory.names()
    #expect(names.count == 2)
    for (slot, name) in names.enumerated() {
      let file = try directory.openFile(name, .readWrite)
      let whole = try file.read(1024, at: 0)
      for index in 0..<600 {
        for flip: UInt8 in [1, 0x80, 0xff] {
          try file.write([whole[index] ^ flip], at: index)
          let store = ConsumerStore(log)
          guard let found = try? store.load("orders") else {
            // Only what may be the future is not passed over.
            #expect((8..<16).contains(index))
            continue
          }
          // A byte behind the state means nothing; any other costs the slot.
          let isDamaged = store.damagedCount == 1
          #expect(found == (isDamaged ? records[1 - slot] : records[1]))
          if index < ConsumerHeader.Layout.byteCount { #expect(isDamaged) }
          _ = try? store.list()
        }
      }
      try file.write(whole, at: 0)
    }
    // Both: told, and another save mends it.
    for name in names {
      let file = try directory.openFile(name, .readWrite)
      try file.write([7, 7], at: 500)
    }
    let store = ConsumerStore(log)
    #expect(throws: LogError.self) { try store.load("orders") }
    try store.save("orders", records[0])
    #expect(try ConsumerStore(log).load("orders") == records[0])
  }
}
