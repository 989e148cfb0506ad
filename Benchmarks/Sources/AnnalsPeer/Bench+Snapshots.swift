import AnnalsLog
import Foundation

extension Bench {
  /// Puts and gets states of 4 KiB.
  ///
  /// A snapshot of Annals stands on an event of its aggregate: the states are put on its versions,
  /// one after the other, and where there are no more, on the first with another shape.
  func snapshots() throws {
    let log = try open()
    var random = Random(arguments.seed + 9)
    let states = (0..<512).map { _ in PeerWorkload.json(4096, &random) }
    let different = min(arguments.aggregates, 20_000)
    let names = (0..<different).map(workload.name)
    let places = try positions(log, different)
    var puts = [Int](repeating: 0, count: different)
    var last = [(state: Int, shape: UInt64)?](repeating: nil, count: different)
    let count = arguments.operations / 2
    sync()
    let before = Disk.usage(store).allocated
    var latency = Histogram()
    var meter = Meter()
    for _ in 0..<count {
      let aggregate = random.below(different)
      let state = random.below(states.count)
      let known = places[aggregate]
      let version = puts[aggregate] % known.count
      let shape = UInt64(puts[aggregate] / known.count)
      let snapshot = Snapshot(
        version: UInt64(version) + 1,
        position: known[version],
        fingerprint: shape,
        state: states[state]
      )
      let start = now()
      let isKept = try log.snapshots.save(snapshot, of: names[aggregate])
      latency.add(now() - start)
      if !isKept { throw Failure("a snapshot was not kept") }
      puts[aggregate] += 1
      last[aggregate] = (state, shape)
    }
    meter.stop()
    // Where blocks are assigned late.
    sync()
    let after = Disk.usage(store).allocated
    var line = line("snapshot-put")
    line.integer("ops", count)
    line.number("ops_per_s", Double(count) / meter.wall)
    line.number("cpu_us_per_op", (meter.cpuUser + meter.cpuSystem) / Double(count) * 1e6)
    line.number("disk_bytes_per_put", Double(after - before) / Double(count))
    line.latency(latency)
    line.meter(meter)
    line.print()

    latency = Histogram()
    meter = Meter()
    var found = 0
    let head = log.head().rawValue
    for number in 0..<arguments.operations {
      let aggregate = random.below(different)
      let shape = last[aggregate]?.shape ?? 0
      let start = now()
      let snapshot = log.snapshots.load(names[aggregate], fingerprint: shape, through: head)
      latency.add(now() - start)
      if (snapshot != nil) != (last[aggregate] != nil) { throw Failure("a snapshot is missing") }
      guard let snapshot, let kept = last[aggregate] else { continue }
      if number % 64 == 0, snapshot.state != states[kept.state] {
        throw Failure("a wrong snapshot")
      }
      found += 1
    }
    meter.stop()
    line = self.line("snapshot-get")
    line.integer("ops", arguments.operations)
    line.integer("found", found)
    line.number("ops_per_s", Double(arguments.operations) / meter.wall)
    line.number(
      "cpu_us_per_op",
      (meter.cpuUser + meter.cpuSystem) / Double(arguments.operations) * 1e6
    )
    line.latency(latency)
    line.meter(meter)
    line.print()
    try log.close()
  }

  /// The positions of the events of the first aggregates.
  private func positions(_ log: EventLog, _ different: Int) throws -> [[UInt64]] {
    try (0..<different).map { aggregate in
      var positions: [UInt64] = []
      var cursor = try log.cursor(.aggregate(workload.name(aggregate)))
      while let event = try cursor.next() { positions.append(event.position.rawValue) }
      // Where the workload gave it none: one of its own, so that a state can stand on it.
      if positions.isEmpty { throw Failure("aggregate \(aggregate) has no events") }
      return positions
    }
  }
}
