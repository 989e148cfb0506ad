internal import AnnalsLog

/// What follows a soaked writer, from another process, for as long as there are writers.
///
/// The rule of a soak keeps the newest events of each aggregate, and the aggregates take turns:
/// what is to be seen at any head follows from the head; each event of it is demanded, in order.
struct TortureFollower {
  /// How many events of each aggregate are kept.
  static let keptCount: UInt64 = 100

  let workload: TortureWorkload
  /// Opens a descriptor at each look and forgets it, to prove that this is found out.
  let leaks: Bool
  private(set) var last: UInt64 = 0
  private var leaked: [Descriptor] = []

  init(seed: UInt64, leaks: Bool) {
    workload = TortureWorkload(seed: seed)
    self.leaks = leaks
  }

  /// Follows until the process is killed, saying how far it came; or once, to the end.
  mutating func follow(_ path: String, once: Bool, _ output: OutputStream) throws {
    let log = try EventLog(at: path, options: TortureWorkload.soakOptions(.readOnly))
    repeat {
      guard try log.wait(after: Position(last), milliseconds: once ? 0 : 100) else { continue }
      if leaks { leaked.append(try Descriptor.open(reading: "/dev/null")) }
      if let complaint = try look(log) { throw CommandFailure(.problems, complaint) }
      try output.writeLine("\(last)")
      try output.flush()
    } while !once
  }

  /// Reads what is new; nil if it is what there must be.
  private mutating func look(_ log: EventLog) throws(LogError) -> String? {
    let pin = try log.pin()
    let head = pin.position.rawValue
    let hidden = Self.keptCount * TortureWorkload.aggregateCount
    var request = ReadRequest.all(after: Position(last))
    request.pin = pin
    var cursor = try log.cursor(request)
    // What was made too old before it was looked at.
    if head > hidden { last = max(last, head - hidden) }
    while let found = try cursor.next() {
      guard found.position.rawValue == last + 1 else {
        return "position \(found.position) came behind \(last), at head \(head)"
      }
      last += 1
      let (aggregate, event) = workload.event(last)
      guard found.type == event.type, found.payload.equals(event.payload.span),
        found.aggregate == aggregate
      else { return "position \(last) holds another event than was appended" }
    }
    return last == head ? nil : "reading ended at \(last), the head is \(head)"
  }
}

extension TortureWorkload {
  /// The options of a soaked log, which compacts itself all the time.
  static func soakOptions(_ access: LogOptions.Access) -> LogOptions {
    var options = options(access)
    options.visibility = .durable
    if access == .readWrite {
      var compaction = AutomaticCompaction()
      compaction.checkMilliseconds = 500
      options.automaticCompaction = compaction
    }
    return options
  }
}
