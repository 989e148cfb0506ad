import AnnalsLog
import Foundation

/// What one of several callers has done.
struct CallerOutcome {
  var latency = Histogram()
  var count = 0
  var sum: UInt64 = 0
}

/// Collects what the callers have done, or why one could not go on.
final class Outcomes: @unchecked Sendable {
  // Checked how: everything is touched only under `lock`.
  private let lock = NSLock()
  private var all: [CallerOutcome] = []
  private var failure: (any Error)?

  func add(_ outcome: CallerOutcome) { lock.withLock { all.append(outcome) } }
  func add(_ error: any Error) { lock.withLock { failure = failure ?? error } }

  func get() throws -> [CallerOutcome] {
    try lock.withLock {
      if let failure { throw failure }
      return all
    }
  }
}

/// The versions of all aggregates, which the callers share out among them.
@safe
final class SharedVersions: @unchecked Sendable {
  // Checked how: a caller touches only the aggregates whose number leaves its own number when
  // divided by the number of callers.
  private let numbers: UnsafeMutableBufferPointer<UInt64>

  init(_ versions: [UInt64]) {
    unsafe numbers = .allocate(capacity: versions.count)
    _ = unsafe numbers.initialize(from: versions)
  }

  deinit { unsafe numbers.deallocate() }

  subscript(_ index: Int) -> UInt64 {
    get { unsafe numbers[index] }
    set { unsafe numbers[index] = newValue }
  }

  var array: [UInt64] { unsafe Array(numbers) }
}

extension Bench {
  /// Appends of one event that survive power loss, by threads that block or by tasks.
  func durable() throws {
    var contents = try loadContents()
    // What earlier phases left unwritten is not this one's cost.
    sync()
    let log = try open(isDurable: true)
    var calibration = try Disk.calibrateSync(arguments.directory)
    let versions = SharedVersions(contents.versions)
    let outcomes = Outcomes()
    let first = contents.events
    let group = DispatchGroup()
    let meter = Meter()
    let end = seconds() + arguments.seconds
    for caller in 0..<arguments.threads {
      group.enter()
      if arguments.isTasks {
        // Detached: hopping from the main actor would cost more than the append.
        Task.detached { [self] in
          do {
            var outcome = CallerOutcome()
            var random = Random(arguments.seed + 1000 + UInt64(caller))
            let batch = EventBatch()
            while seconds() < end, outcome.count < arguments.events {
              guard let aggregate = pick(&random, caller) else { continue }
              let number = first + outcome.count * arguments.threads + caller
              let start = now()
              try fill(batch, number, aggregate, versions[aggregate])
              try await log.append(batch)
              account(number, aggregate, start, &outcome, versions)
            }
            outcomes.add(outcome)
          } catch { outcomes.add(error) }
          group.leave()
        }
      } else {
        Thread { [self] in
          do {
            var outcome = CallerOutcome()
            var random = Random(arguments.seed + 1000 + UInt64(caller))
            let batch = EventBatch()
            while seconds() < end, outcome.count < arguments.events {
              guard let aggregate = pick(&random, caller) else { continue }
              let number = first + outcome.count * arguments.threads + caller
              let start = now()
              try fill(batch, number, aggregate, versions[aggregate])
              try log.append(batch)
              account(number, aggregate, start, &outcome, versions)
            }
            outcomes.add(outcome)
          } catch { outcomes.add(error) }
          group.leave()
        }.start()
      }
    }
    group.wait()
    meter.stop()
    var latency = Histogram()
    var done = 0
    for outcome in try outcomes.get() {
      latency.merge(outcome.latency)
      done += outcome.count
      contents.sum &+= outcome.sum
    }
    calibration = (calibration + (try Disk.calibrateSync(arguments.directory))) / 2
    contents.events += done
    contents.versions = versions.array
    guard log.head(.durable).rawValue == UInt64(contents.events) else {
      throw Failure("positions do not match the events")
    }
    try log.close()
    try contents.save(contentsPath)
    let rate = Double(done) / meter.wall
    var line = line("durable")
    line.integer("threads", arguments.threads)
    line.text("mode", arguments.isTasks ? "tasks" : "native")
    line.integer("events", done)
    line.number("events_per_s", rate)
    line.number("calib_sync_us", calibration)
    line.number("per_calib_sync", rate * calibration / 1e6)
    line.number("cpu_us_per_event", (meter.cpuUser + meter.cpuSystem) / Double(done) * 1e6)
    line.latency(latency)
    line.meter(meter)
    line.print()
  }

  /// Each caller has its own aggregates: it is the optimistic check that is measured, not made-up
  /// conflicts.
  @inline(__always)
  private func pick(_ random: inout Random, _ caller: Int) -> Int? {
    var aggregate = workload.pick(&random)
    aggregate -= aggregate % arguments.threads
    aggregate += caller
    return aggregate < arguments.aggregates ? aggregate : nil
  }

  @inline(__always)
  private func fill(
    _ batch: EventBatch,
    _ number: Int,
    _ aggregate: Int,
    _ version: UInt64
  ) throws(LogError) {
    batch.removeAll()
    try workload.expect(version, of: aggregate, batch)
    try workload.add(number, to: aggregate, batch)
  }

  @inline(__always)
  private func account(
    _ number: Int,
    _ aggregate: Int,
    _ start: UInt64,
    _ outcome: inout CallerOutcome,
    _ versions: SharedVersions
  ) {
    outcome.latency.add(now() - start)
    outcome.count += 1
    outcome.sum &+= workload.sum(number)
    versions[aggregate] += 1
  }
}
