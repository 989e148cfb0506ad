import AnnalsLog
import AnnalsTesting

/// A life of a log on a disk whose calls fail, of a process that goes on as well as it can.
///
/// Every error must be a typed one that fits what it follows; every append it does not report as
/// done must be absent, but for the one whose outcome is unknown.
struct FaultyLife {
  let story: Story
  let disk: SimulatedFileSystem
  private(set) var promises = Promises()
  /// The log as far as it is known.
  private var expected: ExpectedLog
  /// The append that may be there or not.
  private var unknown: PlannedAppend?
  /// What a reopening without a crash must show.
  private var isPoisoned = false
  private var log: EventLog?
  private var abandoned: [EventLog] = []
  /// Every append that may be in the log, as the oracle wants them.
  private(set) var history: Story

  init(_ story: Story, _ disk: SimulatedFileSystem) {
    self.story = story
    self.disk = disk
    expected = ExpectedLog(story.appends.prefix(story.preludeCount))
    history = story
    promises.submit(expected.head)
    promises.acknowledge(expected.head)
  }

  /// Lives the story while `failure` is in force, and on without it.
  mutating func run(_ failure: FaultPlan.Failure) throws {
    disk.withFaults { $0.fail(failure) }
    try openOrAccept()
    for step in story.steps { try take(step) }
    disk.withFaults { $0.clearFailures() }
    // Once the disk is well the same process goes on: after a reopening, if the writer is poisoned.
    if isPoisoned { try reopen() }
    if log == nil { try openOrAccept() }
    guard log != nil else { throw Violation("no opening after the failures ended") }
    for number in 80...82 {
      try append(PlannedAppend(number, byteCount: 3000, hasKey: number == 81), .durable)
      if unknown != nil || isPoisoned { throw Violation("poisoned by a disk that is well") }
    }
    try check()
    try log?.close()
    log = nil
  }

  /// A story that ends with exactly what the log may hold, for the oracle.
  func oracle() -> Oracle {
    var life = story
    life.prelude = []
    life.steps = (expected.appends + (unknown.map { [$0] } ?? [])).map { .append($0) }
    return Oracle(story: life)
  }

  private mutating func take(_ step: Step) throws {
    switch step {
    case .append(let append, let durability):
      try self.append(append, durability)
    case .sync:
      try attempt { (log) throws(LogError) in try log.sync() }
    case .reopen, .close:
      try attempt { (log) throws(LogError) in try log.close() }
      log = nil
      try openOrAccept()
    case .restart:
      log?.abandon()
      log = nil
      try openOrAccept()
    }
    try check()
  }

  private mutating func append(_ append: PlannedAppend, _ durability: Durability) throws {
    if log == nil { try openOrAccept() }
    guard let log else { return }
    let batch = try expected.makeBatch(append)
    let end = expected.head + UInt64(append.events.count)
    let receipt: Receipt
    do throws(LogError) {
      receipt = try log.append(batch, durability: durability)
    } catch {
      return try note(error, of: append)
    }
    guard !isPoisoned else { throw Violation("\(receipt) from a poisoned writer") }
    guard receipt.lastPosition.rawValue == end else {
      throw Violation("\(receipt) for the append up to \(end)")
    }
    expected.add(append)
    promises.submit(end)
    promises.acknowledge(end, surviving: durability == .durable ? .powerCut : .kill)
  }

  private mutating func note(_ error: LogError, of append: PlannedAppend? = nil) throws {
    switch error {
    case .diskFull: break
    case .system: break
    case .outcomeUnknown:
      guard !isPoisoned else { throw Violation("\(error) from a poisoned writer") }
      isPoisoned = true
      if let append {
        unknown = append
        promises.submit(expected.head + UInt64(append.events.count))
      }
    case .writerPoisoned:
      isPoisoned = true
    default:
      throw Violation("an error that does not fit: \(error)")
    }
  }

  private mutating func attempt(_ body: (EventLog) throws(LogError) -> Void) throws {
    guard let log else { return }
    do throws(LogError) {
      try body(log)
    } catch {
      return try note(error)
    }
    if !isPoisoned { promises.acknowledge(expected.head) }
  }

  /// Opens the log if the disk allows; then it must hold what it held.
  private mutating func openOrAccept() throws {
    do throws(LogError) {
      log = try story.open(disk)
    } catch {
      switch error {
      case .system, .diskFull:
        // A sync may have failed in it: what was only written may be lost from here on.
        isPoisoned = true
        return
      default: throw Violation("opening failed with \(error)")
      }
    }
    try settle()
  }

  private mutating func reopen() throws {
    log?.abandon()
    // Somebody still holds it, and with it the pages it has mapped.
    abandoned += log.map { [$0] } ?? []
    log = nil
    try openOrAccept()
  }

  /// Takes up what the opened log holds of what was written and never proved.
  private mutating func settle() throws {
    guard let log else { return }
    let head = log.head(.written).rawValue
    let possible = expected.appends + (unknown.map { [$0] } ?? [])
    let least = promises.acknowledged(surviving: isPoisoned ? .powerCut : .kill).max() ?? 0
    guard let count = ExpectedLog.count(possible, through: head), head >= least else {
      throw Violation("opened up to \(head), promised \(least), possible \(possible.count)")
    }
    expected = ExpectedLog(possible.prefix(count))
    unknown = nil
    isPoisoned = false
    let renewed = Promises()
    renewed.submit(head)
    renewed.acknowledge(head)
    promises = renewed
    try expected.check(log)
  }

  /// What the log shows now is what was acknowledged, also while calls fail.
  private func check() throws {
    guard let log else { return }
    guard log.head(.written).rawValue == expected.head else {
      throw Violation("shows \(log.head(.written)), acknowledged \(expected.head)")
    }
    do {
      try expected.check(log)
    } catch let error as LogError {
      // A disk that refuses to be read is allowed to say so.
      guard case .system = error else { throw error }
    }
    let durable = promises.acknowledged(surviving: .powerCut).max() ?? 0
    guard log.durableThrough.rawValue >= durable else {
      throw Violation("durable through \(log.durableThrough), acknowledged \(durable)")
    }
    promises.acknowledge(log.head(.durable).rawValue)
  }
}
