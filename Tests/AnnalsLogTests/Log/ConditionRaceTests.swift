import AnnalsLog
import AnnalsTesting
import Testing

/// Conditions of appends that race: what one demands not to exist, another is just appending.
@Suite struct ConditionRaceTests {
  private static let seats = 150
  private static let callers = 8

  /// Takes seat `number`, unless somebody has: by its tag, whatever aggregate has it.
  private static func batch(_ number: Int, _ caller: Int) throws -> EventBatch {
    let batch = EventBatch()
    let event = NewEvent(type: "Taken", payload: [UInt8(caller)], tags: ["seat-\(number)"])
    try batch.add(event, to: AggregateID("guest-\(caller)"))
    batch.condition = AppendCondition(
      noEventMatching: Query(types: ["Taken"], tags: ["seat-\(number)"]),
      after: .start
    )
    return batch
  }

  private static func check(_ log: EventLog, _ taken: [Int]) throws {
    // Every seat was taken by one, and by one only; the log says so as well.
    #expect(taken == Array(repeating: 1, count: seats))
    for number in 0..<seats {
      let found = try log.read(.matching(Query(tags: ["seat-\(number)"])))
      #expect(found.count == 1)
    }
    #expect(log.head() == Position(UInt64(seats)))
  }

  private static func attempt(
    _ append: () throws(LogError) -> Receipt
  ) -> Bool {
    do throws(LogError) {
      _ = try append()
      return true
    } catch {
      if case .conditionFailed = error { return false }
      Issue.record("\(error)")
      return false
    }
  }

  @Test func ofThreadsThatTakeASeatOneGetsIt() throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store")
    let lock = Lock()
    let taken = Cell([Int](repeating: 0, count: Self.seats))
    var threads: [AnnalsLog.Thread] = []
    for caller in 0..<Self.callers {
      threads.append(
        try AnnalsLog.Thread(name: "guest") {
          for number in 0..<Self.seats {
            guard let batch = try? Self.batch(number, caller) else { return }
            let durability: Durability = number % 3 == 0 ? .written : .durable
            let isTaken = Self.attempt { () throws(LogError) in
              try log.append(batch, durability: durability)
            }
            if isTaken { lock.withLock { taken.value[number] += 1 } }
          }
        }
      )
    }
    for thread in threads { thread.join() }
    try log.sync()
    try Self.check(log, taken.value)
    try log.close()
  }

  @Test func ofTasksThatTakeASeatOneGetsIt() async throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store")
    var taken: [Int] = []
    for number in 0..<Self.seats {
      let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
        for caller in 0..<Self.callers {
          group.addTask {
            let batch = try Self.batch(number, caller)
            do throws(LogError) {
              _ = try await log.append(batch)
              return true
            } catch {
              guard case .conditionFailed(let conflict) = error else { throw error }
              #expect(conflict.found == Position(UInt64(number + 1)))
              return false
            }
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      taken.append(winners)
    }
    try Self.check(log, taken)
    try log.close()
  }
}
