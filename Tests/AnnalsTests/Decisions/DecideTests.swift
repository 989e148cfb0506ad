import Annals
import AnnalsTesting
import Testing

/// Students take courses with few seats, and may take few courses: no aggregate can say both.
private enum CourseEvent: Event {
  case defined(course: String, seats: Int)
  case taken(course: String, student: String)

  static let schema = EventSchema<CourseEvent>(cases: [
    "defined": "CourseDefined", "taken": "CourseTaken",
  ])

  var tags: [String] {
    switch self {
    case .defined(let course, _): ["course:\(course)"]
    case .taken(let course, let student): ["course:\(course)", "student:\(student)"]
    }
  }
}

private struct Seats: EventFold {
  let course: String
  var free = 0
  var query: Query { Query(tags: ["course:\(course)"]) }

  init(_ course: String) { self.course = course }

  mutating func apply(_ event: CourseEvent, _ record: borrowing EventView) {
    switch event {
    case .defined(_, let seats): free += seats
    case .taken: free -= 1
    }
  }
}

private struct Load: EventFold {
  let student: String
  var courses = 0
  var query: Query { Query(types: ["CourseTaken"], tags: ["student:\(student)"]) }

  init(_ student: String) { self.student = student }

  mutating func apply(_ event: CourseEvent, _ record: borrowing EventView) { courses += 1 }
}

private enum Refusal: Error, Equatable { case full, tooMany }

@Suite struct DecideTests {
  private func take(
    _ course: String,
    by student: String,
    in store: EventStore
  ) async throws(ExecuteError<Refusal>) {
    try await store.decide(on: Seats(course), Load(student)) { seats, load throws(Refusal) in
      guard seats.free > 0 else { throw .full }
      guard load.courses < 2 else { throw .tooMany }
      let taken = CourseEvent.taken(course: course, student: student)
      return [Change("course-\(course)", [taken])]
    }
  }

  @Test func bothRulesHoldAcrossAggregates() async throws {
    let store = try EventStore.inMemory()
    for course in ["art", "law", "math"] {
      let defined = CourseEvent.defined(course: course, seats: 2)
      try await store.append([defined], to: AggregateID("course-\(course)"))
    }
    try await take("art", by: "ada", in: store)
    try await take("law", by: "ada", in: store)
    await #expect(throws: ExecuteError<Refusal>.self) {
      try await take("math", by: "ada", in: store)
    }
    try await take("art", by: "bob", in: store)
    await #expect(throws: ExecuteError<Refusal>.self) {
      try await take("art", by: "eve", in: store)
    }
    #expect(store.head == 6)
  }

  @Test func noSeatIsTakenTwiceInARush() async throws {
    var options = StoreOptions()
    options.retriesMax = 1000
    let store = try EventStore.inMemory(options: options)
    try await store.append([CourseEvent.defined(course: "art", seats: 20)], to: "course-art")
    let taken = await withTaskGroup(of: Bool.self) { group in
      for student in 0..<60 {
        group.addTask {
          do throws(ExecuteError<Refusal>) {
            try await take("art", by: "student-\(student)", in: store)
            return true
          } catch {
            guard case .refused(.full) = error else {
              Issue.record("\(error)")
              return false
            }
            return false
          }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(taken == 20)
    #expect(store.head == 21)
  }

  @Test func theConditionFollowsFromTheModels() throws {
    let store = try EventStore.inMemory()
    try store.append([CourseEvent.defined(course: "art", seats: 2)], to: "course-art")
    let model = try store.decisionModel(Seats("art"), Load("ada"))
    let (seats, load) = model.models
    #expect(seats.free == 2)
    #expect(load.courses == 0)
    #expect(model.position == 1)
    let other = CourseEvent.taken(course: "law", student: "bob")
    try store.append([Change("course-law", [other])], when: model.condition)
    let mine = CourseEvent.taken(course: "art", student: "bob")
    try store.append([Change("course-art", [mine])], when: model.condition)
    #expect(throws: StoreError.self) {
      try store.append([Change("course-art", [mine])], when: model.condition)
    }
  }
}
