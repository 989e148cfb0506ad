/// Runs a workload, stops it everywhere, and checks what every kind of death leaves of its disk.
///
/// The workload is run once to learn its calls, and then again, on a new disk each time, for each
/// stop: before and after each call that changes anything, and inside each write. A workload that
/// is itself a recovery, started on the image of an earlier crash, gives nested crashes.
///
/// Deterministic if the workload is: the same options give the same states in the same order.
package struct CrashExplorer<Fact: Sendable> {
  /// What the explored process does.
  ///
  /// It throws when it is stopped, or swallows that.
  package typealias Workload = (SimulatedFileSystem, Acknowledgements<Fact>) throws -> Void
  /// Opens what is left and throws if it is not what was promised.
  package typealias Check = (SimulatedFileSystem, Death, Acknowledgements<Fact>) throws -> Void

  let options: CrashOptions
  private let start: () -> SimulatedFileSystem
  private let workload: Workload
  private let check: Check

  /// Creates an explorer; `start` makes the disk that the workload finds, anew on each call.
  package init(
    options: CrashOptions = CrashOptions(),
    start: @escaping () -> SimulatedFileSystem = { SimulatedFileSystem() },
    workload: @escaping Workload,
    check: @escaping Check
  ) {
    self.options = options
    self.start = start
    self.workload = workload
    self.check = check
  }

  /// Visits all states, up to the first that fails, and makes that one smaller.
  ///
  /// Throws what the workload throws when nothing stops it.
  package func explore() throws -> CrashReport {
    var report = CrashReport()
    let whole = try run(until: nil, isTracing: true)
    let trace = whole.disk.withFaults { $0.trace }
    report.operationCount = trace.count
    for stop in stops(trace) {
      let run = try run(until: stop)
      report.stopCount += 1
      for image in images(of: run.disk, at: report.stopCount) {
        report.stateCount += 1
        let crashCase = CrashCase(stop: stop, image: image.image)
        guard let message = failure(image.disk, crashCase.death, run.record) else { continue }
        let found = try failure(crashCase, message)
        report.failure = options.shrinkCountMax > 0 ? try shrink(found) : found
        return report
      }
    }
    return report
  }

  /// Visits a single state; nil if it passes.
  package func replay(_ crashCase: CrashCase) throws -> CrashFailure? {
    let run = try run(until: crashCase.stop)
    let disk = crashCase.apply(to: run.disk)
    guard let message = failure(disk, crashCase.death, run.record) else { return nil }
    return try failure(crashCase, message)
  }

  // MARK: - Runs

  /// A disk as the workload left it, and what the workload was promised.
  struct Run {
    let disk: SimulatedFileSystem
    let record: Acknowledgements<Fact>
  }

  /// Runs the workload on a new disk, up to `stop`.
  func run(until stop: FaultPlan.Stop?, isTracing: Bool = false) throws -> Run {
    let run = Run(disk: start(), record: Acknowledgements())
    run.disk.withFaults { faults in
      faults = FaultPlan()
      faults.stop(at: stop)
      faults.isTracing = isTracing
    }
    do {
      try workload(run.disk, run.record)
    } catch {
      guard run.disk.isStopped else { throw error }
    }
    return run
  }

  /// What the check has to say of `disk`; nil if it passes.
  func failure(
    _ disk: SimulatedFileSystem,
    _ death: Death,
    _ record: Acknowledgements<Fact>
  ) -> String? {
    do {
      try check(disk, death, record)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Runs the workload once more for its trace, which the exploration does not pay for.
  private func failure(_ crashCase: CrashCase, _ message: String) throws -> CrashFailure {
    let trace = try run(until: crashCase.stop, isTracing: true).disk.withFaults { $0.trace }
    return CrashFailure(
      crashCase: crashCase,
      seed: options.seed,
      message: message,
      trace: trace
    )
  }

  // MARK: - States

  /// Where the process is stopped, and at last nowhere.
  private func stops(_ trace: [Operation]) -> [FaultPlan.Stop?] {
    var random = SplitMix64(seed: options.seed)
    let every = everyStop(trace, &random)
    return sample(every, &random) + [nil]
  }

  /// Everywhere the process can be stopped.
  func everyStop(_ trace: [Operation], _ random: inout SplitMix64) -> [FaultPlan.Stop?] {
    var result: [FaultPlan.Stop?] = []
    for (index, operation) in trace.enumerated() {
      let call = index + 1
      // A stop at a call that changes nothing is the stop at the next one.
      guard operation.kind.isMutating || options.stopsAtReads else { continue }
      result.append(.before(call))
      if operation.kind == .write {
        for byteCount in tornByteCounts(operation.count, &random) {
          result.append(.torn(call, byteCount: byteCount))
        }
      }
      result.append(.after(call))
    }
    return result
  }

  /// As many of the stops as are wanted, drawn at random, in their order.
  private func sample(
    _ stops: [FaultPlan.Stop?],
    _ random: inout SplitMix64
  ) -> [FaultPlan.Stop?] {
    var wanted = options.stopCountMax
    guard stops.count > wanted else { return stops }
    var result: [FaultPlan.Stop?] = []
    for (index, stop) in stops.enumerated()
    where random.number(below: stops.count - index) < wanted {
      result.append(stop)
      wanted -= 1
    }
    return result
  }

  private func tornByteCounts(_ count: Int, _ random: inout SplitMix64) -> [Int] {
    guard count > 1 else { return [] }
    let drawn = (0..<options.tornCount).map { _ in 1 + random.number(below: count - 1) }
    return Set(drawn).sorted()
  }

  /// What the deaths of the process leave of `disk`, without repetitions.
  private func images(
    of disk: SimulatedFileSystem,
    at stop: Int
  ) -> some Sequence<(image: CrashCase.Image, disk: SimulatedFileSystem)> {
    var plans: [(image: CrashCase.Image, make: () -> SimulatedFileSystem)] = [
      (.killed, disk.killed)
    ]
    var placeCount: Int?
    for sectorByteCount in options.sectorByteCounts.sorted() {
      let cut = disk.powerCut(sectorByteCount: sectorByteCount, names: options.names)
      // Larger sectors of which none holds two smaller ones give the same images again.
      guard cut.places.count != placeCount else { break }
      placeCount = cut.places.count
      for (choice, versions) in choices(cut, stop) {
        let image = CrashCase.Image.powerCut(
          sectorByteCount: sectorByteCount,
          names: options.names,
          choice
        )
        plans.append((image, { cut.image(versions: versions) }))
      }
    }
    return plans.lazy.map { ($0.image, $0.make()) }
  }

  private func choices(_ cut: PowerCut, _ stop: Int) -> [(CrashChoice, [Int])] {
    let isExhaustive = cut.choiceCount <= options.exhaustiveMax
    let countMax = isExhaustive ? options.exhaustiveMax : options.sampleCount
    var seen: Set<[Int]> = []
    var result: [(CrashChoice, [Int])] = []
    for choice in cut.choices(atMost: countMax, seed: options.seed &+ UInt64(stop)) {
      let versions = cut.versions(choice)
      if seen.insert(versions).inserted { result.append((choice, versions)) }
    }
    return result
  }
}

/// How far an exploration goes.
package struct CrashOptions: Sendable {
  /// From which all random numbers come.
  package var seed: UInt64 = 1
  /// Up to how many images of one stop all are visited.
  package var exhaustiveMax = 64
  /// How many images of a stop are visited if there are more.
  package var sampleCount = 24
  /// The sector sizes; each should divide the next.
  package var sectorByteCounts = [512, 4096]
  /// Which changes of names can be lost.
  package var names = PowerCut.NameLoss.anySubset
  /// In how many places each write is torn.
  package var tornCount = 2
  /// At how many places the process is stopped at most; if there are more they are drawn at random.
  package var stopCountMax = Int.max
  /// Whether the process is also stopped at calls that change nothing.
  package var stopsAtReads = false
  /// How many states are checked at most to make one that failed smaller.
  package var shrinkCountMax = 400

  /// Creates the options that suit a test of a few seconds.
  package init() {}
}
