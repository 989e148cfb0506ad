import AnnalsLog
import AnnalsTesting
import Testing

/// What is reserved ahead of appends, and given back by a close.
@Suite struct ReserveTests {
  private func event(_ byteCount: Int = 100) -> NewEvent {
    NewEvent(type: "Done", payload: [UInt8](repeating: 1, count: byteCount))
  }

  /// A closed store takes the room of what it holds; opened, it has its reserve again.
  @Test func aClosedStoreTakesNoMoreThanItHolds() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.firstSegmentBytes = 1 << 20
    let log = try EventLog(at: "/store", options: options)
    for _ in 0..<10 { try log.append([event()], to: "a-1") }
    let open = disk.usedByteCount
    try log.close()
    #expect(open > 1 << 20)
    #expect(disk.usedByteCount < 128 << 10)
    let again = try EventLog(at: "/store", options: options)
    #expect(disk.usedByteCount >= open)
    #expect(try again.append([event()], to: "a-1").lastPosition == 11)
    #expect(try again.read().count == 11)
  }

  /// Without room for the reserve a store opens; appends are refused until there is some.
  @Test func aFullDiskRefusesTheReserveAndNothingElse() throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    let log = try EventLog(at: "/store", options: options)
    for _ in 0..<10 { try log.append([event()], to: "a-1") }
    try log.close()
    disk.capacity = disk.usedByteCount
    let full = try EventLog(at: "/store", options: options)
    #expect(try full.read().count == 10)
    for _ in 0..<3 {
      #expect {
        try full.append([event()], to: "a-1")
      } throws: {
        if case .diskFull = $0 as? LogError { true } else { false }
      }
    }
    disk.capacity = nil
    for number in 11...20 {
      #expect(try full.append([event(5000)], to: "a-1").lastPosition.rawValue == UInt64(number))
    }
    let after = try EventLog(
      at: "/store",
      options: simulatedOptions(disk.crash(choosing: .nothing))
    )
    #expect(try after.read() == full.read())
    #expect(try StoreVerifier.verify("/store", options: options).problems.isEmpty)
  }

  /// On a disk that is nearly full, what room there is gets used, in this segment and the next.
  @Test func aNearlyFullDiskIsUsedUp() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.firstSegmentBytes = 320 << 10
    options.segmentBytes = 320 << 10
    let log = try EventLog(at: "/store", options: options)
    for _ in 0..<10 { try log.append([event()], to: "a-1") }
    try log.close()
    disk.capacity = disk.usedByteCount + 130 << 10
    let full = try EventLog(at: "/store", options: options)
    var count = 10
    func appendUntilFull() throws {
      while true {
        do throws(LogError) {
          try full.append([event(2000)], to: "a-1")
          count += 1
        } catch {
          guard case .diskFull = error else { throw error }
          return
        }
      }
    }
    try appendUntilFull()
    #expect(count > 10 + 60 / 3)
    disk.capacity = disk.usedByteCount + 130 << 10
    let before = count
    try appendUntilFull()
    #expect(count > before + 60 / 3)
    let one = LogInspector(full).segments
    #expect(!one[0].isSealed)
    disk.capacity = nil
    for _ in 0..<150 {
      try full.append([event(3000)], to: "a-1")
      count += 1
    }
    let more = LogInspector(full).segments
    #expect(more[0].isSealed)
    let after = try EventLog(
      at: "/store",
      options: simulatedOptions(disk.crash(choosing: .nothing))
    )
    #expect(try after.read().map(\.position.rawValue) == Array(1...UInt64(count)))
  }

  /// A reader that had the store open before it was closed reads on, and follows the next writer.
  @Test func readersSeeNoDifference() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/store"
    let writer = try EventLog(at: path)
    for _ in 0..<10 { try writer.append([event()], to: "a-1") }
    var options = LogOptions()
    options.access = .readOnly
    let reader = try EventLog(at: path, options: options)
    try writer.close()
    #expect(try reader.read().count == 10)
    let next = try EventLog(at: path)
    for _ in 0..<10 { try next.append([event(3000)], to: "a-1") }
    #expect(try reader.wait(after: 19, milliseconds: 100_000))
    #expect(try reader.read().count == 20)
    try next.close()
    #expect(try reader.read().count == 20)
  }
}
