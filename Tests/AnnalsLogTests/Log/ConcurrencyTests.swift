import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct ConcurrencyTests {
  /// Options that make rolls, seals and merges happen often.
  private func smallOptions() -> LogOptions {
    var options = LogOptions()
    options.firstSegmentBytes = 64 << 10
    options.segmentBytes = 256 << 10
    return options
  }

  @Test func manyTasksAppendAtOnceAndEveryEventIsThereOnce() async throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: smallOptions())
    let tasks = 64
    let each = 100
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask {
          let id = AggregateID("task-\(task)")
          for number in 1...each {
            let receipt = try await log.append(
              [NewEvent(type: "Done", payload: Array("\(task)/\(number)".utf8))],
              to: id,
              expecting: .exactly(Version(UInt64(number - 1)))
            )
            #expect(receipt.version == Version(UInt64(number)))
            #expect(log.durableThrough >= receipt.lastPosition)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(log.head() == Position(UInt64(tasks * each)))
    for task in 0..<tasks {
      let events = try log.events(of: AggregateID("task-\(task)"))
      #expect(
        events.map { String(decoding: $0.payload, as: UTF8.self) }
          == (1...each).map { "\(task)/\($0)" }
      )
    }
    try log.close()
    let again = try EventLog(at: directory.path + "/store", options: smallOptions())
    #expect(try again.read().map(\.position.rawValue) == Array(1...UInt64(tasks * each)))
  }

  @Test func oneOfTwoConcurrentWritersOfAVersionWins() async throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: smallOptions())
    for round in 0..<50 {
      let winners = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          group.addTask {
            do throws(LogError) {
              try await log.append(
                [NewEvent(type: "Taken", payload: [])],
                to: "seat-1",
                expecting: .exactly(Version(UInt64(round)))
              )
              return true
            } catch {
              guard case .versionConflict(let conflict) = error else {
                Issue.record("\(error)")
                return false
              }
              #expect(conflict.actual == Version(UInt64(round + 1)))
              #expect((try? conflict.missedEvents(in: log).count) == 1)
              return false
            }
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(winners == 1)
    }
  }

  @Test func threadsAndTasksAndReadersTogether() async throws {
    let directory = TemporaryDirectory()
    let log = try EventLog(at: directory.path + "/store", options: smallOptions())
    let threads = 8
    let each = 60
    try await withThrowingTaskGroup(of: Void.self) { group in
      for thread in 0..<threads {
        let body: @Sendable () -> Void = {
          let batch = EventBatch()
          for number in 0..<each {
            batch.removeAll()
            do throws(LogError) {
              for _ in 0..<3 {
                try batch.add(
                  "Done",
                  to: "thread-\(thread)".utf8Span.span,
                  payload: [UInt8](repeating: 7, count: 500).span
                )
              }
              try log.append(batch, durability: number % 3 == 0 ? .durable : .written)
            } catch {
              Issue.record("\(error)")
            }
          }
        }
        let handle = try Thread(name: "test", body: body)
        group.addTask { handle.join() }
      }
      for reader in 0..<2 {
        group.addTask {
          var last: UInt64 = 0
          while last < UInt64(threads * each * 3) {
            var request = ReadRequest.all(after: Position(last))
            request.visibility = reader == 0 ? .durable : .written
            for event in try log.read(request) {
              #expect(event.position.rawValue == last + 1)
              last = event.position.rawValue
            }
            if log.writtenThrough.rawValue == UInt64(threads * each * 3) { try log.sync() }
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
    for thread in 0..<threads {
      #expect(try log.version(of: AggregateID("thread-\(thread)")) == Version(UInt64(each * 3)))
    }
  }

  @Test func aSecondWriterIsRefusedAndReadersAreNot() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/store"
    let log = try EventLog(at: path)
    try log.append([NewEvent(type: "Done", payload: [])], to: "a-1")
    #expect(throws: LogError.locked(path: path)) { try EventLog(at: path) }
    var options = LogOptions()
    options.access = .readOnly
    let reader = try EventLog(at: path, options: options)
    #expect(try reader.read().count == 1)
    for number in 2...200 {
      try log.append(
        [NewEvent(type: "Done", payload: [UInt8](repeating: 1, count: 20_000))],
        to: "a-1"
      )
      #expect(try reader.wait(after: Position(UInt64(number - 1)), milliseconds: 100_000))
      #expect(try reader.events(after: Position(UInt64(number - 1))).count == 1)
    }
    #expect(try reader.events(of: "a-1").map(\.version.rawValue) == Array(1...200))
    #expect(throws: LogError.readOnly) { try reader.sync() }
    try log.close()
    let next = try EventLog(at: path)
    try next.append([NewEvent(type: "Done", payload: [])], to: "a-1")
    #expect(try reader.wait(after: 200, milliseconds: 100_000))
    #expect(try reader.version(of: "a-1") == 201)
  }
}
