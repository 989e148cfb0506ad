import AnnalsLog
import Foundation

extension Bench {
  /// One aggregate at a time, whole or its last events.
  func load() throws {
    let contents = try loadContents()
    let names = (0..<arguments.aggregates).map(workload.name)
    try evict()
    let log = try open()
    var random = Random(arguments.seed + 5)
    var latency = Histogram()
    var sum: UInt64 = 0
    var loaded: UInt64 = 0
    var operations = 0
    func one() throws {
      let aggregate = workload.pick(&random)
      let version = contents.versions[aggregate]
      let isTail = arguments.tail != 0 && version > arguments.tail
      let after = isTail ? version - arguments.tail : 0
      var found: UInt64 = 0
      let start = now()
      var cursor = try log.cursor(.aggregate(names[aggregate], after: Version(after)))
      while let event = try cursor.next() {
        sum &+= sumOfBytes(event.payload)
        found += 1
      }
      latency.add(now() - start)
      if found != version - after { throw Failure("wrong number of events loaded") }
      loaded += found
      operations += 1
    }
    if !arguments.isCold {
      // Everything into the caches.
      var cursor = try log.cursor()
      while let event = try cursor.next() { sum &+= sumOfBytes(event.payload) & 1 }
      for _ in 0..<arguments.operations / 2 { try one() }
      latency = Histogram()
      loaded = 0
      operations = 0
    }
    let meter = Meter()
    let end = seconds() + arguments.seconds
    while operations < arguments.operations, seconds() < end { try one() }
    meter.stop()
    let count = Double(operations)
    var line = line(arguments.isCold ? "load-cold" : "load-warm")
    line.integer("ops", operations)
    line.number("events_per_op", Double(loaded) / count)
    line.number("ops_per_s", count / meter.wall)
    line.number("events_per_s", Double(loaded) / meter.wall)
    line.number("cpu_us_per_op", (meter.cpuUser + meter.cpuSystem) / count * 1e6)
    line.integer("check", sum & 0xffff)
    line.latency(latency)
    line.meter(meter)
    line.print()
    try log.close()
  }

  /// Everything, in order, every byte of the payloads summed.
  func replay() throws {
    let contents = try loadContents()
    // Before the store is mapped: what is mapped can not be evicted.
    let disk = arguments.isCold ? try Disk.calibrateRead(store) : 0
    if arguments.isCold { try evict() } else { Disk.readAll(store) }
    let log = try open()
    for pass in 0..<(arguments.isCold ? 1 : arguments.repeats + 1) {
      var sum: UInt64 = 0
      var bytes = 0
      var next: UInt64 = 1
      var isOrdered = true
      let meter = Meter()
      var cursor = try log.cursor()
      while let event = try cursor.next() {
        sum &+= sumOfBytes(event.payload)
        bytes += event.payload.count
        isOrdered = isOrdered && event.position.rawValue == next
        next += 1
      }
      meter.stop()
      let count = Int(next - 1)
      if count != contents.events || sum != contents.sum || !isOrdered {
        throw Failure("a replay does not match what was appended")
      }
      // The first pass verifies the checksums of everything, and maps the files.
      let name = arguments.isCold ? "replay-cold" : pass == 0 ? "replay-first" : "replay-warm"
      var line = line(name)
      line.integer("events", count)
      line.number("events_per_s", Double(count) / meter.wall)
      line.number("payload_gb_per_s", Double(bytes) / meter.wall / 1e9)
      line.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / Double(count) * 1e6)
      if arguments.isCold {
        line.number("disk_read_gb_per_s", disk)
        line.number("payload_share_of_disk", Double(bytes) / meter.wall / 1e9 / disk)
      }
      line.meter(meter)
      line.print()
    }
    try log.close()
  }

  /// One writer beside one reader that replays from the start, over and over.
  func concurrent() throws {
    var contents = try loadContents()
    let log = try open()
    let stop = Flag()
    let outcomes = ReaderOutcome()
    let before = contents.events
    let meter = Meter()
    let ended = DispatchSemaphore(value: 0)
    Thread {
      do {
        var from: UInt64 = 1
        var sum: UInt64 = 0
        var read = 0
        var bytes = 0
        while !stop.isSet {
          var request = ReadRequest.all(after: Position(from - 1))
          request.limit = 4096
          let start = from
          var cursor = try log.cursor(request)
          while let event = try cursor.next() {
            if event.position.rawValue != from { throw Failure("the reader saw a gap") }
            from += 1
            sum &+= sumOfBytes(event.payload)
            bytes += event.payload.count
          }
          read += Int(from - start)
          // At the end: start over.
          if from == start { from = 1 }
        }
        outcomes.set(read: read, bytes: bytes, sum: sum)
      } catch { outcomes.set(error) }
      ended.signal()
    }.start()
    var random = Random(arguments.seed + 13)
    let batch = EventBatch()
    let end = seconds() + arguments.seconds
    while seconds() < end {
      try append(1, to: workload.pick(&random), log, batch, &contents)
    }
    stop.set()
    ended.wait()
    meter.stop()
    let (read, bytes) = try outcomes.get()
    try log.close()
    try contents.save(contentsPath)
    var line = line("concurrent")
    line.number("append_per_s", Double(contents.events - before) / meter.wall)
    line.number("replay_per_s", Double(read) / meter.wall)
    line.number("replay_gb_per_s", Double(bytes) / meter.wall / 1e9)
    line.meter(meter)
    line.print()
  }
}

/// A wish to stop.
final class Flag: @unchecked Sendable {
  // Checked how: touched only under `lock`.
  private let lock = NSLock()
  private var value = false

  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}

/// What the reader beside the writer has done.
final class ReaderOutcome: @unchecked Sendable {
  // Checked how: touched only under `lock`.
  private let lock = NSLock()
  private var result: Result<(Int, Int), any Error> = .success((0, 0))
  private var sum: UInt64 = 0

  func set(read: Int, bytes: Int, sum: UInt64) {
    lock.withLock {
      result = .success((read, bytes))
      self.sum = sum
    }
  }

  func set(_ error: any Error) { lock.withLock { result = .failure(error) } }
  func get() throws -> (Int, Int) { try lock.withLock { try result.get() } }
}
