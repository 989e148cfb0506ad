import AnnalsLog
import AnnalsTesting
import Testing

/// A cursor works in memory that the thread's last one left: nothing of that one may show.
@Suite struct CursorMemoryTests {
  private static let path = "/s"

  /// Fifteen events of each of four aggregates, in frames of five, in segments of five frames.
  private func makeLog(_ name: UInt8) throws -> EventLog {
    let log = try EventLog(at: Self.path, options: simulatedOptions(SimulatedFileSystem()))
    for frame in 0..<12 {
      let events = (0..<5).map { index in
        let number = frame * 5 + index
        let payload = [name, UInt8(number)] + [UInt8](repeating: 0, count: number * 3)
        return NewEvent(type: "T\(name)", payload: payload)
      }
      try log.append(events, to: AggregateID("a-\(frame % 4)"))
      if frame % 5 == 4 { try DamageStore.roll(log) }
    }
    return log
  }

  private func numbers(_ count: Int, of aggregate: Int) -> [UInt8] {
    (0..<count).map { UInt8(($0 / 5 * 4 + aggregate) * 5 + $0 % 5) }
  }

  @Test func cursorsInTurnsDoNotMix() throws {
    let logs = [try makeLog(1), try makeLog(2)]
    for _ in 0..<3 {
      var one = try logs[0].cursor(.aggregate("a-1"))
      var found: [[UInt8]] = [[], [], []]
      for _ in 0..<6 {
        found[0].append(try #require(try one.next()?.payload[1]))
        var two = try logs[1].cursor(.aggregate("a-2"))
        while let event = try two.next() {
          #expect(event.payload[0] == 2 && event.type == "T2")
          found[1].append(event.payload[1])
        }
        // Left in the middle.
        var three = try logs[0].cursor(.aggregate("a-3"))
        for _ in 0..<3 { found[2].append(try #require(try three.next()?.payload[1])) }
      }
      #expect(found[0] == numbers(6, of: 1))
      #expect(found[1] == (0..<6).flatMap { _ in numbers(15, of: 2) })
      #expect(found[2] == (0..<6).flatMap { _ in numbers(3, of: 3) })
      let event = try one.next()?.copy()
      #expect(event?.type == "T1" && event?.aggregate == "a-1" && event?.version == 7)
    }
  }

  /// The events of a frame that are given without a question are counted, and end where they should.
  @Test func everyBoundOfAScanHolds() throws {
    let log = try makeLog(1)
    for after in stride(from: 0, through: 60, by: 3) {
      for until in stride(from: after, through: 62, by: 4) {
        for limit in [0, 1, 2, 4, 5, 6, 24, 25, 26, Int.max] {
          var request = ReadRequest.all(after: Position(UInt64(after)))
          request.until = UInt64(until)
          request.limit = limit
          var cursor = try log.cursor(request)
          var found: [UInt64] = []
          while let event = try cursor.next() {
            #expect(event.payload[1] == UInt8(event.position.rawValue - 1))
            #expect(event.payload.count == 2 + Int(event.position.rawValue - 1) * 3)
            found.append(event.position.rawValue)
          }
          let last = min(60, until)
          let expected = after < last ? Array(UInt64(after + 1)...UInt64(last)) : []
          #expect(found == Array(expected.prefix(limit)))
          let isAtEnd = try cursor.next() == nil
          #expect(isAtEnd)
        }
      }
    }
  }

  @Test func whatAKeyOfManyEventsTookIsNotKept() throws {
    let log = try EventLog(at: Self.path, options: simulatedOptions(SimulatedFileSystem()))
    let events = (0..<5_000).map { _ in NewEvent(type: "T", payload: [], tags: ["t"]) }
    for _ in 0..<20 { try log.append(events, to: "a-1") }
    for request in [ReadRequest.aggregate("a-1"), .matching(Query(tags: ["t"]))] {
      var cursor = try log.cursor(request)
      var count = 0
      while try cursor.next() != nil { count += 1 }
      #expect(count == 100_000)
    }
    #expect(CursorMemory.take(log.core.types).growingBytes <= 256 << 10)
    try log.close()
  }

  @Test func whatAThreadKeepsHoldsNoSegment() throws {
    weak var held: Segment?
    weak var view: LogView?
    do {
      let log = try makeLog(1)
      var whole = try log.cursor(.aggregate("a-1"))
      while try whole.next() != nil {}
      var begun = try log.cursor(.aggregate("a-2"))
      _ = try begun.next()
      held = log.core.currentView.segments.first
      view = log.core.currentView
      #expect(held != nil)
      try log.close()
    }
    #expect(held == nil && view == nil)
  }
}
