import AnnalsLog
import AnnalsTesting
import Testing

/// What stands behind the last snapshot of the file that is written: zeros for the next ones, cut
/// when it is written no more.
@Suite struct SnapshotTailTests {
  private static let aggregates = 30
  private static let unit = 256 << 10

  private func open(_ disk: SimulatedFileSystem) throws -> EventLog {
    var options = simulatedOptions(disk)
    options.snapshotFileBytes = 4 << 20
    options.compressesSnapshots = false
    let log = try EventLog(at: "/store", options: options)
    if log.head() == .start {
      let batch = EventBatch()
      for number in 0..<Self.aggregates {
        try batch.add(NewEvent(type: "T", payload: []), to: AggregateID("a-\(number)"))
      }
      try log.append(batch)
    }
    return log
  }

  private func state(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number + 1), count: 20_000 + number)
  }

  private func save(_ log: EventLog, _ numbers: Range<Int>) throws {
    for number in numbers {
      let snapshot = SnapshotSamples.snapshot(
        number,
        version: 1,
        of: Self.aggregates,
        state(number)
      )
      try SnapshotSamples.save(log, snapshot, number)
    }
  }

  private func snapshotFiles(_ disk: SimulatedFileSystem) throws -> [[UInt8]] {
    let files = try SnapshotSamples.files(disk).filter { $0.key.hasSuffix(".snapshots") }
    return files.sorted { $0.key < $1.key }.map(\.value)
  }

  private func zeros(behind file: [UInt8]) -> Int {
    file.reversed().prefix { $0 == 0 }.count
  }

  private func notes(_ disk: SimulatedFileSystem) throws -> [VerifyNote.Kind] {
    let report = try StoreVerifier.verify("/store", options: simulatedOptions(disk))
    #expect(report.problems.isEmpty)
    return report.notes.filter { $0.file.hasPrefix("snapshots/") }.map(\.kind)
  }

  @Test func whatIsPreparedIsWrittenOverAndCutAtTheEnd() throws {
    let disk = SimulatedFileSystem()
    let log = try open(disk)
    try save(log, 0..<17)
    let killed = disk.killed()
    let left = try #require(try snapshotFiles(killed).first)
    #expect(left.count % Self.unit == 0 && zeros(behind: left) > 20_000)
    #expect(try notes(killed) == [])
    // Gone on with, as if nothing stood there.
    let next = try open(killed)
    try save(next, 17..<Self.aggregates)
    for number in 0..<Self.aggregates {
      #expect(SnapshotSamples.load(next, number)?.state == state(number))
    }
    try next.close()
    let files = try snapshotFiles(killed)
    #expect(files.count == 1 && files.allSatisfy { zeros(behind: $0) < 8 })
    #expect(try notes(killed) == [])
    try log.close()
    #expect(zeros(behind: try #require(try snapshotFiles(disk).first)) < 8)
  }

  /// Nothing is written over what may be a frame of another life.
  @Test func whatIsTornIsNotGoneOnWith() throws {
    let disk = SimulatedFileSystem()
    let log = try open(disk)
    try save(log, 0..<17)
    let killed = disk.killed()
    var files = try SnapshotSamples.files(killed)
    let name = try #require(files.keys.first { $0.hasSuffix(".snapshots") })
    let count = files[name]?.count ?? 0
    files[name]?[count - 1] = 1
    try SnapshotSamples.put(files, on: killed)
    #expect(try notes(killed) == [.tornTail])
    let next = try open(killed)
    try save(next, 17..<18)
    for number in 0..<18 {
      #expect(SnapshotSamples.load(next, number)?.state == state(number))
    }
    #expect(try snapshotFiles(killed).count == 2)
    try next.close()
    try log.close()
  }

  /// Who puts one now and then has nothing prepared.
  @Test func nothingIsPreparedForFewSnapshots() throws {
    let disk = SimulatedFileSystem()
    let log = try open(disk)
    try save(log, 0..<3)
    #expect(zeros(behind: try #require(try snapshotFiles(disk).first)) < 8)
    try log.close()
  }
}
