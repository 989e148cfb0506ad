import AnnalsLog
import AnnalsTesting
import Testing

/// Stops whole lives of a log everywhere, and checks every disk that a death can leave.
@Suite(.serialized) struct CrashedLivesTests {
  @Test(arguments: Story.all)
  func aLifeStoppedAnywhereLeavesWhatWasPromised(story: Story) throws {
    let report = try story.explorer(CrashBudget.options()).explore()
    CrashBudget.report(
      story.name,
      "\(report.stateCount) states, \(report.stopCount) stops in \(report.operationCount) calls"
    )
    print(Proof.line("crash-states", report.stateCount, failures: report.failure == nil ? 0 : 1))
    if let failure = report.failure { Issue.record("\(story.smallestLife(failure))") }
    #expect(report.stateCount > Proof.share(of: 50))
  }
}

extension Story: CustomTestStringConvertible {
  var testDescription: String { name }

  /// Explores the life of this story.
  func explorer(_ options: CrashOptions) throws -> CrashExplorer<UInt64> {
    let prepared = try preparedDisk()
    let oracle = Oracle(story: self)
    return CrashExplorer(
      options: options,
      start: prepared.killed,
      workload: run,
      check: oracle.check
    )
  }
}
