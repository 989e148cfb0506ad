import AnnalsLog
import Testing

/// Sums of columns, held against one addition a value.
@Suite struct SpanSumsTests {
  private static let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ $0 >> 7) }

  @Test func bytesAreSummedWhereverTheyStand() {
    let bytes = Self.bytes
    for offset in 0..<40 {
      for count in 0..<80 {
        let expected = bytes[offset..<offset + count].reduce(UInt64(0)) { $0 + UInt64($1) }
        #expect(bytes.span.sumOfBytes(at: offset, count: count) == expected)
      }
    }
  }

  @Test func pairsAreSummedWhereverTheyStand() {
    let bytes = Self.bytes
    for offset in 0..<40 {
      for count in 0..<80 {
        #expect(
          bytes.span.sumOfPairs(at: offset, count: count)
            == bytes.span.sum(UInt16.self, at: offset, count: count)
        )
      }
    }
  }

  @Test func theLastOnesAreSummedAtTheVeryEnd() {
    let bytes = Self.bytes
    for count in 0..<70 {
      let offset = bytes.count - count
      let expected = bytes[offset...].reduce(UInt64(0)) { $0 + UInt64($1) }
      #expect(bytes.span.sumOfBytes(at: offset, count: count) == expected)
      let pairs = count / 2
      #expect(
        bytes.span.sumOfPairs(at: bytes.count - pairs * 2, count: pairs)
          == bytes.span.sum(UInt16.self, at: bytes.count - pairs * 2, count: pairs)
      )
    }
  }

  /// Values as large as they get, and more of them than the narrow lanes hold.
  @Test func noLaneOverflows() {
    let ones = [UInt8](repeating: 0xff, count: 2_200_000)
    for count in [2048, 2063, 4096 + 15, ones.count] {
      #expect(ones.span.sumOfBytes(at: 0, count: count) == UInt64(count) * 255)
    }
    for count in [1 << 18 + 1, ones.count / 2] {
      #expect(ones.span.sumOfPairs(at: 0, count: count) == UInt64(count) * 65_535)
    }
  }
}
