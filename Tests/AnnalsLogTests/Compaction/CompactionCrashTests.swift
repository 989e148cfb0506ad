import AnnalsLog
import AnnalsTesting
import Testing

/// Stops rules and compactions at every call, and looks at what is left.
@Suite struct CompactionCrashTests {
  private static func log(_ disk: SimulatedFileSystem) throws -> EventLog {
    var options = LogOptions()
    options.fileSystem = disk
    options.hasMaintenanceThread = false
    options.firstSegmentBytes = 16 << 10
    options.segmentBytes = 16 << 10
    options.preallocation = .reserve
    options.clock = { 1_000_000_000 }
    return try EventLog(at: "/store", options: options)
  }

  /// A disk with a closed log of several segments and some rules, and the model of it.
  private static func start() throws -> (SimulatedFileSystem, RetentionModel) {
    let disk = SimulatedFileSystem()
    var model = RetentionModel()
    model.now = 1_000_000_000
    let log = try log(disk)
    for number in 0..<60 {
      let name = "order-\(number % 5)"
      let event = RetentionModel.Event(
        aggregate: name,
        version: model.version(name) + 1,
        type: "Type\(number % 3)",
        payload: [UInt8](repeating: UInt8(number), count: 900),
        tags: number % 4 == 0 ? ["red"] : [],
        time: Int64(number)
      )
      let new = NewEvent(
        type: event.type,
        payload: event.payload,
        time: Timestamp(microseconds: event.time),
        tags: event.tags
      )
      try log.append([new], to: AggregateID(name))
      model.events.append(event)
    }
    let rules: [RetentionRule] = [
      .delete(.aggregate("order-1")), .truncate("order-2", before: 7), .redact(9),
      .keepCount(.aggregate("order-3"), 2), .tombstone(.aggregate("order-4")), .skip(1),
    ]
    for rule in rules {
      try log.retain(rule)
      model.rules.append(
        RetentionModel.Rule(rule: rule, head: model.events.count, version: 12)
      )
    }
    try log.close()
    return (disk, model)
  }

  private static func options() -> CrashOptions {
    Proof.crashOptions(states: 1000)
  }

  private struct Wrong: Error { var what: String }

  private static func check(_ disk: SimulatedFileSystem, _ model: RetentionModel) throws {
    func look(_ log: EventLog, _ when: String) throws {
      do {
        try RetentionComparison(log: log, model: model, moment: model.moment).run()
      } catch {
        throw Wrong(what: "\(when): \(error)")
      }
    }
    let log = try log(disk)
    try look(log, "opened")
    try log.compact()
    try look(log, "compacted")
    try log.close()
    // Where a crash left doubt about the manifest, it is the next opening that cleans up.
    try Self.log(disk).close()
    var options = LogOptions()
    options.fileSystem = disk
    let report = try StoreVerifier.verify("/store", options: options)
    guard report.problems.isEmpty else { throw Wrong(what: "\(report.problems)") }
    let leftovers = report.notes.filter {
      $0.file.hasPrefix("log/") && [.unlistedFile, .leftover].contains($0.kind)
    }
    guard leftovers.isEmpty else {
      throw Wrong(what: "\(report.notes)")
    }
  }

  @Test(arguments: [CompactionOptions.Compression.keep, .compress])
  func aCompactionMayStopAnywhere(compression: CompactionOptions.Compression) throws {
    let (base, model) = try Self.start()
    let explorer = CrashExplorer<UInt64>(options: Self.options(), start: base.killed) {
      (disk, record) in
      let log = try Self.log(disk)
      var options = CompactionOptions()
      options.compression = compression
      try log.compact(options)
      try log.close()
    } check: { (disk, _, _) in
      try Self.check(disk, model)
    }
    let report = try explorer.explore()
    print(
      Proof.line("crashed-recoveries", report.stateCount, failures: report.failure == nil ? 0 : 1)
    )
    #expect(report.failure == nil, "\(report.failure.map { "\($0)" } ?? "")")
    #expect(report.stopCount > Proof.share(of: 40))
  }

