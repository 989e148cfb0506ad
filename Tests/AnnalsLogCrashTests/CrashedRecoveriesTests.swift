import AnnalsLog
import AnnalsTesting
import Testing

/// Stops recovery itself everywhere, and the recovery from that, two deep: all must converge.
@Suite(.serialized) struct CrashedRecoveriesTests {
  private static let stories: [Story] = [
    .creation, .mixedDurability, .equalFrames, .rolls, .newTypes, .checkpointMerge,
  ]

  @Test(arguments: stories)
  func aRecoveryStoppedAnywhereConverges(story: Story) throws {
    let counter = Counter()
    var outer = CrashBudget.options()
    outer.sampleCount = 2
    outer.exhaustiveMax = 2
    // Each check explores.
    outer.shrinkCountMax = 40
    outer.stopCountMax = max(1, CrashBudget.states / 120)
    let explorer = CrashExplorer<UInt64>(
      options: outer,
      start: try story.preparedDisk().killed,
      workload: story.run
    ) { (disk, death, promises) in
      try explore(story, disk, death, promises, depth: 2, counter)
    }
    let report = try explorer.explore()
    CrashBudget.report("recovery of \(story.name)", "\(counter.count) states")
    print(
      Proof.line("crashed-recoveries", counter.count, failures: report.failure == nil ? 0 : 1)
    )
    if let failure = report.failure { Issue.record("\(story.name): \(failure)") }
    #expect(counter.count > Proof.share(of: 50))
  }

  /// Opens `disk`, appends to it, and is stopped while doing so.
  private func explore(
    _ story: Story,
    _ disk: SimulatedFileSystem,
    _ death: Death,
    _ promises: Promises,
    depth: Int,
    _ counter: Counter
  ) throws {
    var options = CrashBudget.options(states: 12)
    options.seed = CrashBudget.seed &+ UInt64(counter.count)
    options.sampleCount = 2
    options.exhaustiveMax = 2
    options.shrinkCountMax = 0
    options.stopCountMax = depth == 2 ? 2 : 1
    let explorer = CrashExplorer<UInt64>(options: options, start: disk.killed) { (disk, inner) in
      inner.submit(promises.submitted.max() ?? 0)
      inner.acknowledge(promises.acknowledged(surviving: death).max() ?? 0, surviving: death)
      inner.acknowledge(promises.acknowledged(surviving: .powerCut).max() ?? 0)
      let log = try story.open(disk)
      // What an opened log shows survives everything.
      inner.acknowledge(log.head(.written).rawValue)
      let count = ExpectedLog.count(story.appends, through: log.head(.written).rawValue)
      guard let count, count < story.appends.count else { return }
      let expected = ExpectedLog(story.appends.prefix(count))
      let next = story.appends[count]
      inner.submit(expected.head + UInt64(next.events.count))
      let receipt = try log.append(try expected.makeBatch(next))
      inner.acknowledge(receipt.lastPosition.rawValue)
    } check: { (disk, innerDeath, inner) in
      counter.count += 1
      let worse: Death = death == .powerCut ? .powerCut : innerDeath
      if depth > 1 {
        try self.explore(story, disk, worse, inner, depth: depth - 1, counter)
      } else {
        try Oracle(story: story).check(disk, worse, inner)
      }
    }
    if let failure = try explorer.explore().failure { throw Violation("in recovery: \(failure)") }
  }

  /// Counts states over all depths.
  private final class Counter {
    var count = 0
  }
}
