import AnnalsLog
import AnnalsTesting
import Testing

/// Stops restores, forks and salvages at every call: what is left is the whole copy, or no store.
@Suite struct CopyCrashTests {
  enum Verb: CaseIterable {
    case restore, restoreToPosition, fork, salvage

    static let destination = "/copy"

    /// Makes the copy; gives its events.
    func run(_ disk: SimulatedFileSystem) throws {
      let opening = CopyStory.options(disk)
      let (source, destination) = (CopyStory.source, Self.destination)
      switch self {
      case .restore: try StoreCopier.restore(source, to: destination, opening: opening)
      case .restoreToPosition:
        try StoreCopier.restore(
          source,
          to: destination,
          through: .position(90),
          opening: opening
        )
      case .fork: try StoreCopier.fork(source, to: destination, opening: opening)
      case .salvage: try StoreCopier.salvage(source, to: destination, opening: opening)
      }
    }
  }

  private struct Wrong: Error {
    var message: String
  }

  private static func crashOptions() -> CrashOptions {
    Proof.crashOptions(states: 800)
  }

  /// What the copy must be: made once without a crash.
  private static func expected(
    _ verb: Verb,
    _ disk: SimulatedFileSystem
  ) throws -> [RecordedEvent] {
    let whole = disk.killed()
    try verb.run(whole)
    return try CopyStory.open(whole, Verb.destination).read()
  }

  private static func check(
    _ disk: SimulatedFileSystem,
    _ verb: Verb,
    _ source: [RecordedEvent],
    _ expected: [RecordedEvent]
  ) throws {
    func verify(_ path: String, _ events: [RecordedEvent]) throws {
      guard try CopyStory.open(disk, path).read() == events else {
        throw Wrong(message: "\(path): other events")
      }
      let report = try StoreVerifier.verify(path, options: CopyStory.options(disk))
      guard report.isOK else { throw Wrong(message: "\(path): \(report.problems)") }
    }
    // The source is nobody's to change.
    try verify(CopyStory.source, source)
    do {
      let found = try CopyStory.open(disk, Verb.destination).read()
      guard found == expected else { throw Wrong(message: "\(found.count) events") }
      try verify(Verb.destination, expected)
      // It can be gone on with.
      let log = try CopyStory.open(disk, Verb.destination, .readWrite)
      _ = try CopyStory.append(log, 2, seed: 99)
      try log.close()
    } catch let error as LogError {
      switch error {
      case .notAStore, .missingFile: break
      default: throw error
      }
      // Half of a copy stands in nobody's way.
      do {
        try verb.run(disk)
      } catch {
        throw Wrong(message: "again: \(error)")
      }
      try verify(Verb.destination, expected)
    }
  }

  @Test(arguments: Verb.allCases) func aCopyMayStopAnywhere(verb: Verb) throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 2)
    let expected = try Self.expected(verb, disk)
    let explorer = CrashExplorer<Int>(options: Self.crashOptions(), start: disk.killed) {
      (disk, _) in
      try verb.run(disk)
    } check: { (disk, _, _) in
      try Self.check(disk, verb, written.events, expected)
    }
    let report = try explorer.explore()
    #expect(report.failure == nil, "\(String(describing: report.failure))")
    #expect(report.stateCount > Proof.share(of: 100))
  }

  @Test(arguments: Verb.allCases) func withAFullDiskNothingIsMade(verb: Verb) throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 2)
    let expected = try Self.expected(verb, disk)
    let whole = disk.killed()
    try verb.run(whole)
    let needed = whole.usedByteCount - disk.usedByteCount
    var refused = 0
    for point in 0..<12 {
      let copy = disk.killed()
      copy.capacity = copy.usedByteCount + needed * point / 12
      do {
        try verb.run(copy)
      } catch let error as LogError {
        guard case .diskFull = error else { throw error }
        refused += 1
      }
      copy.capacity = nil
      try Self.check(copy, verb, written.events, expected)
    }
    #expect(refused > 6)
  }
}
