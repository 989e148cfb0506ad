import Annals
import AnnalsLog
import Benchmark
import Foundation

/// The engine's own parts, one by one, each with what it allocates, retains and locks.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput] + Counters.metrics,
    warmupIterations: 3,
    scalingFactor: .kilo,
    maxDuration: .milliseconds(500),
    maxIterations: 100_000
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
    Benchmark("CRC, \(count) bytes") { benchmark in
      benchmark.counted {
        for _ in benchmark.scaledIterations { blackHole(CRC32C.checksum(block.span)) }
      }
    }
  }
  for (name, count) in [("one event", 1), ("100 events", 100)] {
    let made = Frames(eventsPerFrame: count)
    Benchmark("frame, \(name): find, verify, decode") { benchmark in
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
  func slot(_ hash: KeyHash) -> KeySlot {
    KeySlot(hash: hash, packed: 1, newest: 1, segment: 1)
  }
  Benchmark("index: insert a key") { benchmark in
    var table = KeyTable(expecting: benchmark.scaledIterations.count)
    benchmark.counted {
      for number in benchmark.scaledIterations { table.set(slot(hashes[number])) }
    }
    blackHole(table.count)
  }
  var table = KeyTable(expecting: hashes.count)
  for hash in hashes { table.set(slot(hash)) }
  let full = table
  Benchmark("index: look up one of 100,000 keys") { benchmark in
    benchmark.counted {
      for number in benchmark.scaledIterations {
        blackHole(full.find(hashes[number &* 7919 % hashes.count]))
      }
    }
  }
}

// MARK: Log

private func log() {
  let made = Store("log")
  let batch = EventBatch()
  Benchmark("append, one written event") { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        try made.add(number, to: number, batch)
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append, 100 written events of one aggregate", configuration: .few) { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        for event in 0..<100 { try made.add(event, to: number, batch) }
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append, 100 written events of 100 aggregates", configuration: .few) { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        batch.removeAll()
        for event in 0..<100 { try made.add(event, to: number &* 100 &+ event, batch) }
        try made.log.append(batch, durability: .written)
      }
    }
  }
  Benchmark("append, one durable event", configuration: .one) { benchmark in
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
  Benchmark("cursor: load of 20 events") { benchmark in
    try benchmark.counted {
      for number in benchmark.scaledIterations {
        var cursor = try made.log.cursor(.aggregate(made.name(number)))
        while let event = try cursor.next() { blackHole(event.payload.count) }
      }
    }
  }
  Benchmark("cursor: scan, a thousand events") { benchmark in
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
  Benchmark("snapshot, 4 KiB: save", configuration: .few) { benchmark in
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
  Benchmark("snapshot, 4 KiB: load") { benchmark in
    benchmark.counted {
      for _ in benchmark.scaledIterations {
        let found = made.log.snapshots.load(made.name(1), fingerprint: 9, through: 2)
        if found == nil { benchmark.error("the snapshot is gone") }
      }
    }
  }
}
