import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct ByteReaderTests {
  /// Those at which an integer becomes longer, and their neighbours.
  static let values: [UInt64] = (0..<64).flatMap { shift in
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
        #expect(length == max(1, (70 - value.leadingZeroBitCount) / 7))
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
      for _ in 0..<77 { values.append(random.next() >> (64 - bits)) }
      #expect(buffer.appendColumn(values.span) { $0 } == width)
      #expect(buffer.count == 1 + 77 * width.byteCount)
      let column = Column(width: width, offset: 1)
      for range in [0..<0, 0..<77, 3..<4, 5..<60, 77..<77] {
        let expected = values[range].reduce(0, &+)
        #expect(column.sum(range, in: buffer.bytes) == expected)
      }
    }
    #expect(Column(constant: 7).sum(2..<10, in: buffer.bytes) == 56)
  }

  @Test(arguments: [0, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000] as [UInt64])
  func aColumnIsAsNarrowAsItsValuesAllow(greatest: UInt64) {
    let width = ColumnWidth(holding: greatest)
    let values = [1, greatest, greatest, 0]
    var buffer = ByteBuffer()
    #expect(buffer.appendColumn(values.span) { $0 } == width)
    #expect(buffer.count == 4 * width.byteCount)
    let column = Column(width: width, offset: 0)
    #expect((0..<4).map { column.value($0, in: buffer.bytes) } == values)
  }

  @Test func valuesThatAreAllTheSameStandOnceIfTheyMay() {
    let values = [UInt64](repeating: 300, count: 5)
    var buffer = ByteBuffer()
    #expect(buffer.appendColumn(values.span) { $0 } == .constant)
    var reader = ByteReader(buffer.bytes)
    #expect(reader.readVarint() == 300 && reader.offset == 2)
    buffer.removeAll()
    #expect(buffer.appendColumn(values.span, isStored: true) { $0 } == .two)
    #expect(buffer.count == 10)
  }

  /// Each length with the odd byte at each place, against the plain loop.
  @Test func bytesThatNamesMayNotHaveAreFound() {
    for count in 0...20 {
      for place in 0...count {
        for odd in [0, 1, 0x7f, 0x80, 0x81, 0xff] as [UInt8] {
          var bytes = [UInt8](repeating: 0x41, count: count)
          if place < count { bytes[place] = odd }
          #expect(bytes.span.containsZero == bytes.contains(0))
          let isPlain = bytes.allSatisfy { $0 < 0x80 && $0 != 0 }
          #expect(bytes.span.isASCIIWithoutZero == isPlain)
        }
      }
    }
  }

  /// Each length with a difference at each place.
  @Test func bytesAreEqualWhereNoneDiffers() {
    for count in 0...40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      #expect(areEqual(bytes, bytes.map { $0 }))
      #expect(!areEqual(bytes, bytes + [0]))
      for place in 0..<count {
        var other = bytes
        other[place] ^= 0x80
        #expect(!areEqual(bytes, other) && !areEqual(other, bytes))
      }
    }
  }

  private func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    first.span.equals(second.span)
  }
}
