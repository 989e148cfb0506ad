import AnnalsLog
import AnnalsTesting
import Testing

/// What a killed process left staged, for who only reads.
@Suite struct StagedReadingTests {
  private func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readOnly,
    _ visibility: Durability = .written
  ) -> LogOptions {
    var options = simulatedOptions(disk)
    options.stagesWithoutThread = true
    options.visibility = visibility
    options.access = access
    return options
  }

  private func event(_ number: Int) -> NewEvent {
    NewEvent(
      type: "Staged",
      payload: [UInt8](repeating: UInt8(number), count: 20),
      time: Timestamp(microseconds: Int64(number))
    )
  }

  private func stage(_ numbers: ClosedRange<Int>, _ log: EventLog) throws {
    for number in numbers {
      try log.append([event(number)], to: AggregateID("a-\(number % 3)"), durability: .written)
    }
  }

  /// The disk of a process that was killed with the events 5 to `last` staged.
  private func killed(through last: Int = 20) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: options(disk, .readWrite))
    try stage(1...4, log)
    try log.sync()
    try stage(5...last, log)
    let killed = disk.killed()
    withExtendedLifetime(log) {}
    return killed
  }

  private func check(_ log: EventLog, through last: Int) throws {
    #expect(log.head() == Position(UInt64(last)))
    let events = try log.read()
    #expect(events.map(\.position.rawValue) == Array(1...UInt64(last)))
    #expect(events.map(\.time.microseconds) == Array(1...Int64(last)))
    #expect(events.allSatisfy { $0.type == "Staged" && $0.payload.count == 20 })
    for aggregate in 0..<3 {
      let id = AggregateID("a-\(aggregate)")
      let mine = (1...last).filter { $0 % 3 == aggregate }
      let found = try log.read(.aggregate(id))
      #expect(found.map(\.position.rawValue) == mine.map { UInt64($0) })
      #expect(found.map(\.version.rawValue) == Array(1...UInt64(mine.count)))
      #expect(try log.version(of: id).rawValue == UInt64(mine.count))
      var request = ReadRequest.aggregate(id, after: Version(1))
      request.isReversed = true
      #expect(try log.read(request).map(\.position) == found.dropFirst().reversed().map(\.position))
    }
  }

  @Test func whoAsksForWrittenEventsIsShownThem() throws {
    let disk = try killed()
    let reader = try EventLog(at: "/store", options: options(disk))
    #expect(reader.recovery.stagedEvents == 16)
    #expect(reader.durableThrough == 4)
    try check(reader, through: 20)
    // By default nobody is, and nothing was changed.
    let other = try EventLog(at: "/store", options: options(disk, .readOnly, .durable))
    #expect(other.recovery.stagedEvents == 16)
    try check(other, through: 4)
    #expect(try reader.read(.all(after: 18)).count == 2)
  }

  @Test func aWriterThatTakesThemUpIsFollowed() throws {
    let disk = try killed()
    let reader = try EventLog(at: "/store", options: options(disk))
    let pinned = try reader.cursor()
    let writer = try EventLog(at: "/store", options: options(disk, .readWrite))
    #expect(writer.recovery.stagedEvents == 16)
    try reader.refresh()
    try check(reader, through: 20)
    try stage(21...25, writer)
    try writer.sync()
    #expect(try reader.refresh())
    try check(reader, through: 25)
    #expect(reader.durableThrough == 25)
    // A view that was taken before goes on as it was.
    var count = 0
    var old = pinned
    while try old.next() != nil { count += 1 }
    #expect(count == 20)
    try writer.close()
  }

  /// What was shown stays to be seen while the writer that has come is not there yet.
  @Test func aWriterThatIsLateTakesNothingAway() throws {
    let disk = try killed()
    let reader = try EventLog(at: "/store", options: options(disk))
    let writer = try EventLog(at: "/store", options: options(disk, .readWrite))
    // As it is before it takes up what is staged.
    func publish(_ written: UInt64, epoch: UInt64) {
      writer.writer?.control?.begin(
        boot: writer.core.bootNumber,
        epoch: epoch,
        durable: 4,
        written: written,
        record: 0,
        replacedCount: 0
      )
    }
    for written in [4, 9, 19] as [UInt64] {
      publish(written, epoch: 17)
      #expect(try !reader.refresh())
      try check(reader, through: 20)
    }
    publish(20, epoch: 17)
    writer.writer?.control?.publishTakenUp()
    try reader.refresh()
    try check(reader, through: 20)
    try writer.close()
  }

  /// The power goes, as it seems to the next writer: what was shown is told to be lost as soon as
  /// that has taken up all it finds, and not when other events have the last of its positions.
  @Test(arguments: [0, 5, 20, 40]) func whatTheNextWriterDropsIsTold(count: Int) throws {
    let disk = try killed()
    let reader = try EventLog(at: "/store", options: options(disk))
    let root = try disk.openDirectory("/store", create: false)
    try root.openFile("staging", .readWrite).write([UInt8](repeating: 0, count: 69_632).span, at: 0)
    let writer = try EventLog(at: "/store", options: options(disk, .readWrite))
    if count > 0 {
      try stage(30...29 + count, writer)
      try writer.sync()
    }
    for _ in 0..<2 {
      #expect(throws: LogError.writtenEventsLost(after: 4)) { try reader.refresh() }
    }
    try writer.close()
    #expect(throws: LogError.writtenEventsLost(after: 4)) { try reader.refresh() }
    let again = try EventLog(at: "/store", options: options(disk))
    #expect(again.head() == Position(UInt64(4 + count)))
  }

  @Test func whatIsOnlyStagedIsInNoCopy() throws {
    let disk = try killed()
    _ = try StoreCopier.backup("/store", to: "/backup", opening: options(disk))
    let backup = try EventLog(at: "/backup", options: options(disk))
    try check(backup, through: 4)
  }

  /// Entries that do not continue their aggregate, and those of a type without a name, end it.
  @Test func whatDoesNotContinueTheLogIsNotShown() throws {
    let disk = try killed(through: 8)
    let root = try disk.openDirectory("/store", create: false)
    let file = try root.openFile("staging", .readWrite)
    let bytes = try file.read(try file.size(), at: 0)
    let header = try StagingHeader.decode(bytes.span)
    let events = StagedEvent.all(bytes.span, header)
    let last = try #require(events.last)
    for change in 0..<2 {
      var forged = last
      if change == 0 { forged.version += 1 } else { forged.type = 9 }
      let batch = EventBatch()
      try batch.add(event(8), to: "a-2")
      var buffer = ByteBuffer(capacity: 4096)
      buffer.append(bytes.span)
      var entry = ByteBuffer(capacity: 4096)
      // Where the last entry stands: its payload's end is the entry's but for padding.
      let before = try #require(events.dropLast().last)
      let at = (before.payload.upperBound + 7) & -8
      StagedEvent.encode(batch, forged, at: at, header.checksum, into: &entry)
      try file.write(entry.bytes, at: at)
      let reader = try EventLog(at: "/store", options: options(disk))
      #expect(reader.recovery.stagedEvents == 4)
      try check(reader, through: 7)
    }
  }
}
