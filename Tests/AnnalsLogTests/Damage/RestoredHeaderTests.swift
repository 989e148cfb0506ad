import AnnalsLog
import AnnalsTesting
import Testing

/// Segments whose header block is gone: the list knows what it said.
@Suite struct RestoredHeaderTests {
  private func log(_ directory: SimulatedFileSystem) throws -> EventLog {
    let log = try CopyStory.open(directory, "/store", .readWrite)
    for round in 0..<4 {
      _ = try CopyStory.append(log, 25, seed: UInt64(round + 1), payloadBytes: 400)
      try DamageStore.roll(log)
    }
    _ = try CopyStory.append(log, 5, seed: 9)
    return log
  }

  private func eraseHeaders(_ disk: SimulatedFileSystem, _ ids: [UInt32]) throws {
    let files = try disk.openDirectory("/store", create: false)
      .openDirectory(StoreFile.logDirectory, create: false)
    for id in ids {
      let file = try files.openFile(StoreFile.segment(id), .readWrite)
      try file.write([UInt8](repeating: 0xa5, count: 300).span, at: 20)
    }
  }

  /// Those that compaction made have no predecessor, and positions that may have gaps.
  @Test(arguments: [false, true]) func theListRestoresThem(isCompacted: Bool) throws {
    let disk = SimulatedFileSystem()
    let log = try log(disk)
    if isCompacted {
      for number in 0..<5 {
        try log.retain(.delete(.aggregate(AggregateID("account-\(number)"))))
      }
      var options = CompactionOptions()
      options.leastGarbage = 0.1
      #expect(try log.compact(options).segmentsRewritten > 1)
    }
    let events = try log.read()
    let sealed = LogInspector(log).segments.filter(\.isSealed).map(\.id)
    #expect(sealed.count >= (isCompacted ? 1 : 4))
    try log.close()
    try eraseHeaders(disk, sealed)
    let damaged = disk.killed()

    let reader = try CopyStory.open(damaged, "/store", .readOnly)
    #expect(try reader.read() == events)
    let findings = reader.recovery.findings.filter { $0.kind == .segmentHeaderRestored }
    #expect(findings.count == sealed.count)
    for aggregate in Set(events.map(\.aggregate)) {
      let mine = events.filter { $0.aggregate == aggregate }
      #expect(try reader.read(.aggregate(aggregate)) == mine)
    }
    let writer = try CopyStory.open(damaged, "/store", .readWrite)
    _ = try CopyStory.append(writer, 3, seed: 11)
    #expect(Array(try writer.read().prefix(events.count)) == events)
    let verdict = try StoreVerifier.verify("/store", options: CopyStory.options(disk))
    let wrong = verdict.problems.filter { $0.structure == .segmentHeader }
    #expect(wrong.count == sealed.count, "\(verdict.problems)")
    try writer.close()
  }

  /// With the lists, the manifest and all headers gone nothing says what store this was.
  @Test func withoutAnyHeaderThereIsNothingToSave() throws {
    let disk = SimulatedFileSystem()
    let log = try log(disk)
    let ids = LogInspector(log).segments.map(\.id)
    try log.close()
    try eraseHeaders(disk, ids)
    let root = try disk.openDirectory("/store", create: false)
    for name in try root.names() where name == StoreFile.manifest || name.hasPrefix("segments-") {
      try root.remove(name)
    }
    let files = try root.openDirectory(StoreFile.logDirectory, create: false)
    for name in try files.names() where !ids.contains(where: { StoreFile.segment($0) == name }) {
      try files.remove(name)
    }
    for attempt in 0..<2 {
      #expect(throws: LogError.self, "\(attempt)") {
        if attempt == 0 {
          _ = try CopyStory.open(disk, "/store", .readOnly)
        } else {
          _ = try StoreCopier.salvage("/store", to: "/saved", opening: CopyStory.options(disk))
        }
      }
    }
  }
}
