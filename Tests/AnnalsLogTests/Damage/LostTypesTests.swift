import AnnalsLog
import AnnalsTesting
import Testing

/// The types file is damaged or gone: the names stand in the log as well.
@Suite struct LostTypesTests {
  private static let types = ["Opened", "Paid", "Moved", "Closed"]

  /// A store with two names at the start of its last segment and two more first used within it.
  private func makeStore(isClosed: Bool, hasSuccessor: Bool) throws -> DiskImage {
    let disk = SimulatedFileSystem()
    var options = DamageStore.options(disk)
    options.createsStore = true
    let log = try EventLog(at: DamageStore.path, options: options)
    for type in Self.types.prefix(2) {
      try log.append([NewEvent(type: type, payload: [1])], to: "a-1")
    }
    try DamageStore.roll(log)
    for type in Self.types {
      try log.append([NewEvent(type: type, payload: [2])], to: "a-1")
    }
    // The next segment is ready then, and not begun.
    if hasSuccessor { try DamageStore.roll(log) }
    if isClosed { try log.close() }
    return try DiskImage(disk)
  }

  /// What can become of the file: gone, damaged at its start, or cut behind its second name.
  private func mishaps(_ image: DiskImage) throws -> [[UInt8]?] {
    let whole = try #require(image.files[StoreFile.types])
    var damaged = whole
    damaged[20] ^= 1
    var cut = ByteBuffer(capacity: 64)
    for (index, name) in Self.types.prefix(2).enumerated() {
      TypeFile.record(index + 1, name, into: &cut)
    }
    return [nil, damaged, Array(whole.prefix(HeaderBlock.byteCount + cut.count)), []]
  }

  @Test(arguments: [(true, false), (true, true), (false, false), (false, true)])
  func namesAreTakenFromTheLog(isClosed: Bool, hasSuccessor: Bool) throws {
    let image = try makeStore(isClosed: isClosed, hasSuccessor: hasSuccessor)
    let expected = Array(Self.types.prefix(2)) + Self.types
    for (number, mishap) in try mishaps(image).enumerated() {
      var image = image
      image.files[StoreFile.types] = mishap
      for access in [LogOptions.Access.readOnly, .readWrite] {
        let disk = try image.disk()
        let log = try EventLog(
          at: DamageStore.path,
          options: DamageStore.options(disk, access)
        )
        #expect(try log.read().map(\.type) == expected, "mishap \(number), \(access)")
        guard access == .readWrite else { continue }
        // A new name gets a number of its own.
        try log.append([NewEvent(type: "New", payload: [3])], to: "a-1")
        try log.close()
        let again = try EventLog(
          at: DamageStore.path,
          options: DamageStore.options(disk, .readOnly)
        )
        #expect(try again.read().map(\.type) == expected + ["New"], "mishap \(number)")
        let report = try StoreVerifier.verify(
          DamageStore.path,
          options: DamageStore.options(disk, .readOnly)
        )
        #expect(report.problems == [])
      }
    }
  }
}
