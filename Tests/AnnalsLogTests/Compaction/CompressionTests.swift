import AnnalsLog
import AnnalsTesting
import Testing

/// Segments that are stored compressed read as they did before.
@Suite struct CompressionTests {
  static func options(_ access: LogOptions.Access = .readWrite) -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 128 << 10
    options.segmentBytes = 128 << 10
    options.hasMaintenanceThread = false
    options.access = access
    return options
  }

  /// Lone events, batches of several aggregates, keys, tags, ids, metadata and times.
  static func fill(_ log: EventLog, _ rounds: Int = 900) throws {
    for number in 0..<rounds {
      let text = "{\"number\":\(number),\"state\":\"approved\",\"currency\":\"EUR\"}"
      let payload = Array(text.utf8)
      let time = Timestamp(microseconds: 1_750_000_000_000_000 + Int64(number) * 1_000_003)
      var event = NewEvent(type: "Type\(number % 5)", payload: payload, time: time)
      if number % 3 != 0 {
        try log.append([event], to: AggregateID("order-\(number % 37)"), durability: .written)
        continue
      }
      let batch = EventBatch()
      for row in 0..<(number % 4 + 1) {
        event.tags = row % 2 == 0 ? ["red", "tag-\(number % 7)"] : []
        event.id = number % 2 == 0 ? EventID(bytes: [UInt8](repeating: UInt8(row), count: 16)) : nil
        event.metadata = Metadata([Metadata.Pair(name: "actor", value: "ada-\(row)")])
        try batch.add(event, to: AggregateID("item-\((number + row) % 11)"))
      }
      if number % 6 == 0 { batch.key = Array("key-\(number)".utf8) }
      try log.append(batch, durability: .written)
    }
    try log.sync()
  }

  static func options(_ compression: CompactionOptions.Compression) -> CompactionOptions {
    var options = CompactionOptions()
    options.compression = compression
    return options
  }

  /// What every way of reading gives.
  static func everything(_ log: EventLog) throws -> [[RecordedEvent]] {
    var found: [[RecordedEvent]] = []
    var requests: [ReadRequest] = [
      .all(), .aggregate("order-5"), .aggregate("item-3"), .aggregate("none-1"),
      .matching(Query(tags: ["red"])), .matching(Query(tags: ["tag-3"])),
      .matching(Query(types: ["Type2"])),
    ]
    for after in [1, 77, 500, 1000] as [UInt64] {
      requests.append(.all(after: Position(after)))
    }
    for request in requests {
      for isReversed in [false, true] {
        for isGuarded in [false, true] {
          var request = request
          request.isReversed = isReversed
          request.isGuarded = isGuarded
          found.append(try log.read(request))
        }
      }
    }
    return found
  }

  private static func kinds(_ log: EventLog) -> [LogInspector.FrameDetails.Kind] {
    let inspector = LogInspector(log)
    return inspector.segments.flatMap { inspector.frames(of: $0.id) }.map(\.kind)
  }

  private static func check(_ path: String) throws {
    let report = try StoreVerifier.verify(path, options: options(.readOnly))
    #expect(report.problems.isEmpty, "\(report.problems)")
  }

  @Test func everythingReadsAsBefore() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    var log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    let before = try Self.everything(log)
    var pinned = ReadRequest.all()
    pinned.pin = try log.pin()
    try log.append([NewEvent(type: "Late", payload: [1])], to: "order-5")
    let all = try Self.everything(log)
    let follower = try EventLog(at: path, options: Self.options(.readOnly))
    #expect(try Self.everything(follower) == all)
    let plan = try log.planCompaction(Self.options(.compress))
    #expect(plan.segments.contains { $0.outcome == .compressed })
    let report = try log.compact(Self.options(.compress))
    #expect(report.segmentsMade > 0)
    #expect(report.ratio < 0.7)
    #expect(abs(plan.ratio - report.ratio) < 0.15)
    #expect(report.eventsRemoved == 0)
    #expect(try Self.everything(log) == all)
    #expect(try log.read(pinned) == before[0])
    #expect(try Self.everything(follower) == all)
    try follower.close()
    // Nothing is left to do.
    #expect(try log.compact(Self.options(.compress)).segmentsMade == 0)
    #expect(try log.compact(Self.options(.keep)).segmentsMade == 0)
    // A retry is still known.
    let batch = EventBatch()
    batch.key = Array("key-0".utf8)
    let again = NewEvent(type: "Type0", payload: [1])
    try batch.add(again, to: "item-0")
    #expect(throws: LogError.self) { try log.append(batch) }
    try log.close()
    try Self.check(path)
    log = try EventLog(at: path, options: Self.options(.readOnly))
    #expect(try Self.everything(log) == all)
    try log.close()

    log = try EventLog(at: path, options: Self.options())
    let kinds = Self.kinds(log)
    #expect(kinds.contains(.compressed))
    let expanded = try log.compact(Self.options(.decompress))
    #expect(expanded.segmentsMade > 0)
    #expect(expanded.ratio > 1)
    #expect(try Self.everything(log) == all)
    #expect(!Self.kinds(log).contains(.compressed))
    try log.close()
    try Self.check(path)
  }

  @Test func withoutFootersItIsReadAnew() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    var log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    try log.compact(Self.options(.compress))
    let before = try Self.everything(log)
    try log.close()
    let directory = try SystemFileSystem.shared.openDirectory(path + "/log", create: false)
    for name in try directory.names() where name.hasSuffix(".footer") {
      try directory.remove(name)
    }
    log = try EventLog(at: path, options: Self.options())
    #expect(try Self.everything(log) == before)
    try log.close()
    try Self.check(path)
  }

  @Test func rulesHoldInCompressedSegments() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    try log.compact(Self.options(.compress))
    let skipped = try #require(try log.read(.aggregate("order-20")).first).position
    let rules: [RetentionRule] = [
      .delete(.aggregate("order-1")), .truncate("order-2", before: 7), .redact(9),
      .keepCount(.category("item"), 20), .tombstone(.aggregate("order-4")), .skip(skipped),
    ]
    for rule in rules { try log.retain(rule) }
    let before = try Self.everything(log)
    var keep = Self.options(.keep)
    keep.leastGarbage = 0
    let report = try log.compact(keep)
    #expect(report.eventsRemoved > 50)
    #expect(try Self.everything(log) == before)
    let kinds = Self.kinds(log)
    #expect(kinds.contains(.compressed))
    try log.close()
    try Self.check(path)
  }

  @Test func copiesOfCompressedSegmentsAreWhole() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    try log.compact(Self.options(.compress))
    let all = try log.read()
    try log.close()
    let reading = Self.options(.readOnly)
    try StoreCopier.backup(path, to: place.path + "/backup", opening: reading)
    try Self.check(place.path + "/backup")
    try StoreCopier.restore(place.path + "/backup", to: place.path + "/whole", opening: reading)
    let whole = try EventLog(at: place.path + "/whole", options: reading)
    #expect(try whole.read() == all)
    for position in [1, 100, 333, 700] as [UInt64] {
      let cut = place.path + "/cut-\(position)"
      try StoreCopier.restore(
        place.path + "/backup",
        to: cut,
        through: .position(Position(position)),
        opening: reading
      )
      let found = try EventLog(at: cut, options: reading).read()
      #expect(found == Array(all.prefix(found.count)))
      // An append of the story has at most four events.
      #expect(found.count <= Int(position) && found.count + 4 > Int(position))
      try Self.check(cut)
    }
    try StoreCopier.fork(path, to: place.path + "/fork", opening: reading)
    #expect(try EventLog(at: place.path + "/fork", options: reading).read() == all)
    try StoreCopier.salvage(path, to: place.path + "/salvaged", opening: reading)
    #expect(try EventLog(at: place.path + "/salvaged", options: reading).read() == all)
  }

  @Test func damageInACompressedFrameIsToldAndPassed() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    try log.compact(Self.options(.compress))
    let all = try log.read()
    let inspector = LogInspector(log)
    let id = try #require(inspector.segments.first?.id)
    let frame = try #require(inspector.frames(of: id).last { $0.kind == .compressed })
    let first = frame.firstPosition.rawValue
    try log.close()
    let file = try SystemFileSystem.shared.openDirectory(path + "/log", create: false)
      .openFile(StoreFile.segment(id), .readWrite)
    try file.write([0xff, 0xfe, 0xfd].span, at: frame.offset + frame.bytes / 2)
    let damaged = try EventLog(at: path, options: Self.options(.readOnly))
    var cursor = try damaged.cursor()
    var found: [RecordedEvent] = []
    var lost = 0
    while true {
      do {
        guard let event = try cursor.next() else { break }
        found.append(event.copy())
      } catch {
        lost += 1
        if lost > 3 { break }
      }
    }
    #expect(lost == 1)
    let lostPositions = first..<first + UInt64(frame.events)
    #expect(found == all.filter { !lostPositions.contains($0.position.rawValue) })
    let report = try StoreVerifier.verify(path, options: Self.options(.readOnly))
    #expect(!report.problems.isEmpty)
    try StoreCopier.salvage(
      path,
      to: place.path + "/salvaged",
      opening: Self.options(.readOnly)
    )
    #expect(try EventLog(at: place.path + "/salvaged", options: Self.options()).read() == found)
  }

  @Test func byItselfItCompressesOnlyWhereItIsToldTo() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    let before = try Self.everything(log)
    try log.close()
    var options = Self.options()
    var settings = AutomaticCompaction()
    settings.checkMilliseconds = 10
    settings.garbage = 0.1
    settings.compression = .compress
    options.automaticCompaction = settings
    let automatic = try EventLog(at: path, options: options)
    for _ in 0..<2000 {
      if Self.kinds(automatic).contains(.compressed) { break }
      SystemClock.sleep(nanoseconds: 5_000_000)
    }
    #expect(Self.kinds(automatic).contains(.compressed))
    #expect(try Self.everything(automatic) == before)
    try automatic.close()
    try Self.check(path)
  }

  @Test func whatDoesNotBecomeSmallerIsLeft() throws {
    let place = TemporaryDirectory()
    let log = try EventLog(at: place.path + "/store", options: Self.options())
    var random = SplitMix64(seed: 7)
    for number in 0..<400 {
      let payload = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }
      let event = NewEvent(type: "T", payload: payload)
      try log.append([event], to: AggregateID("order-\(number)"), durability: .written)
    }
    try log.sync()
    let before = try log.read()
    let report = try log.compact(Self.options(.compress))
    #expect(report.segments.allSatisfy { $0.outcome != .compressed })
    #expect(report.bytesAfter == report.bytesBefore)
    #expect(try log.read() == before)
  }

  /// Frames that are forged, with checksums that fit: reading ends in events or typed errors.
  @Test func forgedFramesEndInTypedErrors() throws {
    let place = TemporaryDirectory()
    let path = place.path + "/store"
    let log = try EventLog(at: path, options: Self.options())
    try Self.fill(log)
    try log.compact(Self.options(.compress))
    let inspector = LogInspector(log)
    let id = try #require(inspector.segments.first?.id)
    let frames = inspector.frames(of: id).filter { $0.kind == .compressed }
    try log.close()
    let file = try SystemFileSystem.shared.openDirectory(path + "/log", create: false)
      .openFile(StoreFile.segment(id), .readWrite)
    let whole = try file.read(try file.size(), at: 0)
    let header = try #require(try SegmentHeader.decode(whole.span, file: ""))
    let checksum = FrameChecksum(salt: header.salt)
    var random = SplitMix64(seed: 11)
    var problems = 0
    for _ in 0..<150 {
      let frame = try #require(frames.randomElement(using: &random))
      var bytes = Array(whole[frame.offset..<frame.offset + frame.bytes])
      // Mostly what stands before the block, which says how large it is.
      let end = Bool.random(using: &random) ? min(32, bytes.count) : bytes.count
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 8..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let sum = checksum.checksum(bytes.span, 0..<bytes.count, at: frame.offset)
      for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
      try file.write(bytes.span, at: frame.offset)
      let report = try StoreVerifier.verify(path, options: Self.options(.readOnly))
      if !report.problems.isEmpty { problems += 1 }
      let forged = try EventLog(at: path, options: Self.options(.readOnly))
      for request in [ReadRequest.all(), .aggregate("item-3"), .matching(Query(tags: ["red"]))] {
        for isReversed in [false, true] {
          var request = request
          request.isReversed = isReversed
          do throws(LogError) {
            var cursor = try forged.cursor(request)
            while let event = try cursor.next() { _ = event.copy() }
          } catch {
            guard case .corrupt = error else { throw error }
          }
        }
      }
      try forged.close()
      try file.write(
        whole.span.extracting(frame.offset..<frame.offset + frame.bytes),
        at: frame.offset
      )
    }
    #expect(problems > 100)
    try Self.check(path)
  }
}
