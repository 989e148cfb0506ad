internal import AnnalsLog

extension Bench {
  /// Fills a store with events whose aggregates take turns.
  private func fill() throws(LogError) {
    let log = try openStore()
    let batch = EventBatch()
    for number in 0..<eventCount {
      try events.add(number, to: events.aggregate(number), batch)
      if batch.count == Self.batchCount || number == eventCount - 1 {
        try log.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    try log.close()
  }

  private var stride: Int { (events.payloadBytes + 6 + 7) & ~7 }

  /// One aggregate at a time, all its events, every byte of their payloads.
  func load(_ name: String) throws -> BenchFigure {
    try fill()
    let log = try openStore()
    defer { try? log.close() }
    let mapping = try BenchRawFile.map(events, eventCount, stride: stride, directory.path)
    let names = (0..<events.aggregates).map(events.name)
    let perAggregate = eventCount / events.aggregates
    var random = BenchRandom(seed: 3)
    var sum: UInt64 = 0
    // Everything once, so that both sides find it in memory and Annals has verified it.
    try sumAll(log, &sum)
    sumAll(mapping, &sum)
    let times = try alternate(name) { times in
      try time(64, count: 1, &times) {
        let aggregate = random.below(events.aggregates)
        for round in 0..<perAggregate {
          let start = events.number(of: aggregate, round: round) * stride
          sum &+= mapping.bytes.extracting(start..<start + events.payloadBytes).checkSum
        }
      }
    } annals: { times in
      try time(64, count: 1, &times) {
        var cursor = try log.cursor(.aggregate(names[random.below(events.aggregates)]))
        while let event = try cursor.next() { sum &+= event.payload.checkSum }
      }
    }
    keep(sum)
    return BenchFigure(
      name: name,
      unit: "loads",
      annals: times.annals,
      raw: .init(name: "mmap", times: times.raw)
    )
  }

  /// All events in order, every byte of their payloads; checksums were verified before.
  func replay(_ name: String) throws -> BenchFigure {
    try fill()
    let log = try openStore()
    defer { try? log.close() }
    let mapping = try BenchRawFile.map(events, eventCount, stride: stride, directory.path)
    var sum: UInt64 = 0
    let times = try alternate(name, callsMax: 10_000) { times in
      try time(1, count: eventCount, &times) { sumAll(mapping, &sum) }
    } annals: { times in
      try time(1, count: eventCount, &times) { try sumAll(log, &sum) }
    }
    keep(sum)
    return BenchFigure(
      name: name,
      unit: "events",
      annals: times.annals,
      raw: .init(name: "mmap", times: times.raw)
    )
  }

  /// Opening the store again; nothing the system does compares.
  func open(_ name: String) throws -> BenchFigure {
    try fill()
    let times = try alternate(name, callsMax: 1000, raw: nil) { times in
      let start = SystemClock.monotonicNanoseconds()
      let log = try openStore()
      times.add(SystemClock.monotonicNanoseconds() - start, count: 1)
      try log.close()
    }
    return BenchFigure(name: name, unit: "openings", annals: times.annals, raw: nil)
  }

  private func sumAll(_ log: EventLog, _ sum: inout UInt64) throws {
    var count = 0
    var cursor = try log.cursor()
    while let event = try cursor.next() {
      sum &+= event.payload.checkSum
      count += 1
    }
    guard count == eventCount else {
      throw CommandFailure(
        .problems,
        "a replay gave \(count.grouped) of \(eventCount.grouped) events"
      )
    }
  }

  private func sumAll(_ mapping: Mapping, _ sum: inout UInt64) {
    let bytes = mapping.bytes
    for number in 0..<eventCount {
      let start = number * stride
      sum &+= bytes.extracting(start..<start + events.payloadBytes).checkSum
    }
  }

  /// Makes the compiler believe that a value matters.
  @inline(never)
  private func keep(_ value: UInt64) {}
}

extension Span<UInt8> {
  /// The sum that stands for "every byte was read"; words by hand, since a generic of another
  /// module would cost more than the reading.
  fileprivate var checkSum: UInt64 {
    unsafe withUnsafeBytes { raw in
      var sum: UInt64 = 0
      var offset = 0
      while offset &+ 8 <= raw.count {
        sum &+= unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset &+= 8
      }
      while offset < raw.count {
        sum &+= unsafe UInt64(raw[offset])
        offset &+= 1
      }
      return sum
    }
  }
}
