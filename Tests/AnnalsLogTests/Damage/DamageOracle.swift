import AnnalsLog
import AnnalsTesting

/// Judges what a damaged store says: the original events, or errors that name a place.
struct DamageOracle {
  let events: [RecordedEvent]
  let aggregates: [AggregateID]
  let types: [String]
  let tags: [String]

  /// What is wrong, as sentences for a test's failure; empty if all is as it must be.
  typealias Complaints = [String]

  /// An oracle of a store that holds `events`.
  init(_ events: [RecordedEvent]) {
    self.events = events
    aggregates = Set(events.map(\.aggregate)).sorted { $0.text < $1.text }
    types = Set(events.map(\.type)).sorted()
    tags = Set(events.flatMap(\.tags)).sorted()
  }

  /// Reads in every way, and demands that nothing but the events at `lost` is missing, and that
  /// for those an error names the place.
  func judge(_ log: EventLog, lost: Set<UInt64>) -> Complaints {
    var complaints: Complaints = []
    func path(
      _ name: String,
      _ request: ReadRequest,
      _ isAsked: (RecordedEvent) -> Bool
    ) {
      let expected = events.filter(isAsked)
      let isByVersion = request.aggregate != nil
      for isReversed in [false, true] {
        for isGuarded in [true, false] where isGuarded || name == "all" {
          var request = request
          request.isReversed = isReversed
          request.isGuarded = isGuarded
          let wanted = isReversed ? expected.reversed() : expected
          complaints += judgePath(
            "\(name)\(isReversed ? " reversed" : "")\(isGuarded ? "" : " lent")",
            log,
            request,
            wanted,
            isByVersion: isByVersion,
            lost: lost
          )
        }
      }
    }
    path("all", .all()) { _ in true }
    for aggregate in aggregates {
      path("aggregate \(aggregate.text)", .aggregate(aggregate)) { $0.aggregate == aggregate }
    }
    for tag in tags {
      path("tag \(tag)", .matching(Query(tags: [tag]))) { $0.tags.contains(tag) }
    }
    for type in types {
      path("type \(type)", .matching(Query(types: [type]))) { $0.type == type }
    }
    let middle = events[events.count / 2].time
    var request = ReadRequest.all()
    request.since = middle
    path("since", request) { $0.time >= middle }
    complaints += judgeVersions(log, lost: lost)
    return complaints
  }

  private func judgeVersions(_ log: EventLog, lost: Set<UInt64>) -> Complaints {
    var complaints: Complaints = []
    for aggregate in aggregates {
      let mine = events.filter { $0.aggregate == aggregate }
      do throws(LogError) {
        let version = try log.version(of: aggregate)
        if version != mine.last?.version {
          complaints.append(
            "version of \(aggregate.text) is \(version), not \(mine.last?.version ?? 0)"
          )
        }
      } catch {
        complaints += judgeError(error, "version of \(aggregate.text)")
        if lost.isEmpty { complaints.append("version of \(aggregate.text): \(error)") }
      }
    }
    do throws(LogError) {
      let absent = try log.version(of: "nobody-1")
      if absent != .none { complaints.append("nobody-1 has version \(absent)") }
    } catch {
      if lost.isEmpty { complaints.append("version of nobody-1: \(error)") }
    }
    return complaints
  }

  /// Walks one path, starting again behind each error, as a program that saves what it can does.
  private func judgePath(
    _ name: String,
    _ log: EventLog,
    _ request: ReadRequest,
    _ expected: [RecordedEvent],
    isByVersion: Bool,
    lost: Set<UInt64>
  ) -> Complaints {
    var complaints: Complaints = []
    var request = request
    var found: [RecordedEvent] = []
    var excused: [PositionRange] = []
    for attempt in 0... {
      if attempt > 8 { return complaints + ["\(name): more than eight errors"] }
      do throws(LogError) {
        var cursor = try log.cursor(request)
        while let event = try cursor.next() {
          found.append(event.copy())
          if found.count > expected.count { return complaints + ["\(name): too many events"] }
        }
        break
      } catch {
        complaints += judgeError(error, name)
        guard case .corrupt(let corruption) = error, let positions = corruption.positions else {
          return complaints + ["\(name): an error without positions: \(error)"]
        }
        excused.append(positions)
        if request.isReversed {
          guard let next = expected.first(where: { $0.position < positions.first }) else { break }
          request.until = isByVersion ? next.version.rawValue : positions.first.rawValue - 1
        } else {
          guard let next = expected.first(where: { $0.position > positions.last }) else { break }
          request.after = isByVersion ? next.version.rawValue - 1 : positions.last.rawValue
        }
      }
    }
    let kept = expected.filter { event in found.contains { $0.position == event.position } }
    if found != kept { complaints.append("\(name): other events than were written") }
    for event in expected where !kept.contains(event) {
      let isExcused = excused.contains {
        $0.first <= event.position && event.position <= $0.last
      }
      if !isExcused { complaints.append("\(name): \(event.position) is missing without an error") }
      if !lost.contains(event.position.rawValue) {
        complaints.append("\(name): \(event.position) is lost though its frame is whole")
      }
    }
    return complaints
  }

  /// An error must name a file of the store.
  func judgeError(_ error: LogError, _ name: String) -> Complaints {
    switch error {
    case .corrupt, .truncatedFile, .missingFile, .unsupportedVersion, .system: []
    default: ["\(name): \(error) names no place"]
    }
  }
}
