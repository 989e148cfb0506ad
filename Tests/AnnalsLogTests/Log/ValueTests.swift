import AnnalsLog
import AnnalsTesting
import Foundation
import Testing

/// Small things that a log's types promise.
@Suite struct ValueTests {
  @Test func positionsAndNamesHaveAnOrder() {
    #expect(Position(3) < Position(4))
    #expect(!(Position(4) < Position(4)))
    #expect(AggregateID("a-1") < AggregateID("a-10"))
    #expect(AggregateID("a-10") < AggregateID("b"))
    #expect(!(AggregateID("ä") < AggregateID("z")))
  }

  /// Ids of each length, with a difference at each place, and two that Unicode holds equal.
  @Test func idsAreTheirBytes() {
    for count in 1...40 {
      let bytes = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
      let id = AggregateID(String(decoding: bytes, as: UTF8.self))
      let same = AggregateID(String(decoding: bytes, as: UTF8.self))
      #expect(id == same && id.hashValue == same.hashValue)
      var different: Set = [id]
      for place in 0..<count {
        var other = bytes
        other[place] = UInt8(ascii: "-")
        different.insert(AggregateID(String(decoding: other, as: UTF8.self)))
      }
      different.insert(AggregateID(id.text + "a"))
      #expect(different.count == count + 2)
      #expect(Set(different.map(\.hashValue)).count == count + 2)
    }
    #expect(AggregateID("\u{e9}") != AggregateID("e\u{301}"))
  }

  @Test func anIDHasSixteenBytes() {
    #expect(EventID(bytes: [UInt8](repeating: 1, count: 15)) == nil)
    #expect(EventID(bytes: [UInt8](repeating: 1, count: 17)) == nil)
    #expect(EventID(bytes: Array(0..<16))?.bytes == Array(0..<16))
  }

  @Test func aTimestampIsANumberToCoders() throws {
    let times = [Timestamp(microseconds: -5), Timestamp(microseconds: 1_750_000_000_000_001)]
    let plist = try PropertyListEncoder().encode(times)
    #expect(try PropertyListDecoder().decode([Timestamp].self, from: plist) == times)
    let numbers = try PropertyListDecoder().decode([Int64].self, from: plist)
    #expect(numbers == times.map(\.microseconds))
  }

  @Test func eachEventIsGivenUntilTheBodyThrows() throws {
    struct Enough: Error {}
    let log = try logWithEvents(SimulatedFileSystem(), 9)
    var seen: [UInt64] = []
    try log.forEach { seen.append($0.position.rawValue) }
    #expect(seen == Array(1...9))
    seen = []
    #expect(throws: Enough.self) {
      try log.forEach(.all(after: 2)) { event in
        if event.position == 6 { throw Enough() }
        seen.append(event.position.rawValue)
      }
    }
    #expect(seen == [3, 4, 5])
  }

  @Test func aWriterWaitsForItself() throws {
    let log = try logWithEvents(SimulatedFileSystem(), 3)
    #expect(try log.wait(after: 2, milliseconds: 10_000))
    #expect(try !log.wait(after: 3, milliseconds: 5))
    let appender = try AnnalsLog.Thread(name: "appender") {
      SystemClock.sleep(nanoseconds: 20_000_000)
      _ = try? log.append([NewEvent(type: "T", payload: [])], to: "a-1")
    }
    #expect(try log.wait(after: 3, milliseconds: 100_000))
    appender.join()
    #expect(log.head() == 4)
  }

  @Test func aReaderWithoutAControlPageWaitsToo() throws {
    let disk = SimulatedFileSystem()
    try logWithEvents(disk, 3).close()
    let reader = try logWithEvents(disk, 3, .readOnly)
    #expect(try reader.wait(after: 2, milliseconds: 10_000))
    #expect(try !reader.wait(after: 3, milliseconds: 5))
    #expect(try !reader.refresh())
  }

  @Test func aPathThatNamesNothingIsRefused() {
    // No such file; no valid argument.
    for (path, errno) in [("", 2), ("a\0b", 22)] as [(String, Int32)] {
      #expect {
        _ = try SystemFileSystem.shared.openDirectory(path, create: true)
      } throws: {
        if case .system(let cause) = $0 as? LogError { cause.errno == errno } else { false }
      }
    }
  }

  @Test func whatIsNotThereIsNothing() throws {
    let log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
    #expect(LogInspector(log).frames(of: 999).isEmpty)
    try ConsumerStore(log).remove("none")
    #expect(try ConsumerStore(log).list().isEmpty)
  }

  @Test func allSnapshotsAreForgotten() throws {
    let log = try SnapshotSamples.log(SimulatedFileSystem(), aggregates: 2)
    for number in 0..<2 {
      let snapshot = SnapshotSamples.snapshot(number, version: 9, of: 2, [1, 2, 3])
      #expect(try log.snapshots.save(snapshot, of: AggregateID("a-\(number)")))
    }
    let id: AggregateID = "a-1"
    func load(notAfter version: UInt64?) -> Snapshot? {
      log.snapshots.load(id, fingerprint: 7, through: 18, notAfter: version)
    }
    #expect(load(notAfter: nil)?.version == 9)
    #expect(load(notAfter: 9)?.version == 9)
    #expect(load(notAfter: 8) == nil)
    try log.snapshots.forget(nil)
    #expect(load(notAfter: nil) == nil)
    #expect(SnapshotSamples.load(log) == nil)
  }

  @Test func aPinStandsOnWhatThereIs() throws {
    let log = try logWithEvents(SimulatedFileSystem(), 3)
    #expect(try log.pin(at: 3).position == 3)
    #expect {
      try log.pin(at: 4)
    } throws: {
      if case .positionBeyondHead(4, 3) = $0 as? LogError { true } else { false }
    }
  }

  @Test func aProblemSaysWhatItIs() {
    func message(_ error: LogError) -> String {
      VerifyProblem(error, .footer, file: "log/1.footer", offset: 5).message
    }
    let failed = LogError.system(SystemError(.read, file: "x", errno: 5))
    #expect(message(failed).hasPrefix("the disk does not give its bytes (read x: "))
    #expect(
      message(.closed).hasPrefix("the disk does not give its bytes (")
    )
    #expect(
      message(.unsupportedVersion(file: "x", UnsupportedVersion(major: 9, features: 1)))
        == "says that a newer version wrote it: major, expected 1, found 9"
    )
    #expect(
      message(.system(SystemError(.open, file: "x", errno: 2))) == "is listed and not there"
    )
    let words: [(VerifyProblem.Kind, String)] = [
      (.versionGap, "the versions of an aggregate do not continue"),
      (.unknownType, "an event has a type without a name"),
      (.keyOrder, "the numbers of idempotency keys do not rise"),
    ]
    for (kind, text) in words {
      let problem = VerifyProblem(kind, nil, file: "x", positions: PositionRange(2, 4))
      #expect(problem.message == text + "; positions 2 to 4 can not be read")
    }
  }
}
