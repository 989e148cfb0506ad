import AnnalsLog
import Foundation

/// Stores that were written once and are kept: every version must understand them and say the same
/// of them.
///
/// One file holds them all, without the zeros of which they mostly consist. `ANNALS_GOLDEN=write`
/// makes them anew, which only a change of the format calls for.
struct GoldenStores: Codable {
  /// A part of a file that is not all zeros.
  struct Run: Codable {
    var offset: Int
    var bytes: Data
  }

  /// One file of a store.
  struct File: Codable {
    var path: String
    var size: Int
    var runs: [Run]
  }

  /// The files of each store.
  var stores: [String: [File]] = [:]

  /// Where the proof keeps what it compares with.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Proof/golden")
  private static let file = folder.appending(path: "stores.plist")

  /// The stores that are kept.
  static func kept() throws -> GoldenStores {
    try PropertyListDecoder().decode(GoldenStores.self, from: Data(contentsOf: file))
  }

  /// Keeps the stores.
  func keep() throws {
    let encoder = PropertyListEncoder()
    encoder.outputFormat = .binary
    try encoder.encode(self).write(to: Self.file)
  }

  /// Lays the store of that name out in a directory.
  func put(_ name: String, at directory: URL) throws {
    let manager = FileManager.default
    for file in stores[name, default: []] {
      let url = directory.appending(path: file.path)
      let folder = url.deletingLastPathComponent()
      try manager.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: url)
      let handle = try FileHandle(forWritingTo: url)
      try handle.truncate(atOffset: UInt64(file.size))
      for run in file.runs {
        try handle.seek(toOffset: UInt64(run.offset))
        try handle.write(contentsOf: run.bytes)
      }
      try handle.close()
    }
  }

  /// Takes the store in a directory up.
  mutating func take(_ name: String, from directory: URL) throws {
    var files: [File] = []
    let names = FileManager.default.enumerator(atPath: directory.path)?.allObjects ?? []
    for case let path as String in names {
      let url = directory.appending(path: path)
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        continue
      }
      let bytes = [UInt8](try Data(contentsOf: url))
      files.append(File(path: path, size: bytes.count, runs: Self.runs(bytes)))
    }
    stores[name] = files.sorted { $0.path < $1.path }
  }

  /// What is not zero, in runs that bridge a few zeros.
  private static func runs(_ bytes: [UInt8]) -> [Run] {
    var runs: [Run] = []
    var start: Int?
    var end = 0
    for index in bytes.indices where bytes[index] != 0 {
      if let begun = start, index > end + 32 {
        runs.append(Run(offset: begun, bytes: Data(bytes[begun..<end])))
        start = nil
      }
      if start == nil { start = index }
      end = index + 1
    }
    if let start { runs.append(Run(offset: start, bytes: Data(bytes[start..<end]))) }
    return runs
  }
}

// MARK: Making them

extension GoldenStores {
  /// Makes the stores: one with every kind of file, a backup of it, one that was killed and one
  /// that is another altogether.
  static func made(in workshop: Workshop) throws -> GoldenStores {
    var golden = GoldenStores()
    try makeStore(workshop, "shop", segments: 10, isClosed: true)
    _ = try workshop.annals("backup", "shop", "copy")
    try makeStore(workshop, "killed", segments: 2, isClosed: false)
    try makeStore(workshop, "other", segments: 2, isClosed: true)
    for name in ["shop", "copy", "killed", "other"] {
      try golden.take(name, from: workshop.directory.appending(path: name))
    }
    return golden
  }

  private static func makeStore(
    _ workshop: Workshop,
    _ name: String,
    segments: Int,
    isClosed: Bool
  ) throws {
    let path = workshop.path(isClosed ? name : "living")
    var options = LogOptions()
    options.hasMaintenanceThread = false
    options.firstSegmentBytes = 16 << 10
    options.segmentBytes = 16 << 10
    options.preallocation = .reserve
    options.clock = { 1_750_000_000_000_000 }
    let log = try EventLog(at: path, options: options)
    for segment in 0..<segments {
      try fill(log, segment)
      if segment + 1 < segments { try roll(log) }
    }
    // First: states that hold what is erased are forgotten with it.
    if segments > 4 {
      try log.retain(.delete(.aggregate("account-1")))
      try log.retain(.redact(3))
      _ = try log.compact()
    }
    for number in UInt64(1)...2 {
      let id: AggregateID = "account-0"
      let snapshot = Snapshot(
        version: number,
        position: number,
        fingerprint: 0xabc,
        state: (0..<3000).map { UInt8(truncatingIfNeeded: $0 * Int(number)) }
      )
      _ = try log.snapshots.save(snapshot, of: id)
      let consumer = ConsumerRecord(
        position: number,
        history: log.historyID,
        eventDigest: try log.eventDigest(at: Position(number)) ?? KeyHash(high: 0, low: 0),
        fingerprint: 7,
        kind: ConsumerRecord.Kind.projection.rawValue,
        state: [UInt8](repeating: UInt8(number), count: 300)
      )
      try ConsumerStore(log).save("balances", consumer)
    }
    if isClosed { return try log.close() }
    // As a killed process leaves it.
    try FileManager.default.copyItem(atPath: path, toPath: workshop.path(name))
    try log.close()
  }

  private static func fill(_ log: EventLog, _ segment: Int) throws {
    func event(_ type: String, _ number: Int, _ tags: [String] = []) -> NewEvent {
      NewEvent(
        type: type,
        payload: [UInt8](repeating: UInt8(number), count: 5 + number % 7),
        time: Timestamp(microseconds: 1_750_000_000_000_000 + Int64(segment * 10 + number)),
        tags: tags
      )
    }
    try log.append([event("Opened", 1)], to: AggregateID("account-\(segment)"))
    try log.append([event("Paid", 2, ["vip"])], to: "account-0", key: [7, UInt8(segment)])
    let batch = EventBatch()
    try batch.add(event("Opened", 3), to: AggregateID("order-\(segment)"))
    try batch.add(event("Moved\(segment)", 4, ["vip"]), to: "account-0")
    try log.append(batch)
  }

  private static func roll(_ log: EventLog) throws {
    guard let writer = log.writer else { return }
    writer.lock.lock()
    defer { writer.lock.unlock() }
    try writer.leadRoll(1).get()
  }
}
