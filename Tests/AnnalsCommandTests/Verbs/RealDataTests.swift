import Foundation
import Testing

/// Beside the package, as in the checkout of the project; nowhere else.
private let data = URL(filePath: #filePath)
  .deletingLastPathComponent().appending(path: "../../../../shared/data/bpic2012.jsonl.gz")
  .standardized
private let isThere = FileManager.default.fileExists(atPath: data.path)

/// The events of the BPI Challenge 2012, where they are at hand: 262,200 of 13,087 applications.
@Suite(.enabled(if: isThere, "the data is not there"))
struct RealDataTests {
  @Test func theFiguresAreThePublishedOnesHoweverItIsImported() throws {
    let shop = try Workshop()
    #expect(try shop.shell("zcat \(data.path) > all.jsonl").code == 0)
    let run = try shop.annals("import", "s", "all.jsonl", "--json")
    let report = try run.object()
    #expect(report["events"] as? Int == 262_200)
    #expect(report["aggregates"] as? Int == 13_087)
    #expect(report["lastPosition"] as? Int == 262_200)

    #expect(try shop.shell("$ANNALS export s > s.jsonl").code == 0)
    // Position and version stand first; the rest is the line that was imported, but for the zeros
    // behind a whole second.
    let rest = #"sed -E 's/^."position":[0-9]+,"version":[0-9]+,/{/' s.jsonl"#
    let given = #"sed -E 's/(:[0-9]{2})\.000Z"/\1Z"/' all.jsonl"#
    #expect(try shop.shell("cmp <(\(rest)) <(\(given))").code == 0)
    #expect(
      try shop.shell(#"grep -oE '"position":[0-9]+' s.jsonl | cut -d: -f2 | cmp - <(seq 262200)"#)
        .code == 0
    )

    #expect(try shop.shell("$ANNALS aggregates s --json | wc -l").output == "13087\n")
    try checkCounts(shop)

    for (name, options) in [("one", "--batch 1 --durability written"), ("all", "--batch 0")] {
      let line = "head -\(Self.lineCount) all.jsonl | $ANNALS import \(name) \(options)"
      #expect(try shop.shell(line).code == 0)
      let same = "$ANNALS export \(name) | cmp - <(head -\(Self.lineCount) s.jsonl)"
      #expect(try shop.shell(same).code == 0, "\(name)")
    }
  }

  /// How much is imported once more with other batches; without optimization that takes its time.
  #if DEBUG
  private static let lineCount = 20_000
  #else
  private static let lineCount = 262_200
  #endif

  private func checkCounts(_ shop: Workshop) throws {
    for (type, count) in [
      ("A_APPROVED", 2_246), ("A_DECLINED", 7_635), ("A_CANCELLED", 2_807),
    ] {
      let found = try shop.shell("$ANNALS export s --type \(type) | wc -l").output
      #expect(found == "\(count)\n", "\(type)")
    }
    let types = #"grep -oE '"type":"[^"]*"' s.jsonl | sort -u | wc -l"#
    #expect(try shop.shell(types).output == "24\n")
    let transitions = #"sed -E 's/.*("type":"[^"]*").*("transition":"[A-Z]*").*/\1\2/' s.jsonl"#
    #expect(try shop.shell(transitions + " | sort -u | wc -l").output == "36\n")
  }
}
