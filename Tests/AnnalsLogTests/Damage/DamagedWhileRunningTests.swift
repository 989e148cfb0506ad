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
    // What no footer on disk answers for is read when a writer opens, which goes no further then.
    options.access = .readWrite
    #expect(throws: LogError.self) { try EventLog(at: DamageStore.path, options: options) }
  }
}
