import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct VerifierTests {
  @Test func aWholeStoreHasNoProblem() throws {
    let store = try DamageStore()
    let report = try StoreVerifier.verify(
      DamageStore.path,
      options: DamageStore.options(store.disk, .readOnly)
    )
    #expect(report.problems == [])
    #expect(report.isOK)
    #expect(report.events == store.events.count)
    #expect(report.aggregates == Set(store.events.map(\.aggregate)).count)
    #expect(report.lastPosition == Position(UInt64(store.events.count)))
    #expect(report.segments == 4)
    #expect(report.notes.allSatisfy { $0.kind == .spareSegment })
  }

  @Test func aStoreWhoseWriterWasKilledHasNoProblem() throws {
    var shape = DamageStore.Shape()
    shape.isClosed = false
    let store = try DamageStore(shape)
    let report = try StoreVerifier.verify(
      DamageStore.path,
      options: DamageStore.options(store.disk, .readOnly)
    )
    #expect(report.problems == [])
    #expect(report.events == store.events.count)
  }

  @Test func itRunsBesideAWriter() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: "/store", options: simulatedOptions(disk))
    for number in 1...400 {
      try log.append(
        [NewEvent(type: "T", payload: [UInt8](repeating: 1, count: 900), tags: ["x"])],
        to: AggregateID("a-\(number % 5)")
      )
    }
    let report = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
    #expect(report.problems == [])
    #expect(report.events == 400)
    #expect(report.notes.contains { $0.kind == .liveWriter })
    try log.close()
    for _ in 0..<2 {
      let again = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
      #expect(again.problems == [])
      #expect(again.events == 400)
    }
  }

  @Test func indexCheckpointsAgree() throws {
    let store = try DamageStore(DamageStore.Shape(segmentCount: 20))
    let names = try store.disk.openDirectory("/store", create: false).names()
    #expect(names.contains { $0.hasPrefix("index-") })
    let report = try StoreVerifier.verify(
      DamageStore.path,
      options: DamageStore.options(store.disk, .readOnly)
    )
    #expect(report.problems == [])
  }

  @Test func whatIsNoStoreIsSaidToBeNone() throws {
    let disk = SimulatedFileSystem()
    #expect(throws: LogError.notAStore(path: "/nothing")) {
      _ = try StoreVerifier.verify("/nothing", options: simulatedOptions(disk))
    }
  }
}
