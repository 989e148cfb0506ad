import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

@Suite struct RestoreTests {
  /// A disk with a store and its backup; some frames of the store hold several appends.
  private static func make() throws -> (SimulatedFileSystem, CopyStory.Written) {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    var written = CopyStory.Written()
    for round in 0..<3 {
      written.ends += try CopyStory.append(log, 10, seed: UInt64(round + 1))
      written.ends += try appendTogether(log, round)
      if round < 2 { try DamageStore.roll(log) }
    }
    written.events = try log.read()
    try log.close()
    try StoreCopier.backup(
      CopyStory.source,
      to: CopyStory.backup,
      opening: CopyStory.options(disk)
    )
    return (disk, written)
  }

  /// Appends from several threads at once, so that appends share a frame.
  private static func appendTogether(_ log: EventLog, _ round: Int) throws -> [UInt64] {
    guard let writer = log.writer else { return [] }
    // The first one holds the disk back while the others queue up.
    let head = log.head().rawValue
    let ends = Mutex<[UInt64]>([])
    var threads: [Thread] = []
    writer.lock.lock()
    for number in 0..<6 {
      threads.append(
        try Thread(name: "append") {
          let batch = EventBatch(limits: log.core.options.limits)
          for index in 0...(number % 3) {
            let event = NewEvent(
              type: "Together",
              payload: [UInt8](repeating: UInt8(number), count: index * 3),
              time: Timestamp(microseconds: 1_750_000_500_000_000 + Int64(round) * 1_000_000),
              tags: number % 2 == 0 ? ["pair"] : []
            )
            try? batch.add(event, to: AggregateID("shared-\(number % 4)"))
          }
          if number % 2 == 1 { batch.key = [UInt8(round), UInt8(number)] }
          if let receipt = try? log.append(batch) {
            ends.withLock { $0.append(receipt.lastPosition.rawValue) }
          }
        }
      )
    }
    writer.lock.unlock()
    for thread in threads { thread.join() }
    let sorted = ends.withLock { $0.sorted() }
    #expect(sorted.last == head + 12)
    return sorted
  }

  @Test func everyPositionRoundsDownToAWholeAppend() throws {
    let (disk, written) = try Self.make()
    let last = written.ends.last ?? 0
    for position in 0...last {
      let copy = disk.killed()
      let report = try StoreCopier.restore(
        CopyStory.backup,
        to: "/restored",
        through: .position(Position(position)),
        opening: CopyStory.options(copy)
      )
      let end = written.ends.last { $0 <= position } ?? 0
      #expect(report.lastPosition.rawValue == end)
      #expect(report.roundedFrom == (end == position ? nil : Position(position)))
      #expect(report.events == end)
      let found = try CopyStory.verified(copy, "/restored")
      #expect(found == Array(written.events.prefix(Int(end))), "at \(position)")
      if position % 7 == 0 {
        let log = try CopyStory.open(copy, "/restored", .readWrite)
        let next = try log.append([NewEvent(type: "Next", payload: [1])], to: "next-1")
        #expect(next.lastPosition.rawValue == end + 1)
        try log.close()
        #expect(try CopyStory.verified(copy, "/restored").count == Int(end) + 1)
      }
    }
  }

  @Test func aTimeMeansAllBeforeTheFirstLaterEvent() throws {
    let (disk, written) = try Self.make()
    var random = SplitMix64(seed: 3)
    let times = written.events.map(\.time.microseconds)
    for _ in 0..<40 {
      let time =
        times[Int.random(in: 0..<times.count, using: &random)]
        + Int64.random(in: -1...1, using: &random)
      let copy = disk.killed()
      let report = try StoreCopier.restore(
        CopyStory.backup,
        to: "/restored",
        through: .time(Timestamp(microseconds: time)),
        opening: CopyStory.options(copy)
      )
      let before = UInt64(times.firstIndex { $0 > time } ?? times.count)
      let end = written.ends.last { $0 <= before } ?? 0
      #expect(report.lastPosition.rawValue == end)
      let found = try CopyStory.verified(copy, "/restored")
      #expect(found == Array(written.events.prefix(Int(end))))
    }
  }

  @Test func aPositionBeyondTheHeadIsAnError() throws {
    let (disk, written) = try Self.make()
    let last = written.ends.last ?? 0
    #expect(
      throws: LogError.positionBeyondHead(requested: Position(last + 1), head: Position(last))
    ) {
      try StoreCopier.restore(
        CopyStory.backup,
        to: "/restored",
        through: .position(Position(last + 1)),
        opening: CopyStory.options(disk)
      )
    }
    #expect(throws: (any Error).self) { try disk.openDirectory("/restored", create: false) }
  }

  @Test func consumersThatHaveRunAheadAreNoticed() throws {
    let (disk, written) = try Self.make()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    let store = ConsumerStore(log)
    try store.save("slow", try log.record(8))
    try store.save("fast", try log.record(written.ends.last ?? 0))
    try log.close()
    let options = CopyStory.options(disk)
    try StoreCopier.backup(CopyStory.source, to: CopyStory.backup, opening: options)
    try StoreCopier.restore(
      CopyStory.backup,
      to: "/restored",
      through: .position(20),
      opening: options
    )
    let restored = try CopyStory.open(disk, "/restored", .readWrite)
    let consumers = ConsumerStore(restored)
    let slow = try #require(try consumers.load("slow"))
    let fast = try #require(try consumers.load("fast"))
    #expect(try restored.standing(of: slow) == .fits)
    #expect(try restored.standing(of: fast) == .anotherHistory)
    // Also when the store has grown beyond it again.
    _ = try CopyStory.append(restored, 60, seed: 8)
    #expect(restored.head().rawValue > fast.position)
    #expect(try restored.standing(of: fast) == .anotherHistory)
    #expect(try restored.standing(of: slow) == .fits)
    try restored.close()
    // All of it, with everybody where they were.
    try StoreCopier.restore(CopyStory.backup, to: "/whole", opening: options)
    let whole = try CopyStory.open(disk, "/whole")
    #expect(whole.core.historyID != log.core.historyID)
    #expect(try whole.standing(of: fast) == .fits)
  }

  @Test func aDamagedBackupIsNotRestored() throws {
    let (disk, _) = try Self.make()
    // Not in a frame, and with a checksum that fits: only the backup's own tells.
    let name = try CopyStory.forgeHeader(disk, CopyStory.backup)
    let found = CopyStory.error {
      try StoreCopier.restore(
        CopyStory.backup,
        to: "/restored",
        opening: CopyStory.options(disk)
      )
    }
    var file: String?
    if case .corrupt(let damage)? = found { file = damage.file }
    let isFound = file == "log/" + name
    #expect(isFound, "\(String(describing: found))")
    let report = try StoreVerifier.verify(CopyStory.backup, options: CopyStory.options(disk))
    #expect(!report.isOK)
  }
}
