import Foundation
import Testing

@Suite struct CompressVerbTests {
  @Test func whatIsCompressedReadsAsBefore() throws {
    let shop = try Workshop()
    var input = ""
    for number in 1...20_000 {
      input += #"{"aggregate":"order-\#(number % 300)","type":"T","#
      input += #""data":{"number":\#(number),"state":"approved","currency":"EUR"}}"# + "\n"
    }
    #expect(try shop.annals("import", "s", input: input).code == 0)
    let before = try shop.annals("export", "s").output
    let plan = try shop.annals("compact", "s", "--compress", "--dry-run", "--json").object()
    #expect(plan["dryRun"] as? Bool == true)
    let expected = try #require(plan["ratio"] as? Double)
    let done = try shop.annals("compact", "s", "--compress", "--json").object()
    let ratio = try #require(done["ratio"] as? Double)
    #expect(ratio < 1)
    #expect(abs(ratio - expected) < 0.1)
    let reasons = try #require(done["reasons"] as? [[String: Any]])
    #expect(reasons.contains { $0["outcome"] as? String == "compressed" })
    #expect(try shop.annals("export", "s").output == before)
    #expect(try shop.annals("verify", "s").code == 0)
    let back = try shop.annals("compact", "s", "--decompress")
    #expect(back.code == 0)
    #expect(back.output.contains("decompressed"))
    #expect(back.output.contains("% of what they took"))
    #expect(try shop.annals("export", "s").output == before)
    let both = try shop.annals("compact", "s", "--compress", "--decompress")
    #expect(both.code == 64)
    #expect(both.error.contains("exclude each other"))
  }
}
