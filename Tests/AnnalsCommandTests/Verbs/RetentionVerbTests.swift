import Foundation
import Testing

@Suite struct RetentionVerbTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    var input = ""
    for number in 1...30 {
      input += #"{"aggregate":"order-\#(number % 3)","type":"T","data":"secret \#(number)"}"# + "\n"
    }
    #expect(try shop.annals("import", "s", input: input).code == 0)
  }

  private func positions(_ arguments: String...) throws -> [Int] {
    let run = try shop.shell("$ANNALS events s --json " + arguments.joined(separator: " "))
    return run.output.matches(of: /"position":(\d+)/).compactMap { Int($0.1) }
  }

  @Test func whatIsDeletedIsHiddenAndThenGone() throws {
    let dry = try shop.annals("delete", "s", "order-1", "--dry-run", "--json")
    #expect(try dry.object()["dryRun"] as? Bool == true)
    #expect(try positions("--aggregate order-1").count == 10)
    let made = try shop.annals("delete", "s", "order-1", "--reason", "a test", "--json").object()
    #expect(made["record"] as? Int == 1)
    #expect(made["version"] as? Int == 10)
    #expect(made["subject"] as? String == "order-1")
    #expect(try positions().count == 20)
    let again = try shop.annals("delete", "s", "order-1")
    again.expectFailure(1, saying: "was deleted at")
    let reading = try shop.annals("events", "s", "--aggregate", "order-1")
    reading.expectFailure(1, saying: "was deleted at")
    #expect(try shop.annals("events", "s", "--aggregate", "nobody-1").code == 0)
    try shop.annals("delete", "s", "nobody-1").expectFailure(1, saying: "never existed")
    let plan = try shop.annals("compact", "s", "--dry-run", "--json").object()
    #expect(plan["dryRun"] as? Bool == true)
    let done = try shop.annals("compact", "s", "--json").object()
    #expect(done["eventsRemoved"] as? Int == 10)
    let before = try #require(done["bytesBefore"] as? Int)
    let after = try #require(done["bytesAfter"] as? Int)
    #expect(after < before)
    #expect(try positions().count == 20)
    #expect(try shop.annals("verify", "s").code == 0)
    #expect(try shop.annals("delete", "s", "order-1", "--reopen").code == 0)
  }

  @Test func aTombstoneRefusesTheImport() throws {
    #expect(try shop.annals("delete", "s", "order-2", "--tombstone").code == 0)
    let line = #"{"aggregate":"order-2","type":"T","data":1}"# + "\n"
    let refused = try shop.annals("import", "s", input: line)
    #expect(refused.code == 1)
    #expect(refused.error.contains("ended for ever"))
  }

  @Test func theOtherRules() throws {
    #expect(try shop.annals("truncate", "s", "order-0", "--before", "9").code == 0)
    #expect(try positions("--aggregate order-0") == [27, 30])
    try shop.annals("truncate", "s", "order-0", "--before", "99").expectFailure(1, saying: "99")
    #expect(try shop.annals("retain", "s", "order", "--max-count", "1").code == 0)
    #expect(try positions() == [28, 29, 30])
    #expect(try shop.annals("retain", "s", "order", "--max-count", "none").code == 0)
    #expect(try positions().count == 22)
    #expect(try shop.annals("retain", "s", "order", "--max-age", "9w").code == 0)
    #expect(try shop.annals("retain", "s", "order", "--max-age", "9").code == 64)
    #expect(try shop.annals("redact", "s", "28", "--reason", "a test").code == 0)
    #expect(try !shop.annals("export", "s").output.contains("secret 28"))
    #expect(try shop.annals("redact", "s", "28").code == 64)
    #expect(try shop.annals("redact", "s", "99", "--reason", "x").code == 65)
    #expect(try shop.annals("redact", "s", "29", "--skip", "--reason", "x").code == 0)
    #expect(try positions().contains(29) == false)
  }
}
