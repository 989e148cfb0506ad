import Annals
import Foundation

/// Loads with and without a snapshot, how fast states are kept and given back, and what they take.
///
/// Nothing is cached, so that every load goes to the log.
struct SnapshotFigures {
  private let directory: String
  private let rounds: Int
  private let report: Report

  init(_ directory: String, _ arguments: Arguments, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    rounds = arguments.rounds
    self.report = report
  }

  func run() throws {
    for count in [10, 100, 1000, 100_000] { try load(events: count) }
    try keepMany()
    try sizes()
    try open()
  }

  private func open(_ name: String) throws -> EventStore {
    var options = StoreOptions()
    options.codec = .cbor
    options.cacheBytes = 0
    return try EventStore(at: directory + "/" + name, options: options)
  }

  // MARK: Loads

  /// A history of which a snapshot stands five events before the end.
  private func load(events count: Int) throws {
    let name = "load-\(count)"
    let id: AggregateID = "tally-1"
    do {
      let store = try open(name)
      for start in stride(from: 0, to: count, by: 1000) {
        let numbers = start..<min(count, start + 1000)
        try store.append(numbers.map { TallyEvent.added($0) }, to: id)
      }
      _ = try store.load(KeptTally.self, id)
      try store.close()
    }
    let store = try open(name)
    defer { try? store.close() }
    for number in 0..<5 { try store.append([TallyEvent.added(number)], to: id) }
    var with: [UInt64] = []
    var without: [UInt64] = []
    var sum: UInt64 = 0
    let loads = max(20, 40_000 / count)
    for round in 0..<2 * loads {
      let one = try nanoseconds { sum &+= try store.load(Tally.self, id).state.sum }
      if round >= loads { without.append(one) }
    }
    for round in 0..<4000 {
      let one = try nanoseconds { sum &+= try store.load(KeptTally.self, id).state.sum }
      if round >= 2000 { with.append(one) }
    }
    keep(sum)
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
      let (before, after) = (without.microseconds(share), with.microseconds(share))
      report.add(
        "load of \(count) events, by snapshot: \(name)",
        "us",
        raw: before,
        annals: after,
        ratio: before / after
      )
    }
  }

  // MARK: Keeping

  /// States of 4 KiB that do not compress, of 250 aggregates at a time: as many as may wait.
  private func keepMany() throws {
    let aggregates = (0..<250).map { AggregateID("block-\($0)") }
    var keeping: [Double] = []
    var loading: [Double] = []
    for round in 0...rounds {
      let store = try open("keep")
      for (number, id) in aggregates.enumerated() {
        try store.append([TallyEvent.added(round << 16 | number)], to: id, durability: .written)
      }
      try store.log.sync()
      let kept = try nanoseconds {
        for id in aggregates { _ = try store.load(KeptBlock.self, id) }
        // What waits is kept before this returns.
        try store.close()
      }
      let again = try open("keep")
      _ = try again.load(KeptBlock.self, aggregates[0])
      var sum: UInt64 = 0
      let loaded = try nanoseconds {
        for _ in 0..<20 {
          for id in aggregates { sum &+= UInt64(try again.load(KeptBlock.self, id).state.count) }
        }
      }
      keep(sum)
      try again.close()
      if round == 0 { continue }
      keeping.append(Double(aggregates.count) * 1e9 / Double(kept))
      loading.append(Double(20 * aggregates.count) * 1e9 / Double(loaded))
    }
    report.add("states of 4 KiB kept, sync and close too", "states/s", annals: keeping.median)
    report.add("states of 4 KiB loaded by snapshot", "states/s", annals: loading.median)
  }

  // MARK: Sizes

  /// The bytes a small state takes on disk, before there is a dictionary for its like and after.
  private func sizes() throws {
    let few = try bytes("few", 60)
    let many = try bytes("many", 20_000)
    report.add(
      "bytes of a small state on disk, by dictionary",
      "bytes",
      raw: few.stored,
      annals: many.stored,
      ratio: few.stored / many.stored
    )
    report.add("bytes of the small state itself, as CBOR", "bytes", annals: many.state)
  }

  /// What the 20,000 snapshots cost whoever opens the store, and the first load.
  private func open() throws {
    var opening: [Double] = []
    var without: [Double] = []
    var first: [Double] = []
    var memory: [Double] = []
    let snapshots = directory + "/many/snapshots"
    let files = FileManager.default
    for round in 0...rounds {
      try files.moveItem(atPath: snapshots, toPath: snapshots + "-away")
      without.append(Double(try nanoseconds { try open("many").close() }) / 1000)
      try files.moveItem(atPath: snapshots + "-away", toPath: snapshots)
      opening.append(Double(try nanoseconds { try open("many").close() }) / 1000)
      let store = try open("many")
      let before = processMemory("RssAnon")
      let load = try nanoseconds { _ = try store.load(KeptCustomer.self, "customer-77") }
      first.append(Double(load) / 1000)
      if round == 0 { memory.append(Double(processMemory("RssAnon") - before)) }
      try store.close()
    }
    report.add(
      "open and close, 20,000 snapshots (raw: removed)",
      "us",
      raw: without.median,
      annals: opening.median
    )
    report.add("first load, reading their index", "us", annals: first.median)
    report.add("memory of that", "bytes", annals: memory[0])
  }

  private func bytes(_ name: String, _ count: Int) throws -> (stored: Double, state: Double) {
    var state = 0
    for start in stride(from: 0, to: count, by: 200) {
      let store = try open(name)
      let ids = (start..<min(count, start + 200)).map { AggregateID("customer-\($0)") }
      for (number, id) in ids.enumerated() {
        try store.append([TallyEvent.added(start + number)], to: id, durability: .written)
      }
      try store.log.sync()
      for id in ids {
        state += try CBOREncoder().encode(store.load(KeptCustomer.self, id).state).count
      }
      try store.close()
    }
    let folder = directory + "/" + name + "/snapshots"
    var stored = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder)
    where file.hasSuffix(".snapshots") {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + file)
      stored += (attributes[.size] as? Int ?? 0) - 4096
    }
    return (Double(stored) / Double(count), Double(state) / Double(count))
  }
}

