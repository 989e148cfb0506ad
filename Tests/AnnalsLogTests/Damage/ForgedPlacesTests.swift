import AnnalsLog
import AnnalsTesting
import Testing

/// Structures whose checksums are right and that say what can not be.
@Suite struct ForgedPlacesTests {
  /// The last segment's footer is taken up before its frames are walked.
  @Test(arguments: [UInt64(0), 2])
  func aFooterThatEndsBeforeItsSegmentBeginsIsNone(lastPosition: UInt64) throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    let log = try EventLog(at: DamageStore.path, options: options)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    try DamageStore.roll(log)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let id = try #require(log.core.currentView.segments.last?.id)
    try log.close()
    let image = try DiskImage(disk)
    let name = try #require(image.files.keys.first { $0.hasSuffix(StoreFile.footer(id)) })
    var bytes = try #require(image.files[name])
    for index in 0..<8 {
      bytes[CheckedPages.fields + 16 + index] = UInt8(
        truncatingIfNeeded: lastPosition >> (8 * index)
      )
    }
    try DiskImage.write(HeadedFile.resealed(bytes), at: 0, of: name, on: disk)
    for access in [LogOptions.Access.readOnly, .readWrite] {
      options = simulatedOptions(disk.killed())
      options.access = access
      let log = try EventLog(at: DamageStore.path, options: options)
      #expect(try log.events(of: "a-1").map(\.position.rawValue) == Array(1...6))
      #expect(try log.events().count == 6)
    }
  }

  /// The versions of what compaction took out of a frame are missing in that very frame.
  @Test func versionsThatCompactionRemovedAreNoGap() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    let batch = EventBatch()
    try batch.add(NewEvent(type: "Done", payload: [1]), to: "b-1")
    for _ in 0..<10 { try batch.add(NewEvent(type: "Done", payload: [1]), to: "a-1") }
    try log.append(batch)
    try log.retain(.keepCount(.aggregate("a-1"), 1))
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try log.compact(options).eventsRemoved == 9)
    try log.close()
    let report = try StoreVerifier.verify(DamageStore.path, options: simulatedOptions(disk))
    #expect(report.problems == [])
  }

  /// The last segment is not closed, and another file of the store stands in its place.
  @Test(arguments: [false, true])
  func aForeignFileInTheLastSegmentsPlaceIsFound(isFooter: Bool) throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    let writer = try #require(log.writer)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    try DamageStore.roll(log)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    writer.maintenance.awaitFooters()
    let ids = log.core.currentView.segments.map(\.id)
    let other =
      try isFooter ? StoreFile.footer(#require(ids.first)) : StoreFile.segment(#require(ids.first))
    var image = try DiskImage(disk.killed())
    image.files["log/" + StoreFile.segment(try #require(ids.last))] = image.files["log/" + other]
    for access in [LogOptions.Access.readOnly, .readWrite] {
      var options = simulatedOptions(try image.disk())
      options.access = access
      do throws(LogError) {
        let log = try EventLog(at: DamageStore.path, options: options)
        #expect(!log.core.damages.isEmpty)
      } catch {
        guard case .corrupt = error else {
          Issue.record("\(error)")
          return
        }
      }
    }
    let report = try StoreVerifier.verify(
      DamageStore.path,
      options: simulatedOptions(try image.disk())
    )
    #expect(!report.problems.isEmpty)
  }
}
