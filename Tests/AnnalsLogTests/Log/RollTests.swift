import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// Appends that come while a new segment is being begun.
@Suite struct RollTests {
  /// Shared by the threads of one test.
  private final class Progress: Sendable {
    private let count = Mutex(0)

    func advance() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
  }

  /// What is admitted goes into the index of the segment it will be written to.
  @Test func anAppendIsNotAdmittedWhileASegmentBegins() throws {
    var options = simulatedOptions(SimulatedFileSystem())
    options.writtenSyncMilliseconds = 0
    let log = try EventLog(at: "/store", options: options)
    let writer = try #require(log.writer)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let isHeld = Progress()
    let started = Progress()
    var threads: [Thread] = []
    // The roll needs what is held here, and stops in its middle.
    try writer.maintenance.withWork { () throws(LogError) in
      threads.append(
        try Thread(name: "roll") {
          writer.lock.lock()
          isHeld.advance()
          _ = writer.leadRoll(1)
          writer.lock.unlock()
        }
      )
      while isHeld.value == 0 { SystemClock.sleep(nanoseconds: 100_000) }
      // Given back by the roll, which is under way then.
      writer.lock.withLock {}
      for thread in 0..<4 {
        threads.append(
          try Thread(name: "append") {
            started.advance()
            _ = try? log.append([NewEvent(type: "Done", payload: [2])], to: "a-1")
            _ = try? log.append(
              [NewEvent(type: "Done", payload: [3])],
              to: AggregateID("b-\(thread)")
            )
          }
        )
      }
      while started.value < 4 { SystemClock.sleep(nanoseconds: 100_000) }
      // Time enough to be admitted, were it possible.
      SystemClock.sleep(nanoseconds: 20_000_000)
    }
    for thread in threads { thread.join() }
    #expect(try log.events(of: "a-1").map(\.version.rawValue) == Array(1...7))
    #expect(try log.read().map(\.position.rawValue) == Array(1...11))
    for thread in 0..<4 {
      #expect(try log.events(of: AggregateID("b-\(thread)")).map(\.payload) == [[3]])
    }
    try log.close()
    let again = try EventLog(at: "/store", options: options)
    #expect(try again.events(of: "a-1").map(\.version.rawValue) == Array(1...7))
  }

  /// What the writer notes while the list is being written is not overwritten by what the list was
  /// when that began: the segment would count as unsealed, and it and all behind it would be walked
  /// at every opening.
  @Test func aSealNotedWhileTheListIsWrittenIsKept() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.hasMaintenanceThread = true
    options.writtenSyncMilliseconds = 0
    let log = try EventLog(at: "/store", options: options)
    let writer = try #require(log.writer)
    try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1")
    while writer.maintenance.current.spare == nil { SystemClock.sleep(nanoseconds: 100_000) }
    let rolls = Progress()
    let lists = Progress()
    let sealed = Progress()
    disk.observe { operation in
      guard operation.kind == .sync else { return }
      if operation.file.hasPrefix("log/"), rolls.value == 0 {
        // The roll has taken the segment that was ready, and syncs the old one: now the thread is
        // to make another one ready, and to list it.
        rolls.advance()
        writer.maintenance.request()
        while lists.value == 0 { SystemClock.sleep(nanoseconds: 100_000) }
      } else if operation.file.hasPrefix("segments-"), lists.value == 0 {
        lists.advance()
        while sealed.value == 0 { SystemClock.sleep(nanoseconds: 100_000) }
      }
    }
    // Something for the roll to sync.
    try log.append(
      [NewEvent(type: "Done", payload: [2])],
      to: "a-1",
      durability: .written
    )
    writer.lock.withLock { _ = writer.leadRoll(1) }
    sealed.advance()
    #expect(lists.value == 1)
    try log.append([NewEvent(type: "Done", payload: [3])], to: "a-1")
    try log.close()
    disk.observe(nil)
    let layout = try StoreLayout.read(log.core.files)
    #expect(layout.list.segments.map(\.isSealed) == [true, false, false])
    #expect(layout.manifest.isClosed)
    let again = try EventLog(at: "/store", options: options)
    #expect(again.recovery.wasClosed)
    #expect(again.recovery.scannedEvents == 0)
    #expect(try again.events(of: "a-1").map(\.payload) == [[1], [2], [3]])
    try again.close()
  }

  /// The thread that makes footers also syncs what was only written: a roll that waited for its
  /// footers while it waited for that roll's end would wait for ever.
  @Test func rollsAndIntervalSyncsDoNotWaitForEachOther() throws {
    var options = simulatedOptions(SimulatedFileSystem())
    options.hasMaintenanceThread = true
    options.writtenSyncMilliseconds = 1
    let log = try EventLog(at: "/store", options: options)
    // Every append begins a segment, so that footers are always wanted.
    let payload = [UInt8](repeating: 7, count: options.segmentBytes * 3 / 4)
    for _ in 0..<400 {
      try log.append([NewEvent(type: "Done", payload: payload)], to: "a-1", durability: .written)
    }
    #expect(log.head(.written) == 400)
    try log.close()
  }

  /// A first append larger than the first segment makes that larger; no empty one is left behind.
  @Test(arguments: [Durability.durable, .written])
  func aLargeFirstAppendLeavesNoEmptySegment(durability: Durability) throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.visibility = .written
    let log = try EventLog(at: "/store", options: options)
    let reader = try log.cursor()
    let large = NewEvent(type: "Large", payload: [UInt8](repeating: 7, count: 200_000))
    try log.append([large], to: "a-1", durability: durability)
    try log.append([NewEvent(type: "Small", payload: [1])], to: "a-1", durability: durability)
    try log.append([large], to: "a-2", durability: durability)
    options.fileSystem = disk.killed()
    for log in [log, try EventLog(at: "/store", options: options)] {
      #expect(try log.read().map(\.payload.count) == [200_000, 1, 200_000])
      #expect(log.recovery.findings.isEmpty)
    }
    let segments = LogInspector(log).segments
    #expect(segments.map(\.basePosition) == [1, 2, 3])
    #expect(segments.map(\.events) == [1, 1, 1])
    try log.close()
    options.fileSystem = disk
    let verdict = try StoreVerifier.verify("/store", options: options)
    #expect(verdict.isOK, "\(verdict.problems)")
    _ = consume reader
  }
}
