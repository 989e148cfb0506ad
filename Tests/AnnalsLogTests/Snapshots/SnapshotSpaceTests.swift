import AnnalsLog
import AnnalsTesting
import Testing

/// Rolls, rewrites, dictionaries, and forgetting.
@Suite struct SnapshotSpaceTests {
  private typealias Samples = SnapshotSamples

  private func byteCount(_ disk: SimulatedFileSystem) throws -> Int {
    try Samples.files(disk).filter { $0.key.hasSuffix(".snapshots") }.map(\.value.count)
      .reduce(0, +)
  }

  @Test func whatIsDeadIsRewritten() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 20, rounds: 60)
    var bytesMost = 0
    for version in UInt64(1)...60 {
      for number in 0..<20 where number < 5 || version < 3 {
        let state = noise(3000 + number)
        try Samples.save(log, Samples.snapshot(number, version: version, of: 20, state), number)
      }
      bytesMost = max(bytesMost, try byteCount(disk))
    }
    // 60 kB count; 1.1 MB were written.
    #expect(bytesMost < 300_000)
    #expect(log.snapshots.counts.rewritten >= 3)
    let loads = try [log, Samples.log(disk, .readOnly), Samples.log(disk.killed())]
    for log in loads {
      for number in 0..<20 {
        let found = Samples.load(log, number)
        #expect(found?.version == (number < 5 ? 60 : 2))
        #expect(found?.state == noise(3000 + number))
      }
      #expect(log.snapshots.counts.ignoredCount == 0)
    }
    try log.close()
    #expect(try Samples.verify(disk).problems == [])
    #expect(try Samples.verify(disk).snapshots == 20)
  }

  /// States that have nothing in common get no dictionary; later ones are looked at again.
  @Test func statesWithoutAnythingInCommonShareNone() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 100, rounds: 12)
    var random = SplitMix64(seed: 7)
    for version in UInt64(1)...12 {
      for number in 0..<100 {
        let state =
          version < 11
          ? (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &random) }
          : Samples.small(number, version)
        try Samples.save(log, Samples.snapshot(number, version: version, of: 100, state), number)
      }
      #expect(log.snapshots.counts.dictionaries == (version < 12 ? 0 : 1), "\(version)")
    }
    try log.close()
  }

  @Test func smallStatesShareADictionary() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 200, rounds: 2)
    for number in 0..<200 {
      let state = Samples.small(number, 1)
      try Samples.save(log, Samples.snapshot(number, version: 1, of: 200, state), number)
    }
    #expect(log.snapshots.counts.dictionaries == 1)
    let before = log.snapshots.counts
    for number in 0..<200 {
      let state = Samples.small(number, 2)
      try Samples.save(log, Samples.snapshot(number, version: 2, of: 200, state), number)
    }
    let after = log.snapshots.counts
    let stored = after.savedStoredBytes - before.savedStoredBytes
    let raw = after.savedStateBytes - before.savedStateBytes
    // 76 bytes of each frame are not the state.
    #expect((stored - 200 * 76) * 4 < raw)
    let killed = disk.killed()
    try log.close()
    for disk in [disk, killed] {
      let again = try Samples.log(disk, aggregates: 200, rounds: 2)
      for number in 0..<200 {
        #expect(Samples.load(again, number)?.state == Samples.small(number, 2))
      }
      try again.close()
      #expect(try Samples.verify(disk).problems == [])
    }
    // Without the dictionary the states are gone, and nothing else.
    var files = try Samples.files(disk)
    let name = try #require(files.keys.first { $0.hasSuffix(".dictionary") })
    files[name] = nil
    try Samples.put(files, on: disk)
    let report = try Samples.verify(disk)
    #expect(report.problems == [])
    #expect(report.notes.contains { $0.kind == .missingDictionary })
    let without = try Samples.log(disk, aggregates: 200, rounds: 2)
    for number in 0..<200 { #expect(Samples.load(without, number) == nil) }
    #expect(without.snapshots.counts[.damaged] == 200)
  }

  @Test func aDictionaryThatNoLongerHelpsIsSuperseded() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk, aggregates: 300, rounds: 12)
    func save(_ version: UInt64, _ state: (Int) -> [UInt8]) throws {
      for number in 0..<300 {
        let snapshot = Samples.snapshot(number, version: version, of: 300, state(number))
        try Samples.save(log, snapshot, number)
      }
    }
    for version in UInt64(1)...5 { try save(version) { Samples.small($0, version) } }
    let first = try Samples.files(disk).keys.filter { $0.hasSuffix(".dictionary") }
    for version in UInt64(6)...12 {
      try save(version) { number in
        let text = Samples.small(number, version)
        // As an entirely different layout would be.
        return text.map { $0 ^ 0x55 }.reversed()
      }
    }
    let second = try Samples.files(disk).keys.filter { $0.hasSuffix(".dictionary") }
    #expect(first.count == 1)
    #expect(second.count == 1)
    #expect(first != second)
    for number in 0..<300 { #expect(Samples.load(log, number)?.version == 12) }
  }

  @Test func nothingOfAForgottenAggregateIsLeft() throws {
    let disk = SimulatedFileSystem()
    let count = 120
    let log = try Samples.log(disk, aggregates: count, rounds: 4)
    let secret = Array("the secret of number 17".utf8)
    func state(_ number: Int, _ version: UInt64) -> [UInt8] {
      Samples.small(number, version) + (number == 17 ? secret : [])
    }
    for version in UInt64(1)...4 {
      for number in 0..<count {
        let snapshot = Samples.snapshot(
          number,
          version: version,
          of: count,
          state(number, version)
        )
        try Samples.save(log, snapshot, number)
      }
    }
    func isAnywhere() throws -> Bool {
      try Samples.files(disk).values.contains { $0.holds(secret) || $0.holds(Array("a-17".utf8)) }
    }
    #expect(try Samples.files(disk).keys.contains { $0.hasSuffix(".dictionary") })
    #expect(try isAnywhere())
    let before = log.snapshots.forgottenCount
    try log.snapshots.forget("a-17")
    #expect(try !isAnywhere())
    #expect(Samples.load(log, 17) == nil)
    for number in 0..<count where number != 17 {
      #expect(Samples.load(log, number)?.state == state(number, 4))
    }
    // What was made before must not come back.
    let late = Samples.snapshot(17, version: 4, of: count, state(17, 4))
    #expect(try !log.snapshots.save(late, of: "a-17", forgotten: before))
    #expect(try !isAnywhere())
    // After any power cut, too.
    let cut = disk.crash(choosing: .nothing)
    #expect(
      try !Samples.files(cut).values.contains { $0.holds(secret) }
    )
    let again = try Samples.log(cut, aggregates: count, rounds: 4)
    #expect(Samples.load(again, 17) == nil)
    #expect(Samples.load(again, 18) != nil)
    try log.close()
    #expect(try Samples.verify(disk).problems == [])
    #expect(try Samples.verify(disk).snapshots == count - 1)
  }

  @Test func itIsForgottenAlsoWhereNothingIsLoadedYet() throws {
    let disk = SimulatedFileSystem()
    let log = try Samples.log(disk)
    try log.snapshots.forget("a-0")
    try Samples.save(log, Samples.snapshot(version: 9, Array("secret".utf8)))
    try log.close()
    let again = try Samples.log(disk)
    try again.snapshots.forget("a-0")
    #expect(Samples.load(again) == nil)
    #expect(try !Samples.files(disk).values.contains { $0.holds(Array("secret".utf8)) })
  }
}

extension [UInt8] {
  /// Whether the bytes occur somewhere.
  fileprivate func holds(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first, count >= bytes.count else { return false }
    var index = 0
    while index + bytes.count <= count {
      if self[index] == first, self[index..<index + bytes.count].elementsEqual(bytes) {
        return true
      }
      index += 1
    }
    return false
  }
}
