import AnnalsLog
import AnnalsTesting
import Testing

/// Copies of stores that compaction has rewritten.
@Suite struct CompactedCopiesTests {
  /// A store of which a good part left, with a backup from before, and what is left.
  private static func make() throws -> (SimulatedFileSystem, CopyStory.Written) {
    let disk = SimulatedFileSystem()
    var written = try CopyStory.make(disk, rounds: 4)
    try StoreCopier.backup(
      CopyStory.source,
      to: CopyStory.backup,
      opening: CopyStory.options(disk)
    )
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    try log.retain(.delete(.aggregate("account-1")))
    try log.retain(.delete(.aggregate("account-4")))
    try log.retain(.truncate("account-2", before: 20))
    var options = CompactionOptions()
    options.leastGarbage = 0
    let report = try log.compact(options)
    #expect(report.eventsRemoved > 50)
    written.ends += try CopyStory.append(log, 5, seed: 99)
    written.events = try log.read()
    try log.close()
    return (disk, written)
  }

  @Test func aBackupFollowsCompaction() throws {
    let (disk, written) = try Self.make()
    let report = try StoreCopier.backup(
      CopyStory.source,
      to: CopyStory.backup,
      opening: CopyStory.options(disk)
    )
    #expect(report.lastPosition.rawValue == written.ends.last)
    #expect(try CopyStory.verified(disk, CopyStory.backup) == written.events)
    // What the older backup had of the segments that were replaced is gone.
    let root = try disk.openDirectory(CopyStory.backup, create: false)
    let names = try root.openDirectory("log", create: false).names()
    #expect(names.filter { $0.hasSuffix(".segment") }.count == report.segments)
  }

  @Test func aRestoreBeforeTheRuleThatRemovedIsRefused() throws {
    let (disk, written) = try Self.make()
    let position = written.ends[20]
    let error = CopyStory.error {
      try StoreCopier.restore(
        CopyStory.source,
        to: "/restored",
        through: .position(Position(position)),
        opening: CopyStory.options(disk)
      )
    }
    let isRefused = if case .removedSince? = error { true } else { false }
    #expect(isRefused, "\(String(describing: error))")
    // The backup from before has it.
    try StoreCopier.restore(
      CopyStory.backup,
      to: "/restored",
      through: .position(Position(position)),
      opening: CopyStory.options(disk)
    )
    #expect(try CopyStory.verified(disk, "/restored").count == Int(position))
  }

  @Test func aRestoreEndsInsideARewrittenSegment() throws {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    var ends = try CopyStory.append(log, 20, seed: 1)
    try log.retain(.keepCount(.aggregate("account-1"), 2))
    try log.retain(.truncate("account-2", before: 3))
    let rule = ends.last ?? 0
    for round in 0..<3 {
      ends += try CopyStory.append(log, 20, seed: UInt64(round + 2))
      try DamageStore.roll(log)
    }
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try log.compact(options).eventsRemoved > 5)
    let live = try log.read()
    try log.close()
    for position in stride(from: rule, through: ends.last ?? 0, by: 3) {
      let copy = disk.killed()
      let report = try StoreCopier.restore(
        CopyStory.source,
        to: "/restored",
        through: .position(Position(position)),
        opening: CopyStory.options(copy)
      )
      let end = report.lastPosition.rawValue
      #expect(end <= position)
      #expect(end >= ends.last { $0 <= position } ?? 0)
      let found = try CopyStory.verified(copy, "/restored")
      // What is kept of an aggregate counts from its newest event here.
      let expected = live.filter {
        $0.position.rawValue <= end && $0.aggregate.text != "account-1"
      }
      #expect(found.filter { $0.aggregate.text != "account-1" } == expected, "at \(position)")
      let next = try CopyStory.open(copy, "/restored", .readWrite)
      let receipt = try next.append([NewEvent(type: "Next", payload: [1])], to: "next-1")
      #expect(receipt.lastPosition.rawValue == end + 1)
      try next.close()
    }
  }

  @Test func aForkSharesWhatWasRewritten() throws {
    let (disk, written) = try Self.make()
    let options = CopyStory.options(disk)
    try StoreCopier.fork(CopyStory.source, to: "/fork", opening: options)
    #expect(try CopyStory.verified(disk, "/fork") == written.events)
  }

  @Test func salvageKeepsWhatCompactionSaid() throws {
    let (disk, written) = try Self.make()
    let image = try DiskImage(disk)
    for name in image.segmentNames {
      let bytes = image.files[name] ?? []
      guard bytes.contains(where: { $0 != 0 }) else { continue }
      let copy = try image.disk()
      try DiskImage.write([bytes[4400] ^ 0x44], at: 4400, of: name, on: copy)
      let report = try StoreCopier.salvage(
        CopyStory.source,
        to: "/saved",
        opening: CopyStory.options(copy)
      )
      var lost: Set<UInt64> = []
      for case let range? in report.lost.map(\.positions) {
        lost.formUnion(range.first.rawValue...range.last.rawValue)
      }
      let found = try CopyStory.verified(copy, "/saved")
      #expect(found == written.events.filter { !lost.contains($0.position.rawValue) }, "\(name)")
      #expect(report.lastPosition.rawValue == written.ends.last)
    }
  }
}
