internal import AnnalsLog

/// What `annals bench` can measure.
enum BenchWorkload: String, CaseIterable {
  case appendWritten = "append-written"
  case appendBatch = "append-batch"
  case appendDurable = "append-durable-1"
  case appendDurableMany = "append-durable-16"
  case load
  case replay
  case open
}

/// Measures named workloads in a directory, each in turn with the same work by system calls alone,
/// so that whatever else the machine does disturbs both.
struct Bench {
  let directory: BenchDirectory
  let events: BenchEvents
  /// How many events the store has that is read and opened.
  let eventCount: Int
  /// How long each side of a workload is measured.
  let nanoseconds: UInt64
  let isJSON: Bool

  /// Batches have so many events.
  static let batchCount = 100
  /// So many callers append at a time.
  static let callers = 16
  /// No workload makes more calls than this, nor writes more bytes.
  private static let callsMax = 1_000_000
  static let bytesMax = 1 << 30

  /// Measures one workload.
  func run(_ workload: BenchWorkload) throws -> BenchFigure {
    defer { directory.removeWork() }
    switch workload {
    case .appendWritten: return try appendWritten(workload.rawValue)
    case .appendBatch: return try appendBatch(workload.rawValue)
    case .appendDurable: return try appendDurable(workload.rawValue)
    case .appendDurableMany: return try appendDurableMany(workload.rawValue)
    case .load: return try load(workload.rawValue)
    case .replay: return try replay(workload.rawValue)
    case .open: return try open(workload.rawValue)
    }
  }

  var store: String { directory.path(BenchDirectory.store) }

  /// Opens the store with the defaults, as a program does.
  func openStore() throws(LogError) -> EventLog { try EventLog(at: store) }

  /// Runs slices of both sides in turn until the time is over; the first of each warms up and does
  /// not count.
  func alternate(
    _ name: String,
    callsMax: Int = callsMax,
    raw: ((inout BenchTimes) throws -> Void)?,
    annals: (inout BenchTimes) throws -> Void
  ) throws -> (raw: BenchTimes, annals: BenchTimes) {
    var progress = ProgressBar(name, unit: "calls", total: nil, json: isJSON)
    var times = (raw: BenchTimes(), annals: BenchTimes())
    var warming = BenchTimes()
    try raw?(&warming)
    try annals(&warming)
    let budget = raw == nil ? nanoseconds : 2 * nanoseconds
    let start = SystemClock.monotonicNanoseconds()
    repeat {
      try raw?(&times.raw)
      try annals(&times.annals)
      progress.update(times.annals.calls)
    } while !Interruption.isAsked && times.annals.calls < callsMax
      && SystemClock.monotonicNanoseconds() - start < budget
    progress.finish()
    return times
  }

  /// Runs `body` `calls` times and notes how long each took.
  func time(
    _ calls: Int,
    count: Int,
    _ times: inout BenchTimes,
    _ body: () throws -> Void
  ) throws {
    for _ in 0..<calls {
      let start = SystemClock.monotonicNanoseconds()
      try body()
      times.add(SystemClock.monotonicNanoseconds() - start, count: count)
    }
  }
}
