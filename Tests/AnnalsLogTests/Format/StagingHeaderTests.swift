import AnnalsLog
import Testing

@Suite struct StagingHeaderTests {
  @Test(arguments: [0, 1, 1 << 31, 1 << 32, 1 << 63, .max] as [UInt64])
  func everyNumberComesBack(number: UInt64) throws {
    let header = StagingHeader(storeID: FormatSamples.storeID, salt: number, capacity: ~number)
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(bytes.count == StagingHeader.Layout.byteCount)
    let found = try StagingHeader.decode(bytes.span)
    #expect(found == header)
  }
}
