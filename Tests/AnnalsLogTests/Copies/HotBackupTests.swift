import AnnalsLog
import Synchronization
import Testing

/// Backups of real files beside a writer at full speed.
@Suite struct HotBackupTests {
  private static func options() -> LogOptions {
    var options = LogOptions()
    options.segmentBytes = 4 << 20
    return options
  }

  /// Appends from three threads, batches of three events of one aggregate, until told to stop.
  private static func write(_ log: EventLog, _ isDone: borrowing Atomic<Bool>, _ number: Int) {
    while !isDone.load(ordering: .acquiring) {
      let event = NewEvent(type: "Counted", payload: [UInt8](repeating: UInt8(number), count: 90))
      _ = try? log.append(
        [event, event, event],
        to: AggregateID("writer-\(number)"),
        durability: number == 0 ? .written : .durable
      )
      // Else the store grows faster than a debug build verifies it.
      if number == 0 { SystemClock.sleep(nanoseconds: 100_000) }
    }
  }

  private final class Flag: Sendable {
    let isDone = Atomic<Bool>(false)
  }

  @Test func twentyBackupsUnderLoadAreWholePrefixes() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    let flag = Flag()
    var threads: [Thread] = []
    for number in 0..<3 {
      threads.append(try Thread(name: "write") { Self.write(log, flag.isDone, number) })
    }
    defer {
      flag.isDone.store(true, ordering: .releasing)
      for thread in threads { thread.join() }
      try? log.close()
    }
    var last: UInt64 = 0
    for round in 0..<20 {
      // Every fourth one from the beginning, the others go on.
      let target = place.path + "/backup-\(round / 4)"
      let report =
        round % 2 == 0
        ? try log.backup(to: target) : try StoreCopier.backup(path, to: target)
      #expect(report.lastPosition.rawValue >= last)
      last = report.lastPosition.rawValue
      let check = try StoreVerifier.verify(target)
      #expect(check.isOK, "\(round): \(check.problems)")
      #expect(UInt64(check.events) == report.events)
      #expect(check.lastPosition == report.lastPosition)
      var options = Self.options()
      options.access = .readOnly
      let copy = try EventLog(at: target, options: options)
      // Whole appends: each has three events of one aggregate.
      for number in 0..<3 {
        #expect(try copy.version(of: AggregateID("writer-\(number)")).rawValue % 3 == 0)
      }
      if round % 5 == 0 {
        let head = report.lastPosition
        let tail = Position(head.rawValue > 3000 ? head.rawValue - 3000 : 0)
        #expect(
          try copy.events(after: tail)
            == log.events(after: tail, limit: Int(head.rawValue - tail.rawValue))
        )
      }
    }
    #expect(last > 0)
  }

  @Test func anIncrementCopiesLittle() throws {
    let place = TemporaryDirectory()
    var options = Self.options()
    options.segmentBytes = 64 << 20
    options.writtenSyncMilliseconds = 0
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: options)
    func grow(_ count: Int) throws {
      let payload = [UInt8](repeating: 7, count: 200)
      for number in 0..<count / 100 {
        let batch = EventBatch(limits: options.limits)
        for _ in 0..<100 {
          try batch.add(NewEvent(type: "T", payload: payload), to: AggregateID("a-\(number % 97)"))
        }
        try log.append(batch, durability: .written)
      }
      try log.sync()
    }
    try grow(100_000)
    let first = try log.backup(to: place.path + "/backup")
    for _ in 0..<3 {
      try grow(1_000)
      let next = try log.backup(to: place.path + "/backup")
      #expect(next.bytesCopied > 0)
      #expect(next.bytesCopied * 50 <= first.bytes, "\(next.bytesCopied) of \(first.bytes)")
    }
    #expect(try StoreVerifier.verify(place.path + "/backup").isOK)
    try log.close()
  }

  @Test func aForkAndItsSourceGoTheirOwnWays() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    let payload = [UInt8](repeating: 3, count: 300)
    func grow(_ log: EventLog, _ count: Int, _ aggregate: AggregateID) throws {
      for _ in 0..<count {
        let batch = EventBatch(limits: log.core.options.limits)
        for _ in 0..<50 { try batch.add(NewEvent(type: "T", payload: payload), to: aggregate) }
        try log.append(batch, durability: .written)
      }
      try log.sync()
    }
    try grow(log, 1_000, "a-1")
    let head = log.head()
    let report = try log.fork(to: place.path + "/fork")
    #expect(report.lastPosition == head)
    #expect(report.bytesShared > report.bytesCopied)
    let fork = try EventLog(at: place.path + "/fork", options: Self.options())
    #expect(fork.storeID == log.storeID)
    #expect(fork.historyID != log.historyID)
    try grow(log, 300, "a-1")
    try grow(fork, 200, "b-1")
    #expect(try log.version(of: "a-1").rawValue == 65_000)
    #expect(try fork.version(of: "a-1").rawValue == 50_000)
    #expect(try fork.version(of: "b-1").rawValue == 10_000)
    #expect(try fork.events(after: 0, limit: 2_000) == log.events(after: 0, limit: 2_000))
    try fork.close()
    try log.close()
    for store in [path, place.path + "/fork"] {
      let check = try StoreVerifier.verify(store)
      #expect(check.isOK, "\(check.problems)")
    }
  }
}
