import AnnalsLog
import Foundation

/// SplitMix64: the same numbers in every run.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// Where the stores of a run stand: beside the program, where there is a disk.
enum Place {
  private static let directory: String = {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = program.deletingLastPathComponent().appendingPathComponent("suite-\(getpid())").path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { fail(error) }
    atexit {
      let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      let folder = program.deletingLastPathComponent()
      try? FileManager.default.removeItem(at: folder.appendingPathComponent("suite-\(getpid())"))
    }
    return path
  }()

  static func path(_ name: String) -> String { directory + "/" + name }
}

/// A store with 10,000 aggregates and payloads of 100 bytes.
struct Store {
  static let aggregates = 10_000
  private static let idBytes = 16
  let log: EventLog
  private let names: [AggregateID]
  /// All ids end to end, so that handing one out counts no references.
  private let ids: [UInt8]
  private let payload: [UInt8]

  init(_ name: String) {
    var options = LogOptions()
    // The log's own thread would count too.
    options.writtenSyncMilliseconds = 0
    options.firstSegmentBytes = options.segmentBytes
    do { log = try EventLog(at: Place.path(name), options: options) } catch { fail(error) }
    let texts = (0..<Self.aggregates).map { "account-\(String($0 + 10_000_000))" }
    names = texts.map { AggregateID($0) }
    ids = texts.flatMap { Array($0.utf8) }
    payload = Self.text(100)
  }

  func name(_ number: Int) -> AggregateID { names[number % Self.aggregates] }

  func add(_ number: Int, to aggregate: Int, _ batch: EventBatch) throws(LogError) {
    let start = aggregate % Self.aggregates * Self.idBytes
    let id = ids.span.extracting(start..<start + Self.idBytes)
    try batch.add("Booked", to: id, payload: payload.span)
  }

  /// Gives each aggregate so many events, in batches of a hundred aggregates.
  func fill(rounds: Int) {
    do {
      let batch = EventBatch()
      for number in 0..<rounds * Self.aggregates {
        try add(number, to: number, batch)
        if batch.count == 100 {
          try log.append(batch, durability: .written)
          batch.removeAll()
        }
      }
      try log.sync()
    } catch { fail(error) }
  }

  func text(_ count: Int) -> [UInt8] { Self.text(count) }

  /// A text like JSON.
  private static func text(_ count: Int) -> [UInt8] {
    var random = Random(3)
    var text = "{"
    while text.utf8.count < count {
      text +=
        "\"amount\":\(random.next() % 100_000),\"note\":\"\(String(random.next(), radix: 36))\","
    }
    return Array(text.utf8.prefix(count))
  }
}

/// The frames of a small store, in memory.
struct Frames {
  private let bytes: [UInt8]
  private let starts: [Int]
  private let base: SegmentBase
  private let checksum: FrameChecksum

  init(eventsPerFrame: Int) {
    let store = Store("frames-\(eventsPerFrame)")
    do {
      let batch = EventBatch()
      for number in 0..<1000 {
        batch.removeAll()
        for event in 0..<eventsPerFrame { try store.add(event, to: number, batch) }
        try store.log.append(batch, durability: .written)
      }
      try store.log.close()
      let folder = Place.path("frames-\(eventsPerFrame)") + "/" + StoreFile.logDirectory
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + StoreFile.segment(1)))
      let bytes = [UInt8](data)
      guard let header = try SegmentHeader.decode(bytes.span, file: "segment") else {
        throw CocoaError(.fileReadCorruptFile)
      }
      var starts: [Int] = []
      var offset = SegmentHeader.Layout.byteCount
      while case .frame(let frame) = FrameHeader.probe(bytes.span, at: offset, limit: bytes.count) {
        starts.append(offset)
        offset += frame.byteCount
      }
      // Control frames hold no events.
      let base = SegmentBase(position: header.basePosition, time: header.baseTime)
      self.starts = starts.filter { start in
        guard case .frame(let frame) = FrameHeader.probe(bytes.span, at: start, limit: bytes.count)
        else { return false }
        return EventsFrame.decode(bytes.span, at: start, byteCount: frame.byteCount, base) != nil
          && frame.kind == FrameHeader.Kind.events.rawValue
      }
      self.bytes = bytes
      self.base = base
      checksum = FrameChecksum(salt: header.salt)
      guard self.starts.count >= 1000 else { throw CocoaError(.fileReadCorruptFile) }
    } catch { fail(error) }
  }

  /// Finds, verifies and decodes a frame; gives its last position.
  @inline(never)
  func decode(_ number: Int) -> UInt64 {
    let start = starts[number % starts.count]
    guard case .frame(let header) = FrameHeader.probe(bytes.span, at: start, limit: bytes.count),
      checksum.checksum(bytes.span, start..<start + header.byteCount, at: start)
        == header.checksum,
      let frame = EventsFrame.decode(bytes.span, at: start, byteCount: header.byteCount, base)
    else { return 0 }
    return frame.lastPosition(bytes.span)
  }
}
