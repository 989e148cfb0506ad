import AnnalsLog
import Foundation

/// One path in a loop on one thread, for a profiler to look at.
struct Profile {
  private let arguments: Arguments
  private let workload: Workload

  init(_ arguments: Arguments) {
    self.arguments = arguments
    workload = Workload(arguments)
  }

  func run(_ what: String) throws {
    try Figures.withDirectory(arguments) { directory in
      let log = try EventLog(at: directory + "/profile")
      defer { try? log.close() }
      let batch = EventBatch()
      var random = Random(10)
      let start = threadNow()
      var count = 0
      switch what {
      case "lone":
        for number in 0..<arguments.events {
          batch.removeAll()
          try workload.add(number, to: random.below(workload.aggregates), batch)
          try log.append(batch, durability: .written)
        }
        count = arguments.events
      case "batches", "mixed":
        for number in 0..<arguments.events / 100 {
          batch.removeAll()
          let aggregate = random.below(workload.aggregates)
          for event in 0..<100 {
            try workload.add(
              number + event,
              to: what == "mixed" ? random.below(workload.aggregates) : aggregate,
              batch
            )
          }
          try log.append(batch, durability: .written)
        }
        count = arguments.events
      case "threads":
        try threads(log)
        return
      case "scan", "load", "scan-lone", "load-lone":
        let isLone = what.hasSuffix("lone")
        try StoreMaker.fill(log, workload, perAggregate: 20, batch: isLone ? 1 : 100)
        let prepared = threadNow()
        count = what.hasPrefix("scan") ? try scan(log) : try load(log)
        print(
          "\(what): \(Double(threadNow() - prepared) / Double(count)) ns an event, \(count) events"
        )
        return
      case "verify", "verify-lone":
        let size = what == "verify" ? 100 : 1
        try StoreMaker.fill(log, workload, perAggregate: 20, batch: size)
        try log.close()
        var time: UInt64 = 0
        for _ in 0..<arguments.rounds {
          let reopened = try EventLog(at: directory + "/profile")
          let prepared = threadNow()
          var cursor = try reopened.cursor()
          while let event = try cursor.next() {
            keep(sumOfBytes(event.payload))
            count += 1
          }
          time += threadNow() - prepared
          try reopened.close()
        }
        print("verify: \(Double(time) / Double(count)) ns an event, \(count) events")
        return
      default:
        throw Failure("nothing called \(what) to profile")
      }
      print("\(what): \(Double(threadNow() - start) / Double(count)) ns an event")
    }
  }

  /// Sixteen threads that wait for each durable append: what it costs all of them to run.
  private func threads(_ log: EventLog) throws {
    let callers = 16
    let each = arguments.events / callers
    let workload = workload
    let failures = Failures()
    let done = DispatchGroup()
    let (start, before) = (now(), processRan())
    for caller in 0..<callers {
      done.enter()
      Thread {
        do {
          let batch = EventBatch()
          for number in 0..<each {
            batch.removeAll()
            try workload.add(number, to: (caller * each + number) % workload.aggregates, batch)
            try log.append(batch)
          }
        } catch { failures.add(error) }
        done.leave()
      }.start()
    }
    done.wait()
    try failures.check()
    let count = Double(each * callers)
    let after = processRan()
    print(
      """
      threads: \(count * 1e9 / Double(now() - start)) events/s, \
      \((after.microseconds - before.microseconds) / count) us of processor and \
      \(Double(after.switches - before.switches) / count) switches an event
      """
    )
  }

  /// How long the process has run on any processor, and how often it gave one up.
  private func processRan() -> (microseconds: Double, switches: Int) {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func microseconds(_ time: timeval) -> Double {
      Double(time.tv_sec) * 1e6 + Double(time.tv_usec)
    }
    return (
      microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_nvcsw + usage.ru_nivcsw
    )
  }

  private func scan(_ log: EventLog) throws -> Int {
    var sum: UInt64 = 0
    var count = 0
    for _ in 0..<arguments.rounds {
      var cursor = try log.cursor()
      while let event = try cursor.next() {
        sum &+= sumOfBytes(event.payload)
        count += 1
      }
    }
    keep(sum)
    return count
  }

  private func load(_ log: EventLog) throws -> Int {
    let names = (0..<workload.aggregates).map(workload.name)
    var random = Random(11)
    var sum: UInt64 = 0
    var count = 0
    for _ in 0..<arguments.events {
      var cursor = try log.cursor(.aggregate(names[random.below(workload.aggregates)]))
      while let event = try cursor.next() {
        sum &+= sumOfBytes(event.payload)
        count += 1
      }
    }
    keep(sum)
    return count
  }
}
