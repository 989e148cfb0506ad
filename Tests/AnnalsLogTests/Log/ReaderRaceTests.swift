import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// A writer that comes while a reader opens the store.
@Suite struct ReaderRaceTests {
  private final class Writer: Sendable {
    let log = Mutex<EventLog?>(nil)
    let isBegun = Atomic<Bool>(false)
  }

  private func event() -> NewEvent { NewEvent(type: "Done", payload: [1, 2, 3]) }

  /// Whatever it writes meanwhile, a reader takes nothing for durable that is not.
  @Test(arguments: [true, false], [true, false])
  func whatIsWrittenMeanwhileIsNotDurable(isClosed: Bool, isKilled: Bool) throws {
    let disk = SimulatedFileSystem()
    let first = try EventLog(at: "/store", options: simulatedOptions(disk))
    for _ in 0..<3 { try first.append([event()], to: "a-1") }
    if isClosed { try first.close() }
    let place = isClosed ? disk : disk.killed()
    withExtendedLifetime(first) {}
    let writer = Writer()
    place.observe { operation in
      guard operation.kind == .map, operation.file.hasSuffix(".segment"),
        writer.isBegun.exchange(true, ordering: .relaxed) == false
      else { return }
      let log = try? EventLog(at: "/store", options: simulatedOptions(place))
      _ = try? log?.append([event()], to: "a-1", durability: .written)
      if isKilled { log?.writer?.directoryLock.release() }
      writer.log.withLock { $0 = log }
    }
    var options = simulatedOptions(place)
    options.access = .readOnly
    let reader = try EventLog(at: "/store", options: options)
    place.observe(nil)
    let isBegun = writer.isBegun.load(ordering: .relaxed)
    #expect(isBegun)
    let durable = place.crash(choosing: .nothing)
    let after = try EventLog(at: "/store", options: simulatedOptions(durable))
    #expect(reader.head() <= after.head())
    writer.log.withLock { $0 = nil }
  }
}
