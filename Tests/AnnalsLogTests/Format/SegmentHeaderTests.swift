import AnnalsLog
import Testing

@Suite struct SegmentHeaderTests {
  private func encode(_ header: SegmentHeader) -> [UInt8] {
    FormatSamples.bytes { header.encode(into: &$0) }
  }

  @Test func aBlockOfZerosWasNeverWritten() {
    var bytes = [UInt8](repeating: 0, count: 8192)
    #expect(HeadedFile.segmentHeader.decode(bytes) == .unwritten)
    bytes[4095] = 1
    #expect(HeadedFile.segmentHeader.decode(bytes) == .corrupt)
  }

  @Test func theGreatestNumbersComeBack() throws {
    let header = SegmentHeader(
      storeID: FormatSamples.storeID,
      segmentID: Limits.segmentIDMax,
      salt: .max,
      basePosition: Limits.ordinalMax + 1,
      baseTime: .min,
      baseRecord: Limits.ordinalMax,
      predecessorID: Limits.segmentIDMax,
      predecessorChecksum: .max,
      predecessorEnd: UInt64(Int64.max)
    )
    let bytes = encode(header)
    let found = try SegmentHeader.decode(bytes.span, file: "")
    #expect(found == header)
  }

  private typealias Change = @Sendable (inout SegmentHeader) -> Void

  private static let changes: [Change] = [
    { $0.segmentID = 0 }, { $0.segmentID = .max }, { $0.segmentID = 1 << 31 - 1 },
    { $0.basePosition = 0 }, { $0.basePosition = .max }, { $0.basePosition = 1 << 56 + 1 },
    { $0.baseRecord = 1 << 56 }, { $0.predecessorID = 1 << 31 }, { $0.predecessorEnd = 1 << 63 },
  ]

  @Test(arguments: changes.indices)
  func numbersBeyondTheLimitsAreMalformed(index: Int) {
    var header = FormatSamples.segmentHeader
    Self.changes[index](&header)
    #expect(HeadedFile.segmentHeader.decode(encode(header)) == .corrupt)
  }

  @Test func namesComeBackAsNumbers() {
    #expect(StoreFile.segment(3) == "00000003.segment")
    #expect(StoreFile.footer(123_456_789) == "123456789.footer")
    #expect(StoreFile.segmentList(7) == "segments-000000000007")
    #expect(StoreFile.indexCheckpoint(Limits.generationMax) == "index-9223372036854775807")
    let name = StoreFile.segmentList(Limits.generationMax)
    #expect(StoreFile.number(in: name, prefix: "segments-") == Limits.generationMax)
    #expect(StoreFile.number(in: "00000003.segment", prefix: "", suffix: ".segment") == 3)
  }

  @Test(arguments: [
    "segments-", "segments--1", "segments-1x", "segments-99999999999999999999", "segment-1", "",
    "segments-1.tmp", "segments-+1",
  ])
  func otherNamesHaveNoNumber(name: String) {
    #expect(StoreFile.number(in: name, prefix: "segments-") == nil)
  }
}
