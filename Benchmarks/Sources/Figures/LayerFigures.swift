import Annals
import AnnalsLog
import Foundation

/// What aggregates and projections cost beside the bare log: the same events, in one run.
struct LayerFigures {
  private let directory: String
  private let arguments: Arguments
  private let report: Report

  init(_ directory: String, _ arguments: Arguments, _ report: Report) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    self.directory = directory
    self.arguments = arguments
    self.report = report
  }

  func run() throws {
    try execute()
    try project()
  }

  private func open(_ name: String, _ codec: any EventCodec) throws -> EventStore {
    var options = StoreOptions()
    options.codec = codec
    return try EventStore(at: directory + "/" + name, events: [PurseEvent.self], options: options)
  }

  // MARK: Commands

  /// One caller, one event a command; the state is in the cache, as it is in a program at work.
  private func execute() throws {
    let store = try open("execute", .cbor)
    defer { try? store.close() }
    let payload = try CBOREncoder().encode(PurseEvent.deposited(cents: 1234))
    let purse = AggregateID("purse-1")
    let bare = AggregateID("bare-1")
    for (name, durability, count) in [
      ("written", Durability.written, 20_000), ("durable", .durable, 300),
    ] {
      let times = try interleaved(
        arguments.rounds,
        {
          for _ in 0..<count {
            try store.log.append(
              [NewEvent(type: "MoneyDeposited", payload: payload)],
              to: bare,
              durability: durability
            )
          }
        },
        {
          for _ in 0..<count {
            try store.execute(
              .deposit(cents: 1234),
              on: purse,
              as: Purse.self,
              durability: durability
            )
          }
        }
      )
      let rates = times.map { $0.map { Double(count) * 1e9 / $0 } }
      report.add(
        "execute, \(name), beside a bare append",
        "commands/s",
        raw: rates[0].median,
        annals: rates[1].median,
        ratio: ratio(rates[1], rates[0])
      )
    }
  }

  // MARK: Projections

  /// Folds of everything, beside a bare scan of the same log; by the time the process runs, since
  /// a rebuild works on a thread of its own.
  private func project() throws {
    for (name, codec) in [("CBOR", .cbor), ("JSON", .json)] as [(String, any EventCodec)] {
      // Enough that what a rebuild keeps at its end does not count.
      let count = name == "CBOR" ? 4 * arguments.events : arguments.events
      let store = try open("project-\(name)", codec)
      defer { try? store.close() }
      try fill(store, count)
      let raw = try store.start(raw: EventCounts())
      let cases = try store.start(Deposits<PurseEvent>())
      let structs = try store.start(Deposits<PlainDeposit>())
      let byHand = try store.start(Deposits<HandDeposit>())
      try raw.reached(store.head, within: .seconds(600))
      try cases.reached(store.head, within: .seconds(600))
      try structs.reached(store.head, within: .seconds(600))
      try byHand.reached(store.head, within: .seconds(600))
      var total: UInt64 = 0
      let times = try interleaved(
        arguments.rounds,
        by: processNow,
        {
          var cursor = try store.log.cursor()
          while let event = try cursor.next() { total &+= sumOfBytes(event.payload) }
        },
        { try blocking { _ = try await raw.rebuild() } },
        { try blocking { _ = try await byHand.rebuild() } },
        { try blocking { _ = try await structs.rebuild() } },
        { try blocking { _ = try await cases.rebuild() } }
      )
      keep(total)
      let sums = [
        cases.read { $0.cents }, structs.read { $0.cents }, byHand.read { $0.cents },
      ]
      guard raw.read({ $0.count }) == count, Set(sums).count == 1 else {
        throw Failure("a projection did not see every event: \(sums)")
      }
      let rates = times.map { $0.map { Double(count) * 1e9 / $0 } }
      let kinds = ["raw spans", "by hand", "struct", "enum"]
      for (index, kind) in zip(1..., kinds) where name == "CBOR" || kind != "by hand" {
        report.add(
          "rebuild, \(kind), \(name), beside a scan",
          "events/s",
          raw: rates[0].median,
          annals: rates[index].median,
          ratio: ratio(rates[index], rates[0])
        )
      }
    }
  }

  private func fill(_ store: EventStore, _ count: Int) throws {
    var random = Random(11)
    var number = 0
    while number < count {
      var events: [PurseEvent] = []
      for _ in 0..<min(100, count - number) {
        events.append(.deposited(cents: random.below(100_000)))
      }
      number += events.count
      try store.append(
        events,
        to: AggregateID("purse-\(random.below(10_000))"),
        durability: .written
      )
    }
    try store.log.sync()
  }
}

/// Runs a task and waits for it, as no program should but one that measures.
func blocking(_ body: @escaping @Sendable () async throws -> Void) throws {
  let failures = Failures()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    do { try await body() } catch { failures.add(error) }
    done.signal()
  }
  done.wait()
  try failures.check()
}

/// What happens to a purse.
enum PurseEvent: Event {
  case deposited(cents: Int)
  case withdrawn(cents: Int)

  static let schema = EventSchema<PurseEvent>(cases: [
    "deposited": "MoneyDeposited",
    "withdrawn": "MoneyWithdrawn",
  ])
}

/// A purse, the smallest of aggregates: what it costs is the layer's.
struct Purse: Decider, Codable {
  enum Command: Sendable { case deposit(cents: Int) }
  enum Refusal: Error { case amountNotPositive }

  var cents = 0

  mutating func apply(_ event: PurseEvent) {
    switch event {
    case .deposited(let cents): self.cents += cents
    case .withdrawn(let cents): self.cents -= cents
    }
  }

  func decide(_ command: Command) throws(Refusal) -> [PurseEvent] {
    guard case .deposit(let cents) = command, cents > 0 else { throw .amountNotPositive }
    return [.deposited(cents: cents)]
  }
}

/// An event that is an amount.
protocol Amount: Event {
  var cents: Int { get }
}

extension PurseEvent: Amount {
  var cents: Int {
    switch self {
    case .deposited(let cents): cents
    case .withdrawn(let cents): -cents
    }
  }
}

/// A deposit as a struct.
struct PlainDeposit: Amount {
  static let schema = EventSchema<PlainDeposit>("MoneyDeposited")
  var cents: Int
}

/// A deposit that is coded without `Codable`.
struct HandDeposit: Amount, PayloadCodable {
  static let schema = EventSchema<HandDeposit>("MoneyDeposited")
  var cents: Int

  init(typeIndex: Int, from reader: inout PayloadReader) throws {
    cents = 0
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("cents") {
        cents = try reader.readInt()
      } else {
        try reader.skipPair()
      }
    }
  }

  func write(to writer: inout PayloadWriter) -> Int {
    writer.beginMap(1)
    writer.write("cents")
    writer.write(cents)
    return 0
  }
}

/// The typed projection that is measured.
private struct Deposits<Event: Amount>: Projection {
  static var name: String { "deposits-\(Event.self)" }
  var cents = 0

  mutating func apply(_ event: Event, _ record: borrowing EventView) {
    cents &+= event.cents
  }
}

/// The projection over spans that is measured.
private struct EventCounts: RawProjection {
  static let name = "event-counts"
  var count = 0
  var sum: UInt64 = 0

  mutating func apply(_ record: borrowing EventView) {
    count += 1
    sum &+= sumOfBytes(record.payload)
  }
}
