#if ANNALS_PLANTED_BUGS
import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Turns each planted bug on and expects the harness made for it to fail.
///
/// A bug is active in the whole process: run this suite alone, with
/// `ANNALS_PLANTED_BUGS=1 swift test --scratch-path .build-bugs --filter PlantedBug`.
@Suite(.serialized) struct PlantedBugTests {
  @Test(arguments: PlantedBug.allCases)
  func aPlantedBugIsCaughtByItsHarness(bug: PlantedBug) throws {
    let harness = Self.harness(of: bug)
    try #require(try harness.failure() == nil, "the harness fails without the bug")
    PlantedBug.active = bug
    defer { PlantedBug.active = nil }
    let failure = try harness.failure()
    CrashBudget.report(
      "planted bug \(bug.rawValue)",
      failure == nil ? "missed" : "caught by \(harness.name)"
    )
    print(Proof.line("planted-bugs", 1, failures: failure == nil ? 1 : 0))
    #expect(failure != nil, "\(harness.name) does not see \(bug.rawValue)")
  }

  @Test func whatABugFailsIsMadeSmallAndReplaysAlone() throws {
    let story = Story.mixedDurability
    PlantedBug.active = .readerBeyondWatermark
    defer { PlantedBug.active = nil }
    let options = CrashBudget.options(states: 600)
    let failure = try #require(try story.explorer(options).explore().failure)
    let smallest = story.smallestLife(failure)
    print(smallest)
    // One written append is enough, and one sector of it.
    #expect(smallest.kept.count == 1)
    #expect(smallest.failure.kind == failure.kind)
    let crashCase = smallest.failure.crashCase
    guard case .powerCut(_, _, .everythingBut(let lost)) = crashCase.image else {
      Issue.record("\(smallest)")
      return
    }
    #expect(lost.count == 1)
    let alone = Story.named(story.name).keeping(smallest.kept).explorer
    let again = try #require(try alone(CrashOptions()).replay(crashCase))
    #expect(again.message == smallest.failure.message)
    PlantedBug.active = nil
    #expect(try alone(CrashOptions()).replay(crashCase) == nil)
  }

  /// A check that ought to see a bug.
  private struct Harness {
    let name: String
    /// What it has to say; nil if all is well.
    let failure: () throws -> String?
  }

  private static func harness(of bug: PlantedBug) -> Harness {
    switch bug {
    case .acknowledgedBeforeSync: lives(of: .loneAppends)
    case .noDirectorySync: lives(of: .creation)
    case .readerBeyondWatermark: lives(of: .mixedDurability)
    case .retryAfterFailedSync: Harness(name: "failed syncs", failure: failedSyncs)
    case .watermarkIgnored:
      Harness(name: "damaged places") { message(DamagedPlaces.checkDamageBelowTheWatermark) }
    case .checksumWithoutSaltAndOffset:
      Harness(name: "damaged places") { message(DamagedPlaces.checkAFrameInTheWrongPlace) }
    case .headerOutsideChecksum: structures(DamagedStructures.checkFrameHeaders)
    case .lengthTrusted: structures(DamagedStructures.checkALengthBehindTheEnd)
    case .staleIndexTrusted: structures(DamagedStructures.checkAStaleFooter)
    case .temporaryFilesNotSwept: lives(of: .checkpointMerge)
    case .lockDropped: structures(DamagedStructures.checkASecondWriter)
    case .expansionUncapped: structures(DamagedStructures.checkExpansion)
    }
  }

  private static func lives(of story: Story) -> Harness {
    Harness(name: "lives of \(story.name)") {
      try story.explorer(CrashBudget.options(states: 600)).explore().failure?.description
    }
  }

  private static func structures(_ check: @escaping () throws -> Void) -> Harness {
    Harness(name: "damaged structures") { message(check) }
  }

  private static func message(_ check: () throws -> Void) -> String? {
    do {
      try check()
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Lets each sync of the first segment fail once, and cuts the power at the end.
  private static func failedSyncs() throws -> String? {
    let story = Story.loneAppends
    for nth in 1...8 {
      let found = message {
        var life = FaultyLife(story, try story.preparedDisk().killed())
        try life.run(
          FaultPlan.Failure(EIO, nth: nth, kinds: [.sync], file: "log/" + StoreFile.segment(1))
        )
        try life.oracle().check(life.disk.crash(choosing: .nothing), .powerCut, life.promises)
      }
      if let found { return found }
    }
    return nil
  }
}
#endif
