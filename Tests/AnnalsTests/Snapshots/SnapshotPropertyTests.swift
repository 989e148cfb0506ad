import Annals
import AnnalsTesting
import Testing

/// Random histories: the state by replay is the state by snapshot and tail, by cache, and at every
/// version and position, whatever happens to the snapshots.
///
/// `ANNALS_SNAPSHOT_HISTORIES` says how many, `ANNALS_SEED` which.
@Suite struct SnapshotPropertyTests {
  @Test func statesAreTheSameByReplaySnapshotAndCache() throws {
    let count = Proof.number("ANNALS_SNAPSHOT_HISTORIES") ?? 100
    let seed = Proof.seed
    var totals = SnapshotHistory.Totals()
    for number in 0..<count {
      var history = try SnapshotHistory(seed: seed &* 1_000_003 &+ UInt64(number))
      do {
        try history.run()
      } catch {
        Issue.record("history \(number) of seed \(seed): \(error)")
        return
      }
      totals.add(history.totals)
    }
    print("snapshot histories: \(count), \(totals)")
    print(Proof.line("model", count))
    // Else it proves nothing.
    #expect(totals.loaded > count)
    #expect(totals.damages > count / 2)
    #expect(totals.ignored.values.reduce(0, +) > count / 4)
    let seen = SnapshotFlaw.allCases.filter { totals.ignored[$0] ?? 0 > 0 }
    // A few histories, as under a sanitizer, need not meet so many.
    #expect(seen.count >= 4 || count < 50)
  }
}

/// One random history, and the model of it.
struct SnapshotHistory {
  struct Totals {
    var comparisons = 0
    var loaded = 0
    var damages = 0
    var reopenings = 0
    var ignored: [SnapshotFlaw: Int] = [:]

    mutating func add(_ other: Totals) {
      comparisons += other.comparisons
      loaded += other.loaded
      damages += other.damages
      reopenings += other.reopenings
      ignored.merge(other.ignored, uniquingKeysWith: +)
    }
  }

  struct Difference: Error {
    var aggregate: AggregateID
    var how: String
    var expected: Ledger
    var found: Ledger
  }

  private struct Booked {
    var aggregate: Int
    var event: LedgerEvent
  }

  private var random: SplitMix64
  private var disk = SimulatedFileSystem()
  private var store: EventStore
  /// All events, in order: the model.
  private var events: [Booked] = []
  /// An earlier disk, and how many events it had.
  private var earlier: (disk: SimulatedFileSystem, count: Int)?
  /// Snapshot files as they once were.
  private var stale: [String: [UInt8]] = [:]
  private(set) var totals = Totals()

  private static let aggregates = (1...3).map { AggregateID("ledger-\($0)") }

  init(seed: UInt64) throws {
    random = SplitMix64(seed: seed)
    store = try Self.open(disk)
  }

  private static func open(_ disk: SimulatedFileSystem) throws -> EventStore {
    var options = StoreOptions()
    options.codec = .cbor
    options.log.fileSystem = disk
    options.log.hasMaintenanceThread = false
    options.log.firstSegmentBytes = 32 << 10
    options.log.segmentBytes = 32 << 10
    options.log.preallocation = .reserve
    options.log.visibility = .written
    options.log.snapshotFileBytes = 16 << 10
    options.log.snapshotRewriteBytesMin = 6 << 10
    return try EventStore(at: "/store", options: options)
  }

  mutating func run() throws {
    for _ in 0..<(10 + below(25)) {
      switch below(12) {
      case 0...4: try append()
      case 5, 6: try look(throughSnapshots: below(2) == 0)
      case 7: _ = try store.load(OtherLedger.self, Self.aggregates[below(3)])
      case 8, 9: try reopen()
      case 10: remember()
      default: if below(2) == 0 { try store.forgetSnapshots(of: Self.aggregates[below(3)]) }
      }
    }
    try look(throughSnapshots: true)
    try lookEverywhere()
    note(store)
    try store.close()
  }

  private mutating func below(_ limit: Int) -> Int {
    Int.random(in: 0..<limit, using: &random)
  }

  // MARK: What happens

  private mutating func append() throws {
    let aggregate = below(3)
    var events: [LedgerEvent] = []
    for _ in 0..<(1 + below(6)) {
      switch below(8) {
      case 0: events.append(.renamed("name \(below(1000))"))
      case 1: events.append(.cleared)
      default: events.append(.booked(below(100_000) - 50_000))
      }
    }
    try store.append(
      events,
      to: Self.aggregates[aggregate],
      durability: below(3) == 0 ? .written : .durable
    )
    self.events += events.map { Booked(aggregate: aggregate, event: $0) }
    // A load asks the policy.
    if below(2) == 0 {
      _ = try store.load(Ledger.self, Self.aggregates[aggregate])
      store.keeper.drain()
    }
  }

