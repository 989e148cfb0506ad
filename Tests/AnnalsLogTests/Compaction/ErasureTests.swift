import AnnalsLog
import Testing

/// What was erased is in no file.
@Suite struct ErasureTests {
  private static let secrets = ["redacted-secret", "deleted-secret", "truncated-secret"]

  private func options() -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 32 << 10
    options.segmentBytes = 32 << 10
    return options
  }

  /// The names of the files that hold a text.
  private func files(in directory: TemporaryDirectory, holding text: String) throws -> [String] {
    let root = try SystemFileSystem.shared.openDirectory(
      directory.path + "/store",
      create: false
    )
    let log = try root.openDirectory("log", create: false)
    var found: [String] = []
    for (directory, names) in [(root, try root.names()), (log, try log.names())] {
      for name in names {
        guard let file = try? directory.openFile(name, .readOnly) else { continue }
        let bytes = try file.read(try file.size(), at: 0)
        if bytes.contains(text) { found.append(name) }
      }
    }
    return found
  }

  @Test(arguments: [false, true])
  func noByteOfWhatWasErasedIsLeft(hasKeys: Bool) throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: options())
    func append(_ text: String, to aggregate: AggregateID, _ number: Int) throws -> Position {
      let padding = String(repeating: "x", count: 500)
      let event = NewEvent(type: "Said", payload: Array("\(text) \(padding)".utf8))
      let key = hasKeys ? Array("key-\(aggregate)-\(number)".utf8) : nil
      return try log.append([event], to: aggregate, key: key).firstPosition
    }
    let redacted = try append("redacted-secret", to: "a-1", 0)
    for number in 1...100 {
      _ = try append("deleted-secret", to: "a-2", number)
      _ = try append("truncated-secret", to: "a-3", number)
      _ = try append("kept", to: "a-4", number)
    }
    for secret in Self.secrets {
      let holders = try files(in: directory, holding: secret)
      #expect(!holders.isEmpty)
    }
    try log.retain(.redact(redacted), reason: "asked")
    try log.retain(.delete(.aggregate("a-2")))
    try log.retain(.truncate("a-3", before: 101))
    let kept = try log.read().map(\.position)
    var options = CompactionOptions()
    options.leastGarbage = 0
    let report = try log.compact(options)
    #expect(report.payloadsRemoved == (hasKeys ? 201 : 1))
    #expect(report.eventsRemoved == (hasKeys ? 0 : 200))
    for secret in Self.secrets {
      let holders = try files(in: directory, holding: secret)
      #expect(holders == [])
    }
    #expect(try log.read().map(\.position) == kept)
    #expect(try log.version(of: "a-2") == 100)
    // A retry of what was deleted is still known.
    if hasKeys {
      let padding = String(repeating: "x", count: 500)
      let event = NewEvent(type: "Said", payload: Array("deleted-secret \(padding)".utf8))
      let receipt = try log.append([event], to: "a-2", key: Array("key-a-2-7".utf8))
      #expect(receipt.isRepeated)
    }
    try log.close()
    let checked = try StoreVerifier.verify(directory.path + "/store")
    #expect(checked.problems == [])
  }

  @Test(arguments: [RetentionRule.redact(5), .skip(5), .delete(.aggregate("a-1"))])
  func aConsumerThatStandsOnWhatWasErasedGoesOn(rule: RetentionRule) throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: options())
    for number in 0..<9 {
      try log.append([NewEvent(type: "T", payload: [UInt8(number)])], to: "a-1")
    }
    let record = try log.record(5)
    #expect(try log.standing(of: record) == .fits)
    try log.retain(rule)
    #expect(try log.standing(of: record) == .fits)
    try log.compact()
    #expect(try log.standing(of: record) == .fits)
    let later = try log.record(5)
    #expect(try log.standing(of: later) == .fits)
  }

  @Test func copiesThatHoldWhatIsErasedAreNamed() throws {
    let directory = TemporaryDirectory()
    let path = directory.path
    let log = try EventLog(at: path + "/store", options: options())
    for number in 0..<200 {
      let event = NewEvent(type: "T", payload: [UInt8](repeating: 7, count: 400))
      try log.append([event], to: AggregateID("a-\(number % 3)"), durability: .written)
    }
    try log.sync()
    try log.backup(to: path + "/backup")
    try log.backup(to: path + "/backup")
    try log.fork(to: path + "/fork")
    try log.fork(to: path + "/gone")
    try StoreCopier.restore(path + "/backup", to: path + "/restored")
    try SystemFileSystem.shared.openDirectory(path, create: false).rename("gone", to: "moved")
    // Out of sight is not erased.
    try log.retain(.keepCount(.aggregate("a-2"), 60))
    var options = CompactionOptions()
    options.leastGarbage = 0
    #expect(try log.planCompaction(options).copies == [])
    try log.retain(.delete(.aggregate("a-1")))
    let copies = [path + "/backup", path + "/fork"]
    #expect(try log.planCompaction().copies == copies)
    #expect(try log.compact().copies == copies)
    #expect(try log.compact().copies == [])
    try log.close()
    #expect(try StoreVerifier.verify(path + "/store").notes.filter { $0.kind == .strayFile } == [])
  }

  @Test func closingEndsACompaction() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/store"
    let log = try EventLog(at: path)
    for number in 0..<2000 {
      let event = NewEvent(type: "T", payload: [UInt8](repeating: 7, count: 1000))
      try log.append([event], to: "a-\(number % 3)", durability: .written)
    }
    try log.retain(.delete(.aggregate("a-1")))
    var options = CompactionOptions()
    // It would take minutes.
    options.bytesPerSecond = 10_000
    let slow = options
    let thread = try Thread(name: "compacting") {
      _ = try? log.compact(slow)
    }
    SystemClock.sleep(nanoseconds: 200_000_000)
    try log.close()
    thread.join()
    #expect((try? log.compact()) == nil)
    let again = try EventLog(at: path)
    #expect(try again.read().count == 1333)
    #expect(try again.compact().eventsRemoved == 667)
    try again.close()
    #expect(try StoreVerifier.verify(path).problems == [])
  }

  @Test func aPinKeepsWhatCompactionRemoves() throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: options())
    for number in 0..<300 {
      let event = NewEvent(type: "T", payload: [UInt8](repeating: UInt8(number % 7), count: 400))
      try log.append([event], to: "a-\(number % 3)", durability: .written)
    }
    try log.sync()
    var request = ReadRequest.aggregate("a-1")
    request.pin = try log.pin()
    let before = try log.read(request)
    try log.retain(.delete(.aggregate("a-1")))
    try log.retain(.tombstone(.aggregate("a-2")))
    try log.compact()
    #expect(try log.read(request) == before)
    #expect(try log.events(of: "a-1") == [])
    var all = ReadRequest.all()
    all.pin = request.pin
    #expect(try log.read(all).count == 300)
    #expect(try log.read().count == 100)
  }
}

extension [UInt8] {
  /// Whether the bytes hold a text.
  fileprivate func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard count >= wanted.count else { return false }
    for start in 0...count - wanted.count where self[start] == wanted[0] {
      if self[start..<start + wanted.count].elementsEqual(wanted) { return true }
    }
    return false
  }
}
