import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Opening again after something went wrong.
@Suite struct ReopeningTests {
  private func event(_ number: Int, byteCount: Int = 20) -> NewEvent {
    NewEvent(type: "Done", payload: [UInt8](repeating: UInt8(number), count: byteCount))
  }

  /// Lets go of the store as a process does that gives up a poisoned log and keeps it.
  private func abandon(_ log: EventLog) {
    log.writer?.directoryLock.release()
  }

  /// A failed sync leaves pages that look written; the old log's mapping keeps them in memory.
  @Test(arguments: [false, true])
  func whatAFailedSyncLeftIsWrittenAgainBeforeItIsBuiltUpon(isFirst: Bool) throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    let log = try EventLog(at: "/store", options: options)
    if !isFirst { try log.append([event(1)], to: "a-1") }
    disk.withFaults { $0.fail(FaultPlan.Failure(EIO, kinds: [.sync], isSticky: false)) }
    #expect(throws: LogError.self) { try log.append([event(2)], to: "b-1") }
    disk.withFaults { $0.clearFailures() }
    abandon(log)
    let again = try EventLog(at: "/store", options: options)
    let found = try again.read().count
    let receipt = try again.append([event(3)], to: "c-1")
    #expect(receipt.lastPosition.rawValue == UInt64(found + 1))
    let after = try EventLog(
      at: "/store",
      options: simulatedOptions(disk.crash(choosing: .nothing))
    )
    #expect(after.recovery.tornTail == nil)
    #expect(try after.read().map(\.position.rawValue) == Array(1...UInt64(found + 1)))
    #expect(try after.read() == again.read())
    withExtendedLifetime(log) {}
  }

  /// Opened and closed with nothing appended, a log is read back from nowhere and rewritten nowhere.
  @Test func whatWasClosedNeedsNoWork() throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    var log = try EventLog(at: "/store", options: options)
    for number in 0..<10 { try log.append([event(number)], to: "a-1") }
    try log.close()
    disk.withFaults { $0.isTracing = true }
    log = try EventLog(at: "/store", options: options)
    try log.close()
    var trace = disk.withFaults { $0.trace }
    #expect(!trace.contains { $0.kind == .dropCache && $0.file.hasSuffix(".segment") })
    #expect(!trace.contains { $0.file.contains(".footer") && $0.kind.isMutating })
    // With an append it does have work, and after a death as well.
    log = try EventLog(at: "/store", options: options)
    try log.append([event(11)], to: "a-1")
    let killed = disk.killed()
    try log.close()
    trace = disk.withFaults { $0.trace }
    #expect(trace.contains { $0.file.contains(".footer") && $0.kind.isMutating })
    killed.withFaults { $0.isTracing = true }
    try EventLog(at: "/store", options: simulatedOptions(killed)).close()
    trace = killed.withFaults { $0.trace }
    #expect(trace.contains { $0.kind == .dropCache && $0.file.hasSuffix(".segment") })
  }

  /// A torn tail wants a new segment, and there is no room for one.
  @Test func aTornTailOnAFullDiskIsATypedError() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    let log = try EventLog(at: "/store", options: options)
    try log.append([event(1)], to: "a-1")
    // The next segment takes the one made ready, and none can be made behind it.
    disk.capacity = disk.usedByteCount
    let writer = try #require(log.writer)
    writer.lock.withLock { _ = writer.leadRoll(1) }
    try log.append([event(2)], to: "a-1")
    #expect(writer.maintenance.current.spare == nil)
    let killed = disk.killed()
    let inspector = LogInspector(log)
    let tail = try #require(inspector.segments.last)
    let directory = try killed.openDirectory("/store", create: false)
    let file = try directory.openDirectory(StoreFile.logDirectory, create: false)
      .openFile(StoreFile.segment(tail.id), .readWrite)
    let garbage: [UInt8] = [UInt8](repeating: 0xa5, count: 100)
    try file.write(garbage.span, at: tail.usedBytes + 64)
    try file.sync()
    killed.capacity = killed.usedByteCount
    options.fileSystem = killed
    #expect {
      try EventLog(at: "/store", options: options)
    } throws: {
      if case .diskFull = $0 as? LogError { true } else { false }
    }
    var reading = options
    reading.access = .readOnly
    #expect(try EventLog(at: "/store", options: reading).read().count == 2)
    // With room it goes on.
    killed.capacity = nil
    let again = try EventLog(at: "/store", options: options)
    #expect(again.recovery.tornTail != nil)
    #expect(try again.append([event(3)], to: "a-1").lastPosition == 3)
  }
}
