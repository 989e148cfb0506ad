import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Synchronization
import Testing

/// Rules are made, and compaction removes, while consumers of every kind run, stop, begin again and
/// are rebuilt: what no rule ever hides comes to each of them, in order, and to a state once.
@Suite struct RulesBesideConsumersTests {
  /// The positions of what it sees.
  private struct Positions: Projection {
    static let name = "positions"
    var all: [UInt64] = []
    mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
      all.append(record.position.rawValue)
    }
  }

  private struct RawPositions: RawProjection {
    static let name = "raw-positions"
    var all: [UInt64] = []
    mutating func apply(_ record: borrowing EventView) throws {
      all.append(record.position.rawValue)
    }
  }

  private final class Seen: Sendable {
    let all = Mutex<[UInt64]>([])
  }

  private struct Noting: Reactor {
    static let name = "noting"
    let seen: Seen
    func react(to event: AccountEvent, _ record: RecordedEvent) async throws {
      seen.all.withLock { $0.append(record.position.rawValue) }
    }
  }

  private final class Rows: ReadModel {
    typealias Event = AccountEvent
    let name = "rows"
    let seen = Seen()
    let kept = Mutex<ReadModelCheckpoint?>(nil)
    func checkpoint() throws -> ReadModelCheckpoint? { kept.withLock { $0 } }
    func reset() throws {
      kept.withLock { $0 = nil }
      seen.all.withLock { $0 = [] }
    }
    func apply(
      _ events: [TypedEvent<AccountEvent>],
      through checkpoint: ReadModelCheckpoint
    ) throws {
      seen.all.withLock { $0 += events.map(\.record.position.rawValue) }
      kept.withLock { $0 = checkpoint }
    }
  }

  private static func options(_ disk: SimulatedFileSystem) -> StoreOptions {
    var options = StoreOptions()
    options.log.fileSystem = disk
    options.log.firstSegmentBytes = 16 << 10
    options.log.segmentBytes = 16 << 10
    return options
  }

  /// What the store holds, and which of it a rule was about.
  private struct Life {
    var random: SplitMix64
    var last: UInt64 = 0
    /// The events of aggregates, by their numbers.
    var positions: [Int: [UInt64]] = [:]
    var touched: Set<UInt64> = []

    mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    mutating func append(_ store: EventStore) async throws {
      let number = below(12)
      let count = 1 + below(4)
      let events = [AccountEvent](repeating: .deposited(amount: 1), count: count)
      let receipt = try await store.append(
        events,
        to: AggregateID("account-\(number)"),
        durability: below(4) == 0 ? .durable : .written
      )
      last = receipt.lastPosition.rawValue
      positions[number, default: []] += Array(receipt.firstPosition.rawValue...last)
    }

    /// Only the first four aggregates are ever named by a rule.
    mutating func rule(_ store: EventStore) async throws {
      let number = below(4)
      guard let known = positions[number], !known.isEmpty else { return }
      touched.formUnion(known)
      let id = AggregateID("account-\(number)")
      switch below(4) {
      case 0: _ = try? await store.retain(.delete(.aggregate(id)))
      case 1:
        let version = UInt64(1 + below(known.count))
        try await store.retain(.truncate(id, before: Version(version)))
      case 2: _ = try? await store.retain(.redact(Position(known[below(known.count)])))
      default: _ = try? await store.retain(.skip(Position(known[below(known.count)])))
      }
    }

    /// Checks what came to a consumer.
    func check(_ seen: [UInt64], _ name: String, isRepeating: Bool = false) {
      if !isRepeating {
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 }, "\(name)")
      }
      let missing = Set(1...last).subtracting(seen).subtracting(touched)
      #expect(missing.isEmpty, "\(name) has not seen \(missing.sorted().prefix(5))")
    }
  }

  /// Rebuilds, unless it is just being folded anew because something was erased.
  private static func rebuild(_ running: RunningProjection<Positions>) async throws {
    do throws(ConsumerError) {
      _ = try await running.rebuild()
    } catch {
      guard case .alreadyRunning = error else { throw error }
    }
  }

  @Test(arguments: 0..<4) func nothingIsSkipped(number: UInt64) async throws {
    var life = Life(random: SplitMix64(seed: Proof.seed &* 100 &+ number))
    let disk = SimulatedFileSystem()
    var store = try EventStore(at: "/store", options: Self.options(disk))
    let (reacted, rows) = (Seen(), Rows())
    var begin = ReactorOptions()
    begin.begin = .start
    begin.eventsPerCheckpoint = 7
    var often = ProjectionOptions()
    often.eventsPerCheckpoint = 20
    often.checkpointInterval = .milliseconds(1)
    for _ in 0..<4 {
      let typed = try store.start(Positions(), options: often)
      let raw = try store.start(raw: RawPositions(), options: often)
      let reactor = try store.start(Noting(seen: reacted), options: begin)
      let model = try store.start(rows, batchesOf: 5)
      let compactor = Task { [store] in
        var options = CompactionOptions()
        options.leastGarbage = 0
        while !Task.isCancelled {
          do { _ = try store.log.compact(options) } catch LogError.closed { return }
          try await Task.sleep(for: .milliseconds(3))
        }
      }
      var rebuilt: Task<Void, any Error>?
      for step in 0..<150 {
        try await life.append(store)
        if life.below(9) == 0 { try await life.rule(store) }
        if step == 60 { rebuilt = Task { try await Self.rebuild(typed) } }
      }
      try await rebuilt?.value
      try await store.append([AccountEvent.deposited(amount: 1)], to: "account-11")
      life.last += 1
      life.positions[11, default: []].append(life.last)
      let end = Position(life.last)
      try await typed.reached(end, within: patience)
      try await raw.reached(end, within: patience)
      try await reactor.reached(end, within: patience)
      try await model.reached(end, within: patience)
      compactor.cancel()
      _ = await compactor.result
      life.check(typed.read { $0.all }, "projection")
      life.check(raw.read { $0.all }, "raw projection")
      life.check(rows.seen.all.withLock { $0 }, "read model")
      life.check(reacted.all.withLock { $0 }, "reactor", isRepeating: true)
      try store.close()
      #expect(try StoreVerifier.verify("/store", options: Self.options(disk).log).isOK)
      store = try EventStore(at: "/store", options: Self.options(disk))
    }
    try store.close()
  }
}
