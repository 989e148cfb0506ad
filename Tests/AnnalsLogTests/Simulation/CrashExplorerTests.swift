import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct CrashExplorerTests {
  /// A program that appends numbers to a file, rightly or with a planted fault.
  private enum Program {
    case right, acknowledgingBeforeSync, forgettingTheDirectorySync

    func run(_ disk: SimulatedFileSystem, _ record: Acknowledgements<UInt8>) throws {
      let directory = try disk.openDirectory("/store", create: true)
      let file = try directory.openFile("log", .create)
      if self != .forgettingTheDirectorySync { try directory.sync() }
      for number in UInt8(1)...5 {
        let bytes = [UInt8](repeating: number, count: 700)
        record.submit(number)
        try file.write(bytes, at: (Int(number) - 1) * bytes.count)
        record.acknowledge(number, surviving: .kill)
        if self == .acknowledgingBeforeSync { record.acknowledge(number) }
        try file.sync()
        if self != .acknowledgingBeforeSync { record.acknowledge(number) }
      }
    }
  }

  private struct Lost: Error {
    let number: UInt8
  }

  /// All that is acknowledged is in the file, whole.
  private static func check(
    _ disk: SimulatedFileSystem,
    _ death: Death,
    _ record: Acknowledgements<UInt8>
  ) throws {
    let acknowledged = record.acknowledged(surviving: death)
    guard !acknowledged.isEmpty else { return }
    let bytes = try PreparedDisk.bytes(disk, "log")
    for number in acknowledged {
      let range = (Int(number) - 1) * 700..<Int(number) * 700
      guard bytes.count >= range.upperBound, bytes[range].allSatisfy({ $0 == number }) else {
        throw Lost(number: number)
      }
    }
  }

  private func explorer(_ program: Program) -> CrashExplorer<UInt8> {
    CrashExplorer(workload: program.run, check: Self.check)
  }

  @Test func aRightProgramPasses() throws {
    let report = try explorer(.right).explore()
    #expect(report.failure == nil)
    // Open twice (one makes), create, sync, and five times write and sync.
    #expect(report.operationCount == 15)
    #expect(report.stateCount > 200)
  }

  @Test func anAcknowledgementBeforeTheSyncIsFoundAndReplayed() throws {
    let explorer = explorer(.acknowledgingBeforeSync)
    let failure = try #require(try explorer.explore().failure)
    #expect(failure.crashCase.death == .powerCut)
    let replayed = try #require(try explorer.replay(failure.crashCase))
    #expect(replayed.message == failure.message && replayed.trace == failure.trace)
    #expect(failure.trace.last?.kind == .sync)
    #expect(failure.description.contains("Lost(number: 1)"))
  }

  @Test func aFailingStateIsMadeAsSmallAsItCanBe() throws {
    let explorer = explorer(.acknowledgingBeforeSync)
    // All five numbers are lost, and the size of the file with them.
    let end = try #require(
      try explorer.replay(
        CrashCase(
          stop: .before(15),
          image: .powerCut(sectorByteCount: 512, names: .anySubset, .nothing)
        )
      )
    )
    let smallest = try explorer.shrink(end)
    #expect(smallest.kind == end.kind)
    // The first sync has not happened, and a single sector or size is lost.
    #expect(smallest.crashCase.stop == .before(7))
    guard case .powerCut(_, _, .everythingBut(let lost)) = smallest.crashCase.image else {
      Issue.record("\(smallest)")
      return
    }
    #expect(lost.count == 1)
    #expect(smallest.description.contains("made smaller in "))
    let again = try #require(try explorer.replay(smallest.crashCase))
    #expect(again.message == smallest.message)
    // What cannot be made smaller stays as it is.
    #expect(try explorer.shrink(smallest).crashCase == smallest.crashCase)
  }

  @Test func aFailureIsOfTheSameKindWhateverItsNumbers() {
    let kind = CrashFailure.kind(of:)
    #expect(kind("up to 12, not in 3...4\nmore") == kind("up to 7, not in 21...30"))
    #expect(kind("up to 12") != kind("inside 12"))
  }

  @Test func anArrayIsReducedToWhatIsNeeded() {
    var tryCount = 0
    let all = Array(0..<100)
    let needed = all.reduced(tryCount: &tryCount, atMost: 1000) {
      $0.contains(3) && $0.contains(90)
    }
    #expect(needed == [3, 90])
    #expect(tryCount < 100)
    tryCount = 0
    #expect(all.reduced(tryCount: &tryCount, atMost: 5) { $0.contains(3) }.count > 1)
    #expect(tryCount == 5)
    tryCount = 0
    #expect(all.reduced(tryCount: &tryCount, atMost: 10) { _ in true } == [])
  }

  @Test func aMissingSyncOfTheDirectoryIsFound() throws {
    let failure = try #require(try explorer(.forgettingTheDirectorySync).explore().failure)
    #expect(failure.message.contains("open log"))
  }

  @Test func theSameSeedVisitsTheSameStates() throws {
    func states(_ seed: UInt64) throws -> [[UInt8]] {
      var options = CrashOptions()
      options.seed = seed
      options.exhaustiveMax = 4
      var states: [[UInt8]] = []
      let explorer = CrashExplorer<UInt8>(options: options, workload: Program.right.run) {
        (disk, _, _) in
        states.append((try? PreparedDisk.bytes(disk, "log")) ?? [])
      }
      _ = try explorer.explore()
      return states
    }
    let first = try states(1)
    #expect(try states(1) == first)
    #expect(try states(2) != first)
  }

  @Test func whatTheWorkloadThrowsByItselfIsNotSwallowed() {
    let explorer = CrashExplorer<UInt8> { (_, _) in
      throw Lost(number: 0)
    } check: { (_, _, _) in
    }
    #expect(throws: Lost.self) { try explorer.explore() }
  }

  @Test func anExplorationCanStartOnTheImageOfACrash() throws {
    var nestedCount = 0
    let outer = CrashExplorer<UInt8>(workload: Program.right.run) { (disk, death, record) in
      let inner = CrashExplorer<UInt8>(start: disk.killed) { (disk, _) in
        // A recovery that only pushes out what the dead process wrote.
        let directory = try disk.openDirectory("/store", create: true)
        try directory.sync()
        if try directory.names().contains("log") {
          try directory.openFile("log", .readWrite).sync()
        }
      } check: { (disk, innerDeath, _) in
        let isCut = death == .powerCut || innerDeath == .powerCut
        try Self.check(disk, isCut ? .powerCut : .kill, record)
      }
      let report = try inner.explore()
      nestedCount += report.stateCount
      if let failure = report.failure { throw NestedFailure(failure: failure) }
    }
    #expect(try outer.explore().failure == nil)
    #expect(nestedCount > 1000)
  }

  private struct NestedFailure: Error {
    let failure: CrashFailure
  }
}
