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
}
