import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lets every call of whole lives fail, once or from then on, in every way that calls fail.
@Suite(.serialized) struct FailedCallsTests {
  private static let stories: [Story] = [
    .loneAppends, .batches, .mixedDurability, .rolls, .largeAppends, .checkpointMerge, .newTypes,
    .reopening, .restarting,
  ]
  private static let opening: Set<Operation.Kind> = [.open, .create, .openDirectory, .lock]
  private static let mutating = Set(Operation.Kind.allCases.filter(\.isMutating))

  /// One way in which a call fails.
  private struct Way {
    let errno: CInt
    let kinds: Set<Operation.Kind>
    let isSticky: Bool
    var writtenByteCount = 0
  }

  private static let ways = [false, true].flatMap { isSticky in
    [
      Way(errno: EIO, kinds: mutating, isSticky: isSticky),
      Way(errno: ENOSPC, kinds: mutating.subtracting([.sync]), isSticky: isSticky),
      Way(
        errno: ENOSPC,
        kinds: [.write],
        isSticky: isSticky,
        writtenByteCount: 100
      ),
      Way(errno: EIO, kinds: [.sync, .syncDirectory], isSticky: isSticky),
      Way(errno: ENOSPC, kinds: [.sync], isSticky: isSticky),
      Way(errno: EMFILE, kinds: opening, isSticky: isSticky),
      Way(errno: EROFS, kinds: [.create, .write, .rename, .remove, .allocate], isSticky: isSticky),
      Way(errno: EIO, kinds: [.read, .size, .map, .list], isSticky: isSticky),
    ]
  }

  @Test(arguments: stories)
  func aFailedCallIsATypedErrorAndLosesNothing(story: Story) throws {
    try fail(story, Self.ways, "failed-calls")
  }

  /// The disk has lost what was not synced, and its cache shows it all the same.
  @Test(arguments: stories)
  func aFailedSyncIsNotTriedAgainNorItsBytesBelieved(story: Story) throws {
    let ways = [EIO, ENOSPC].map { Way(errno: $0, kinds: [.sync], isSticky: false) }
    try fail(story, ways, "failed-syncs")
  }

  /// Lets calls of the story fail in these ways; all of them if the budget allows.
  private func fail(_ story: Story, _ ways: [Way], _ name: String) throws {
    let prepared = try story.preparedDisk()
    let traced = prepared.killed()
    traced.withFaults { $0.isTracing = true }
    try story.run(traced, Promises())
    let trace = traced.withFaults { $0.trace }
    var cases: [(Way, Int)] = []
    for way in ways {
      let count = trace.count { way.kinds.contains($0.kind) }
      cases += (1...max(1, count)).map { (way, $0) }
    }
    var random = SplitMix64(seed: CrashBudget.seed)
    let wanted = max(Proof.share(of: 30), CrashBudget.states / 4)
    cases = Array(cases.shuffled(using: &random).prefix(wanted))
    var stateCount = 0
    for (way, nth) in cases {
      do {
        stateCount += try live(story, prepared.killed(), way, nth)
      } catch {
        Issue.record(
          "\(story.name), errno \(way.errno) at call \(nth) of \(way.kinds.map(\.rawValue).sorted()), sticky \(way.isSticky), written \(way.writtenByteCount): \(error)"
        )
        return
      }
    }
    print(Proof.line(name, cases.count))
    CrashBudget.report(
      "\(name) of \(story.name)",
      "\(cases.count) failures, \(stateCount) states"
    )
  }

  /// Lives once with one failure; then what a power cut leaves is checked as well.
  private func live(
    _ story: Story,
    _ disk: SimulatedFileSystem,
    _ way: Way,
    _ nth: Int
  ) throws -> Int {
    var life = FaultyLife(story, disk)
    try life.run(
      FaultPlan.Failure(
        way.errno,
        nth: nth,
        kinds: way.kinds,
        isSticky: way.isSticky,
        writtenByteCount: way.writtenByteCount
      )
    )
    let oracle = life.oracle()
    let choices: [CrashChoice] = [.nothing, .everything, .random(UInt64(nth))]
    for choice in choices {
      try oracle.check(disk.crash(choosing: choice), .powerCut, life.promises)
    }
    return choices.count + 1
  }
}
