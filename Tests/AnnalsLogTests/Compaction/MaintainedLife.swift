import AnnalsLog
import AnnalsTesting
import Synchronization

/// A writer whose log is compacted, copied and verified while it and others read.
///
/// Aggregates by category: nothing ever leaves of `safe`; `count` shows its newest five; those of
/// `gone` are deleted, one after the other, and never appended to again; of `bare` payloads leave.
/// A payload holds its aggregate's number and its version.
final class MaintainedLife: Sendable {
  let seed: UInt64
  private let path: String
  private let place: String
  private let log: EventLog
  private let isDone = Atomic<Bool>(false)
  private let wrong = Mutex<[String]>([])
  private let counts = Mutex<[String: Int]>([:])
  /// The versions that were acknowledged as durable.
  private let acknowledged = Mutex<[String: UInt64]>([:])
  /// The aggregates that were deleted.
  private let deleted = Mutex<Set<String>>([])
  private let redacted = Mutex<Set<UInt64>>([])

  static func options() -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 32 << 10
    options.segmentBytes = 64 << 10
    options.writtenSyncMilliseconds = 5
    return options
  }

  init(_ place: String, seed: UInt64) throws {
    self.seed = seed
    self.place = place
    path = place + "/store"
    log = try EventLog(at: path, options: Self.options())
    try log.retain(.keepCount(.category("count"), 5))
  }

  var figures: [String: Int] { counts.withLock { $0 } }

  func run(milliseconds: Int) throws -> [String] {
    let bodies: [@Sendable (inout SplitMix64) throws -> Void] = [
      write, maintain, maintain, scan, scan, load, follow, follow, pin, open, verify, copy,
    ]
    var threads: [Thread] = []
    for (number, body) in bodies.enumerated() {
      threads.append(
        try Thread(name: "life-\(number)") { [self] in
          var random = SplitMix64(seed: seed &* 100 &+ UInt64(number))
          while !isDone.load(ordering: .relaxed) {
            do {
              try body(&random)
            } catch {
              note("\(number): threw \(error)")
              return
            }
          }
        }
      )
    }
    let end = SystemClock.monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    while SystemClock.monotonicNanoseconds() < end, wrong.withLock({ $0.isEmpty }) {
      SystemClock.sleep(nanoseconds: 10_000_000)
    }
    isDone.store(true, ordering: .relaxed)
    for thread in threads { thread.join() }
    try log.close()
    try check("store", path)
    let reader = try Self.reader(path)
    try scan(reader, "reopened")
    return wrong.withLock { $0 }
  }

  private func note(_ text: String) { wrong.withLock { if $0.count < 8 { $0.append(text) } } }

  private func count(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

  private static func reader(_ path: String, _ seen: Durability = .durable) throws -> EventLog {
    var options = options()
    options.access = .readOnly
    options.visibility = seen
    return try EventLog(at: path, options: options)
  }

  // MARK: Writing

  private func write(_ random: inout SplitMix64) throws {
    if log.head().rawValue > 60_000 {
      SystemClock.sleep(nanoseconds: 5_000_000)
      return
    }
    let batch = EventBatch(limits: log.core.options.limits)
    var versions: [String: UInt64] = [:]
    let gone = deleted.withLock { $0 }
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      let category = ["safe", "safe", "count", "gone", "bare"].randomElement(using: &random) ?? ""
      let range = category == "gone" ? gone.count..<gone.count + 5 : 0..<7
      let name = "\(category)-\(Int.random(in: range, using: &random))"
      if gone.contains(name) { continue }
      let aggregate = AggregateID(name)
      let version =
        try versions[name] ?? log.version(of: aggregate, visibility: .written).rawValue
      versions[name] = version + 1
      var payload = [UInt8]("\(name) \(version + 1) ".utf8)
      payload += [UInt8](repeating: 46, count: Int.random(in: 0...200, using: &random))
      try batch.add(NewEvent(type: "T\(category)", payload: payload, tags: ["t"]), to: aggregate)
    }
    if versions.isEmpty { return }
    let durability: Durability = Int.random(in: 0..<4, using: &random) == 0 ? .durable : .written
    let receipt: Receipt
    do throws(LogError) {
      receipt = try log.append(batch, durability: durability)
    } catch {
      // One of them was ended meanwhile.
      guard case .refusedByRetention = error else { throw error }
      return
    }
    if receipt.durability == .durable {
      acknowledged.withLock { $0.merge(versions) { max($0, $1) } }
    }
    count("append")
  }

  // MARK: Rules and compaction

  private func maintain(_ random: inout SplitMix64) throws {
    SystemClock.sleep(nanoseconds: UInt64.random(in: 0..<30_000_000, using: &random))
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let name = "gone-\(deleted.withLock { $0.count })"
      // Nobody appends to it from here on.
      let isNew = deleted.withLock { $0.insert(name).inserted }
      if isNew, try log.version(of: AggregateID(name), visibility: .written) > .none {
        let isFinal = Bool.random(using: &random)
        let subject = RetentionSubject.aggregate(AggregateID(name))
        do throws(LogError) {
          try log.retain(isFinal ? .tombstone(subject) : .delete(subject))
        } catch {
          guard case .refusedByRetention = error else { throw error }
        }
      }
    case 1:
      let position = UInt64.random(in: 1...max(1, log.head().rawValue), using: &random)
      var request = ReadRequest.all(after: Position(position - 1))
      request.category = "bare"
      request.limit = 1
      guard let found = try log.read(request).first else { return }
      redacted.withLock { _ = $0.insert(found.position.rawValue) }
      do throws(LogError) {
        try log.retain(.redact(found.position))
      } catch {
        guard case .refusedByRetention = error else { throw error }
      }
    default:
      var options = CompactionOptions()
      options.leastGarbage = [0, 0.1, 0.5].randomElement(using: &random) ?? 0
      options.compression =
        [.keep, .keep, .compress, .decompress].randomElement(using: &random) ?? .keep
      let report = try log.compact(options)
      if report.segmentsMade > 0 { count("compacted") }
      counts.withLock { $0["removed", default: 0] += report.eventsRemoved }
    }
  }

  // MARK: Reading

  /// What one reading knows of the aggregates it has met.
  private struct Seen {
    var versions: [String: UInt64] = [:]
    var counts: [String: Int] = [:]
    var position: UInt64 = 0

    /// What is wrong with the next event; nil if nothing is.
    mutating func take(_ event: RecordedEvent, isFollowing: Bool = false) -> String? {
      let name = event.aggregate.text
      let version = event.version.rawValue
      defer {
        position = event.position.rawValue
        versions[name] = version
        counts[name, default: 0] += 1
      }
      if event.position.rawValue <= position { return "\(event.position) behind \(position)" }
      let before = versions[name] ?? 0
      if name.hasPrefix("safe"), version != before + 1 {
        return "\(name) \(version) behind \(before) at \(event.position)"
      }
      if !isFollowing, before > 0, version != before + 1 {
        return "\(name) \(version) behind \(before) at \(event.position), scanned"
      }
      if version <= before { return "\(name) \(version) behind \(before)" }
      let isBare = event.payload.isEmpty && name.hasPrefix("bare")
      if !isBare, !event.payload.starts(with: "\(name) \(version) ".utf8) {
        return "\(name) \(version): payload of \(event.payload.count) bytes"
      }
      return nil
    }
  }

  private func scan(_ log: EventLog, _ place: String) throws {
    let known = acknowledged.withLock { $0 }
    try log.refresh()
    var seen = Seen()
    for event in try log.read() {
      if let fault = seen.take(event) { return note("\(place): \(fault)") }
    }
    check(seen, known, place)
  }

  private func check(_ seen: Seen, _ known: [String: UInt64], _ place: String) {
    for (name, version) in known {
      let found = seen.versions[name] ?? 0
      if !name.hasPrefix("gone"), found < version {
        return note("\(place): \(name) ends at \(found), not \(version)")
      }
    }
    for (name, count) in seen.counts where name.hasPrefix("count") {
      if count != min(5, Int(seen.versions[name] ?? 0)) {
        return note("\(place): \(name) has \(count)")
      }
    }
  }

  private func scan(_ random: inout SplitMix64) throws {
    try scan(log, "scan")
    count("scan")
  }

  private func load(_ random: inout SplitMix64) throws {
    let category = ["safe", "count", "gone", "bare"].randomElement(using: &random) ?? ""
    let name = "\(category)-\(Int.random(in: 0..<12, using: &random))"
    let known = acknowledged.withLock { $0[name] ?? 0 }
    let isGone = deleted.withLock { $0.contains(name) }
    var request = ReadRequest.aggregate(AggregateID(name))
    request.isReversed = Bool.random(using: &random)
    var events = try log.read(request)
    if request.isReversed { events.reverse() }
    var seen = Seen()
    for event in events {
      if let fault = seen.take(event) { return note("load \(request.isReversed): \(fault)") }
    }
    check(seen, isGone ? [:] : [name: known], "load \(request.isReversed)")
    count("load")
  }

  private func pin(_ random: inout SplitMix64) throws {
    let pin = try log.pin()
    var request = ReadRequest.all()
    request.pin = pin
    let first = try log.read(request)
    for _ in 0..<3 {
      SystemClock.sleep(nanoseconds: UInt64.random(in: 0..<60_000_000, using: &random))
      if try log.read(request) != first { return note("pin at \(pin.position) changed") }
      guard let one = first.randomElement(using: &random) else { continue }
      var byKey = ReadRequest.aggregate(one.aggregate)
      byKey.pin = pin
      byKey.isReversed = Bool.random(using: &random)
      let found = try log.read(byKey)
      let expected = first.filter { $0.aggregate == one.aggregate }
      if found != (byKey.isReversed ? expected.reversed() : expected) {
        return note("pin at \(pin.position), \(one.aggregate.text): \(found.count)")
      }
    }
    count("pin")
  }

  private func open(_ random: inout SplitMix64) throws {
    let known = acknowledged.withLock { $0 }
    let reader = try Self.reader(path, Bool.random(using: &random) ? .durable : .written)
    var seen = Seen()
    for event in try reader.read() {
      if let fault = seen.take(event) { return note("open: \(fault)") }
    }
    check(seen, known, "open")
    count("open")
  }

  private func follow(_ random: inout SplitMix64) throws {
    let reader = try Self.reader(path, Bool.random(using: &random) ? .durable : .written)
    var seen = Seen()
    for _ in 0..<Int.random(in: 1..<200, using: &random) {
      if isDone.load(ordering: .relaxed) { return }
      let after = Position(seen.position)
      guard try reader.wait(after: after, milliseconds: 50) else { continue }
      for event in try reader.read(.all(after: after)) {
        if let fault = seen.take(event, isFollowing: true) { return note("follow: \(fault)") }
      }
      count("follow")
      if Int.random(in: 0..<8, using: &random) == 0 {
        try scan(reader, "follower's scan")
      }
    }
  }

  // MARK: Whole stores

  private func check(_ what: String, _ path: String) throws {
    let report = try StoreVerifier.verify(path)
    if !report.isOK { note("\(what): \(report.problems)") }
  }

  private func verify(_ random: inout SplitMix64) throws {
    try check("verify", path)
    count("verify")
  }

  private func copy(_ random: inout SplitMix64) throws {
    let number = counts.withLock { $0["copy"] ?? 0 }
    let known = acknowledged.withLock { $0 }
    let target: String
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      target = place + "/fork-\(number)"
      try log.fork(to: target)
    case 1:
      target = place + "/backup-\(number / 9)"
      try StoreCopier.backup(path, to: target)
    default:
      target = place + "/backup-\(number / 9)"
      try log.backup(to: target)
    }
    let copy = try Self.reader(target)
    var seen = Seen()
    for event in try copy.read() {
      if let fault = seen.take(event) { return note("\(target): \(fault)") }
    }
    check(seen, known, target)
    try check(target, target)
    count("copy")
  }
}
