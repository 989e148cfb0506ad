import Annals
import AnnalsLog
import Benchmark
import Foundation

/// The engine's own parts, one by one, each with what it allocates, retains and locks.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: Counters.areAlone ? Counters.metrics : [.wallClock] + Counters.metrics,
    warmupIterations: 3,
    scalingFactor: .kilo,
    maxDuration: .milliseconds(500),
    maxIterations: 100_000,
    thresholds: Counters.tolerances(200)
  )
  Counters.prove()
  bytes()
  index()
  log()
  layer()
}

// MARK: Bytes

private func bytes() {
  for count in [256, 64 << 10] {
    let block = [UInt8](repeating: 7, count: count)
    Benchmark("crc-\(count)-bytes") { benchmark in
      benchmark.counted {
        for _ in benchmark.scaledIterations { blackHole(CRC32C.checksum(block.span)) }
      }
    }
  }
  for (name, count) in [("one-event", 1), ("100-events", 100)] {
    let made = Frames(eventsPerFrame: count)
    Benchmark("frame-of-\(name)") { benchmark in
      benchmark.counted {
        for number in benchmark.scaledIterations { blackHole(made.decode(number)) }
      }
    }
  }
}

// MARK: Index

private func index() {
  let hashes = (0..<100_000).map { number -> KeyHash in
    var random = Random(UInt64(number))
    return KeyHash(high: random.next(), low: random.next())
  }
  Benchmark("index-insert") { benchmark in
    var index = KeyIndex.State()
    index.table.reserve(benchmark.scaledIterations.count)
    benchmark.counted {
      for number in benchmark.scaledIterations {
        index.setKnown(hashes[number], .aggregate, version: 1, segment: 1)
      }
    }
    blackHole(index.table.count)
  }
  var index = KeyIndex.State()
  for hash in hashes { index.setKnown(hash, .aggregate, version: 1, segment: 1) }
  let full = index
  Benchmark("index-lookup") { benchmark in
    benchmark.counted {
      for number in benchmark.scaledIterations {
        blackHole(full.knownSlot(hashes[number &* 7919 % hashes.count]))
      }
    }
  }
}

// MARK: Log

private func log() {
  let made = Store("log")
  let batch = EventBatch()
  Benchmark("append-written") { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        try made.add(number, to: number, batch)
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append-100-of-one-aggregate", configuration: .few) { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        for event in 0..<100 { try made.add(event, to: number, batch) }
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append-100-of-100-aggregates", configuration: .few) { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        for event in 0..<100 { try made.add(event, to: number &* 100 &+ event, batch) }
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append-durable", configuration: .timed) { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        try made.add(number, to: number, batch)
        try made.log.append(batch)
      }
    }
  }
  reads()
  snapshots()
}

private func reads() {
  let made = Store("reads")
  made.fill(rounds: 20)
  Benchmark("cursor-load-of-20-events") { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        var cursor = try made.log.cursor(.aggregate(made.name(number)))
        while let event = try cursor.next() { blackHole(event.payload.count) }
      }
    }
  }
  Benchmark("cursor-scan") { benchmark in
    var request = ReadRequest.all()
    request.limit = benchmark.scaledIterations.count
    try benchmark.counted {
      var cursor = try made.log.cursor(request)
      while let event = try cursor.next() { blackHole(event.payload.count) }
    }
  }
}

private func snapshots() {
  let made = Store("snapshots")
  made.fill(rounds: 1)
  try? made.log.sync()
  let state = made.text(4096)
  var version: UInt64 = 0
  Benchmark("snapshot-save-4-KiB", configuration: .timed) { benchmark in
    // A state on one event, with another shape each time, so that none is as new as the next.
    try benchmark.counted {
      for _ in benchmark.scaledIterations {
        version += 1
        let snapshot = Snapshot(version: 1, position: 1, fingerprint: version, state: state)
        try made.log.snapshots.save(snapshot, of: made.name(0))
      }
    }
  }
  let snapshot = Snapshot(version: 1, position: 2, fingerprint: 9, state: state)
  do { try made.log.snapshots.save(snapshot, of: made.name(1)) } catch { fail(error) }
  Benchmark("snapshot-load-4-KiB") { benchmark in
    benchmark.counted {
      for _ in benchmark.scaledIterations {
        let found = made.log.snapshots.load(made.name(1), fingerprint: 9, through: 2)
        if found == nil { benchmark.error("the snapshot is gone") }
      }
    }
  }
}