  private mutating func remember() {
    store.keeper.drain()
    if below(2) == 0 { earlier = (disk.killed(), events.count) }
    stale = files()
  }

  private mutating func reopen() throws {
    totals.reopenings += 1
    note(store)
    store.keeper.drain()
    switch below(4) {
    case 0:
      try store.close()
      disk = disk.killed()
    case 1:
      disk = disk.killed()
    case 2:
      disk = disk.crash(choosing: .nothing)
    default:
      // Back to an earlier log, with the snapshots of the later one.
      let files = files()
      if let earlier {
        disk = earlier.disk.killed()
        events.removeSubrange(earlier.count...)
        try put(files)
      } else {
        disk = disk.killed()
      }
    }
    try damage()
    store = try Self.open(disk)
    // A power cut may cost what was only written.
    events.removeSubrange(Int(store.head.rawValue)...)
    if let earlier, earlier.count > events.count { self.earlier = nil }
  }

  // MARK: What happens to the snapshots

  private func files() -> [String: [UInt8]] {
    guard let directory = try? disk.openDirectory("/store/snapshots", create: false),
      let names = try? directory.names()
    else { return [:] }
    var files: [String: [UInt8]] = [:]
    for name in names {
      guard let file = try? directory.openFile(name, .readOnly), let size = try? file.size()
      else { continue }
      files[name] = try? file.read(size, at: 0)
    }
    return files
  }

  private func put(_ files: [String: [UInt8]]) throws {
    let root = try disk.openDirectory("/store", create: false)
    let directory = try root.openDirectory("snapshots", create: true)
    for name in try directory.names() { try directory.remove(name) }
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let file = try directory.openFile(name, .create)
      try file.write(bytes.span, at: 0)
    }
  }

  private mutating func damage() throws {
    var files = files()
    let names = files.keys.sorted()
    guard !names.isEmpty else { return }
    let name = names[below(names.count)]
    let size = files[name]?.count ?? 0
    switch below(7) {
    case 0:
      for _ in 0..<3 where size > 0 {
        let (place, bits) = (below(size), UInt8(1 + below(255)))
        files[name]?[place] ^= bits
      }
    case 1:
      let count = below(size + 1)
      files[name] = Array(files[name]?.prefix(count) ?? [])
    case 2: files[name] = nil
    case 3: files = stale
    case 4: files.merge(stale) { first, _ in first }
    case 5: for _ in 0..<64 { files[name]?.append(UInt8(below(256))) }
    default: return
    }
    totals.damages += 1
    try put(files)
  }

  // MARK: What must be the same

  private func expected(_ aggregate: Int, _ isIncluded: (Int, Int) -> Bool) -> Ledger {
    var state = Ledger()
    var version = 0
    for (index, booked) in events.enumerated() where booked.aggregate == aggregate {
      version += 1
      if isIncluded(version, index + 1) { state.apply(booked.event) }
    }
    return state
  }

  private mutating func compare(
    _ aggregate: Int,
    _ how: String,
    _ found: Ledger,
    _ isIncluded: (Int, Int) -> Bool = { _, _ in true }
  ) throws {
    totals.comparisons += 1
    let expected = expected(aggregate, isIncluded)
    guard found != expected else { return }
    throw Difference(
      aggregate: Self.aggregates[aggregate],
      how: how,
      expected: expected,
      found: found
    )
  }

  private mutating func look(throughSnapshots isEmptied: Bool) throws {
    if isEmptied { store.cache.removeAll() }
    for (number, id) in Self.aggregates.enumerated() {
      let loaded = try store.load(Ledger.self, id)
      try compare(number, isEmptied ? "snapshot and tail" : "cache", loaded.state)
      guard loaded.version.rawValue == UInt64(loaded.state.count) else {
        throw Difference(aggregate: id, how: "version", expected: Ledger(), found: loaded.state)
      }
    }
    store.keeper.drain()
  }

  private mutating func lookEverywhere() throws {
    for (number, id) in Self.aggregates.enumerated() {
      for version in 0...(events.count { $0.aggregate == number } + 1) {
        if below(2) == 0 { store.cache.removeAll() }
        let moment = Moment.version(Version(UInt64(version)))
        let state = try store.load(Ledger.self, id, at: moment).state
        try compare(number, "version \(version)", state) { found, _ in found <= version }
      }
      for position in 0...events.count {
        if below(2) == 0 { store.cache.removeAll() }
        let moment = Moment.position(Position(UInt64(position)))
        let state = try store.load(Ledger.self, id, at: moment).state
        try compare(number, "position \(position)", state) { _, found in found <= position }
      }
    }
  }

  private mutating func note(_ store: EventStore) {
    let counts = store.log.snapshots.counts
    totals.loaded += counts.loaded
    for flaw in SnapshotFlaw.allCases where counts[flaw] > 0 {
      totals.ignored[flaw, default: 0] += counts[flaw]
    }
  }
}
