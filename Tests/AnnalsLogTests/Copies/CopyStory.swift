import AnnalsLog
import AnnalsTesting
import Testing

/// Stores to be copied, and what copies must be.
enum CopyStory {
  static let source = "/store"
  static let backup = "/backup"

  /// Where each append ended, and every event.
  struct Written {
    var ends: [UInt64] = [0]
    var events: [RecordedEvent] = []
  }

  static func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readWrite
  ) -> LogOptions {
    var options = simulatedOptions(disk)
    options.access = access
    options.writtenSyncMilliseconds = 0
    options.clock = { 1_750_000_000_000_000 }
    return options
  }

  static func open(
    _ disk: SimulatedFileSystem,
    _ path: String,
    _ access: LogOptions.Access = .readOnly
  ) throws -> EventLog {
    try EventLog(at: path, options: options(disk, access))
  }

  /// Appends `count` batches of one to five events, several of them to a frame now and then.
  ///
  /// - Returns: the positions at which appends ended.
  static func append(
    _ log: EventLog,
    _ count: Int,
    seed: UInt64,
    payloadBytes: Int = 20
  ) throws -> [UInt64] {
    var random = SplitMix64(seed: seed)
    var ends: [UInt64] = []
    for number in 0..<count {
      let batch = EventBatch(limits: log.core.options.limits)
      for _ in 0...Int.random(in: 0..<5, using: &random) {
        let time = 1_750_000_000_000_000 + Int64(log.head().rawValue) * 1_000_000
        var event = NewEvent(
          type: ["Opened", "Paid", "Closed"][Int.random(in: 0..<3, using: &random)],
          payload: [UInt8](
            repeating: UInt8(number % 251),
            count: Int.random(in: 0..<payloadBytes, using: &random)
          ),
          time: Timestamp(
            microseconds: time + Int64.random(in: 0..<1_000_000, using: &random)
          ),
          tags: Int.random(in: 0..<3, using: &random) == 0 ? ["vip", "t\(number % 4)"] : []
        )
        if Int.random(in: 0..<4, using: &random) == 0 {
          event.metadata = Metadata([Metadata.Pair(name: "n", value: "\(number)")])
          event.id = EventID(bytes: [UInt8](repeating: UInt8(number % 200 + 1), count: 16))
        }
        let aggregate = Int.random(in: 0..<9, using: &random)
        try batch.add(event, to: AggregateID("account-\(aggregate)"))
      }
      if Int.random(in: 0..<5, using: &random) == 0 {
        batch.key = Array("key-\(seed)-\(number)".utf8)
      }
      ends.append(try log.append(batch).lastPosition.rawValue)
    }
    return ends
  }

  /// A closed store of several segments.
  static func make(_ disk: SimulatedFileSystem, rounds: Int = 3) throws -> Written {
    let log = try open(disk, source, .readWrite)
    var written = Written()
    for round in 0..<rounds {
      written.ends += try append(log, 25, seed: UInt64(round + 1))
      if round + 1 < rounds { try DamageStore.roll(log) }
    }
    written.events = try log.read()
    try log.close()
    return written
  }

  /// The error of the log that `body` ends with.
  static func error(_ body: () throws -> Void) -> LogError? {
    do {
      try body()
      return nil
    } catch {
      return error as? LogError
    }
  }

  /// The corruption that `body` meets.
  static func corruption(_ body: () throws -> Void) -> Corruption? {
    if case .corrupt(let found)? = error(body) { found } else { nil }
  }

  /// Changes the header of the first segment of the store at `path`, and returns its file.
  static func forgeHeader(_ disk: SimulatedFileSystem, _ path: String) throws -> String {
    let root = try disk.openDirectory(path, create: false)
    let folder = try root.openDirectory("log", create: false)
    let name = try folder.names().first { $0.hasSuffix(".segment") } ?? ""
    let file = try folder.openFile(name, .readWrite)
    let bytes = try file.read(4096, at: 0)
    var header = try SegmentHeader.decode(bytes.span, file: name)
    header?.baseTime += 1
    var buffer = ByteBuffer(capacity: 4096)
    header?.encode(into: &buffer)
    try file.write(buffer.bytes, at: 0)
    return name
  }

  /// Verifies the store at `path` and reads it.
  static func verified(
    _ disk: SimulatedFileSystem,
    _ path: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> [RecordedEvent] {
    let report = try StoreVerifier.verify(path, options: options(disk))
    #expect(report.isOK, "\(report.problems)", sourceLocation: location)
    return try open(disk, path).read()
  }
}
