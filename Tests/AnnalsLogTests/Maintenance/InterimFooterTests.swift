import AnnalsLog
import AnnalsTesting
import Testing

/// Footers over what a segment in writing has so far.
@Suite struct InterimFooterTests {
  private func options(_ disk: SimulatedFileSystem) -> LogOptions {
    var options = simulatedOptions(disk)
    options.interimFooterBytes = 4096
    return options
  }

  private func append(_ numbers: Range<Int>, to log: EventLog) throws {
    for number in numbers {
      let event = NewEvent(
        type: "Done",
        payload: [UInt8](repeating: UInt8(number % 251), count: 200),
        tags: number % 3 == 0 ? ["tag-\(number % 5)"] : []
      )
      let key = number % 4 == 0 ? Array("key-\(number)".utf8) : nil
      try log.append([event], to: AggregateID("a-\(number % 7)"), key: key)
    }
  }

  private func check(_ log: EventLog, _ count: Int) throws {
    #expect(try log.read().map(\.position.rawValue) == Array(1...UInt64(count)))
    for aggregate in 0..<7 {
      let mine = (0..<count).filter { $0 % 7 == aggregate }
      let found = try log.read(.aggregate(AggregateID("a-\(aggregate)")))
      #expect(found.map(\.position.rawValue) == mine.map { UInt64($0 + 1) })
    }
    for tag in 0..<5 {
      let tagged = (0..<count).filter { $0 % 3 == 0 && $0 % 5 == tag }
      let found = try log.read(.matching(Query(tags: ["tag-\(tag)"])))
      #expect(found.map(\.position.rawValue) == tagged.map { UInt64($0 + 1) })
    }
  }

  /// An opening after a kill walks only what came behind the last one, and gives the same answers.
  @Test func aKilledLogIsWalkedFromTheLastOne() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: options(disk))
    try append(0..<150, to: log)
    let used = try #require(LogInspector(log).segments.last).usedBytes
    let killed = disk.killed()
    let again = try EventLog(at: "/store", options: options(killed))
    #expect(used > 30_000)
    #expect(again.recovery.scannedBytes < 8192)
    #expect(again.recovery.scannedEvents < 30)
    try check(again, 150)
    // What is appended now follows on what only that footer knows.
    try append(150..<170, to: again)
    try check(again, 170)
    let third = killed.killed()
    try check(try EventLog(at: "/store", options: options(third)), 170)
    #expect(try StoreVerifier.verify("/store", options: options(third)).problems.isEmpty)
  }

  /// A key given before the last footer is known behind it, and the next one gets another number.
  @Test func keysAreKnownBehindIt() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: options(disk))
    try append(0..<60, to: log)
    let again = try EventLog(at: "/store", options: options(disk.killed()))
    let event = NewEvent(type: "Done", payload: [UInt8](repeating: 8, count: 200))
    let receipt = try again.append([event], to: "a-1", key: Array("key-8".utf8))
    #expect(receipt.lastPosition.rawValue == 9)
    #expect(again.head().rawValue == 60)
  }

  /// What is not durable is in none.
  @Test func writtenEventsAreNotCovered() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: options(disk))
    try append(0..<3, to: log)
    for number in 3..<100 {
      try log.append(
        [NewEvent(type: "Done", payload: [UInt8](repeating: 1, count: 200), tags: ["x"])],
        to: AggregateID("a-\(number % 7)"),
        durability: .written
      )
    }
    let again = try EventLog(at: "/store", options: options(disk.killed()))
    #expect(again.recovery.scannedEvents == 100)
  }

  /// One whose mark never reached the disk, and one that is damaged, are caches that are gone.
  @Test(arguments: [true, false]) func withoutItAllIsWalked(isRemoved: Bool) throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: options(disk))
    try append(0..<80, to: log)
    let killed = disk.killed()
    let directory = try killed.openDirectory("/store", create: false)
      .openDirectory(StoreFile.logDirectory, create: false)
    let name = try #require(try directory.names().first { $0.hasSuffix(".footer") })
    if isRemoved {
      try directory.remove(name)
    } else {
      let garbage = [UInt8](repeating: 0xa5, count: 64)
      try directory.openFile(name, .readWrite).write(garbage.span, at: 100)
    }
    let again = try EventLog(at: "/store", options: options(killed))
    #expect(again.recovery.scannedEvents == 80)
    try check(again, 80)
  }

  /// The thread makes one, and then pauses: it has better things to do.
  @Test func theThreadPausesBetweenThem() throws {
    let directory = TemporaryDirectory()
    var options = LogOptions()
    options.interimFooterBytes = 4096
    options.writtenSyncMilliseconds = 1
    let log = try EventLog(at: directory.path + "/store", options: options)
    try append(0..<100, to: log)
    let footer = try #require(LogInspector(log).segments.last).id
    let name = StoreFile.footer(footer)
    let files = try SystemFileSystem.shared.openDirectory(directory.path + "/store", create: false)
      .openDirectory(StoreFile.logDirectory, create: false)
    var rounds = 0
    while try !files.names().contains(name), rounds < 5000 {
      SystemClock.sleep(nanoseconds: 1_000_000)
      rounds += 1
    }
    #expect(rounds < 5000)
    try log.close()
    let again = try EventLog(at: directory.path + "/store", options: options)
    try check(again, 100)
    try again.close()
  }
}
