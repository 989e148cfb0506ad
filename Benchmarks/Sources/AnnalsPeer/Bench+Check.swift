import AnnalsLog
import Foundation

extension Bench {
  private struct Recorded {
    var aggregate: Int
    var version: UInt64
    var number: Int
  }

  /// Holds the store against a model in memory, before and after reopening.
  func check() throws {
    try makeFresh()
    var log = try open()
    var random = Random(arguments.seed)
    var contents = Contents(aggregates: arguments.aggregates)
    var model: [Recorded] = []
    let batch = EventBatch()
    func add(_ count: Int, to aggregate: Int) throws {
      for offset in 0..<count {
        model.append(
          Recorded(
            aggregate: aggregate,
            version: contents.versions[aggregate] + UInt64(offset) + 1,
            number: contents.events + offset
          )
        )
      }
      try append(count, to: aggregate, log, batch, &contents)
    }
    for _ in 0..<arguments.events {
      let aggregate = workload.pick(&random)
      if random.below(10) == 0 { try appendStale(to: aggregate, log, contents) }
      try add(random.below(4) == 0 ? 1 + random.below(5) : 1, to: aggregate)
    }
    try verify(log, model, contents)
    for _ in 0..<2 {
      try log.close()
      log = try open()
      try verify(log, model, contents)
      if log.head().rawValue != UInt64(contents.events) { throw Failure("check: head") }
      try appendStale(to: 3, log, contents)
      try add(1, to: 3)
      try verify(log, model, contents)
    }
    try checkSnapshots(log)
    try log.close()
    var line = line("check")
    line.text("result", "ok")
    line.integer("events", contents.events)
    line.print()
  }

  private func verify(_ log: EventLog, _ model: [Recorded], _ contents: Contents) throws {
    var index = 0
    var cursor = try log.cursor()
    while let event = try cursor.next() {
      guard index < model.count else { throw Failure("check: too many events") }
      let known = model[index]
      index += 1
      guard event.position.rawValue == UInt64(index),
        event.aggregate == workload.name(known.aggregate),
        event.version.rawValue == known.version,
        event.type == PeerWorkload.type(known.number),
        event.time == PeerWorkload.time(known.number),
        event.copy().payload.elementsEqual(workload.payload(known.number))
      else { throw Failure("check: event \(index) differs") }
    }
    guard index == model.count else { throw Failure("check: wrong number of events") }
    for aggregate in stride(from: 0, to: arguments.aggregates, by: 7) {
      let version = contents.versions[aggregate]
      let name = workload.name(aggregate)
      guard try log.version(of: name).rawValue == version else { throw Failure("check: version") }
      for after in [0, version / 2, version] {
        var expected = after
        var cursor = try log.cursor(.aggregate(name, after: Version(after)))
        while let event = try cursor.next() {
          expected += 1
          let known = model[Int(event.position.rawValue) - 1]
          guard event.version.rawValue == expected, known.version == expected,
            known.aggregate == aggregate,
            event.copy().payload.elementsEqual(workload.payload(known.number))
          else { throw Failure("check: the events of \(name)") }
        }
        guard expected == version else { throw Failure("check: how many events \(name) has") }
      }
    }
  }

  private func checkSnapshots(_ log: EventLog) throws {
    try log.sync()
    let name = workload.name(3)
    let positions = try log.events(of: name).map(\.position.rawValue)
    guard positions.count >= 2 else { throw Failure("check: too few events for snapshots") }
    let head = log.head().rawValue
    guard log.snapshots.load(name, fingerprint: 1, through: head) == nil else {
      throw Failure("check: no snapshot yet")
    }
    for (index, state) in [[UInt8](), [UInt8](repeating: 120, count: 5000)].enumerated() {
      let snapshot = Snapshot(
        version: UInt64(index) + 1,
        position: positions[index],
        fingerprint: 1,
        state: state
      )
      guard try log.snapshots.save(snapshot, of: name),
        log.snapshots.load(name, fingerprint: 1, through: head) == snapshot
      else { throw Failure("check: snapshot") }
    }
  }
}
