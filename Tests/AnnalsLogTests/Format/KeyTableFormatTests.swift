import AnnalsLog
import Testing

@Suite struct KeyTableFormatTests {
  private static let sizes = [KeyTableFormat.checkpointEntry, KeyTableFormat.footerEntry]

  private func entry(_ number: Int) -> KeyEntry {
    KeyEntry(
      hash: KeyHash(high: UInt64(number), low: ~UInt64(number)),
      domain: UInt8(number % 3),
      version: 1 << 56 - 1 - UInt64(number),
      segment: SegmentID(number)
    )
  }

  @Test(arguments: sizes)
  func entriesNeverCrossAPage(size: Int) {
    let bytes = FormatSamples.bytes { body in
      body.appendZeros(CheckedPages.pageSize)
      for number in 0..<500 { entry(number).encode(size, into: &body, tableStart: 4096) }
    }
    for number in 0..<500 {
      let offset = KeyTableFormat.offset(number, size)
      #expect(offset / 4096 == (offset + size - 1) / 4096)
      let found = KeyEntry.decode(bytes.span, at: 4096 + offset, size)
      #expect(found == entry(number))
    }
  }

  @Test(arguments: sizes)
  func countsThatDoNotFitAreRefusedWithoutATrap(size: Int) {
    let perPage = UInt64(KeyTableFormat.entriesPerPage(size))
    #expect(KeyTableFormat.fits(0, size, in: 0))
    #expect(KeyTableFormat.fits(perPage, size, in: 4096))
    #expect(!KeyTableFormat.fits(perPage + 1, size, in: 4096))
    #expect(KeyTableFormat.fits(perPage + 1, size, in: 8192))
    #expect(!KeyTableFormat.fits(1, size, in: 4095))
    for number in HostileNumber.all where number > 1 << 20 {
      #expect(!KeyTableFormat.fits(number, size, in: 1 << 20), "\(number)")
    }
  }

  @Test func aVersionAndItsDomainShareAWord() {
    #expect(KeyTableFormat.pack(.max, .tag) == 0x01ff_ffff_ffff_ffff)
    #expect(KeyTableFormat.pack(5, .key) == 0x0200_0000_0000_0005)
  }
}
