import AnnalsLog
import Synchronization
import Testing

/// The log compacts itself when it is told to, and else not.
@Suite struct AutomaticCompactionTests {
  private final class Clock: Sendable {
    let time = Atomic<Int64>(1_000_000_000_000_000)
    let compactions = Atomic<Int>(0)
  }

  private static func options(
    _ clock: Clock,
    _ automatic: AutomaticCompaction?
  ) -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 64 << 10
    options.segmentBytes = 64 << 10
    options.automaticCompaction = automatic
    options.clock = { clock.time.load(ordering: .relaxed) }
    options.observe = {
      if case .compacted = $0 { clock.compactions.add(1, ordering: .relaxed) }
    }
    return options
  }

  private static func fill(_ log: EventLog, _ count: Int = 2000) throws {
    for number in 0..<count {
      let event = NewEvent(type: "T", payload: [UInt8](repeating: 7, count: 400))
      try log.append([event], to: AggregateID("a-\(number % 4)"), durability: .written)
    }
    try log.sync()
  }

  private static func settings() -> AutomaticCompaction {
    var settings = AutomaticCompaction()
    settings.checkMilliseconds = 10
    return settings
  }

  /// Waits up to ten seconds for something to become true.
  private static func eventually(_ isTrue: () -> Bool) -> Bool {
    for _ in 0..<1000 {
      if isTrue() { return true }
      SystemClock.sleep(nanoseconds: 10_000_000)
    }
    return false
  }

  @Test func itCompactsOnceThereIsEnoughAndAppendsGoOn() throws {
    let place = TemporaryDirectory()
    let clock = Clock()
    let log = try EventLog(
      at: place.path + "/store",
      options: Self.options(clock, Self.settings())
    )
    try Self.fill(log)
    try log.retain(.keepCount(.aggregate("a-0"), 400))
    SystemClock.sleep(nanoseconds: 100_000_000)
    // A few percent: not enough.
    #expect(clock.compactions.load(ordering: .relaxed) == 0)
    try log.retain(.delete(.aggregate("a-1")))
    try log.retain(.delete(.aggregate("a-2")))
    let isDone = Self.eventually {
      _ = try? log.append([NewEvent(type: "T", payload: [1])], to: "a-3")
      return clock.compactions.load(ordering: .relaxed) > 0
    }
    #expect(isDone)
    let head = log.head()
    #expect(try log.read().count == Int(head.rawValue) - 1000 - 100)
    #expect(try log.planCompaction().garbage < 0.3)
    try log.close()
    #expect(try StoreVerifier.verify(place.path + "/store").problems == [])
  }

  @Test func itIsOffUnlessAskedFor() throws {
    let place = TemporaryDirectory()
    let clock = Clock()
    let log = try EventLog(at: place.path + "/store", options: Self.options(clock, nil))
    try Self.fill(log)
    try log.retain(.delete(.category("a")))
    SystemClock.sleep(nanoseconds: 200_000_000)
    #expect(clock.compactions.load(ordering: .relaxed) == 0)
    #expect(try log.planCompaction().garbage > 0.9)
  }

  @Test func itKeepsToItsWindow() throws {
    let place = TemporaryDirectory()
    let clock = Clock()
    let minute: Int64 = 60_000_000
    clock.time.store(minute * 1440 * 9000 + minute * 100, ordering: .relaxed)
    var settings = Self.settings()
    settings.window = .init(fromMinute: 110, toMinute: 120)
    let log = try EventLog(at: place.path + "/store", options: Self.options(clock, settings))
    try Self.fill(log)
    try log.retain(.delete(.category("a")))
    SystemClock.sleep(nanoseconds: 200_000_000)
    #expect(clock.compactions.load(ordering: .relaxed) == 0)
    clock.time.add(minute * 11, ordering: .relaxed)
    #expect(Self.eventually { clock.compactions.load(ordering: .relaxed) > 0 })
    try log.close()
  }

  @Test func itWaitsUntilNothingIsAppended() throws {
    let place = TemporaryDirectory()
    let clock = Clock()
    var settings = Self.settings()
    settings.idleMilliseconds = 400
    let log = try EventLog(at: place.path + "/store", options: Self.options(clock, settings))
    try Self.fill(log)
    try log.retain(.delete(.aggregate("a-1")))
    try log.retain(.delete(.aggregate("a-2")))
    for _ in 0..<80 {
      try log.append([NewEvent(type: "T", payload: [1])], to: "a-3")
      SystemClock.sleep(nanoseconds: 10_000_000)
    }
    #expect(clock.compactions.load(ordering: .relaxed) == 0)
    #expect(Self.eventually { clock.compactions.load(ordering: .relaxed) > 0 })
    try log.close()
  }

  @Test func closingEndsIt() throws {
    let place = TemporaryDirectory()
    let clock = Clock()
    var settings = Self.settings()
    // It would take minutes.
    settings.bytesPerSecond = 10_000
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options(clock, settings))
    try Self.fill(log)
    try log.retain(.delete(.aggregate("a-1")))
    try log.retain(.delete(.aggregate("a-2")))
    SystemClock.sleep(nanoseconds: 300_000_000)
    try log.close()
    #expect(try EventLog(at: path).read().count == 1000)
    #expect(try StoreVerifier.verify(path).problems == [])
  }

  @Test func aWindowMayGoOverMidnight() {
    typealias Window = AutomaticCompaction.DayWindow
    func minutes(_ number: Int64) -> Int64 { number * 60_000_000 }
    let night = Window(fromMinute: 23 * 60, toMinute: 60)
    #expect(night.contains(minutes(23 * 60)) && night.contains(minutes(59)))
    #expect(!night.contains(minutes(60)) && !night.contains(minutes(22 * 60)))
    #expect(night.contains(minutes(59) - minutes(1440)))
    let day = Window(fromMinute: 60, toMinute: 120)
    #expect(day.contains(minutes(60)) && !day.contains(minutes(120)))
  }
}
