import AnnalsLog
import AnnalsTesting
import Testing

/// What is not allowed is a typed error that names the limit, and nothing has happened.
@Suite struct RefusalTests {
  private let log: EventLog

  init() throws {
    log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
  }

  private func error(_ body: () throws -> Void) -> LogError? {
    do {
      try body()
      return nil
    } catch {
      return error as? LogError
    }
  }

  private func limit(_ body: () throws -> Void) -> LimitExceeded? {
    if case .limitExceeded(let found)? = error(body) { found } else { nil }
  }

  private func add(_ event: NewEvent, to aggregate: AggregateID = "a-1") -> LimitExceeded? {
    let batch = EventBatch(limits: BatchLimits(payloadBytesMax: 1000, appendBytesMax: 4000))
    let found = limit { try batch.add(event, to: aggregate) }
    #expect(batch.count == (found == nil ? 1 : 0))
    return found
  }

  @Test func eachLimitOfAnEventIsNamed() throws {
    func text(_ count: Int) -> String { String(repeating: "x", count: count) }
    #expect(add(NewEvent(type: "T", payload: [UInt8](repeating: 1, count: 1000))) == nil)
    #expect(
      add(NewEvent(type: "T", payload: [UInt8](repeating: 1, count: 1001)))
        == LimitExceeded(.payloadBytes, value: 1001, maximum: 1000)
    )
    #expect(
      add(NewEvent(type: text(257), payload: []))
        == LimitExceeded(.typeBytes, value: 257, maximum: Limits.typeBytesMax)
    )
    #expect(
      add(NewEvent(type: "T", payload: []), to: AggregateID(text(1025)))
        == LimitExceeded(.aggregateIDBytes, value: 1025, maximum: 1024)
    )
    let tags = (0...Limits.tagCountMax).map { "t\($0)" }
    #expect(
      add(NewEvent(type: "T", payload: [], tags: tags))
        == LimitExceeded(.tagCount, value: 65, maximum: Limits.tagCountMax)
    )
    #expect(
      add(NewEvent(type: "T", payload: [], tags: [text(257)]))
        == LimitExceeded(.tagBytes, value: 257, maximum: Limits.tagBytesMax)
    )
    var event = NewEvent(type: "T", payload: [])
    event.metadata = Metadata([Metadata.Pair(name: "n", value: text(Limits.metadataBytesMax))])
    #expect(add(event)?.limit == .metadataBytes)
  }

  @Test func anAppendHasAGreatestSize() throws {
    let batch = EventBatch(limits: BatchLimits(payloadBytesMax: 1000, appendBytesMax: 4000))
    let event = NewEvent(type: "T", payload: [UInt8](repeating: 1, count: 1000))
    for _ in 0..<3 { try batch.add(event, to: "a-1") }
    #expect(limit { try batch.add(event, to: "a-1") }?.limit == .appendBytes)
    #expect(batch.count == 3)
    try log.append(batch)
    #expect(log.head() == 3)
  }

  @Test func aKeyHasALeastAndAGreatestLength() throws {
    let batch = EventBatch()
    try batch.add(NewEvent(type: "T", payload: []), to: "a-1")
    batch.key = []
    let empty = error { try log.append(batch) }
    guard case .invalidName(InvalidName(.key, .empty))? = empty else {
      Issue.record("\(String(describing: empty))")
      return
    }
    batch.key = [UInt8](repeating: 1, count: Limits.keyBytesMax + 1)
    #expect(
      limit { try log.append(batch) } == LimitExceeded(.keyBytes, value: 65, maximum: 64)
    )
    #expect(log.head() == 0)
    batch.key = [UInt8](repeating: 1, count: Limits.keyBytesMax)
    try log.append(batch)
    #expect(log.head() == 1)
  }

  /// An id given as bytes can be what no text is.
  @Test func aNameThatIsNoTextIsRefused() throws {
    let batch = EventBatch()
    for (bytes, reason) in [
      ([], InvalidName.Reason.empty), ([0x61, 0], .containsNUL), ([0xc3, 0x28], .notUTF8),
    ] as [([UInt8], InvalidName.Reason)] {
      let found = error { try batch.add("T", to: bytes.span, payload: bytes.span) }
      guard case .invalidName(InvalidName(.aggregate, reason))? = found else {
        Issue.record("\(reason): \(String(describing: found))")
        continue
      }
    }
    #expect(batch.count == 0)
  }

  @Test func anExpectationOfBytesIsThatOfTheirText() throws {
    let id = Array("a-1".utf8)
    let batch = EventBatch()
    try batch.add("T", to: id.span, payload: id.span)
    try batch.expect(.any, of: id.span)
    try log.append(batch)
    batch.removeAll()
    try batch.add("T", to: id.span, payload: id.span)
    try batch.expect(.absent, of: id.span)
    let found = error { try log.append(batch) }
    guard case .versionConflict(let conflict)? = found else {
      Issue.record("\(String(describing: found))")
      return
    }
    #expect(conflict == VersionConflict(aggregate: "a-1", expected: .absent, actual: 1))
    #expect(log.head() == 1)
  }

  @Test func aReaderMayNotWrite() throws {
    let disk = SimulatedFileSystem()
    try EventLog(at: "/store", options: simulatedOptions(disk)).close()
    var options = simulatedOptions(disk)
    options.access = .readOnly
    let reader = try EventLog(at: "/store", options: options)
    let event = NewEvent(type: "T", payload: [])
    let batch = EventBatch()
    try batch.add(event, to: "a-1")
    let attempts: [(String, () throws -> Void)] = [
      ("append", { try reader.append([event], to: "a-1") }),
      ("append of a batch", { try reader.append(batch) }),
      ("sync", { try reader.sync() }),
      ("rule", { try reader.retain(.skip(1)) }),
      ("compaction", { _ = try reader.compact() }),
      ("consumer", { try ConsumerStore(reader).remove("x") }),
      ("snapshots", { try reader.snapshots.forget("a-1") }),
    ]
    for (name, attempt) in attempts {
      let found = error(attempt)
      if name == "sync", found == nil { continue }
      guard case .readOnly? = found else {
        Issue.record("\(name): \(String(describing: found))")
        continue
      }
    }
  }

  @Test func aStoreThatIsNotThereOrSomethingElseIsTold() throws {
    let disk = SimulatedFileSystem()
    var options = simulatedOptions(disk)
    options.createsStore = false
    func open(_ path: String) -> LogError? {
      error { _ = try EventLog(at: path, options: options) }
    }
    _ = try disk.openDirectory("/folder", create: true).openFile("letter", .create)
    for path in ["/none", "/folder", "/folder/letter"] {
      let found = open(path)
      guard case .notAStore(path)? = found else {
        Issue.record("\(path): \(String(describing: found))")
        return
      }
    }
    options.createsStore = true
    for path in ["/folder", "/folder/letter"] {
      let found = open(path)
      guard case .occupied(path)? = found else {
        Issue.record("\(path): \(String(describing: found))")
        return
      }
    }
    for path in ["/none", "/folder", "/folder/letter"] {
      let found = error { _ = try StoreVerifier.verify(path, options: options) }
      guard case .notAStore(path)? = found else {
        Issue.record("\(path): \(String(describing: found))")
        continue
      }
      let copy = error { try StoreCopier.fork(path, to: "/copy", opening: options) }
      guard case .notAStore(path)? = copy else {
        Issue.record("\(path): \(String(describing: copy))")
        continue
      }
      let saved = error { try StoreCopier.salvage(path, to: "/copy", opening: options) }
      guard case .notAStore(path)? = saved else {
        Issue.record("\(path): \(String(describing: saved))")
        continue
      }
    }
  }
}
