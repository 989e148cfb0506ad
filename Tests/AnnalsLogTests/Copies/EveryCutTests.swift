import AnnalsLog
import AnnalsTesting
import Testing

/// Copies that end at every position, of stores with compacted segments: each is what was there.
@Suite struct EveryCutTests {
  private static func make() throws -> (SimulatedFileSystem, [RecordedEvent]) {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 6, seed: 1)
    // Made first, so that it removes of what follows as well.
    try log.retain(.keepCount(.aggregate("account-1"), 2))
    try log.retain(.keepCount(.aggregate("account-2"), 1))
    for round in 0..<3 {
      _ = try CopyStory.append(log, 8, seed: UInt64(round + 2))
      try DamageStore.roll(log)
    }
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try log.compact(options).eventsRemoved > 5)
    _ = try CopyStory.append(log, 5, seed: 50)
    let events = try log.read()
    try log.close()
    return (disk, events)
  }

  @Test(arguments: [false, true]) func eachPositionIsAnEnd(isFork: Bool) throws {
    let (disk, events) = try Self.make()
    let opening = CopyStory.options(disk)
    let last = try #require(events.last).position.rawValue
    var count = 0
    for position in 1...last {
      let end = CopyEnd.position(Position(position))
      let (from, to) = (CopyStory.source, "/copy-\(position)")
      let planned: CopyReport
      do throws(LogError) {
        planned =
          isFork
          ? try StoreCopier.fork(from, to: to, at: end, isDryRun: true, opening: opening)
          : try StoreCopier.restore(from, to: to, through: end, isDryRun: true, opening: opening)
      } catch {
        guard case .removedSince = error else { throw error }
        continue
      }
      let made =
        isFork
        ? try StoreCopier.fork(from, to: to, at: end, opening: opening)
        : try StoreCopier.restore(from, to: to, through: end, opening: opening)
      count += 1
      #expect(planned.lastPosition == made.lastPosition)
      #expect(planned.segments == made.segments)
      #expect(planned.roundedFrom == made.roundedFrom)
      #expect(made.lastPosition.rawValue <= position)
      let found = try CopyStory.verified(disk, to)
      // Rules that keep a number of events show others where less follows.
      let own = events.filter { !["account-1", "account-2"].contains($0.aggregate.text) }
      #expect(
        found.filter { !["account-1", "account-2"].contains($0.aggregate.text) }
          == own.filter { $0.position <= made.lastPosition },
        "\(position)"
      )
    }
    #expect(count > 10)
  }

  /// Where something else stands no copy is begun, nor where another is being made.
  @Test func aTakenPlaceIsRefused() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 1)
    let opening = CopyStory.options(disk)
    let folder = try disk.openDirectory("/folder", create: true)
    _ = try folder.openFile("letter", .create)
    func error(_ path: String, _ isDryRun: Bool) -> LogError? {
      CopyStory.error {
        try StoreCopier.fork(CopyStory.source, to: path, isDryRun: isDryRun, opening: opening)
      }
    }
    for isDryRun in [false, true] {
      for path in ["/folder", "/folder/letter", CopyStory.source] {
        guard case .occupied(path)? = error(path, isDryRun) else {
          Issue.record("\(path): \(String(describing: error(path, isDryRun)))")
          continue
        }
      }
    }
    let place = try disk.openDirectory("/busy", create: true)
    var lock = try place.lock(StoreFile.lock, shared: false)
    #expect(lock != nil)
    guard case .locked("/busy")? = error("/busy", false) else {
      Issue.record("\(String(describing: error("/busy", false)))")
      return
    }
    lock = nil
    #expect(error("/busy", false) == nil)
  }

  @Test(arguments: [1, 2]) func aDryRunTellsWhatASalvageSaves(index: Int) throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 4)
    var image = try DiskImage(disk)
    image.files[image.segmentNames[index]] = nil
    image.files[image.segmentNames[0]]?[Segment.firstFrame + 9] ^= 1
    let damaged = try image.disk()
    let opening = CopyStory.options(damaged)
    let planned = try StoreCopier.salvage(
      CopyStory.source,
      to: "/saved",
      isDryRun: true,
      opening: opening
    )
    let made = try StoreCopier.salvage(CopyStory.source, to: "/saved", opening: opening)
    #expect(planned.lost == made.lost)
    #expect(planned.events == made.events)
    #expect(planned.lastPosition == made.lastPosition)
    #expect(made.lost.count >= 2)
    #expect(try CopyStory.verified(damaged, "/saved").count == Int(made.events))
  }

  @Test func whatIsTornOrHiddenIsSalvaged() throws {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 20, seed: 1)
    let events = try log.read()
    let killed = disk.killed()
    try log.close()
    var image = try DiskImage(killed)
    let name = try #require(image.segmentNames.last)
    let end = try #require(try DamageTrialEnds.end(image, name))
    image.files[name]?.replaceSubrange(end..<end + 40, with: [UInt8](repeating: 7, count: 40))
    let torn = try image.disk()
    let report = try StoreCopier.salvage(
      CopyStory.source,
      to: "/saved",
      opening: CopyStory.options(torn)
    )
    #expect(try CopyStory.verified(torn, "/saved") == events)
    #expect(report.lost.contains { $0.positions == nil && $0.byteCount ?? 0 >= 40 })
  }
}

/// Where the frames of a segment end.
private enum DamageTrialEnds {
  static func end(_ image: DiskImage, _ name: String) throws -> Int? {
    let bytes = image.files[name] ?? []
    var offset = Segment.firstFrame
    while case .frame(let frame) = FrameHeader.probe(bytes.span, at: offset, limit: bytes.count) {
      offset += frame.byteCount
    }
    return offset
  }
}
