import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads see one moment of the log, whatever maintenance and compaction do beside them.
@Suite struct MomentTests {
  /// A clock that keeps the thread of maintenance waiting while it is held.
  private final class Gate: Sendable {
    private let owner = pthread_self()
    private let isHeld = Mutex(false)
    private let waiting = Mutex(0)

    func hold() { isHeld.withLock { $0 = true } }
    func open() { isHeld.withLock { $0 = false } }
    var isWaitedAt: Bool { waiting.withLock { $0 > 0 } }

    func now() -> Int64 {
      guard pthread_self() != owner else { return 1 }
      waiting.withLock { $0 += 1 }
      while isHeld.withLock({ $0 }) { SystemClock.sleep(nanoseconds: 100_000) }
      waiting.withLock { $0 -= 1 }
      return 1
    }
  }

  private static func options(_ gate: Gate? = nil) -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 16 << 10
    options.segmentBytes = 16 << 10
    options.preallocation = .reserve
    options.writtenSyncMilliseconds = 0
    if let gate { options.clock = { gate.now() } }
    return options
  }

  private static func append(_ log: EventLog, _ ids: [AggregateID], tag: String? = nil) throws {
    for id in ids {
      let event = NewEvent(
        type: "Done",
        payload: [1],
        time: Timestamp(microseconds: 1),
        tags: tag.map { [$0] } ?? []
      )
      try log.append([event], to: id, durability: .durable)
    }
  }

  private static func find(_ log: EventLog, _ pin: LogPin) throws -> (key: [UInt64], tag: [UInt64])
  {
    var byKey = ReadRequest.aggregate("kept-1")
    byKey.pin = pin
    var byTag = ReadRequest.matching(Query([Query.Item(tags: ["red"])]))
    byTag.pin = pin
    return (
      try log.read(byKey).map(\.position.rawValue), try log.read(byTag).map(\.position.rawValue)
    )
  }

  /// The view knows no footer of the segment, and what came behind leads to the segment that took
  /// its place.
  @Test func aPinTakenBeforeAFooterWasMadeKeepsItsSegment() throws {
    let place = TemporaryDirectory()
    let gate = Gate()
    let log = try EventLog(at: place.path + "/store", options: Self.options(gate))
    let writer = try #require(log.writer)
    try Self.append(log, ["kept-1", "gone-1", "kept-1"], tag: "red")
    writer.maintenance.request()
    writer.maintenance.awaitFooters()
    while writer.maintenance.current.spare == nil { SystemClock.sleep(nanoseconds: 100_000) }
    gate.hold()
    defer { gate.open() }
    try DamageStore.roll(log)
    while !gate.isWaitedAt { SystemClock.sleep(nanoseconds: 100_000) }
    try Self.append(log, ["kept-1"], tag: "red")
    let pin = try log.pin()
    gate.open()
    #expect(try Self.find(log, pin).key == [1, 3, 4])
    try log.retain(.delete(.aggregate("gone-1")))
    writer.maintenance.awaitFooters()
    var options = CompactionOptions()
    options.leastGarbage = 0
    let report = try log.compact(options)
    #expect(report.eventsRemoved == 1)
    try DamageStore.roll(log)
    writer.maintenance.awaitFooters()
    let found = try Self.find(log, pin)
    #expect(found.key == [1, 3, 4])
    #expect(found.tag == [1, 2, 3, 4])
    try log.close()
  }

  /// A reader in another opening reads the layout anew, with an index that no longer has the
  /// segment its pin shows as being written.
  @Test func aPinOfAFollowerOutlivesTheIndexItWasTakenWith() throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store", options: Self.options())
    try Self.append(log, ["kept-1", "gone-1", "kept-1"], tag: "red")
    var readOnly = Self.options()
    readOnly.access = .readOnly
    let reader = try EventLog(at: place.path + "/store", options: readOnly)
    try Self.append(log, ["kept-1"], tag: "red")
    try reader.refresh()
    let pin = try reader.pin()
    #expect(try Self.find(reader, pin).key == [1, 3, 4])
    try log.retain(.delete(.aggregate("gone-1")))
    for _ in 0..<2 {
      try DamageStore.roll(log)
      try Self.append(log, ["kept-1"], tag: "red")
    }
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try log.compact(options).eventsRemoved == 1)
    try reader.refresh()
    let found = try Self.find(reader, pin)
    #expect(found.key == [1, 3, 4])
    #expect(found.tag == [1, 2, 3, 4])
    #expect(try reader.events(of: "kept-1").map(\.position.rawValue) == [1, 3, 4, 5, 6])
    try log.close()
  }

  /// What compaction leaves of an aggregate with a standing rule is what its reader asks for.
  @Test func aReaderBesideCompactionSeesTheNewestThatAreKept() throws {
    let place = TemporaryDirectory()
    var settings = Self.options()
    settings.visibility = .written
    let log = try EventLog(at: place.path + "/store", options: settings)
    try log.retain(.keepCount(.aggregate("kept-1"), 3))
    try Self.append(log, ["kept-1", "kept-1", "kept-1"])
    let isOver = Mutex(false)
    let problems = Mutex<[String]>([])
    var threads: [Thread] = []
    for _ in 0..<3 {
      threads.append(
        try Thread(name: "reader") {
          while !isOver.withLock({ $0 }) {
            do {
              let seen = try log.events(of: "kept-1").map(\.version.rawValue)
              if seen.count != 3 || seen[0] + 2 != seen[2] {
                problems.withLock { $0.append("\(seen)") }
              }
            } catch { problems.withLock { $0.append("\(error)") } }
          }
        }
      )
    }
    var options = CompactionOptions()
    options.leastGarbage = 0
    for _ in 0..<40 {
      for _ in 0..<4 {
        let events = (0..<4).map { _ in NewEvent(type: "Done", payload: [1]) }
        try log.append(events, to: "kept-1", durability: .durable)
      }
      try log.compact(options)
    }
    isOver.withLock { $0 = true }
    for thread in threads { thread.join() }
    #expect(problems.withLock { Array($0.prefix(3)) } == [])
    try log.close()
  }

  /// What a reader may see was published before the writer beside it rolled.
  @Test func anOpeningBesideARollGoesOnlyAsFarAsWasPublished() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.append(log, ["a-1", "a-1", "a-1"])
    try Self.append(log, ["a-1", "a-1"])
    try DamageStore.roll(log)
    try Self.append(log, ["a-1"])
    for through in UInt64(3)...6 {
      var opener = try LogOpener(
        path,
        log.core.files,
        Self.options(),
        isWriting: false,
        through: through
      )
      try opener.run()
      #expect(opener.damages.isEmpty)
      #expect(opener.tail?.scan.lastPosition ?? 5 >= min(through, 5))
    }
    try log.close()
  }

  /// A store checked again and again while its writer begins a segment with every few events.
  @Test func verifyBesideARollingWriterFindsNothing() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.append(log, ["a-1"])
    let isOver = Mutex(false)
    let thread = try Thread(name: "writer") {
      while !isOver.withLock({ $0 }) {
        try? Self.append(log, ["a-1", "a-1"])
        SystemClock.sleep(nanoseconds: 1_000_000)
        try? DamageStore.roll(log)
      }
    }
    var problems: [String] = []
    for _ in 0..<40 {
      let report = try StoreVerifier.verify(path, options: Self.options())
      problems += report.problems.map { "\($0)" }
      var readOnly = Self.options()
      readOnly.access = .readOnly
      do { _ = try EventLog(at: path, options: readOnly).read() } catch {
        problems.append("\(error)")
      }
    }
    isOver.withLock { $0 = true }
    thread.join()
    #expect(problems.prefix(3) == [])
    try log.close()
  }

  /// The writer goes on, and begins a segment, after the check has read how far it is.
  @Test func verifyLooksNoFurtherThanWasPublished() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    let writer = try #require(log.writer)
    try Self.append(log, ["a-1", "a-1", "a-1"])
    writer.maintenance.request()
    while writer.maintenance.current.spare == nil { SystemClock.sleep(nanoseconds: 100_000) }
    var isRolled = false
    let report = try StoreVerifier.verify(path, options: Self.options()) { _ in
      if isRolled { return }
      isRolled = true
      try? Self.append(log, ["a-1", "a-1"])
      try? DamageStore.roll(log)
      try? Self.append(log, ["a-1"])
    }
    #expect(isRolled)
    #expect(report.problems == [])
    try log.close()
  }
}
