import AnnalsLog
import AnnalsTesting
import Testing

/// Lets the disk fill up at many sizes: appends fail, reads go on, and with room all goes on.
@Suite(.serialized) struct FullDiskTests {
  @Test(arguments: [Story.batches, .rolls, .checkpointMerge, .newTypes])
  func aFullDiskIsSurvivedByTheSameProcess(story: Story) throws {
    let prepared = try story.preparedDisk()
    let used = prepared.usedByteCount
    let whole = prepared.killed()
    try story.run(whole, Promises())
    let needed = whole.usedByteCount - used
    let pointCount = max(Proof.share(of: 16), CrashBudget.states / 10)
    var stateCount = 0
    for point in 0..<pointCount {
      let capacity = used + (needed + 8192) * point / pointCount
      do {
        try fill(story, prepared.killed(), capacity)
        stateCount += 2
      } catch {
        Issue.record("\(story.name), capacity \(capacity): \(error)")
        return
      }
    }
    print(Proof.line("full-disk", pointCount))
    CrashBudget.report("full disk, \(story.name)", "\(stateCount) states")
  }

  private func fill(_ story: Story, _ disk: SimulatedFileSystem, _ capacity: Int) throws {
    disk.capacity = capacity
    var expected = ExpectedLog(story.appends.prefix(story.preludeCount))
    let log = try story.open(disk)
    let steps = story.steps + (0..<12).map { .append(PlannedAppend(60 + $0, byteCount: 5000)) }
    var refused = 0
    for case .append(let append, let durability) in steps {
      do throws(LogError) {
        try log.append(try expected.makeBatch(append), durability: durability)
        expected.add(append)
      } catch {
        guard case .diskFull = error else { throw Violation("a full disk gave \(error)") }
        refused += 1
        // Space comes back for a while in the middle, and goes again.
        if refused == 3 { disk.capacity = disk.usedByteCount + 20_000 }
      }
      try expected.check(log)
    }
    guard refused > 0 else { throw Violation("nothing was refused") }
    try reopenWhileFull(story, disk, expected)
    disk.capacity = nil
    for number in 40...45 {
      let append = PlannedAppend(number, byteCount: 3000, hasKey: true)
      try log.append(try expected.makeBatch(append))
      expected.add(append)
    }
    try expected.check(log)
    var life = story
    life.prelude = []
    life.steps = expected.appends.map { .append($0) }
    let promises = Promises()
    promises.submit(expected.head)
    promises.acknowledge(expected.head)
    for choice in [CrashChoice.nothing, .everything] {
      try Oracle(story: life).check(disk.crash(choosing: choice), .powerCut, promises)
    }
    try log.close()
  }

  /// The process dies on the full disk: all can be read, and there is space one day.
  private func reopenWhileFull(
    _ story: Story,
    _ disk: SimulatedFileSystem,
    _ expected: ExpectedLog
  ) throws {
    let killed = disk.killed()
    var options = story.logOptions(killed)
    options.access = .readOnly
    try expected.check(try EventLog(at: Story.path, options: options))
    let log = try story.open(killed)
    try expected.check(log)
    log.abandon()
  }
}
