import AnnalsLog
import AnnalsTesting
import Testing

/// Compaction of a disk that is nearly full: it makes room, or says how much it needs.
@Suite struct FullDiskCompactionTests {
  private static func make() throws -> (SimulatedFileSystem, [RecordedEvent]) {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, "/store", .readWrite)
    for round in 0..<4 {
      _ = try CopyStory.append(log, 25, seed: UInt64(round + 1), payloadBytes: 400)
      if round < 3 { try DamageStore.roll(log) }
    }
    for number in 0..<7 { try log.retain(.delete(.aggregate(AggregateID("account-\(number)")))) }
    let events = try log.read()
    try log.close()
    return (disk.killed(), events)
  }

  private static func options() -> CompactionOptions {
    var options = CompactionOptions()
    options.leastGarbage = 0.1
    return options
  }

  @Test func whateverRoomThereIsNothingIsLost() throws {
    let (prepared, _) = try Self.make()
    var outcomes: [String: Int] = [:]
    let points = Proof.share(of: 100)
    for point in 0..<points {
      let disk = prepared.killed()
      let log = try CopyStory.open(disk, "/store", .readWrite)
      // The segment that was made ready is used up, and the one in writing has something to remove.
      try DamageStore.roll(log)
      _ = try CopyStory.append(log, 9, seed: 70, payloadBytes: 400)
      try log.retain(.truncate("account-7", before: 9))
      for number in 0..<6 {
        try log.retain(.delete(.aggregate(AggregateID("account-\(number)"))))
      }
      let events = try log.read()
      disk.capacity = disk.usedByteCount + 300_000 * point / points
      do throws(LogError) {
        let report = try log.compact(Self.options())
        outcomes[report.segmentsMade > 0 ? "made" : "nothing", default: 0] += 1
      } catch {
        switch error {
        case .spaceNeeded(let bytes, let available):
          #expect(bytes > available)
          outcomes["told", default: 0] += 1
        default: Issue.record("\(point): \(error)")
        }
      }
      #expect(try log.read() == events, "\(point)")
      disk.capacity = nil
      _ = try log.compact(Self.options())
      #expect(try log.read() == events, "\(point)")
      try log.close()
      let report = try StoreVerifier.verify("/store", options: CopyStory.options(disk))
      #expect(report.isOK, "\(point): \(report.problems)")
    }
    guard points == 100 else { return }
    #expect(outcomes["told", default: 0] > 5)
    #expect(outcomes["made", default: 0] > 5)
  }

  /// The segment in writing has something to remove, and there is no room to begin another: the
  /// sealed ones make it.
  @Test func sealedSegmentsMakeRoomForTheNextOne() throws {
    let disk = SimulatedFileSystem()
    var options = CopyStory.options(disk, .readWrite)
    options.segmentBytes = 512 << 10
    let log = try EventLog(at: "/store", options: options)
    for round in 0..<6 {
      _ = try CopyStory.append(log, 25, seed: UInt64(round + 1), payloadBytes: 900)
      if round == 4 { disk.capacity = disk.usedByteCount }
      if round < 5 { try DamageStore.roll(log) }
    }
    #expect(log.writer?.maintenance.current.spare == nil)
    for number in 0..<7 { try log.retain(.delete(.aggregate(AggregateID("account-\(number)")))) }
    let events = try log.read()
    disk.capacity = disk.usedByteCount + 200_000
    let report = try log.compact(Self.options())
    #expect(report.segmentsRewritten > 4 && report.segmentsMade > 1)
    #expect(try log.read() == events)
    try log.close()
    let verdict = try StoreVerifier.verify("/store", options: CopyStory.options(disk))
    #expect(verdict.isOK, "\(verdict.problems)")
  }

  /// Compressed frames that keep all their events are not expanded when others leave.
  @Test func compressedFramesOfOthersAreTakenAsTheyAre() throws {
    let disk = SimulatedFileSystem()
    var options = CompressionTests.options()
    options.fileSystem = disk
    let log = try EventLog(at: "/store", options: options)
    for number in 0..<600 {
      let text = String(repeating: "{\"number\":\(number),\"state\":\"approved\"}", count: 20)
      // Large frames: they are compressed alone, and each is of one aggregate.
      let batch = EventBatch()
      for _ in 0..<20 {
        try batch.add(
          NewEvent(type: "Kept", payload: Array(text.utf8)),
          to: AggregateID(number == 5 ? "gone-1" : "kept-1")
        )
      }
      try log.append(batch, durability: .written)
    }
    try log.sync()
    _ = try log.compact(CompressionTests.options(.compress))
    try log.retain(.delete(.aggregate("gone-1")))
    let before = try log.read()
    var compaction = CompressionTests.options(.keep)
    compaction.leastGarbage = 0
    #expect(try log.compact(compaction).eventsRemoved == 20)
    #expect(try log.read() == before)
    try log.close()
    let report = try StoreVerifier.verify("/store", options: options)
    #expect(report.isOK, "\(report.problems)")
  }

  /// What is compressed already is taken as it is, or expanded, when others leave.
  @Test(arguments: [CompactionOptions.Compression.keep, .compress, .decompress])
  func whatIsCompressedIsRewritten(compression: CompactionOptions.Compression) throws {
    let disk = SimulatedFileSystem()
    var options = CompressionTests.options()
    options.fileSystem = disk
    let log = try EventLog(at: "/store", options: options)
    try CompressionTests.fill(log)
    _ = try log.compact(CompressionTests.options(.compress))
    for number in [3, 8, 20] {
      try log.retain(.delete(.aggregate(AggregateID("order-\(number)"))))
      try log.retain(.truncate(AggregateID("item-\(number % 11)"), before: 5))
    }
    let before = try CompressionTests.everything(log)
    var compaction = CompressionTests.options(compression)
    compaction.leastGarbage = 0
    #expect(try log.compact(compaction).eventsRemoved > 50)
    #expect(try CompressionTests.everything(log) == before)
    try log.close()
    let report = try StoreVerifier.verify("/store", options: options)
    #expect(report.isOK, "\(report.problems)")
  }
}
