import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct ByteReaderTests {
  private static let values: [UInt64] = (0..<64).flatMap { shift in
    [1 << shift, (1 << shift) &- 1, (1 << shift) | 1]
  }

  /// Up to eight bytes are read at once where there are eight, and one by one at the end.
  @Test(arguments: 0...16)
  func anIntegerIsTheSameWhateverFollows(following: Int) {
    for value in Self.values + [.max, .max - 1] {
      for filler in [UInt8(0), 0x7f, 0x80, 0xff] {
        var buffer = ByteBuffer()
        buffer.appendVarint(value)
        let length = buffer.count
        for _ in 0..<following { buffer.append(filler) }
        var reader = ByteReader(buffer.bytes)
        #expect(reader.readVarint() == value)
        #expect(reader.offset == length)
      }
    }
  }

  @Test(arguments: 0...20)
  func anIntegerWithoutEndIsNone(count: Int) {
    let bytes = [UInt8](repeating: 0x80, count: count)
    var reader = ByteReader(bytes.span)
    #expect(reader.readVarint() == nil)
    #expect(reader.offset == 0)
  }

  @Test func sumsAreThoseOfTheValues() {
    var random = SplitMix64(seed: 3)
    var buffer = ByteBuffer()
    var values: [UInt64] = []
    for width in [ColumnWidth.one, .two, .four, .eight] {
      buffer.removeAll()
      values.removeAll()
      buffer.append(UInt8(0))
      let bits = UInt64(width.byteCount * 8)
      for _ in 0..<77 {
        let value = random.next() >> (64 - bits)
        values.append(value)
        buffer.append(value, width: width)
      }
      let column = Column(width: width, offset: 1)
      for range in [0..<0, 0..<77, 3..<4, 5..<60, 77..<77] {
        let expected = values[range].reduce(0, &+)
        #expect(column.sum(range, in: buffer.bytes) == expected)
      }
    }
    #expect(Column(constant: 7).sum(2..<10, in: buffer.bytes) == 56)
  }
}
