import AnnalsCommand
import AnnalsLog
import Foundation
import Testing

@Suite struct BenchTests {
  private static let workloads = [
    "append-written", "append-batch", "append-durable-1", "append-durable-16", "load", "replay",
    "open",
  ]

  @Test func everyWorkloadIsMeasuredAndNothingStays() throws {
    let workshop = try Workshop()
    let run = try workshop.annals("bench", "b", "--seconds", "0.02", "--events", "400", "--json")
    #expect(run.code == 0, "\(run.error)")
    let objects = try run.lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.map { $0["name"] as? String } == Self.workloads)
    for object in objects {
      try expectTimes(object)
      let rate = try #require(object["perSecond"] as? Double)
      guard let raw = object["raw"] as? [String: Any] else {
        #expect(object["name"] as? String == "open")
        #expect(object["ratio"] is NSNull)
        continue
      }
      try expectTimes(raw)
      let rawRate = try #require(raw["perSecond"] as? Double)
      let ratio = try #require(object["ratio"] as? Double)
      #expect(abs(ratio - rate / rawRate) < ratio / 1000)
    }
    // One event a call, a hundred, and all that the store has.
    let perCall = objects.map { ($0["count"] as? Int ?? 0) / max(1, $0["calls"] as? Int ?? 0) }
    #expect(perCall == [1, 100, 1, 1, 1, 400, 1])
    #expect(!FileManager.default.fileExists(atPath: workshop.path("b")))
  }

  private func expectTimes(_ object: [String: Any]) throws {
    let calls = try #require(object["calls"] as? Int)
    #expect(calls > 0)
    let p50 = try #require(object["p50Microseconds"] as? Double)
    let p99 = try #require(object["p99Microseconds"] as? Double)
    let p999 = try #require(object["p999Microseconds"] as? Double)
    #expect(0 < p50 && p50 <= p99 && p99 <= p999)
    #expect(try #require(object["perSecond"] as? Double) > 0)
  }

  @Test func theTableHasARowForEachThatWasAskedFor() throws {
    let workshop = try Workshop()
    let run = try workshop.annals(
      "bench",
      "b",
      "load",
      "open",
      "--seconds",
      "0.02",
      "--events",
      "400",
      "--payload",
      "10"
    )
    #expect(run.code == 0, "\(run.error)")
    #expect(run.error.isEmpty)
    #expect(run.lines.count == 4)
    #expect(run.lines[0].hasPrefix("workload"))
    #expect(run.lines[1].hasPrefix("load") && run.lines[1].contains("mmap"))
    #expect(run.lines[2].hasPrefix("open"))
    #expect(run.lines[3].contains("10 bytes, 400 events of 20 aggregates"))
    // Aligned: what the first column needs stands before the second in every row.
    let head = try #require(run.lines[0].range(of: "a second"))
    let end = run.lines[0].distance(from: run.lines[0].startIndex, to: head.upperBound)
    for line in run.lines[1...2] { #expect(line.dropFirst(end - 1).first?.isNumber == true) }
  }

  @Test func anEmptyDirectoryIsUsedAndStays() throws {
    let workshop = try Workshop()
    try workshop.makeDirectory("b")
    let run = try workshop.annals("bench", "b", "open", "--seconds", "0.01", "--events", "40")
    #expect(run.code == 0, "\(run.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path("b")).isEmpty)
  }

  @Test func whatOthersPutThereIsRefusedAndStays() throws {
    let workshop = try Workshop()
    try workshop.makeDirectory("b")
    try workshop.write("mine", to: "b/store")
    try workshop.annals("bench", "b").expectFailure(73, saying: "not empty")
    // Also beside what an interrupted measurement left.
    try workshop.write("", to: "b/annals-bench.lock")
    try workshop.write("mine", to: "b/letter")
    try workshop.annals("bench", "b").expectFailure(73, saying: "not empty")
    #expect(try workshop.bytes("b/letter") == Data("mine".utf8))
    #expect(try workshop.bytes("b/store") == Data("mine".utf8))
  }

  @Test func whatAnInterruptedMeasurementLeftIsTakenOver() throws {
    let workshop = try Workshop()
    try workshop.makeDirectory("b")
    try workshop.write("", to: "b/annals-bench.lock")
    try workshop.write("zeros", to: "b/raw")
    try EventLog(at: workshop.path("b/store")).close()
    let run = try workshop.annals("bench", "b", "open", "--seconds", "0.01", "--events", "40")
    #expect(run.code == 0, "\(run.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path("b")).isEmpty)
  }

  @Test func twoDoNotShareADirectory() throws {
    let workshop = try Workshop()
    try workshop.makeDirectory("b")
    let directory = try SystemFileSystem.shared.openDirectory(workshop.path("b"), create: false)
    let lock = try #require(try directory.lock("annals-bench.lock", shared: false))
    try workshop.annals("bench", "b", "open").expectFailure(69, saying: "locked")
    #expect(lock.isHeld())
  }

  @Test func anInterruptEndsItWithoutATrace() throws {
    let workshop = try Workshop()
    let input = FileHandle.nullDevice
    let process = try workshop.start(
      "bench",
      "b",
      "append-durable-1",
      "replay",
      "--seconds",
      "600",
      input: input,
      output: "out"
    )
    let deadline = Date() + 60
    while !FileManager.default.fileExists(atPath: workshop.path("b/raw")), Date() < deadline {
      usleep(1000)
    }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    #expect(!FileManager.default.fileExists(atPath: workshop.path("b")))
    // What was measured is printed, and nothing else was begun.
    let output = String(decoding: try workshop.bytes("out"), as: UTF8.self)
    #expect(output.contains("append-durable-1"))
    #expect(!output.contains("replay"))
  }

  @Test func limitsAreChecked() throws {
    let workshop = try Workshop()
    for words in [
      ["--payload", "0"], ["--events", "19"], ["--seconds", "0"], ["--seconds", "nan"],
      ["--payload", "1000000", "--events", "1000000"], ["everything"],
    ] {
      let line = "\"$ANNALS\" bench b \(words.joined(separator: " "))"
      let run = try workshop.shell(line)
      #expect(run.code == 64, "\(words): \(run.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: workshop.path("b")))
    try workshop.annals("bench", "no/such/place").expectFailure(73, saying: "no/such/place")
  }

  @Test func percentilesAreOfSingleCalls() throws {
    var times = BenchTimes()
    #expect(times.percentiles() == nil)
    #expect(times.rate == 0)
    for number in (1...1000).reversed() { times.add(UInt64(number) * 1000, count: 2) }
    let found = try #require(times.percentiles())
    #expect(found == BenchPercentiles(p50: 501, p99: 991, p999: 1000))
    #expect(times.calls == 1000)
    #expect(times.count == 2000)
    // Two thousand things in 500.5 milliseconds.
    #expect(abs(times.rate - 2000 / 0.5005) < 0.001)
    // Calls at the same time: the time that passed counts.
    var together = BenchTimes()
    together.add([1_000_000, 1_000_000], count: 2, in: 1_000_000)
    #expect(together.rate == 2000)
  }

  @Test(arguments: [
    (0.0, "0.0 µs"), (4.06, "4.1 µs"), (9.99, "10.0 µs"), (106.4, "106 µs"), (999.4, "999 µs"),
    (1234, "1.2 ms"), (12_345, "12 ms"),
  ])
  func timesAreShort(_ microseconds: Double, _ text: String) {
    #expect(BenchFigure.time(microseconds) == text)
  }

  @Test func theEventsOfAnAggregateAreWhereTheRawSideLooks() {
    let events = BenchEvents(aggregates: 7, payloadBytes: 13)
    for aggregate in 0..<7 {
      for round in 0..<20 {
        let number = events.number(of: aggregate, round: round)
        #expect(events.aggregate(number) == aggregate)
        #expect(number / 7 == round)
      }
    }
    var bytes: [UInt8] = []
    events.append(3, to: &bytes)
    #expect(bytes.count == 13)
  }
}
