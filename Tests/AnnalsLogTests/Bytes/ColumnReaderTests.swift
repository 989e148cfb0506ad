import AnnalsLog
import AnnalsTesting
import Testing

/// Reading without an answer each: what it reads, and that what does not fit is told at the end.
@Suite struct ColumnReaderTests {
  @Test(arguments: 0...10)
  func anIntegerIsTheSameWhateverFollows(following: Int) {
    for value in ByteReaderTests.values + [.max, .max - 1] {
      for filler in [UInt8(0), 0x7f, 0x80, 0xff] {
        var buffer = ByteBuffer()
        buffer.appendVarint(value)
        let length = buffer.count
        for _ in 0..<following { buffer.append(filler) }
        var short = ColumnReader(buffer.bytes, at: 0)
        #expect(short.varint() == value && short.offset == length && short.isWhole)
        var wide = ColumnReader(buffer.bytes, at: 0)
        #expect(wide.wideVarint() == value && wide.offset == length && wide.isWhole)
      }
    }
  }

  @Test(arguments: 0...20)
  func anIntegerWithoutEndIsToldAtTheEnd(count: Int) {
    let bytes = [UInt8](repeating: 0x80, count: count)
    var short = ColumnReader(bytes.span, at: 0)
    _ = short.varint()
    #expect(short.isWhole == false)
    var wide = ColumnReader(bytes.span, at: 0)
    _ = wide.wideVarint()
    #expect(wide.isWhole == false)
  }

  @Test func whatDoesNotFitIsToldHoweverMuchIsReadBehindIt() {
    let bytes: [UInt8] = [5, 1, 2, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    func reads(_ body: (inout ColumnReader) -> Void) -> Bool {
      var reader = ColumnReader(bytes.span, at: 0)
      body(&reader)
      _ = (reader.varint(), reader.byte(), reader.word())
      return reader.isWhole
    }
    #expect(reads { _ = $0.count(maximum: 5) })
    #expect(!reads { _ = $0.count(maximum: 4) })
    #expect(reads { _ = $0.column(1, rows: 15) })
    #expect(!reads { _ = $0.column(1, rows: 16) })
    #expect(!reads { _ = $0.column(4, rows: 3) })
    for malformed: UInt32 in 5...7 { #expect(!reads { _ = $0.column(malformed, rows: 1) }) }
    #expect(!reads { _ = $0.skip(1 << 40) })
    #expect(!reads { _ = $0.skip(16) })
    var atEnd = ColumnReader(bytes.span, at: bytes.count)
    #expect(atEnd.isWhole == true)
    #expect(atEnd.byte() == 0 && !atEnd.isWhole)
    var nearEnd = ColumnReader(bytes.span, at: bytes.count - 3)
    #expect(nearEnd.word() == 0 && !nearEnd.isWhole)
  }

  /// Step by step beside the reader that answers each time, over bytes of all kinds.
  @Test func bothReadersAgree() {
    var random = SplitMix64(seed: 11)
    for _ in 0..<3000 {
      let high = random.next() % 3
      let bytes = (0..<(random.next() % 40)).map { _ in
        UInt8(truncatingIfNeeded: random.next()) & (high == 0 ? 0x7f : 0xff)
      }
      var one = ByteReader(bytes.span)
      var other = ColumnReader(bytes.span, at: 0)
      while true {
        var expected: UInt64?
        var found: UInt64
        switch random.next() % 5 {
        case 0: (expected, found) = (one.read(UInt8.self).map(UInt64.init), UInt64(other.byte()))
        case 1: (expected, found) = (one.read(UInt32.self).map(UInt64.init), UInt64(other.word()))
        case 2: (expected, found) = (one.readVarint(), other.varint())
        case 3: (expected, found) = (one.readVarint(), other.wideVarint())
        default:
          let count = Int(random.next() % 6)
          (expected, found) = (
            one.skip(count).map { UInt64($0.lowerBound) }, UInt64(other.skip(count))
          )
        }
        #expect((expected != nil) == other.isWhole)
        guard let expected, other.isWhole else { break }
        #expect(expected == found && one.offset == other.offset)
      }
    }
  }
}
