import Annals
import AnnalsExamples
import AnnalsLog
import AnnalsTesting
import Testing

private struct NamesakeOfBalances: Reactor {
  static let name = Balances.name
  typealias Event = AccountEvent
  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {}
}

private struct NamesakeOfARebuild: Reactor {
  static let name = Balances.name + "~rebuild"
  typealias Event = AccountEvent
  func react(to event: AccountEvent, _ record: RecordedEvent) async throws {}
}

/// What one kind of consumer has kept is never written over by another of the same name.
@Suite struct ConsumerNameTests {
  private let disk = SimulatedFileSystem()

  private func open() throws -> EventStore {
    var options = StoreOptions()
    options.log.fileSystem = disk
    return try EventStore(at: "/store", options: options)
  }

  private func deposit(_ store: EventStore) throws -> Position {
    try store.append([AccountEvent.deposited(amount: 1)], to: "account-1").lastPosition
  }

  /// What is kept under `name`, whoever kept it.
  private func record(_ name: String, in store: EventStore) throws -> ConsumerRecord? {
    try ConsumerStore(store.log).load(name)
  }

  private static func isTaken(_ error: any Error, by kind: ConsumerKind) -> Bool {
    guard case .nameTaken(_, by: kind)? = error as? ConsumerError else { return false }
    return true
  }

  private func runReactor(_ reactor: some Reactor, _ store: EventStore) async throws {
    let running = try store.start(reactor)
    try await running.reached(try deposit(store), within: patience)
    await running.stop()
  }

  @Test func aProjectionDoesNotTakeAReactorsName() async throws {
    let store = try open()
    try await runReactor(NamesakeOfBalances(), store)
    let before = try #require(try record(Balances.name, in: store))
    _ = try deposit(store)
    #expect {
      try store.start(Balances()).stop()
    } throws: {
      Self.isTaken($0, by: .reactor)
    }
    #expect(try record(Balances.name, in: store) == before)
    // The name is the reactor's as before.
    await #expect(throws: Never.self) { try await runReactor(NamesakeOfBalances(), store) }
    try store.close()
  }

  @Test func aReactorDoesNotTakeAProjectionsName() async throws {
    let store = try open()
    let balances = try store.start(Balances())
    try await balances.reached(try deposit(store), within: patience)
    balances.stop()
    let before = try #require(try record(Balances.name, in: store))
    _ = try deposit(store)
    #expect {
      try store.start(NamesakeOfBalances())
    } throws: {
      Self.isTaken($0, by: .projection)
    }
    #expect(try record(Balances.name, in: store) == before)
    try store.close()
  }

  /// Told to begin anew, a consumer begins its own anew, not another's.
  @Test(arguments: [true, false])
  func aRestartDoesNotTakeAnothersName(isProjectionsTurn: Bool) async throws {
    let store = try open()
    if isProjectionsTurn {
      try await runReactor(NamesakeOfBalances(), store)
    } else {
      let balances = try store.start(Balances())
      try await balances.reached(try deposit(store), within: patience)
      balances.stop()
    }
    let files = ConsumerStore(store.log)
    var foreign = try #require(try files.load(Balances.name))
    foreign.history = StoreID(high: 1, low: 2)
    try files.save(Balances.name, foreign)
    var projection = ProjectionOptions()
    projection.foreignCheckpoint = .restart
    var reactor = ReactorOptions()
    reactor.foreignCheckpoint = .restart
    #expect {
      if isProjectionsTurn {
        try store.start(Balances(), options: projection).stop()
      } else {
        _ = try store.start(NamesakeOfBalances(), options: reactor)
      }
    } throws: {
      Self.isTaken($0, by: isProjectionsTurn ? .reactor : .projection)
    }
    #expect(try record(Balances.name, in: store) == foreign)
    try store.close()
  }

  /// A reactor's damaged checkpoint is for a person to look at; a projection of its name would
  /// take it for a state that can be made anew.
  @Test func aProjectionDoesNotTakeADamagedReactorsName() async throws {
    let store = try open()
    try await runReactor(NamesakeOfBalances(), store)
    try store.close()
    let directory = try disk.openDirectory("/store", create: false)
      .openDirectory("consumers", create: false)
    for name in try directory.names() {
      let file = try directory.openFile(name, .readWrite)
      // The header stays whole, the state does not.
      try file.write([0xff, 0xff, 0xff].span, at: ConsumerHeader.Layout.byteCount)
      try file.sync()
    }
    let again = try open()
    #expect {
      try again.start(Balances()).stop()
    } throws: {
      Self.isTaken($0, by: .reactor)
    }
    try again.close()
  }

  /// A rebuild keeps what it has under a name of its own, which may be another's too.
  @Test func aRebuildDoesNotTakeAReactorsName() async throws {
    let store = try open()
    try await runReactor(NamesakeOfARebuild(), store)
    let before = try #require(try record(NamesakeOfARebuild.name, in: store))
    let balances = try store.start(Balances())
    await #expect {
      try await balances.rebuild()
    } throws: {
      Self.isTaken($0, by: .reactor)
    }
    #expect(try record(NamesakeOfARebuild.name, in: store) == before)
    balances.stop()
    try store.close()
  }
}