private enum TallyEvent: Event {
  case added(Int)

  static let schema = EventSchema<TallyEvent>(cases: ["added": "Added"])
}

/// A fold without snapshots.
private struct Tally: Aggregate, Codable {
  var sum: UInt64 = 0
  var count = 0
  var last: [Int] = []

  mutating func apply(_ event: TallyEvent) {
    guard case .added(let number) = event else { return }
    sum &+= UInt64(number)
    count += 1
    if last.count == 8 { last.removeFirst() }
    last.append(number)
  }
}

/// The same with one, every eight events.
private struct KeptTally: Aggregate, Codable {
  var tally = Tally()
  var sum: UInt64 { tally.sum }

  static let snapshots: SnapshotPolicy<KeptTally>? = .events(8)

  mutating func apply(_ event: TallyEvent) { tally.apply(event) }
}

/// A state of 4 KiB of noise.
private struct KeptBlock: Aggregate, Codable {
  var count = 0
  var text = ""

  static let snapshots: SnapshotPolicy<KeptBlock>? = .events(1)

  mutating func apply(_ event: TallyEvent) {
    guard case .added(let number) = event else { return }
    count += 1
    var random = Random(UInt64(number + 1))
    text = ""
    for _ in 0..<4090 { text.unicodeScalars.append(Unicode.Scalar(UInt8(33 + random.below(94)))) }
  }
}

/// A small state, much of which is the same in all.
private struct KeptCustomer: Aggregate, Codable {
  var name = ""
  var currency = "EUR"
  var dailyLimit = 100_000
  var monthlyLimit = 1_000_000
  var flags = ["verified", "private"]
  var balance = 0

  static let snapshots: SnapshotPolicy<KeptCustomer>? = .events(1)

  mutating func apply(_ event: TallyEvent) {
    guard case .added(let number) = event else { return }
    balance += number &* 7919
    name = "customer number \(number)"
  }
}
