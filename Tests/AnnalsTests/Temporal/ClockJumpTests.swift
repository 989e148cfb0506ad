import Annals
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// A clock that jumps anywhere changes the times of events, and what is too old, and nothing else.
@Suite struct ClockJumpTests {
  /// What the store's clock shows.
  private final class JumpingClock: Sendable {
    let now = Mutex<Int64>(1_767_225_600_000_000)
  }

  /// A store beside the times that its events must have.
  private struct Life {
    let clock = JumpingClock()
    let options: StoreOptions
    var store: EventStore
    var random: SplitMix64
    var times: [Int64] = []
    /// Whether a compaction may have removed the event.
    var isPerhapsGone: [Bool] = []
    var age: Int64?

    init(seed: UInt64) throws {
      random = SplitMix64(seed: seed)
      var options = StoreOptions()
      options.log.fileSystem = SimulatedFileSystem()
      options.log.firstSegmentBytes = 16 << 10
      options.log.segmentBytes = 16 << 10
      options.log.visibility = .written
      let clock = clock
      options.log.clock = { clock.now.withLock { $0 } }
      self.options = options
      store = try EventStore(at: "/store", options: options)
    }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    /// A time near the clock's, that of an event, or any.
    mutating func moment() -> Int64 {
      // The first moment there is stands for none given.
      let extremes: [Int64] = [.min + 1, .min + 2, -1, 0, 1, .max - 1, .max]
      switch below(6) {
      case 0: return extremes[below(extremes.count)]
      case 1: return Int64(bitPattern: random.next())
      case 2: return times.isEmpty ? 0 : times[below(times.count)]
      default: return clock.now.withLock { $0 } &+ Int64(below(2_000_000)) &- 1_000_000
      }
    }

    mutating func step() throws {
      switch below(40) {
      case 0:
        try store.close()
        store = try EventStore(at: "/store", options: options)
      case 1:
        age = below(3) == 0 ? nil : Int64(bitPattern: random.next() >> 1) >> below(40) | 1
        try store.retain(.keepAge(.category("item"), microseconds: age))
      case 2:
        for index in times.indices where isHidden(index) { isPerhapsGone[index] = true }
        var compaction = CompactionOptions()
        compaction.leastGarbage = 0
        _ = try store.log.compact(compaction)
      case 3..<12:
        let next = moment()
        clock.now.withLock { $0 = next }
      default:
        let given = below(3) == 0 ? moment() : nil
        let event = NewEvent(
          type: "Jumped",
          payload: [UInt8](repeating: 7, count: below(300)),
          time: given.map { Timestamp(microseconds: $0) }
        )
        try store.log.append(
          [event],
          to: AggregateID("item-\(below(5))"),
          durability: below(2) == 0 ? .durable : .written
        )
        times.append(given ?? clock.now.withLock { $0 })
        isPerhapsGone.append(false)
      }
    }

    func isHidden(_ index: Int) -> Bool {
      guard let age else { return false }
      let now = clock.now.withLock { $0 }
      let (limit, overflow) = now.subtractingReportingOverflow(age)
      return !overflow && times[index] < limit
    }

    /// Checks which events of those with `isWanted` times are found.
    func check(_ found: [RecordedEvent], _ isWanted: (Int64) -> Bool) {
      var seen = Set<Int>()
      for event in found {
        let index = Int(event.position.rawValue) - 1
        #expect(event.time.microseconds == times[index])
        #expect(seen.insert(index).inserted)
      }
      for index in times.indices {
        let isSeen = seen.contains(index)
        if isHidden(index) || !isWanted(times[index]) {
          #expect(!isSeen, "\(index)")
        } else if !isPerhapsGone[index] {
          #expect(isSeen, "\(index)")
        }
      }
    }

    mutating func look() throws {
      check(try store.log.read()) { _ in true }
      var reversed = ReadRequest.all()
      reversed.isReversed = true
      let (first, last) = (moment(), moment())
      reversed.since = Timestamp(microseconds: first)
      // The last moment there is stands for no bound.
      if last != .max { reversed.before = Timestamp(microseconds: last) }
      check(try store.log.read(reversed)) { $0 >= first && ($0 < last || last == .max) }
      let seen = try store.log.read()
      let time = moment()
      let later = seen.first { $0.time.microseconds > time }
      let through = later.map { Position($0.position.rawValue - 1) } ?? store.head
      #expect(try store.position(asOf: Timestamp(microseconds: time)) == through)
      let view = try store.view(at: Timestamp(microseconds: time))
      #expect(try view.events() == seen.filter { $0.position <= through })
    }
  }

  @Test(arguments: 0..<12) func timesStayAsTheyWere(number: UInt64) throws {
    var life = try Life(seed: Proof.seed &* 1000 &+ number)
    for step in 1...400 {
      try life.step()
      if step % 10 == 0 { try life.look() }
    }
    try life.store.close()
    #expect(try StoreVerifier.verify("/store", options: life.options.log).isOK)
  }

  /// An event that comes while the log is looked at may be later than the moment asked for.
  @Test func whatComesMeanwhileIsNotFromBefore() throws {
    let store = Mutex<EventStore?>(nil)
    let isArmed = Mutex(false)
    var options = StoreOptions()
    options.log.fileSystem = SimulatedFileSystem()
    options.log.clock = {
      // Asked, where there are rules, when the events begin to be read.
      let isFirst = isArmed.withLock { armed -> Bool in
        defer { armed = false }
        return armed
      }
      if isFirst {
        let event = NewEvent(type: "Late", payload: [], time: Timestamp(microseconds: 500))
        _ = try? store.withLock({ $0 })?.log.append([event], to: "item-2")
      }
      return 100
    }
    let opened = try EventStore(at: "/store", options: options)
    store.withLock { $0 = opened }
    try opened.log.append([NewEvent(type: "Early", payload: [])], to: "item-1")
    try opened.retain(.keepCount(.category("item"), 10))
    isArmed.withLock { $0 = true }
    #expect(try opened.position(asOf: Timestamp(microseconds: 200)) == 1)
    #expect(opened.head == 2)
    store.withLock { $0 = nil }
    try opened.close()
  }
}
