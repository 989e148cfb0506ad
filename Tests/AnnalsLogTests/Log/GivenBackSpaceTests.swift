import AnnalsLog
import AnnalsTesting
import Testing

/// What a log reserved and did not use belongs to others once it is closed.
@Suite struct GivenBackSpaceTests {
  private func event(_ byteCount: Int = 20) -> NewEvent {
    NewEvent(type: "Done", payload: [UInt8](repeating: 7, count: byteCount))
  }

  @Test func aCloseGivesBackWhatWasNotUsed() throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    var log = try EventLog(at: "/store", options: options)
    try log.append([event()], to: "a-1")
    let open = disk.usedByteCount
    try log.close()
    // Both segments, the one in writing and the one made ready, had 64 KiB each.
    #expect(disk.usedByteCount < open - (100 << 10))
    // A crash right behind the close, whatever it left undone, costs nothing.
    for crashed in [disk.killed(), disk.crash(choosing: .nothing)] {
      #expect(try EventLog(at: "/store", options: simulatedOptions(crashed)).read().count == 1)
    }
    // Opened again, the space is reserved again, and what is appended is there.
    log = try EventLog(at: "/store", options: options)
    #expect(disk.usedByteCount > open - (70 << 10))
    for _ in 0..<200 { try log.append([event(1000)], to: "a-1") }
    try log.close()
    log = try EventLog(at: "/store", options: options)
    #expect(try log.read().count == 201)
    #expect(try StoreVerifier.verify("/store", options: options).problems.isEmpty)
  }

  /// What was given back may be gone when the log is opened again.
  @Test func whereOthersTookItAppendsFailUntilThereIsRoom() throws {
    let disk = SimulatedFileSystem()
    let options = simulatedOptions(disk)
    var log = try EventLog(at: "/store", options: options)
    try log.append([event()], to: "a-1")
    try log.close()
    disk.capacity = disk.usedByteCount
    log = try EventLog(at: "/store", options: options)
    #expect(try log.read().count == 1)
    var appended = 1
    #expect {
      // The rest of the last block takes some of them.
      for _ in 0..<200 {
        try log.append([event(1000)], to: "a-1")
        appended += 1
      }
    } throws: {
      if case .diskFull = $0 as? LogError { true } else { false }
    }
    #expect(try log.read().count == appended)
    disk.capacity = nil
    for _ in 0..<200 { try log.append([event(1000)], to: "a-1") }
    try log.close()
    log = try EventLog(at: "/store", options: options)
    #expect(try log.read().count == appended + 200)
  }
}
