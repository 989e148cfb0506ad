import AnnalsLog
import AnnalsTesting
import Testing

/// A segment that is damaged before its footer is made, while the log is open.
@Suite struct DamagedWhileRunningTests {
  /// Events of `a-1` in three segments; in the first, one of another aggregate is damaged at once.
  private func damagedLog(_ disk: SimulatedFileSystem) throws -> EventLog {
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    func append(_ id: AggregateID, _ payload: [UInt8]) throws {
      try log.append([NewEvent(type: "Done", payload: payload)], to: id)
    }
    try append("a-1", [1])
    try append("b-1", [UInt8](repeating: 0xb1, count: 64))
    try append("a-1", [2])
    let image = try DiskImage(disk)
    let name = try #require(image.segmentNames.first)
    let bytes = try #require(image.files[name])
    // What is random in the headers may hold the byte, but not often in a row.
    let run = try #require(
      bytes.indices.first { bytes[$0...].prefix(64).allSatisfy { $0 == 0xb1 } }
    )
    try DiskImage.write([0], at: run + 20, of: name, on: disk)
    try DamageStore.roll(log)
    try append("a-1", [3])
    try DamageStore.roll(log)
    try append("a-1", [4])
    return log
  }

  /// Whether the events of an aggregate are all given, or the damage is told.
  private func expectNoLoss(_ log: EventLog, _ id: AggregateID, _ positions: [UInt64]) {
    do throws(LogError) {
      let found = try log.events(of: id).map(\.position.rawValue)
      #expect(found == positions)
    } catch {
      guard case .corrupt = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func noLaterFooterLeadsPastIt() throws {
    let disk = SimulatedFileSystem()
    let log = try damagedLog(disk)
    expectNoLoss(log, "a-1", [1, 3, 4, 5])
    expectNoLoss(log, "b-1", [])
    #expect(throws: LogError.self) { try log.events(of: "b-1") }
    try log.close()
    var options = simulatedOptions(disk.killed())
    options.access = .readOnly
    let reader = try EventLog(at: DamageStore.path, options: options)
    expectNoLoss(reader, "a-1", [1, 3, 4, 5])
    #expect(throws: LogError.self) { try reader.events(of: "b-1") }
  }

  /// What an append does: the version it gave, or that it was refused for the damage.
  private func append(_ log: EventLog, _ id: AggregateID) throws -> UInt64? {
    do throws(LogError) {
      let before = try log.version(of: id)
      try log.append([NewEvent(type: "Done", payload: [9])], to: id, expecting: .exactly(before))
      return try log.version(of: id).rawValue
    } catch {
      guard case .corrupt = error else { throw error }
      return nil
    }
  }

  /// The damaged segment is sealed, and has no footer on the disk.
  ///
  /// As the writer that was at work went on, so does the next. What may have stood there nobody
  /// builds upon.
  @Test(arguments: [true, false]) func theNextWriterGoesOnAsThisOne(isClosed: Bool) throws {
    let disk = SimulatedFileSystem()
    var log = try damagedLog(disk)
    #expect(try append(log, "a-1") == 5)
    for round in 1...3 {
      if isClosed { try log.close() }
      let next = isClosed ? disk : disk.killed()
      log = try EventLog(at: DamageStore.path, options: simulatedOptions(next))
      #expect(try append(log, "a-1") == UInt64(5 + round))
      #expect(try append(log, "b-1") == nil)
      #expect(try append(log, "new-\(round)") == nil)
      #expect(throws: LogError.self) { try log.events(of: "b-1") }
      expectNoLoss(log, "a-1", [1, 3, 4, 5] + (0...UInt64(round)).map { 6 + $0 })
      var positions: [UInt64] = []
      var told: [PositionRange?] = []
      var cursor = try log.cursor()
      while told.count < 3 {
        do throws(LogError) {
          guard let event = try cursor.next() else { break }
          positions.append(event.position.rawValue)
        } catch {
          guard case .corrupt(let corruption) = error else { throw error }
          told.append(corruption.positions)
        }
      }
      #expect(told == [PositionRange(2, 2)])
      #expect(positions == [1] + Array(3...UInt64(6 + round)))
      try DamageStore.roll(log)
      if !isClosed { return }
    }
    try log.close()
  }
}
