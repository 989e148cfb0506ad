import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// Closing beside whatever else is going on.
@Suite struct ClosingTests {
  private final class Flags: Sendable {
    let count = Atomic<Int>(0)
    let isDone = Atomic<Bool>(false)
    let wrong = Mutex<[String]>([])
  }

  private static func waitUntil(_ body: () -> Bool) -> Bool {
    let deadline = SystemClock.monotonicNanoseconds() + 30_000_000_000
    while !body() {
      if SystemClock.monotonicNanoseconds() > deadline { return false }
      SystemClock.sleep(nanoseconds: 1_000_000)
    }
    return true
  }

  /// Those who append as fast as they can do not keep the log open.
  @Test(arguments: [Durability.written, .durable])
  func appendsWithoutEndDoNotKeepItOpen(durability: Durability) throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store")
    let flags = Flags()
    var threads: [Thread] = []
    for number in 0..<6 {
      threads.append(
        try Thread(name: "append") {
          while true {
            do throws(LogError) {
              try log.append(
                [NewEvent(type: "T", payload: [1]), NewEvent(type: "T", payload: [2])],
                to: AggregateID("a-\(number)"),
                durability: durability
              )
              flags.count.add(1, ordering: .relaxed)
            } catch {
              if case .closed = error {} else { flags.wrong.withLock { $0.append("\(error)") } }
              return
            }
          }
        }
      )
    }
    #expect(Self.waitUntil { flags.count.load(ordering: .relaxed) > 500 })
    let closer = try Thread(name: "close") {
      try? log.close()
      flags.isDone.store(true, ordering: .releasing)
    }
    #expect(Self.waitUntil { flags.isDone.load(ordering: .acquiring) })
    if flags.isDone.load(ordering: .acquiring) {
      closer.join()
      for thread in threads { thread.join() }
    }
    #expect(flags.wrong.withLock { $0 } == [])
  }

  /// Whoever closes it has closed it: the store is free then, also if another one was faster.
  @Test func whoeverClosesHasClosed() throws {
    for round in 0..<20 {
      let place = TemporaryDirectory()
      let log = try EventLog(at: place.path + "/store")
      try log.append([NewEvent(type: "T", payload: [1])], to: "a-1", durability: .written)
      let flags = Flags()
      let path = place.path + "/store"
      var threads: [Thread] = []
      for _ in 0..<3 {
        threads.append(
          try Thread(name: "close") {
            flags.count.add(1, ordering: .relaxed)
            while flags.count.load(ordering: .relaxed) < 3 {}
            do throws(LogError) {
              try log.close()
              let root = try SystemFileSystem.shared.openDirectory(path, create: false)
              if try root.lock(StoreFile.lock, shared: true) == nil {
                flags.wrong.withLock { $0.append("locked in round \(round)") }
              }
            } catch {
              flags.wrong.withLock { $0.append("\(error)") }
            }
          }
        )
      }
      for thread in threads { thread.join() }
      #expect(flags.wrong.withLock { $0 } == [])
    }
  }

  /// Who is told by a compaction waits neither for it nor for itself: closing, and compacting
  /// again, are refused there.
  @Test func aCompactionIsNotWaitedForFromWithin() throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    let log = try EventLog(at: "/store", options: options)
    for _ in 0..<20 {
      try log.append([NewEvent(type: "T", payload: [1, 2, 3])], to: "a-1")
      try log.append([NewEvent(type: "T", payload: [1, 2, 3])], to: "b-1")
    }
    try log.retain(.delete(.aggregate("a-1")))
    let flags = Flags()
    let thread = try Thread(name: "compact") {
      var settings = CompactionOptions()
      settings.progress = { _, _ in
        Self.expectDeadlock(flags) { () throws(LogError) in _ = try log.compact() }
        Self.expectDeadlock(flags) { () throws(LogError) in try log.close() }
        flags.count.add(1, ordering: .relaxed)
      }
      _ = try? log.compact(settings)
      flags.isDone.store(true, ordering: .releasing)
    }
    #expect(Self.waitUntil { flags.isDone.load(ordering: .acquiring) })
    if flags.isDone.load(ordering: .acquiring) { thread.join() }
    #expect(flags.count.load(ordering: .relaxed) > 0)
    #expect(flags.wrong.withLock { $0 } == [])
    // It was not closed.
    try log.append([NewEvent(type: "T", payload: [1])], to: "b-1")
    try log.close()
    #expect(throws: LogError.closed) { try log.compact() }
  }

  private static func expectDeadlock(_ flags: Flags, _ body: () throws(LogError) -> Void) {
    do throws(LogError) {
      try body()
      flags.wrong.withLock { $0.append("done") }
    } catch {
      guard case .system(let reason) = error, reason.errno == SystemError.deadlock else {
        return flags.wrong.withLock { $0.append("\(error)") }
      }
    }
  }
}
