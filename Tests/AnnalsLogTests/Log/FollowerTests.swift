import AnnalsLog
import AnnalsTesting
import Testing

/// A reader that stays open while writers come and go.
@Suite struct FollowerTests {
  private let directory = TemporaryDirectory()

  private func openForReading() throws -> EventLog {
    var options = LogOptions()
    options.access = .readOnly
    return try EventLog(at: directory.path, options: options)
  }

  private func append(_ count: Int, close: Bool = true) throws -> EventLog {
    let log = try EventLog(at: directory.path)
    for _ in 0..<count {
      try log.append([NewEvent(type: "Counted", payload: [1, 2, 3])], to: "counter-1")
    }
    if close { try log.close() }
    return log
  }

  @Test func aReaderOfAClosedStoreFollowsTheWriterThatComesNext() throws {
    _ = try append(3)
    let reader = try openForReading()
    #expect(reader.head() == 3)
    _ = try append(2)
    #expect(try reader.wait(after: 3, milliseconds: 100_000))
    #expect(reader.head() == 5)
    _ = try append(1)
    #expect(try reader.wait(after: 5, milliseconds: 100_000))
    // By key as well: the index took up what came.
    #expect(try reader.events(of: "counter-1").map(\.position) == [1, 2, 3, 4, 5, 6])
    #expect(try reader.version(of: "counter-1") == 6)
  }

  @Test func aReaderOfAnEmptyStoreFollowsItsFirstWriter() throws {
    _ = try append(0)
    let reader = try openForReading()
    let writer = try append(4, close: false)
    #expect(try reader.wait(after: 3, milliseconds: 100_000))
    #expect(try reader.events().count == 4)
    try writer.close()
  }

  /// What was copied has no control page before its first writer makes one.
  @Test func aReaderOfACopyFollowsItsFirstWriter() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    let first = try EventLog(at: "/store", options: options)
    try first.append([NewEvent(type: "Counted", payload: [1])], to: "counter-1")
    try first.close()
    try StoreCopier.restore("/store", to: "/copy", opening: options)
    options.access = .readOnly
    let reader = try EventLog(at: "/copy", options: options)
    #expect(reader.head() == 1)
    options.access = .readWrite
    let writer = try EventLog(at: "/copy", options: options)
    try writer.append([NewEvent(type: "Counted", payload: [2])], to: "counter-1")
    #expect(try reader.wait(after: 1, milliseconds: 10_000))
    #expect(try reader.read() == writer.read())
    try writer.close()
  }

  /// The control page is a hint: one that promises what is not there costs no processor.
  @Test func aPageThatPromisesTooMuchIsWaitedForAsleep() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    let writer = try EventLog(at: "/store", options: options)
    try writer.append([NewEvent(type: "Counted", payload: [1])], to: "counter-1")
    options.access = .readOnly
    let reader = try EventLog(at: "/store", options: options)
    writer.writer?.control?.publish(durable: 100, written: 100)
    disk.withFaults { $0.isTracing = true }
    #expect(try !reader.wait(after: 1, milliseconds: 200))
    #expect(disk.withFaults { $0.trace.count } < 500)
    // What then comes is seen all the same.
    try writer.append([NewEvent(type: "Counted", payload: [2])], to: "counter-1")
    #expect(try reader.wait(after: 1, milliseconds: 100_000))
    #expect(reader.head() == 2)
  }

  /// A reader of written events that did not survive their writer: the next one gives their
  /// positions to others, and the reader must not show a mixture of both.
  @Test(arguments: [1, 2, 3])
  func writtenEventsThatAreLostAreTold(lost: Int) throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.writtenSyncMilliseconds = 0
    let first = try EventLog(at: "/store", options: options)
    try first.append([NewEvent(type: "Counted", payload: [1])], to: "counter-1")
    var reading = options
    reading.access = .readOnly
    reading.visibility = .written
    let reader = try EventLog(at: "/store", options: reading)
    for number in 2...4 {
      try first.append(
        [NewEvent(type: "Counted", payload: [UInt8(number)])],
        to: "counter-1",
        durability: .written
      )
    }
    #expect(try reader.refresh())
    #expect(reader.writtenThrough == 4)
    // The writer dies, and the pages of one of the last frames with it.
    let inspector = LogInspector(first)
    let segment = try #require(inspector.segments.last)
    let frames = inspector.frames(of: segment.id).filter { $0.events > 0 }
    let frame = frames[frames.count - lost]
    let file = try disk.openDirectory("/store/log", create: false)
      .openFile(StoreFile.segment(segment.id), .readWrite)
    let zeros = [UInt8](repeating: 0, count: frame.bytes)
    try file.write(zeros.span, at: frame.offset)
    first.writer?.directoryLock.release()
    let second = try EventLog(at: "/store", options: options)
    #expect(second.head().rawValue == UInt64(4 - lost))
    for number in 11...16 {
      try second.append([NewEvent(type: "Counted", payload: [UInt8(number)])], to: "counter-1")
    }
    for _ in 0..<2 {
      #expect(throws: LogError.writtenEventsLost(after: 1)) { try reader.refresh() }
    }
    #expect(reader.writtenThrough == 4)
    let again = try EventLog(at: "/store", options: reading)
    #expect(try again.read() == second.read())
    withExtendedLifetime(first) {}
  }

  /// Where they survive, the reader follows the next writer without a break.
  @Test func writtenEventsThatSurviveTheirWriterAreGoneOnFrom() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.writtenSyncMilliseconds = 0
    let first = try EventLog(at: "/store", options: options)
    var reading = options
    reading.access = .readOnly
    reading.visibility = .written
    let reader = try EventLog(at: "/store", options: reading)
    try first.append(
      [NewEvent(type: "Counted", payload: [1])],
      to: "counter-1",
      durability: .written
    )
    #expect(try reader.refresh())
    first.writer?.directoryLock.release()
    for number in 2...3 {
      let next = try EventLog(at: "/store", options: options)
      try next.append([NewEvent(type: "Counted", payload: [UInt8(number)])], to: "counter-1")
      try DamageStore.roll(next)
      try next.append([NewEvent(type: "Counted", payload: [UInt8(number)])], to: "counter-1")
      try next.close()
      #expect(try reader.refresh())
      #expect(reader.writtenThrough.rawValue == UInt64(2 * number - 1))
    }
    #expect(try reader.events(of: "counter-1").map(\.version.rawValue) == Array(1...5))
    withExtendedLifetime(first) {}
  }
}
