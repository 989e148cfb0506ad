import AnnalsLog
import Testing

@Suite struct SegmentListTests {
  private let sample = FormatSamples.segmentList

  private func encode(_ list: SegmentList) -> [UInt8] {
    FormatSamples.bytes { list.encode(into: &$0) }
  }

  private func resealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = Array(bytes.dropLast(4))
    let sum = CRC32C.checksum(body.span)
    return body + FormatSamples.bytes { $0.append(sum) }
  }

  @Test func listsOfAllSizesComeBack() throws {
    for count: UInt32 in [0, 1, 2, 100] {
      var list = SegmentList(
        storeID: FormatSamples.storeID,
        generation: 5,
        nextSegment: count + 1,
        segments: (0..<count).map { SegmentList.Entry(id: $0 + 1, isSealed: true) },
        checkpoints: Array(repeating: sample.checkpoints[0], count: Int(count))
      )
      for index in list.segments.indices { list.segments[index].basePosition = 1 }
      let bytes = encode(list)
      let found = try SegmentList.decode(bytes.span, file: "")
      #expect(found == list)
    }
  }

  @Test(arguments: [0, 1, 3, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff] as [UInt32])
  func hostileCountsAreMalformed(count: UInt32) {
    for offset in [48, 52] {
      var bytes = encode(sample)
      for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
      if offset == 52, count == 1 { continue }
      #expect(HeadedFile.segmentList.decode(resealed(bytes)) == .corrupt, "\(offset)")
    }
  }

  private typealias Change = @Sendable (inout SegmentList) -> Void

  private static let changes: [Change] = [
    { $0.generation = 1 << 63 }, { $0.nextSegment = .max }, { $0.nextSegment = 3 },
    { $0.segments[0].id = 0 }, { $0.segments[0].id = 4 }, { $0.segments[0].id = 3 },
    { $0.segments[0].basePosition = 0 }, { $0.segments[0].basePosition = .max },
    { $0.segments[0].lastPosition = 1 << 56 },
    { $0.segments[1].lastRecord = 1 << 63 }, { $0.segments[1].end = 1 << 63 },
    { $0.segments[1].keySequence = .max }, { $0.checkpoints[0].generation = .max },
  ]

  @Test(arguments: changes.indices)
  func numbersBeyondTheLimitsAreMalformed(index: Int) {
    var list = sample
    Self.changes[index](&list)
    #expect(HeadedFile.segmentList.decode(encode(list)) == .corrupt)
  }

  @Test(arguments: [69, 71, 216, 223])
  func reservedBytesMustBeZeroUnlessTheFileIsNewer(offset: Int) {
    var bytes = encode(sample)
    bytes[offset] |= 2
    #expect(HeadedFile.segmentList.decode(resealed(bytes)) == .corrupt)
    bytes[10] = 1
    #expect(HeadedFile.segmentList.decode(resealed(bytes)) == .whole)
  }
}
