import AnnalsLog
import AnnalsTesting

/// What was promised, as positions: everything up to the position survives.
typealias Promises = Acknowledgements<UInt64>

extension Story {
  static let path = "/store"

  /// The options of the story's log on `disk`: no thread and no clock of its own.
  func logOptions(_ disk: SimulatedFileSystem) -> LogOptions {
    var result = LogOptions()
    result.fileSystem = disk
    result.hasMaintenanceThread = false
    result.firstSegmentBytes = options.firstSegmentBytes
    result.segmentBytes = options.segmentBytes
    result.preallocation = options.preallocation
    result.interimFooterBytes = options.interimFooterBytes
    result.stagesWithoutThread = options.stages
    result.clock = { 1_700_000_000_000_000 }
    return result
  }

  /// Opens the story's log.
  func open(_ disk: SimulatedFileSystem) throws(LogError) -> EventLog {
    try EventLog(at: Self.path, options: logOptions(disk))
  }

  /// The disk as the prelude leaves it.
  func preparedDisk() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    if !prelude.isEmpty { try run(prelude, from: 0, disk, Promises()) }
    return disk
  }

  /// Does the steps of the story and notes what is handed in and what is promised.
  func run(_ disk: SimulatedFileSystem, _ promises: Promises) throws {
    let before = UInt64(appends.prefix(preludeCount).reduce(0) { $0 + $1.events.count })
    promises.submit(before)
    promises.acknowledge(before)
    try run(steps, from: preludeCount, disk, promises)
  }

  private func run(
    _ steps: [Step],
    from start: Int,
    _ disk: SimulatedFileSystem,
    _ promises: Promises
  ) throws {
    var expected = ExpectedLog(appends.prefix(start))
    var log = try open(disk)
    for step in steps {
      switch step {
      case .append(let append, let durability):
        let batch = try expected.makeBatch(append)
        expected.add(append)
        promises.submit(expected.head)
        let receipt = try log.append(batch, durability: durability)
        guard receipt.lastPosition.rawValue == expected.head else {
          throw Violation("\(receipt) for the append up to \(expected.head)")
        }
        promises.acknowledge(
          expected.head,
          surviving: durability == .durable ? .powerCut : .kill
        )
      case .sync:
        try log.sync()
        promises.acknowledge(expected.head)
      case .reopen:
        try log.close()
        promises.acknowledge(expected.head)
        log = try open(disk)
      case .restart:
        log = try restart(log, disk)
        promises.acknowledge(expected.head)
      case .close:
        try log.close()
        promises.acknowledge(expected.head)
      }
      // What readers are shown by default survives everything.
      promises.acknowledge(log.head().rawValue)
    }
  }

  /// A new process on the same disk: the old one's lock is released, its log is never closed.
  private func restart(
    _ log: EventLog,
    _ disk: SimulatedFileSystem
  ) throws(LogError) -> EventLog {
    log.abandon()
    return try open(disk)
  }
}

extension EventLog {
  /// Lets the log do nothing more, not even at its end, as if its process had been killed.
  func abandon() {
    guard let writer else { return }
    writer.lock.withLock { writer.poison = SystemError(.lock, file: "abandoned", errno: 0) }
    writer.directoryLock.release()
  }
}

/// Something that a log must never do.
struct Violation: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
