import AnnalsLog
import AnnalsTesting
import Testing

/// Reads from behind every version and every position, in a segment that is being written.
@Suite struct ReadAfterTests {
  private static let count = 700

  private func filled() throws -> EventLog {
    let log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
    for number in 1...Self.count {
      let event = NewEvent(
        type: "Counted",
        payload: [UInt8(truncatingIfNeeded: number)],
        tags: number % 3 == 0 ? ["third", "third"] : []
      )
      // Every other event is another aggregate's.
      try log.append([event], to: "counter-1", durability: .written)
      let other = NewEvent(type: "Counted", payload: [])
      try log.append([other], to: "counter-2", durability: .written)
    }
    try log.sync()
    return log
  }

  @Test func whatIsBehindAVersionIsRead() throws {
    let log = try filled()
    for version in 0...Self.count {
      let versions = try log.events(of: "counter-1", after: Version(UInt64(version)))
        .map { Int($0.version.rawValue) }
      #expect(versions == Array(version..<Self.count).map { $0 + 1 })
    }
  }

  @Test func whatIsBehindAPositionIsRead() throws {
    let log = try filled()
    let all = try log.read(.matching(Query(tags: ["third"]))).map(\.position.rawValue)
    #expect(all.count == Self.count / 3)
    for position in stride(from: UInt64(0), through: UInt64(2 * Self.count), by: 7) {
      let found = try log.read(.matching(Query(tags: ["third"]), after: Position(position)))
        .map(\.position.rawValue)
      #expect(found == all.filter { $0 > position })
    }
  }
}
