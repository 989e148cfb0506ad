import AnnalsLog
import Foundation
import Testing

@Suite struct SnapshotsTests {
  /// A store with a snapshot of each of two aggregates.
  private func workshop() throws -> Workshop {
    let workshop = try Workshop()
    let log = try EventLog(at: workshop.path("store"))
    for (number, id) in ["account-1", "größe-2"].enumerated() {
      for _ in 0...number {
        try log.append([NewEvent(type: "T", payload: [])], to: AggregateID(id))
      }
      let snapshot = Snapshot(
        version: UInt64(number + 1),
        position: UInt64(number * 2 + 1),
        fingerprint: 0xabc,
        state: [UInt8](repeating: 7, count: 5000)
      )
      #expect(try log.snapshots.save(snapshot, of: AggregateID(id)))
    }
    try log.close()
    return workshop
  }

  @Test func theyAreListed() throws {
    let workshop = try workshop()
    let table = try workshop.annals("snapshots", "store")
    #expect(table.code == 0)
    #expect(table.lines.count == 3)
    #expect(table.output.contains("account-1"))
    #expect(table.output.contains("5,000"))
    #expect(table.output.contains("0000000000000abc"))
    let json = try workshop.annals("snapshots", "store", "--json")
    #expect(json.code == 0)
    let objects = try json.lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.map { $0["aggregate"] as? String } == ["account-1", "größe-2"])
    #expect(objects.map { $0["version"] as? Int } == [1, 2])
    #expect(objects.map { $0["position"] as? Int } == [1, 3])
    #expect(objects.map { $0["stateBytes"] as? Int } == [5000, 5000])
    #expect(objects.allSatisfy { ($0["storedBytes"] as? Int ?? 0) < 200 })
    #expect(objects.map { $0["standing"] as? String } == ["fits", "fits"])
    #expect(objects.map { $0["shape"] as? String } == ["0000000000000abc", "0000000000000abc"])
    let keys: Set = [
      "aggregate", "version", "position", "stateBytes", "storedBytes", "dictionary", "shape",
      "standing",
    ]
    #expect(objects.allSatisfy { Set($0.keys) == keys })
  }

  @Test func verifyCountsThemAndTellsOfDamage() throws {
    let workshop = try workshop()
    let whole = try workshop.annals("verify", "store", "--json")
    #expect(whole.code == 0)
    #expect(try whole.object()["snapshots"] as? Int == 2)
    let name = "store/snapshots/00000001.snapshots"
    var bytes = try workshop.bytes(name)
    bytes[4200] ^= 1
    try bytes.write(to: workshop.directory.appending(path: name))
    let damaged = try workshop.annals("verify", "store", "--json")
    #expect(damaged.code == 1)
    let object = try damaged.object()
    #expect(object["snapshots"] as? Int == 1)
    let problems = try #require(object["problems"] as? [[String: Any]])
    #expect(problems.count == 1)
    #expect(problems.first?["file"] as? String == "snapshots/00000001.snapshots")
    #expect(problems.first?["kind"] as? String == "malformed")
    #expect(problems.first?["offset"] as? Int ?? 0 >= 4096)
    // The rest of the store is as it was.
    #expect(try workshop.annals("export", "store").code == 0)
    #expect(try workshop.annals("snapshots", "store").lines.count == 2)
  }

  @Test func aStoreWithoutAnyPrintsNothing() throws {
    let workshop = try Workshop()
    try EventLog(at: workshop.path("store")).close()
    let run = try workshop.annals("snapshots", "store")
    #expect(run.code == 0)
    #expect(run.output.isEmpty)
    try workshop.annals("snapshots", "nowhere").expectFailure(66, saying: "store")
  }
}
