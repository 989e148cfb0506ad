import Foundation
import Testing

/// What goes in comes out.
@Suite struct RoundTripTests {
  private let shop: Workshop

  init() throws { shop = try Workshop() }

  @Test func exportGivesBackWhatWasImported() throws {
    let extras =
      #""id":"00112233-4455-6677-8899-aabbccddeeff","tags":["b","a"],"#
      + #""metadata":{"actor":"me","":"x"}"#
    let input = #"""
      {"aggregate":"a-1","type":"T","time":"2026-01-01T00:00:00Z","data":{"x":[2.50,"ü"],"y":null}}
      {"aggregate":"../../x","type":"T","time":"2026-01-01T00:00:00.001Z","data":"text"}
      {"aggregate":"a-1","type":"U v","time":"1969-12-31T23:59:59.999999Z","data":[],\#(extras)}
      {"aggregate":"ä","type":"T","time":"2026-01-01T00:00:00Z","data":{"$binary":"AP8="}}

      """#
    let imported = try shop.annals("import", "s", "-", "--json", input: input)
    #expect(imported.code == 0)
    let report = try imported.object()
    #expect(report["events"] as? Int == 4)
    #expect(report["aggregates"] as? Int == 3)
    #expect(report["firstPosition"] as? Int == 1)
    #expect(report["lastPosition"] as? Int == 4)
    #expect(report["durability"] as? String == "durable")
    #expect(try #require(report["seconds"] as? Double) > 0)
    let first = try shop.annals("export", "s")
    #expect(first.code == 0)
    let versions = [1, 1, 2, 1]
    let expected = input.split(separator: "\n").enumerated().map { index, line in
      #"{"position":\#(index + 1),"version":\#(versions[index]),"# + line.dropFirst()
    }
    #expect(first.lines.map(String.init) == expected)
    // And once more from what was exported.
    #expect(try shop.annals("import", "t", input: first.output).code == 0)
    #expect(try shop.annals("export", "t").output == first.output)
    #expect(try shop.annals("events", "s", "--json").output == first.output)
  }

  @Test func aFilterBetweenExportAndImportChangesAndKeepsTheRest() throws {
    var input = ""
    for number in 1...40 {
      let category = number.isMultiple(of: 2) ? "order" : "session"
      let hex = String(number, radix: 16)
      let id = "00112233-4455-6677-8899-" + String(repeating: "0", count: 12 - hex.count) + hex
      input += #"{"aggregate":"\#(category)-\#(number % 7)","type":"T","#
      input += #""time":"2026-01-01T00:00:00.0000\#(number < 10 ? "0" : "")\#(number)Z","#
      input += #""data":{"n":\#(number)},"id":"\#(id)","tags":["t\#(number % 3)"],"#
      input += #""metadata":{"actor":"someone"}}"# + "\n"
    }
    #expect(try shop.annals("import", "s", input: input).code == 0)
    // What is removed leaves gaps, which the other store does not have.
    #expect(try shop.annals("delete", "s", "order-2").code == 0)
    #expect(try shop.annals("compact", "s", "--json").code == 0)
    let pipe = try shop.shell(
      "$ANNALS export s --category order | sed 's/someone/nobody/' | $ANNALS import t --json"
    )
    #expect(pipe.code == 0, "\(pipe.error)")
    var expected: [String] = []
    for line in input.split(separator: "\n")
    where line.contains("\"order-") && !line.contains("\"order-2\"") {
      expected.append(String(line).replacing("someone", with: "nobody"))
    }
    var actual: [String] = []
    for line in try shop.annals("export", "t").lines {
      let rest = line.drop { $0 != "," }.dropFirst().drop { $0 != "," }.dropFirst()
      actual.append("{" + rest)
    }
    #expect(expected.count == 17)
    #expect(actual == expected)
    #expect(try shop.annals("verify", "t").code == 0)
  }

  @Test func theFiltersChoose() throws {
    var input = ""
    for number in 1...20 {
      let category = number.isMultiple(of: 2) ? "even" : "odd"
      input += #"{"aggregate":"\#(category)-\#(number % 4)","type":"T\#(number % 3)","#
      input +=
        #""time":"2026-01-\#(number < 10 ? "0" : "")\#(number)T00:00:00Z","data":\#(number),"#
      input += #""tags":["\#(category)","third-\#(number % 3)"]}"# + "\n"
    }
    #expect(try shop.annals("import", "s", input: input).code == 0)
    func numbers(_ filters: String = "") throws -> [Int] {
      let run = try shop.shell("$ANNALS events s --json " + filters)
      #expect(run.code == 0, "\(run.error)")
      return run.output.matches(of: /"data":(\d+)/).compactMap { Int($0.1) }
    }
    #expect(try numbers() == Array(1...20))
    #expect(try numbers("--after 3 --until 6") == [4, 5, 6])
    #expect(try numbers("--aggregate odd-1 --after 1 --until 3") == [5, 9])
    #expect(try numbers("--category even --limit 3") == [2, 4, 6])
    #expect(try numbers("--reverse --limit 3") == [20, 19, 18])
    #expect(try numbers("--reverse --after 17") == [20, 19, 18])
    #expect(try numbers("--type T1 --type T2 --until 5") == [1, 2, 4, 5])
    #expect(try numbers("--tag even --tag third-0") == [6, 12, 18])
    #expect(try numbers("--since 2026-01-05T00:00:00Z --before 2026-01-08T00:00:00Z") == [5, 6, 7])
    #expect(try numbers("--aggregate nobody") == [])
    #expect(try numbers("--limit 0") == [])
  }

  @Test func anEmptyInputMakesAnEmptyStore() throws {
    let run = try shop.annals("import", "s", "--json")
    #expect(run.code == 0)
    let report = try run.object()
    #expect(report["events"] as? Int == 0)
    #expect(report["firstPosition"] is NSNull && report["lastPosition"] is NSNull)
    #expect(try shop.annals("export", "s").output == "")
    // As does a directory that was empty before.
    try shop.makeDirectory("t")
    #expect(try shop.annals("import", "t", input: line(1)).code == 0)
  }

  @Test func everyBatchIsAcknowledgedOnceItIsIn() throws {
    let input = lines(1...5)
    let plain = try shop.annals("import", "s", "--batch", "2", "--acknowledge", input: input)
    #expect(plain.output == "2\n4\n5\n")
    let json = try shop.annals(
      "import",
      "s",
      "--batch",
      "0",
      "--acknowledge",
      "--json",
      "--durability",
      "written",
      input: input
    )
    #expect(json.error == "10\n")
    #expect(try json.object()["durability"] as? String == "written")
  }

  @Test func aggregatesAreListedInTheOrderAskedFor() throws {
    let input = line(1, of: "b-1") + line(1_000, of: "a-1") + line(2, of: "b-1")
    #expect(try shop.annals("import", "s", input: input).code == 0)
    func names(_ arguments: String) throws -> [String] {
      let run = try shop.shell("$ANNALS aggregates s --json " + arguments)
      return run.output.matches(of: /"aggregate":"(.-1)"/).map { String($0.1) }
    }
    #expect(try names("") == ["a-1", "b-1"])
    #expect(try names("--sort version") == ["b-1", "a-1"])
    #expect(try names("--sort bytes") == ["a-1", "b-1"])
    #expect(try names("--sort version --limit 1") == ["b-1"])
    #expect(try names("--category b") == ["b-1"])
    let line = try shop.annals("aggregates", "s", "--category", "b", "--json").output
    let time = "2026-01-01T00:00:00Z"
    let times = #""firstTime":"\#(time)","lastTime":"\#(time)""#
    #expect(line == #"{"aggregate":"b-1","version":2,"bytes":2,\#(times)}"# + "\n")
    #expect(try shop.annals("aggregates", "s").lines.count == 3)
  }

  @Test func followGoesOnBesideWritersAndOverTheirDeath() throws {
    #expect(try shop.annals("import", "s", input: lines(1...3)).code == 0)
    let follower = try shop.start(
      "events",
      "s",
      "--follow",
      "--json",
      input: .nullDevice,
      output: "followed"
    )
    defer { if follower.isRunning { kill(follower.processIdentifier, SIGKILL) } }
    try waitForLines(3, "followed")
    #expect(try shop.annals("import", "s", input: lines(4...6)).code == 0)
    try waitForLines(6, "followed")
    let pipe = Pipe()
    let writer = try shop.start(
      "import",
      "s",
      "--batch",
      "1",
      "--durability",
      "written",
      input: pipe.fileHandleForReading,
      output: "writer"
    )
    pipe.fileHandleForWriting.write(Data(lines(7...9).utf8))
    try waitForLines(9, "followed")
    // Beside a writer: readers read, a second writer is refused.
    #expect(try shop.annals("events", "s").lines.count == 9)
    try shop.annals("import", "s").expectFailure(69, saying: "is locked")
    kill(writer.processIdentifier, SIGKILL)
    writer.waitUntilExit()
    #expect(try shop.annals("import", "s", input: lines(10...12)).code == 0)
    try waitForLines(12, "followed")
    follower.interrupt()
    for _ in 0..<10_000 where follower.isRunning { usleep(20_000) }
    try #require(!follower.isRunning, "Ctrl-C ends it")
    #expect(follower.terminationReason == .exit && follower.terminationStatus == 0)
    let exported = try shop.annals("export", "s").output
    #expect(String(decoding: try shop.bytes("followed"), as: UTF8.self) == exported)
  }

  /// Waits until a file has so many lines, at most 200 seconds.
  private func waitForLines(_ count: Int, _ name: String) throws {
    for _ in 0..<10_000 {
      if try shop.bytes(name).count(where: { $0 == 0x0a }) >= count { return }
      usleep(20_000)
    }
    Issue.record("\(name) has fewer than \(count) lines")
  }

  @Test func aClosedPipeIsNobodysFailure() throws {
    #expect(try shop.annals("import", "s", input: lines(1...20_000)).code == 0)
    let run = try shop.shell("$ANNALS export s | head -1; echo ${PIPESTATUS[0]} >&2")
    #expect(run.lines.count == 1)
    #expect(run.error == "0\n")
  }

  @Test func inspectShowsHowItIsStored() throws {
    #expect(try shop.annals("import", "s", "--batch", "10", input: lines(1...100)).code == 0)
    let store = try shop.annals("inspect", "s", "--json").object()
    #expect(store["segments"] as? Int == 1)
    #expect(store["events"] as? Int == 100)
    #expect(store["aggregates"] as? Int == 1)
    #expect(store["lastPosition"] as? Int == 100)
    let segment = try shop.annals("inspect", "s", "1", "--json").object()
    let frames = try #require(segment["frames"] as? [[String: Any]])
    #expect(frames.filter { $0["kind"] as? String == "events" }.count == 10)
    #expect(frames.compactMap { $0["events"] as? Int }.reduce(0, +) == 100)
    #expect(try shop.annals("inspect", "s").lines.count == 3)
    #expect(try shop.annals("inspect", "s", "1").lines.count == frames.count + 1)
    try shop.annals("inspect", "s", "9").expectFailure(66, saying: "no segment 9")
  }

  @Test func verifyTellsWhatIsDamagedAndChangesNothing() throws {
    #expect(try shop.annals("import", "s", "--batch", "10", input: lines(1...100)).code == 0)
    let sound = try shop.annals("verify", "s", "--json")
    #expect(sound.code == 0)
    let report = try sound.object()
    #expect(report["ok"] as? Bool == true)
    #expect(report["events"] as? Int == 100)
    #expect((report["problems"] as? [Any])?.isEmpty == true)
    var segment = try shop.bytes("s/log/00000001.segment")
    segment[4_200] ^= 1
    try segment.write(to: URL(filePath: shop.path("s/log/00000001.segment")))
    let damaged = try shop.annals("verify", "s", "--json")
    #expect(damaged.code == 1 && damaged.error == "")
    let problems = try #require(try damaged.object()["problems"] as? [[String: Any]])
    let problem = try #require(problems.first)
    #expect(problem["kind"] as? String == "checksum")
    #expect(problem["file"] as? String == "log/00000001.segment")
    #expect(problem["offset"] is Int && problem["message"] is String)
    let text = try shop.annals("verify", "s").output
    #expect(text.hasPrefix("problem: log/00000001.segment at byte"))
    #expect(try shop.bytes("s/log/00000001.segment") == segment)
  }

  @Test func theDemoOfTheLogTellsItsStory() throws {
    let run = try shop.annals("demo", "log", "--store", "d")
    #expect(run.code == 0, "\(run.error)")
    for words in [
      "was expected to be at version 9 and is at version 10", "already there, nothing added",
      "written 43, durable 42", "written 43, durable 43", "was closed properly",
    ] {
      #expect(run.output.contains(words), "\(words)")
    }
    #expect(try shop.annals("export", "d").lines.count == 43)
    try shop.annals("demo", "--store", "d").expectFailure(73, saying: "holds a store")
    #expect(try shop.annals("demo", "nothing").code == 64)
  }

  @Test func theDemoTellsBothStories() throws {
    let run = try shop.annals("demo", "--store", "d")
    #expect(run.code == 0, "\(run.error)")
    for words in [
      "withdraw 200.00: balance 1300.00, version 3", "insufficientFunds(balance: 1300.00)",
      "account-2: 350.00 at version 2", "decided 2 times", "account-1 at version 2: 1500.00",
      "opened again: the store was not closed, head 9", "account-1: 7.00 at version 7",
      "total of order-1: 125.00", "2 events folded; 0 differences",
    ] {
      #expect(run.output.contains(words), "\(words)")
    }
    let trace = try shop.annals("trace", "d", "request-1")
    #expect(trace.lines.count == 1)
    #expect(trace.output.contains("OrderCreated  order-1 version 1"))
    #expect(try shop.annals("verify", "d").code == 0)
  }

  @Test func theDemoOfTheLoansCountsThem() throws {
    let run = try shop.annals("demo", "loans")
    #expect(run.code == 0, "\(run.error)")
    #expect(run.output.contains("submitted") && run.output.contains("40 events"))
  }
}
