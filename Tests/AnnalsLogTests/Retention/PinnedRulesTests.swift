import AnnalsLog
import AnnalsTesting
import Testing

/// Rules that count, under a pin at an earlier position.
@Suite struct PinnedRulesTests {
  /// What only the newest are kept of is counted from the moment of the pin, not from its position:
  /// else it would show what compaction may have removed.
  @Test(arguments: [false, true])
  func theNewestAreThoseOfThePinsMoment(isCompacted: Bool) throws {
    let log = try EventLog(at: "/store", options: simulatedOptions(SimulatedFileSystem()))
    for number in 1...10 {
      try log.append([NewEvent(type: "Counted", payload: [UInt8(number)])], to: "counter-1")
    }
    try log.retain(.keepCount(.aggregate("counter-1"), 3))
    if isCompacted {
      var options = CompactionOptions()
      options.leastGarbage = 0
      #expect(try log.compact(options).eventsRemoved == 7)
    }
    for (position, seen) in [(5, []), (8, [8]), (10, [8, 9, 10])] as [(UInt64, [UInt64])] {
      var request = ReadRequest.all()
      request.pin = try log.pin(at: Position(position))
      #expect(try log.read(request).map(\.position.rawValue) == seen)
      request = .aggregate("counter-1")
      request.pin = try log.pin(at: Position(position))
      #expect(try log.read(request).map(\.position.rawValue) == seen)
    }
    // What comes behind the pin does not count.
    let pin = try log.pin()
    try log.append([NewEvent(type: "Counted", payload: [11])], to: "counter-1")
    var request = ReadRequest.all()
    request.pin = pin
    #expect(try log.read(request).map(\.position) == [8, 9, 10])
    try log.close()
  }
}
