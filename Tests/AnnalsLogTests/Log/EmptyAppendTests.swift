import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// Appends without events, which only ask for versions.
@Suite struct EmptyAppendTests {
  private final class Ended: Sendable {
    let count = Atomic<Int>(0)
  }

  private static func hasEnded(_ ended: Ended, _ count: Int) async -> Bool {
    for _ in 0..<3000 where ended.count.load(ordering: .acquiring) < count {
      try? await Task.sleep(for: .milliseconds(10))
    }
    return ended.count.load(ordering: .acquiring) >= count
  }

  private static func isEnded(_ ended: Ended, _ count: Int) -> Bool {
    let deadline = SystemClock.monotonicNanoseconds() + 30_000_000_000
    while ended.count.load(ordering: .acquiring) < count {
      if SystemClock.monotonicNanoseconds() > deadline { return false }
      SystemClock.sleep(nanoseconds: 1_000_000)
    }
    return true
  }

  /// A task's group is committed although there is nothing in it to write.
  @Test(arguments: [Durability.written, .durable])
  func aTaskThatOnlyAsksIsAnswered(durability: Durability) async throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.writtenSyncMilliseconds = 0
    let log = try EventLog(at: "/store", options: options)
    try await log.append([NewEvent(type: "Done", payload: [1])], to: "a-1")
    let ended = Ended()
    Task {
      let receipt = try await log.append(
        [],
        to: "a-1",
        expecting: .exactly(1),
        durability: durability
      )
      if receipt.version == 1 { ended.count.add(1, ordering: .releasing) }
    }
    #expect(await Self.hasEnded(ended, 1))
    try log.close()
  }

  /// A thread that asks while another one commits is answered when that has settled.
  @Test func aThreadThatOnlyAsksBesideACommitIsAnswered() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.writtenSyncMilliseconds = 0
    let log = try EventLog(at: "/store", options: options)
    try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1")
    let ended = Ended()
    let asking = Mutex<Thread?>(nil)
    disk.observe { operation in
      guard operation.kind == .sync, operation.file.hasSuffix(".segment"),
        asking.withLock({ $0 == nil })
      else { return }
      let thread = try? Thread(name: "ask") {
        _ = try? log.append([], to: "a-1", durability: .written)
        ended.count.add(1, ordering: .releasing)
      }
      asking.withLock { $0 = thread }
      // Until it waits for the commit.
      SystemClock.sleep(nanoseconds: 200_000_000)
    }
    try log.append([NewEvent(type: "Done", payload: [2])], to: "a-1")
    disk.observe(nil)
    #expect(Self.isEnded(ended, 1))
    try log.close()
  }
}
