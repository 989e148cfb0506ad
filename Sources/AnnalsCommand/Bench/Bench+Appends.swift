internal import AnnalsLog

extension Bench {
  /// As many calls as fit the bytes a measurement may write.
  private func callsMax(_ eventsPerCall: Int) -> Int {
    max(1, min(1_000_000, Self.bytesMax / (events.recordBytes * eventsPerCall)))
  }

  func appendWritten(_ name: String) throws -> BenchFigure {
    try written(name, count: 1, slice: 256)
  }

  func appendBatch(_ name: String) throws -> BenchFigure {
    try written(name, count: Self.batchCount, slice: 16)
  }

  /// Appends that survive the process, of `count` events of one aggregate each.
  private func written(_ name: String, count: Int, slice: Int) throws -> BenchFigure {
    let log = try openStore()
    defer { try? log.close() }
    var file = try BenchRawFile(directory.path, recordBytes: events.recordBytes * count)
    let batch = EventBatch()
    var random = BenchRandom(seed: 1)
    var number = 0
    let times = try alternate(name, callsMax: callsMax(count)) { times in
      try time(slice, count: count, &times) { try file.write() }
    } annals: { times in
      try time(slice, count: count, &times) {
        batch.removeAll()
        let aggregate = random.below(events.aggregates)
        for _ in 0..<count {
          try events.add(number, to: aggregate, batch)
          number += 1
        }
        try log.append(batch, durability: .written)
      }
    }
    return BenchFigure(
      name: name,
      unit: "events",
      annals: times.annals,
      raw: .init(name: "pwrite", times: times.raw)
    )
  }

  /// Appends that survive power loss, one after the other.
  func appendDurable(_ name: String) throws -> BenchFigure {
    let log = try openStore()
    defer { try? log.close() }
    var file = try BenchRawFile(directory.path, recordBytes: events.recordBytes)
    let batch = EventBatch()
    var random = BenchRandom(seed: 2)
    var number = 0
    let times = try alternate(name, callsMax: callsMax(1)) { times in
      try time(1, count: 1, &times) {
        try file.write()
        try file.sync()
      }
    } annals: { times in
      try time(1, count: 1, &times) {
        batch.removeAll()
        try events.add(number, to: random.below(events.aggregates), batch)
        number += 1
        try log.append(batch)
      }
    }
    return BenchFigure(
      name: name,
      unit: "events",
      annals: times.annals,
      raw: .init(name: "pwrite+fdatasync", times: times.raw)
    )
  }

  /// The same by sixteen tasks at a time; beside it what a writer would do that always finds all
  /// sixteen waiting.
  func appendDurableMany(_ name: String) throws -> BenchFigure {
    let log = try openStore()
    defer { try? log.close() }
    var file = try BenchRawFile(directory.path, recordBytes: events.recordBytes * Self.callers)
    var slices = 0
    let each = 32
    let times = try alternate(name, callsMax: callsMax(1)) { times in
      try time(each, count: Self.callers, &times) {
        try file.write()
        try file.sync()
      }
    } annals: { times in
      let start = SystemClock.monotonicNanoseconds()
      let calls = try blocking { [events, first = slices * each * Self.callers] in
        try await Self.append(events, log, each: each, first: first)
      }
      let duration = SystemClock.monotonicNanoseconds() - start
      times.add(calls, count: calls.count, in: duration)
      slices += 1
    }
    return BenchFigure(
      name: name,
      unit: "events",
      annals: times.annals,
      raw: .init(name: "pwrite+fdatasync of 16", times: times.raw)
    )
  }

  private static func append(
    _ events: BenchEvents,
    _ log: EventLog,
    each: Int,
    first: Int
  ) async throws -> [UInt32] {
    try await withThrowingTaskGroup(of: [UInt32].self) { group in
      for caller in 0..<callers {
        group.addTask {
          let batch = EventBatch()
          var calls: [UInt32] = []
          for number in 0..<each {
            let start = SystemClock.monotonicNanoseconds()
            batch.removeAll()
            let index = first + number * callers + caller
            try events.add(index, to: index % events.aggregates, batch)
            try await log.append(batch)
            calls.append(UInt32(clamping: SystemClock.monotonicNanoseconds() - start))
          }
          return calls
        }
      }
      var all: [UInt32] = []
      for try await calls in group { all += calls }
      return all
    }
  }
}
