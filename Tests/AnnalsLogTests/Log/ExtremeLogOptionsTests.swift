import AnnalsLog
import AnnalsTesting
import Testing

/// The largest and the smallest numbers that can be given are no reason to stop the process, and
/// what is refused leaves nothing behind.
@Suite struct ExtremeLogOptionsTests {
  private static func log(
    _ change: (inout LogOptions) -> Void = { _ in }
  ) throws -> EventLog {
    var options = LogOptions()
    options.fileSystem = SimulatedFileSystem()
    change(&options)
    return try EventLog(at: "/store", options: options)
  }

  private static func event(_ count: Int = 8) -> NewEvent {
    NewEvent(type: "Counted", payload: [UInt8](repeating: 7, count: count))
  }

  @Test(arguments: [Int.min, -1, 0, 1, .max])
  func aLogRunsWhateverItsIntervalsAre(_ milliseconds: Int) throws {
    var automatic = AutomaticCompaction()
    automatic.checkMilliseconds = milliseconds
    automatic.idleMilliseconds = milliseconds
    automatic.bytesPerSecond = milliseconds
    let settings = automatic
    let log = try Self.log {
      $0.writtenSyncMilliseconds = milliseconds
      $0.automaticCompaction = settings
    }
    try log.append([Self.event()], to: "a-1", durability: .written)
    try log.append([Self.event()], to: "a-1")
    #expect(try log.wait(after: 1, milliseconds: milliseconds))
    if milliseconds <= 1 { #expect(try !log.wait(after: 2, milliseconds: milliseconds)) }
    SystemClock.sleep(nanoseconds: 5_000_000)
    try log.close()
  }

  @Test(arguments: [Int.min, -1, 0, 1, .max])
  func aLogRunsWhateverItsSizesAre(_ bytes: Int) throws {
    let log = try Self.log {
      $0.segmentBytes = bytes
      // The simulated disk has every byte in memory.
      $0.firstSegmentBytes = min(bytes, 256 << 10)
      $0.indexKeysMax = bytes
      $0.preallocation = .zeroAhead(bytes)
    }
    for _ in 0..<20 { try log.append([Self.event()], to: "a-1") }
    #expect(try log.read().count == 20)
    try log.close()
  }

  /// An append that is too large is refused for what its event carries beside the payload, too.
  @Test func theSizeOfAnAppendIsThatOfAllItCarries() throws {
    let batch = EventBatch(limits: BatchLimits(appendBytesMax: 4_000))
    var event = Self.event()
    event.tags = (0..<64).map { "tag:\($0)-" + String(repeating: "x", count: 200) }
    #expect(throws: LogError.self) { try batch.add(event, to: "a-1") }
    #expect(batch.count == 0)
    event.tags = []
    let note = String(repeating: "x", count: 5_000)
    event.metadata = Metadata([Metadata.Pair(name: "note", value: note)])
    #expect(throws: LogError.self) { try batch.add(event, to: "a-1") }
    #expect(batch.count == 0)
  }

  /// What a batch refused is not in it, with the name of its aggregate.
  @Test func aRefusedEventLeavesTheBatchAsItWas() throws {
    let log = try Self.log()
    let batch = EventBatch(limits: BatchLimits(appendBytesMax: 4_000))
    #expect(throws: LogError.self) { try batch.add(Self.event(10_000), to: "a-1") }
    try batch.add(Self.event(), to: "b-1")
    let receipt = try log.append(batch)
    #expect(receipt.version == 1)
    #expect(receipt.versions == [])
    try log.close()
  }
}
