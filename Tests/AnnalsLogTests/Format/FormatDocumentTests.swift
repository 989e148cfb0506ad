import AnnalsLog
import Testing

@Suite struct FormatDocumentTests {
  @Test func itCanBeRead() {
    #expect(FormatDocument.shared.problems == [])
    #expect(!FormatDocument.shared.vectors.isEmpty)
  }

  @Test(arguments: FormatDocument.shared.vectors)
  func everyVectorIsDecodedAndMadeAgain(vector: FormatVector) throws {
    let check = try #require(FormatVectorChecks.all[vector.name], "a block without a decoder")
    try check(vector.bytes)
  }

  @Test func everyDecoderHasOneVector() {
    let names = FormatDocument.shared.vectors.map(\.name)
    #expect(names.sorted() == FormatVectorChecks.all.keys.sorted())
  }

  @Test func theTableOfKeyHashesIsTrue() throws {
    let hashes = FormatDocument.shared.hashes
    #expect(hashes.count == 8)
    for row in hashes {
      let domain = try #require(KeyHash.Domain(rawValue: row.domain))
      let hash = KeyHasher(FormatSamples.storeID).hash(Array(row.text.utf8).span, domain)
      let bytes = FormatSamples.bytes {
        $0.append(hash.low)
        $0.append(hash.high)
      }
      #expect(bytes == row.bytes, "\(row.text)")
    }
  }

  @Test(arguments: FormatDocument.shared.tables)
  func theRowsOfATableFollowEachOther(table: FormatTable) {
    for (row, next) in zip(table.rows, table.rows.dropFirst()) {
      let gap = "\(table.section): \(row.field), \(next.field)"
      #expect(row.range.upperBound == next.range.lowerBound, "\(gap)")
    }
  }

  @Test(arguments: FormatDocument.shared.tables)
  func aTableSaysWhatTheCodeSays(table: FormatTable) throws {
    let layout = try #require(FormatLayouts.all[table.section], "a table without a layout")
    #expect(table.rows == layout)
  }

  @Test func everyLayoutHasATable() {
    let sections = FormatDocument.shared.tables.map(\.section)
    #expect(sections.sorted() == FormatLayouts.all.keys.sorted())
  }
}
