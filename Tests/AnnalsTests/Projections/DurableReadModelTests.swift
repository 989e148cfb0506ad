import Annals
import AnnalsExamples
import AnnalsTesting
import Synchronization
import Testing

/// A database in memory.
private final class Table: ReadModel {
  typealias Event = AccountEvent
  let name = "table"
  private let state = Mutex<(checkpoint: ReadModelCheckpoint?, count: Int)>((nil, 0))

  var count: Int { state.withLock { $0.count } }

  func checkpoint() -> ReadModelCheckpoint? { state.withLock { $0.checkpoint } }

  func apply(_ events: [TypedEvent<AccountEvent>], through checkpoint: ReadModelCheckpoint) {
    state.withLock { ($0.checkpoint, $0.count) = (checkpoint, $0.count + events.count) }
  }

  func reset() { state.withLock { $0 = (nil, 0) } }
}

@Suite struct DurableReadModelTests {
  /// What a power cut took back is in no database, and what came in its place is.
  @Test func whatAPowerCutTookBackIsInNoReadModel() async throws {
    let disk = SimulatedFileSystem()
    var options = StoreOptions()
    options.log.visibility = .written
    options.log.writtenSyncMilliseconds = 0
    options.log.fileSystem = disk
    let table = Table()
    let store = try EventStore(at: "/store", options: options)
    try Self.deposit(store, .durable)
    let running = try store.start(table)
    try await running.reached(1, within: patience)
    try Self.deposit(store, .written)
    try await Task.sleep(for: .milliseconds(100))
    #expect(table.count == 1)
    let later = disk.crash(choosing: .nothing)
    options.log.fileSystem = later
    let again = try EventStore(at: "/store", options: options)
    for _ in 0..<3 { try Self.deposit(again, .durable) }
    let next = try again.start(table)
    try await next.reached(again.head, within: patience)
    #expect(table.count == Int(again.head.rawValue))
    next.stop()
    try again.close()
    // Durable at last, and handed over.
    let free = Table()
    let other = try store.start(Other(free))
    try store.log.sync()
    try await other.reached(2, within: patience)
    #expect(free.count == 2)
    try store.close()
  }

  private static func deposit(_ store: EventStore, _ durability: Durability) throws {
    try store.append(
      [AccountEvent.deposited(amount: 1)],
      to: "account-1",
      durability: durability
    )
  }
}

/// The same under another name.
private final class Other: ReadModel {
  typealias Event = AccountEvent
  let name = "other"
  private let table: Table

  init(_ table: Table) { self.table = table }

  func checkpoint() -> ReadModelCheckpoint? { table.checkpoint() }

  func apply(_ events: [TypedEvent<AccountEvent>], through checkpoint: ReadModelCheckpoint) {
    table.apply(events, through: checkpoint)
  }

  func reset() { table.reset() }
}
