import AnnalsLog
import AnnalsTesting
import Testing

/// The thread that has the system begin to write.
@Suite struct WriteBehindTests {
  private func flood(_ log: EventLog) throws {
    let payload = [UInt8](repeating: 7, count: 1000)
    let batch = EventBatch()
    for number in 0..<100 {
      try batch.add(NewEvent(type: "T", payload: payload), to: AggregateID("a-\(number % 7)"))
    }
    // Several MiB, in more than one segment.
    for _ in 0..<60 { try log.append(batch, durability: .written) }
  }

  @Test func aFloodIsAllThereAndNoThreadOutlivesTheLog() throws {
    let place = TemporaryDirectory()
    weak var behind: WriteBehind?
    do {
      let log = try EventLog(at: place.path + "/store")
      behind = log.writer?.writeBehind
      try flood(log)
      #expect(behind?.hasThread == true)
      try log.close()
    }
    // Its thread would hold it.
    #expect(behind == nil)
    let next = try EventLog(at: place.path + "/store")
    #expect(next.head() == 6000)
    try next.close()
  }

  @Test func whatIsStoppedBeginsNothing() throws {
    let place = TemporaryDirectory()
    let directory = try SystemFileSystem.shared.openDirectory(place.path, create: false)
    let file = try directory.openFile("file", .create)
    let behind = WriteBehind()
    behind.start(file, 0..<1)
    #expect(behind.hasThread)
    behind.stop()
    behind.stop()
    let other = WriteBehind()
    other.stop()
    other.start(file, 0..<1)
    #expect(!other.hasThread)
  }
}
