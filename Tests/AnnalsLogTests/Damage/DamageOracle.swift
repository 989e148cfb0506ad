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
      let versions = events.count { $0.aggregate == aggregate }
      var request = ReadRequest.aggregate(aggregate)
      request.until = UInt64(versions / 2)
      path("first half of \(aggregate.text)", request) {
        $0.aggregate == aggregate && $0.version.rawValue <= request.until
      }
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

  /// Walks one path to its end, asking on behind each error; and where that is possible, once more
  /// with a new cursor behind each error, as a program does that saves what it can.
  private func judgePath(
    _ name: String,
    _ log: EventLog,
    _ request: ReadRequest,
    _ expected: [RecordedEvent],
    isByVersion: Bool,
    lost: Set<UInt64>
  ) -> Complaints {
    var walk = Walk(lost: lost)
    let isUndamaged = walk.goOn(log, request, expected)
    var complaints = judge(walk, "\(name), going on", expected)
    if isUndamaged || isByVersion { return complaints }
    walk = Walk(lost: lost)
    walk.beginAgain(log, request, expected)
    complaints += judge(walk, "\(name), beginning again", expected)
    return complaints
  }

  /// What came of walking a path.
  private struct Walk {
    let lost: Set<UInt64>
    var found: [RecordedEvent] = []
    var excused: [PositionRange] = []
    var complaints: Complaints = []

    init(lost: Set<UInt64>) { self.lost = lost }

    /// Notes an error; false if no more are to be borne.
    mutating func bear(_ error: LogError) -> Bool {
      guard case .corrupt(let corruption) = error else {
        complaints.append("an error that is no corruption: \(error)")
        return false
      }
      guard let positions = corruption.positions else {
        complaints.append("an error without positions: \(error)")
        return false
      }
      excused.append(positions)
      if excused.count > 8 + lost.count { complaints.append("more errors than damages") }
      return complaints.isEmpty
    }

    /// Reads with one cursor; true if there was no error.
    mutating func goOn(
      _ log: EventLog,
      _ request: ReadRequest,
      _ expected: [RecordedEvent]
    ) -> Bool {
      do throws(LogError) {
        var cursor = try log.cursor(request)
        while true {
          do throws(LogError) {
            while let event = try cursor.next() {
              found.append(event.copy())
              if found.count > expected.count {
                complaints.append("too many events")
                return false
              }
            }
            return excused.isEmpty
          } catch {
            if !bear(error) { return false }
          }
        }
      } catch {
        // No cursor without knowing where the events stand.
        beginAgain(log, request, expected, error)
        return false
      }
    }

    /// Reads with a new cursor behind each error.
    mutating func beginAgain(
      _ log: EventLog,
      _ request: ReadRequest,
      _ expected: [RecordedEvent],
      _ first: LogError? = nil
    ) {
      var request = request
      var failure = first
      while true {
        if let error = failure {
          if !bear(error) { return }
          guard let positions = excused.last else { return }
          if request.isReversed {
            guard positions.first > .start else { return }
            request.until = positions.first.rawValue - 1
          } else {
            request.after = positions.last.rawValue
          }
        }
        do throws(LogError) {
          var cursor = try log.cursor(request)
          while let event = try cursor.next() {
            found.append(event.copy())
            if found.count > expected.count {
              complaints.append("too many events")
              return
            }
          }
          return
        } catch {
          failure = error
        }
      }
    }
  }

  /// Holds what was read against what is there.
  private func judge(_ walk: Walk, _ name: String, _ expected: [RecordedEvent]) -> Complaints {
    var complaints = walk.complaints.map { "\(name): \($0)" }
    let read = Set(walk.found.map(\.position))
    let kept = expected.filter { read.contains($0.position) }
    if walk.found != kept { complaints.append("\(name): other events than were written") }
    for event in expected where !read.contains(event.position) {
      let isExcused = walk.excused.contains {
        $0.first <= event.position && event.position <= $0.last
      }
      if !isExcused { complaints.append("\(name): \(event.position) is missing without an error") }
      if !walk.lost.contains(event.position.rawValue) {
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