  @Test func aRuleIsThereOrNot() throws {
    let (base, model) = try Self.start()
    let rules: [RetentionRule] = [
      .delete(.aggregate("order-0")), .truncate("order-2", before: 9), .delete(.category("order")),
    ]
    let explorer = CrashExplorer<Int>(options: Self.options(), start: base.killed) {
      (disk, record) in
      let log = try Self.log(disk)
      for (index, rule) in rules.enumerated() {
        record.submit(index + 1)
        try log.retain(rule)
        record.acknowledge(index + 1)
      }
      try log.close()
    } check: { (disk, death, record) in
      let log = try Self.log(disk)
      let made = Int(log.ruleCount) - model.rules.count
      let acknowledged = record.acknowledged(surviving: death).max() ?? 0
      guard made >= acknowledged, made <= record.submitted.max() ?? 0 else {
        throw Wrong(what: "\(made) rules of \(acknowledged)")
      }
      var expected = model
      for rule in rules.prefix(made) {
        expected.rules.append(
          RetentionModel.Rule(rule: rule, head: model.events.count, version: 12)
        )
      }
      try RetentionComparison(log: log, model: expected, moment: expected.moment).run()
      try log.close()
    }
    let report = try explorer.explore()
    print(
      Proof.line("crashed-recoveries", report.stateCount, failures: report.failure == nil ? 0 : 1)
    )
    #expect(report.failure == nil, "\(report.failure.map { "\($0)" } ?? "")")
  }

  @Test func withoutRoomItRefusesAndChangesNothing() throws {
    let (disk, model) = try Self.start()
    let log = try Self.log(disk)
    disk.capacity = disk.usedByteCount + 4096
    let before = disk.usedByteCount
    var error: LogError?
    do throws(LogError) { try log.compact() } catch let caught { error = caught }
    guard case .spaceNeeded(let bytes, let available) = error else {
      Issue.record("\(error.map { "\($0)" } ?? "no error")")
      return
    }
    #expect(bytes > available)
    #expect(disk.usedByteCount <= before + 4096)
    try RetentionComparison(log: log, model: model, moment: model.moment).run()
    disk.capacity = nil
    let report = try log.compact()
    #expect(report.eventsRemoved > 0)
    try RetentionComparison(log: log, model: model, moment: model.moment).run()
  }

  @Test func listsThatNothingLeadsToAreRemoved() throws {
    let (disk, model) = try Self.start()
    let root = try disk.openDirectory("/store", create: false)
    let name = try #require(try root.names().filter { $0.hasPrefix("segments-") }.max())
    let bytes = try root.openFile(name, .readOnly).read(1 << 20, at: 0)
    // What a crash left between a list and the manifest, long ago and just now.
    for stale in [StoreFile.segmentList(1), StoreFile.segmentList(900)] {
      let file = try root.openFile(stale, .create)
      try file.write(bytes.span, at: 0)
      try file.sync()
    }
    try root.sync()
    let log = try Self.log(disk)
    #expect(log.recovery.findings.filter { $0.kind == .leftoverRemoved }.count == 2)
    try log.compact()
    try log.close()
    #expect(try root.names().filter { $0.hasPrefix("segments-") }.count == 2)
    try Self.check(disk, model)
  }

  /// With every amount of free space compaction completes or refuses, and appends go on.
  @Test func onANearlyFullDiskItCompletesOrRefusesAndAppendsGoOn() throws {
    let (base, model) = try Self.start()
    let used = base.usedByteCount
    var outcomes = (completed: 0, refused: 0)
    for percent in [0, 1, 2, 5, 10, 20, 30, 40, 60] {
      let disk = base.killed()
      var model = model
      let log = try Self.log(disk)
      // Free is so much of the whole disk.
      disk.capacity = max(disk.usedByteCount, used) * 100 / (100 - percent)
      do throws(LogError) {
        let report = try log.compact()
        #expect(report.eventsRemoved > 0)
        outcomes.completed += 1
      } catch {
        switch error {
        case .spaceNeeded(let bytes, let available): #expect(bytes > available)
        case .diskFull: break
        default: throw error
        }
        outcomes.refused += 1
      }
      try RetentionComparison(log: log, model: model, moment: model.moment).run()
      // The room of the segment in writing is there already.
      let event = RetentionModel.Event(
        aggregate: "order-0",
        version: model.version("order-0") + 1,
        type: "Type1",
        payload: [1, 2, 3],
        tags: [],
        time: 77
      )
      let new = NewEvent(
        type: event.type,
        payload: event.payload,
        time: Timestamp(microseconds: event.time)
      )
      do throws(LogError) {
        try log.append([new], to: "order-0")
        model.events.append(event)
      } catch {
        guard case .diskFull = error, percent < 5 else { throw error }
      }
      try RetentionComparison(log: log, model: model, moment: model.moment).run()
      disk.capacity = nil
      try log.compact()
      try RetentionComparison(log: log, model: model, moment: model.moment).run()
      try log.close()
    }
    #expect(outcomes.completed > 1 && outcomes.refused > 1, "\(outcomes)")
  }
}
