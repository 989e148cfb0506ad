import AnnalsLog
import Testing

/// Plans of compaction: what footers and samples tell, beside what reading everything tells.
@Suite struct SurveyTests {
  private static func options(_ bytes: Int = 2 << 20) -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = bytes
    options.segmentBytes = bytes
    options.hasMaintenanceThread = false
    return options
  }

  /// A log of several segments: each aggregate of a category gets an event in turn.
  private static func fill(_ log: EventLog, _ count: Int, per batchCount: Int = 20) throws {
    let batch = EventBatch()
    for number in 0..<count {
      let category = ["order", "session", "audit"][number % 3]
      let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 40 + number % 50)
      let event = NewEvent(
        type: "T",
        payload: payload,
        time: Timestamp(microseconds: Int64(number) * 1_000_000)
      )
      try batch.add(event, to: AggregateID("\(category)-\(number % 301)"))
      if batch.count == batchCount || number == count - 1 {
        try log.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    try log.sync()
  }

  private static func exact() -> CompactionOptions {
    var options = CompactionOptions()
    options.isExact = true
    return options
  }

  /// What reading every event says, and how far a plan is from that.
  private static func difference(
    _ log: EventLog
  ) throws -> (plan: CompactionReport, exact: CompactionReport) {
    (try log.planCompaction(), try log.planCompaction(exact()))
  }

  @Test func footersLeadToEverythingThatARuleOfAnAggregateNames() throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store", options: Self.options())
    try Self.fill(log, 60_000)
    let rules: [RetentionRule] = [
      .delete(.aggregate("order-3")), .truncate("session-1", before: 60), .redact(4711),
      .keepCount(.aggregate("audit-2"), 5), .tombstone(.aggregate("order-6")),
    ]
    for rule in rules { try log.retain(rule) }
    let (plan, exact) = try Self.difference(log)
    #expect(!plan.isEstimate)
    #expect(plan == exact)
    #expect(exact.eventsRemoved > 200)
    #expect(plan.segments.count > 2)
  }

  @Test func aPlanReadsOnlyAPart() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options(8 << 20))
    try Self.fill(log, 120_000, per: 1)
    try log.retain(.delete(.aggregate("order-3")))
    try log.retain(.keepCount(.category("session"), 3))
    try log.close()
    var options = Self.options()
    options.access = .readOnly
    let reader = try EventLog(at: path, options: options)
    #expect(try reader.planCompaction().isEstimate)
    let inspector = LogInspector(try EventLog(at: path, options: options))
    var frames = (read: 0, all: 0)
    for segment in reader.core.currentView.segments {
      for frame in inspector.frames(of: segment.id) {
        frames.all += 1
        if segment.isVerified(frame.offset) { frames.read += 1 }
      }
    }
    #expect(frames.all > 100_000)
    #expect(frames.read * 3 < frames.all, "\(frames)")
  }

  @Test func aSampleIsCloseToTheTruth() throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store", options: Self.options())
    try Self.fill(log, 150_000)
    try log.retain(.delete(.category("session")))
    try log.retain(.keepCount(.category("audit"), 20))
    try log.retain(.delete(.aggregate("order-3")))
    let (plan, exact) = try Self.difference(log)
    #expect(plan.isEstimate && !exact.isEstimate)
    #expect(exact.eventsRemoved > 70_000)
    func isClose(_ one: Int, _ two: Int) -> Bool { abs(one - two) * 33 <= two }
    #expect(
      isClose(plan.eventsRemoved, exact.eventsRemoved),
      "\(plan.eventsRemoved) \(exact.eventsRemoved)"
    )
    #expect(isClose(plan.bytesAfter, exact.bytesAfter), "\(plan.bytesAfter) \(exact.bytesAfter)")
    #expect(plan.segments.map(\.outcome) == exact.segments.map(\.outcome))
    // Compaction counts, and then there is nothing left to do.
    let done = try log.compact()
    #expect(done.eventsRemoved == exact.eventsRemoved)
    #expect(!done.isEstimate || done.segments.allSatisfy { $0.outcome != .rewritten })
    let after = try log.planCompaction()
    #expect(after.segmentsRewritten == 0, "\(after.segments)")
    #expect(try log.planCompaction(Self.exact()).segmentsRewritten == 0)
    try log.close()
    #expect(try StoreVerifier.verify(place.path + "/store").problems == [])
  }

  @Test func whatMustGoIsFoundHoweverRareItIs() throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store", options: Self.options())
    try Self.fill(log, 60_000)
    try log.append([NewEvent(type: "T", payload: [1])], to: "rare-1")
    try Self.fill(log, 60_000)
    try log.retain(.delete(.category("rare")))
    let plan = try log.planCompaction()
    #expect(plan.eventsRemoved == 1)
    #expect(plan.segments.count { $0.outcome == .rewritten } == 1)
    #expect(try log.compact().eventsRemoved == 1)
    #expect(try log.version(of: "rare-1") == 1)
    #expect(try log.planCompaction().eventsRemoved == 0)
  }

  @Test func aDamagedSegmentIsLeftOutAndNamed() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    var log = try EventLog(at: path, options: Self.options())
    try Self.fill(log, 60_000)
    try log.retain(.delete(.aggregate("order-3")))
    let plan = try log.planCompaction()
    let victim = try #require(plan.segments.dropFirst().first { $0.outcome == .rewritten })
    try log.close()
    let root = try SystemFileSystem.shared.openDirectory(path, create: false)
    let files = try root.openDirectory("log", create: false)
    let file = try files.openFile(StoreFile.segment(victim.id), .readWrite)
    let place2 = victim.bytesBefore / 2
    let bytes = try file.read(16, at: place2).map { $0 ^ 0x55 }
    try file.write(bytes.span, at: place2)

    log = try EventLog(at: path, options: Self.options())
    let report = try log.compact()
    let left = try #require(report.segments.first { $0.id == victim.id })
    #expect(left.outcome == .damaged)
    #expect(left.damage?.file == "log/" + StoreFile.segment(victim.id))
    #expect(report.segments.filter { $0.outcome == .damaged }.count == 1)
    #expect(report.segmentsRewritten >= 2)
    #expect(report.eventsRemoved > 0)
    let again = try log.compact()
    #expect(again.eventsRemoved == 0)
    #expect(again.segments.contains { $0.id == victim.id && $0.outcome == .damaged })
    try log.close()
  }
}
