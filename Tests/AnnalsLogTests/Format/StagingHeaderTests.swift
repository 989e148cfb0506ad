import AnnalsLog
import Testing

@Suite struct StagingHeaderTests {
  @Test(arguments: [0, 1, 1 << 31, 1 << 32, 1 << 63, .max] as [UInt64])
  func everyNumberComesBack(number: UInt64) throws {
    let header = StagingHeader(storeID: FormatSamples.storeID, salt: number)
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(bytes.count == StagingHeader.Layout.byteCount)
    let found = try StagingHeader.decode(bytes.span)
    #expect(found == header)
  }

  /// Where the second half begins follows from it.
  @Test(arguments: [0, 1, 65_535, 65_537, 1 << 32 | 65_536, .max] as [UInt64])
  func anotherCapacityIsRefused(capacity: UInt64) throws {
    let header = StagingHeader(storeID: FormatSamples.storeID, salt: 7, capacity: capacity)
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(
      throws: LogError.corrupt(
        Corruption(file: StoreFile.staging, offset: 0, .malformed(.staging))
      )
    ) {
      try StagingHeader.decode(bytes.span)
    }
  }
}
