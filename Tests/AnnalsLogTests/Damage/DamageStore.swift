import AnnalsLog
import AnnalsTesting

/// A small store with one of everything, and what is in it.
struct DamageStore {
  /// The path of the store on its disk.
  static let path = "/store"

  let disk: SimulatedFileSystem
  let events: [RecordedEvent]

  /// How a store is made.
  struct Shape {
    /// How many segments are sealed before the last.
    var segmentCount = 3
    /// Whether the last thing that happens to it is a proper close.
    var isClosed = true
    /// How often the last segment gets what each other one gets once.
    var tailRounds = 1
  }

  /// The options of a log on `disk`, with the smallest segments there are.
  static func options(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readWrite
  ) -> LogOptions {
    var options = simulatedOptions(disk)
    options.access = access
    options.createsStore = false
    options.writtenSyncMilliseconds = 0
    options.clock = { 1_750_000_000_000_000 }
    return options
  }

  /// Makes a store: each segment is left nearly empty.
  init(_ shape: Shape = Shape()) throws {
    let disk = SimulatedFileSystem()
    var options = Self.options(disk)
    options.createsStore = true
    let log = try EventLog(at: Self.path, options: options)
    var number: UInt8 = 0
    for segment in 0...shape.segmentCount {
      for _ in 0..<(segment < shape.segmentCount ? 1 : shape.tailRounds) {
        try Self.fill(log, segment, &number)
      }
      if segment < shape.segmentCount { try Self.roll(log) }
    }
    events = try log.read()
    if shape.isClosed {
      try log.close()
      self.disk = disk
    } else {
      self.disk = disk.killed()
      try? log.close()
    }
  }

  /// Ends the segment in writing without filling it.
  static func roll(_ log: EventLog) throws {
    guard let writer = log.writer else { return }
    writer.lock.lock()
    defer { writer.lock.unlock() }
    try writer.leadRoll(1).get()
  }

  private static func fill(_ log: EventLog, _ segment: Int, _ number: inout UInt8) throws {
    func event(_ type: String, _ tags: [String] = [], isRich: Bool = false) -> NewEvent {
      number &+= 1
      var event = NewEvent(
        type: type,
        payload: [UInt8](repeating: number, count: 5 + Int(number) % 7),
        time: Timestamp(microseconds: 1_750_000_000_000_000 + Int64(number) * 1000),
        tags: tags
      )
      if isRich {
        event.id = EventID(bytes: [UInt8](repeating: number, count: 16))
        event.metadata = Metadata([Metadata.Pair(name: "actor", value: "tester-\(number)")])
      }
      return event
    }
    try log.append([event("Opened")], to: AggregateID("account-\(segment)"))
    try log.append([event("Paid", ["vip"], isRich: true)], to: "account-0", key: [7, number])
    let batch = EventBatch(limits: log.core.options.limits)
    try batch.add(event("Opened"), to: AggregateID("order-\(segment)"))
    try batch.add(event("Moved", ["vip", "area-\(segment)"], isRich: true), to: "account-0")
    try batch.add(event("Paid"), to: AggregateID("order-\(segment)"))
    batch.key = [9, number]
    try log.append(batch)
    try log.append([event("Closed")], to: AggregateID("account-\(segment)"))
  }
}
