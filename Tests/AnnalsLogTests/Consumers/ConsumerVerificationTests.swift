import AnnalsLog
import AnnalsTesting
import Testing

/// What consumers keep is part of the store, and checked with it.
@Suite struct ConsumerVerificationTests {
  private func save(_ consumers: ConsumerStore, _ log: EventLog, _ position: UInt64) throws {
    let digest = try #require(try log.eventDigest(at: Position(position)))
    let record = ConsumerRecord(
      position: position,
      history: log.historyID,
      eventDigest: digest,
      fingerprint: 7,
      kind: 1,
      state: (0..<600).map { UInt8(truncatingIfNeeded: $0 / 7 &+ Int(position)) }
    )
    try consumers.save("totals", record)
  }

  private func makeStore(saves: Int) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    var options = DamageStore.options(disk)
    options.createsStore = true
    let log = try EventLog(at: DamageStore.path, options: options)
    for number in 1...3 {
      try log.append([NewEvent(type: "Counted", payload: [UInt8(number)])], to: "counter-1")
    }
    let consumers = ConsumerStore(log)
    for position in 1...saves { try save(consumers, log, UInt64(position)) }
    try log.close()
    return disk
  }

  private func slots(_ disk: SimulatedFileSystem) throws -> [(name: String, bytes: [UInt8])] {
    let directory = try disk.openDirectory(DamageStore.path + "/consumers", create: false)
    return try directory.names().map { name in
      let file = try directory.openFile(name, .readOnly)
      return (name, try file.read(try file.size(), at: 0))
    }
  }

  private func change(
    _ disk: SimulatedFileSystem,
    _ name: String,
    _ body: (any LogFile) throws -> Void
  ) throws {
    let directory = try disk.openDirectory(DamageStore.path + "/consumers", create: false)
    try body(directory.openFile(name, .readWrite))
  }

  private func verify(_ disk: SimulatedFileSystem) throws -> VerifyReport {
    try StoreVerifier.verify(
      DamageStore.path,
      options: DamageStore.options(disk.killed(), .readOnly)
    )
  }

  @Test(arguments: [1, 2])
  func everyByteThatCountsIsChecked(saves: Int) throws {
    let disk = try makeStore(saves: saves)
    #expect(try verify(disk).problems == [])
    #expect(try verify(disk).notes.allSatisfy { $0.kind == .spareSegment })
    let slots = try slots(disk)
    #expect(slots.count == saves)
    for slot in slots {
      let path = "consumers/" + slot.name
      let header = try ConsumerHeader.decode(slot.bytes.span, file: path)
      for offset in 0..<ConsumerHeader.Layout.byteCount + header.storedByteCount {
        let killed = disk.killed()
        try change(killed, slot.name) { file in
          let byte: [UInt8] = [slot.bytes[offset] ^ 0x20]
          try file.write(byte.span, at: offset)
        }
        let report = try verify(killed)
        if saves == 1 {
          #expect(report.problems.map(\.file) == [path], "byte \(offset)")
        } else if report.problems.map(\.file) != [path] {
          // The other slot counts; only a newer version's header is no damage.
          #expect(report.notes.contains { $0.kind == .damagedSlot && $0.file == path })
        }
      }
      let killed = disk.killed()
      try change(killed, slot.name) { try $0.truncate(600) }
      let report = try verify(killed)
      #expect(report.problems.map(\.kind) == (saves == 1 ? [.truncatedFile] : []))
    }
  }

  @Test func aConsumerBeyondTheLogIsAProblem() throws {
    let disk = try makeStore(saves: 3)
    let shorter = try makeStore(saves: 1)
    // The same store with less in it, as if an older copy of the log had been put back.
    let whole = try slots(disk)
    let newest = try #require(
      whole.max {
        let left = try? ConsumerHeader.decode($0.bytes.span, file: $0.name)
        let right = try? ConsumerHeader.decode($1.bytes.span, file: $1.name)
        return (left?.sequence ?? 0) < (right?.sequence ?? 0)
      }
    )
    var header = try ConsumerHeader.decode(newest.bytes.span, file: newest.name)
    header.position = 9
    var buffer = ByteBuffer(capacity: 512)
    header.encode(into: &buffer)
    let head = buffer
    try change(disk, newest.name) { try $0.write(head.bytes, at: 0) }
    let problems = try verify(disk).problems
    #expect(problems.map(\.field) == ["position"])
    #expect(problems.first?.expected == 3)
    #expect(problems.first?.found == 9)
    // Another store's slot under this one's name.
    let foreign = try #require(try slots(shorter).first)
    try change(disk, newest.name) { try $0.write(foreign.bytes.span, at: 0) }
    #expect(try verify(disk).notes.contains { $0.kind == .damagedSlot })
  }
}
