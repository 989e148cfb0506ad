import Foundation
import Testing

/// Backup, restore, fork and salvage, as a shell sees them.
@Suite struct CopyVerbsTests {
  private let shop: Workshop

  init() throws {
    shop = try Workshop()
    let run = try shop.annals("import", "shop", "--batch", "3", input: lines(1...30))
    #expect(run.code == 0)
  }

  @Test func aBackupIsMadeAndCarriedOn() throws {
    let plan = try shop.annals("backup", "shop", "copy", "--dry-run", "--json").object()
    #expect(plan["lastPosition"] as? Int == 30)
    #expect(try shop.annals("verify", "copy").code == 66)
    let first = try shop.annals("backup", "shop", "copy", "--json").object()
    #expect(first["events"] as? Int == 30)
    #expect(first["lastPosition"] as? Int == 30)
    #expect(try #require(first["bytes"] as? Int) > 0)
    #expect(first["previousPosition"] is NSNull)
    #expect(try shop.annals("import", "shop", input: lines(31...40)).code == 0)
    let next = try shop.annals("backup", "shop", "copy")
    #expect(next.code == 0)
    #expect(next.output.hasPrefix("backed up 40 events"))
    #expect(next.output.contains("since position 30"))
    #expect(try shop.annals("verify", "copy").code == 0)
    #expect(
      try shop.annals("export", "copy").output == shop.annals("export", "shop").output
    )
  }

  @Test func aRestoreEndsAtAWholeAppend() throws {
    #expect(try shop.annals("backup", "shop", "copy", "--link").code == 0)
    let plan = try shop.annals("restore", "copy", "old", "--to", "11", "--dry-run")
    #expect(plan.output.contains("would restore 9 events"))
    #expect(plan.output.contains("position 11 is inside an append"))
    let report = try shop.annals("restore", "copy", "old", "--to", "11", "--json").object()
    #expect(report["lastPosition"] as? Int == 9)
    #expect(report["roundedFrom"] as? Int == 11)
    #expect(report["events"] as? Int == 9)
    #expect(try shop.annals("verify", "old").code == 0)
    #expect(try shop.annals("export", "old").lines.count == 9)
    let none = try shop.annals("restore", "copy", "none", "--to", "2025-12-31T00:00:00Z", "--json")
    #expect(try none.object()["events"] as? Int == 0)
    let all = try shop.annals("restore", "copy", "all", "--to", "2026-01-01T00:00:00Z", "--json")
    #expect(try all.object()["events"] as? Int == 30)
  }

  @Test func aForkIsIndependent() throws {
    let report = try shop.annals("fork", "shop", "other", "--at", "20", "--json").object()
    #expect(report["lastPosition"] as? Int == 18)
    #expect(try shop.annals("import", "other", input: lines(1...2)).code == 0)
    #expect(try shop.annals("verify", "other").code == 0)
    #expect(try shop.annals("export", "shop").lines.count == 30)
    #expect(try shop.annals("export", "other").lines.count == 20)
  }

  @Test func whatIsLostIsNamed() throws {
    let whole = try shop.annals("salvage", "shop", "saved").output
    #expect(whole == "saved 30 events in 1 segments up to position 30\n")
    let name = "shop/log/00000001.segment"
    var bytes = try shop.bytes(name)
    let place = try #require(bytes.firstRange(of: Data("counter-1".utf8), in: 4300..<bytes.count))
    bytes[place.lowerBound] ^= 1
    try bytes.write(to: shop.directory.appending(path: name))
    #expect(try shop.annals("backup", "shop", "copy").code == 1)
    let report = try shop.annals("salvage", "shop", "rest", "--json").object()
    let lost = try #require((report["lost"] as? [[String: Any]])?.first)
    let (first, last) = (lost["firstPosition"] as? Int, lost["lastPosition"] as? Int)
    #expect(try #require(last) - #require(first) == 2)
    #expect(lost["file"] as? String == "log/00000001.segment")
    #expect(report["events"] as? Int == 27)
    #expect(report["lastPosition"] as? Int == 30)
    #expect(try shop.annals("export", "rest").lines.count == 27)
    let again = try shop.annals("salvage", "shop", "again")
    #expect(again.output.contains("3 are lost"))
  }

  /// A rule that is lost hides nothing any more: that is said, and counted.
  @Test func lostRulesAreTold() throws {
    #expect(try shop.annals("delete", "shop", "counter-1", "--reason", "dismissed").code == 0)
    let kept = try shop.annals("export", "shop").lines.count
    let whole = try shop.annals("salvage", "shop", "saved", "--json").object()
    #expect(whole["rulesLost"] as? Int == 0)
    #expect(try !shop.annals("salvage", "shop", "saved-2").output.contains("rule"))
    let name = "shop/log/00000001.segment"
    var bytes = try shop.bytes(name)
    let place = try #require(bytes.firstRange(of: Data("dismissed".utf8)))
    bytes[place.lowerBound] ^= 1
    try bytes.write(to: shop.directory.appending(path: name))
    let report = try shop.annals("salvage", "shop", "rest", "--json").object()
    #expect(report["rulesLost"] as? Int == 1)
    #expect(report["eventsLost"] as? Int == 0)
    #expect(try shop.annals("export", "rest").lines.count > kept)
    let again = try shop.annals("salvage", "shop", "again")
    #expect(again.output.contains("1 rule of retention is lost: what nothing else hides is seen"))
  }

  @Test func refusalsHaveTheirCodes() throws {
    try shop.makeDirectory("full")
    try shop.write("x", to: "full/letter")
    try shop.annals("backup", "nowhere", "copy").expectFailure(66, saying: "no store")
    try shop.annals("backup", "shop", "full").expectFailure(73, saying: "full is taken")
    try shop.annals("restore", "shop", "shop").expectFailure(73, saying: "shop")
    try shop.annals("fork", "shop", "no/such/parent").expectFailure(73, saying: "no/such")
    try shop.annals("restore", "shop", "x", "--to", "31").expectFailure(65, saying: "beyond")
    #expect(try shop.annals("restore", "shop", "x", "--to", "yesterday").code == 64)
    #expect(try shop.annals("fork", "shop", "made").code == 0)
    try shop.annals("backup", "shop", "made").expectFailure(73, saying: "no backup made")
    try shop.annals("salvage", "shop", "made").expectFailure(73, saying: "made")
  }

  @Test func aFilteredExportKeepsWhoTheEventsAre() throws {
    let extras =
      #""id":"00112233-4455-6677-8899-aabbccddeeff","tags":["b"],"metadata":{"actor":"me"}"#
    let time = #""time":"2026-02-01T00:00:00.000001Z""#
    let input =
      #"{"aggregate":"x-1","type":"T",\#(time),"data":1,\#(extras)}"# + "\n"
      + #"{"aggregate":"y-1","type":"T",\#(time),"data":2}"# + "\n"
    #expect(try shop.annals("import", "shop", input: input).code == 0)
    #expect(try shop.shell("$ANNALS export shop --category x | $ANNALS import only").code == 0)
    let line = try shop.annals("export", "only").output
    let first = input.split(separator: "\n")[0].dropFirst()
    #expect(line == #"{"position":1,"version":1,"# + first + "\n")
  }
}
