import AnnalsLog
import Testing

@Suite struct CheckedPagesTests {
  private func open(_ bytes: [UInt8]) throws(LogError) -> CheckedFile {
    try CheckedFile(
      Mapping.holding(bytes),
      .footer,
      storeID: FormatSamples.storeID,
      name: "footer"
    )
  }

  private func body(_ file: CheckedFile) -> [UInt8] { file.body.array }

  @Test(arguments: [0, 1, 4095, 4096, 4097, 20_000])
  func theBodyComesBackInWholePages(count: Int) throws {
    let bytes = CheckedSample.file(.footer, fields: [9], body: noise(count))
    let pages = (count + 4095) / 4096
    #expect(bytes.count == 4096 + pages * 4100)
    let file = try open(bytes)
    try file.check(0..<file.byteCount)
    #expect(file.byteCount == pages * 4096)
    let padding = [UInt8](repeating: 0, count: file.byteCount - count)
    #expect(body(file) == noise(count) + padding)
  }

  @Test func aDamagedPageCostsOnlyItself() throws {
    var bytes = CheckedSample.file(.footer, fields: [], body: noise(3 * 4096))
    bytes[4096 * 2 + 17] ^= 4
    let file = try open(bytes)
    try file.check(0..<4096)
    try file.check(8192..<12_288)
    #expect(Verdict { () throws(LogError) in try file.check(4095..<4097) } == .corrupt)
    #expect(Verdict { () throws(LogError) in try file.check(0..<12_289) } == .corrupt)
    #expect(Verdict { () throws(LogError) in try file.check(-1..<1) } == .corrupt)
    try file.check(5000..<5000)
  }

  @Test func pagesInTheWrongPlaceDoNotVerify() throws {
    let bytes = CheckedSample.file(
      .footer,
      fields: [],
      body: noise(4096) + noise(4096)
    )
    // Equal pages have different checksums: their number is the seed.
    #expect(Array(bytes[4096..<8192]) == Array(bytes[8192..<12_288]))
    #expect(bytes[12_288..<12_292] != bytes[12_292..<12_296])
  }

  @Test func aLongerFileIsNoFooter() {
    let bytes = CheckedSample.file(.footer, fields: [], body: noise(10)) + [0]
    #expect(Verdict { () throws(LogError) in _ = try open(bytes) } == .corrupt)
  }

  @Test func anotherStoresFileIsRefused() {
    let bytes = CheckedSample.file(.footer, fields: [], body: [])
    let other = StoreID(high: 1, low: 1)
    let error = LogError.corrupt(Corruption(file: "footer", offset: 0, .identity))
    #expect(throws: error) {
      try CheckedFile(Mapping.holding(bytes), .footer, storeID: other, name: "footer")
    }
  }

  @Test(arguments: [0, 1, 3, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32])
  func hostilePageCountsAreRefused(count: UInt32) {
    var bytes = CheckedSample.file(.footer, fields: [], body: noise(8000))
    for index in 0..<4 { bytes[40 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
    let verdict = Verdict { () throws(LogError) in _ = try open(HeadedFile.resealed(bytes)) }
    #expect(verdict.isDamage)
  }
}
