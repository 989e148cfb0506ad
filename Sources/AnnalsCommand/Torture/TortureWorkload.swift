internal import AnnalsLog

/// What a tortured writer appends: everything follows from the seed and the position, so that
/// whoever checks needs no record of it.
struct TortureWorkload {
  let seed: UInt64

  /// The most events of one append.
  private static let batchMax: UInt64 = 4

  /// How many aggregates there are; each gets an event in its turn.
  static let aggregateCount: UInt64 = 50

  // Of a round the last positions are appended one by one, written and without tags: the appends
  // that are staged. They pass so quickly that there must be many, or no kill meets them.
  private static let round: UInt64 = 2304
  private static let mixedCount: UInt64 = 256

  private func isStaged(_ position: UInt64) -> Bool { position % Self.round >= Self.mixedCount }

  /// How many events the append has whose first event gets `position`.
  func count(from position: UInt64) -> UInt64 {
    isStaged(position) ? 1 : 1 + mix(position, 1) % Self.batchMax
  }

  /// Whether that append is to be durable on return.
  func isDurable(_ position: UInt64) -> Bool {
    !isStaged(position) && mix(position, 2) % 3 != 0
  }

  /// The event that gets `position`.
  func event(_ position: UInt64) -> (aggregate: AggregateID, event: NewEvent) {
    let size = mix(position, 3)
    // Mostly small, now and then larger than a page, seldom larger than what is copied at once.
    let isStaged = isStaged(position)
    let byteCount =
      isStaged ? 8 + size % 90 : size % 97 == 0 ? 20_000 : size % 7 == 0 ? 5000 : 8 + size % 300
    var state = mix(position, 4)
    let payload = (0..<byteCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let event = NewEvent(
      type: "Type\(position % 3)",
      payload: payload,
      time: Timestamp(microseconds: Int64(position)),
      tags: !isStaged && position % 4 == 0 ? ["fourth"] : []
    )
    return (AggregateID("subject-\(position % Self.aggregateCount)"), event)
  }

  /// Whether appends can end at `position`, given that they can end at `known` before it.
  func canEnd(at position: UInt64, from known: UInt64) -> Bool {
    var end = known
    while end < position { end += count(from: end + 1) }
    return end == position
  }

  /// A number that looks random, of a position and a purpose.
  private func mix(_ position: UInt64, _ purpose: UInt64) -> UInt64 {
    var mixed = seed &+ position &* 0x9e37_79b9_7f4a_7c15 &+ purpose &* 0xd1b5_4a32_d192_ed03
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension TortureWorkload {
  /// The options of a tortured log: small segments, so that it rolls often.
  static func options(_ access: LogOptions.Access) -> LogOptions {
    var options = LogOptions()
    options.access = access
    options.firstSegmentBytes = 256 << 10
    options.segmentBytes = 256 << 10
    options.visibility = .written
    return options
  }

  /// Appends until the process is killed or the log ends at `last`, and says what survives a kill,
  /// or also a power cut.
  func write(
    to path: String,
    through end: UInt64,
    sayingDurable: Bool,
    isSoaked: Bool = false,
    waitsForRoom: Bool = false,
    _ output: OutputStream
  ) throws {
    let options = isSoaked ? Self.soakOptions(.readWrite) : Self.options(.readWrite)
    let log = try EventLog(at: path, options: options)
    if isSoaked, log.ruleCount == 0 {
      try log.retain(.keepCount(.category("subject"), TortureFollower.keptCount))
    }
    var last = log.writtenThrough.rawValue
    // What is found at opening was made durable by it.
    try say(last, output)
    while last < end {
      let batch = EventBatch()
      let first = last + 1
      for position in first..<first + count(from: first) {
        let (aggregate, event) = event(position)
        try batch.add(event, to: aggregate)
      }
      let receipt: Receipt
      do throws(LogError) {
        receipt = try log.append(batch, durability: isDurable(first) ? .durable : .written)
      } catch {
        guard waitsForRoom, case .diskFull = error else { throw error }
        try output.writeLine("full")
        try output.flush()
        SystemClock.sleep(nanoseconds: 2_000_000)
        continue
      }
      last = receipt.lastPosition.rawValue
      try say(sayingDurable ? log.durableThrough.rawValue : last, output)
    }
    try log.close()
  }

  private func say(_ position: UInt64, _ output: OutputStream) throws(SystemError) {
    try output.writeLine("\(position)")
    try output.flush()
  }

  /// Reads all of a log; nil if it holds exactly what was appended, else what it does not.
  func complaint(about log: EventLog, acknowledged: UInt64) throws(LogError) -> String? {
    let head = log.head(.written).rawValue
    if head < acknowledged {
      return "position \(acknowledged) was acknowledged, and the log ends at \(head)"
    }
    if !canEnd(at: head, from: 0) { return "the log ends at \(head), inside an append" }
    var cursor = try log.cursor(.all())
    var position: UInt64 = 0
    while let found = try cursor.next() {
      position += 1
      let (aggregate, event) = event(position)
      guard found.position.rawValue == position else {
        return "position \(found.position) stands where \(position) should"
      }
      guard found.type == event.type, found.payload.equals(event.payload.span),
        found.aggregate == aggregate
      else { return "position \(position) holds another event than was appended" }
    }
    return position == head ? nil : "the log ends at \(head), and \(position) events were read"
  }
}
