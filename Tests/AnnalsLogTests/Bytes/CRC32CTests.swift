import AnnalsLog
import CAnnals
import Testing

@Suite struct CRC32CTests {
  private static let bytes = noise(9100)

  @Test func itHasTheCheckValueOfItsDefinition() {
    #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
  }

  @Test func ofNoBytesItIsZero() {
    #expect(checksum([]) == 0)
  }

  @Test func allTiersAgreeForEveryShortLength() {
    for count in 0..<600 { expectAgreement(offset: 0, count: count) }
  }

  @Test func allTiersAgreeForLongLengths() {
    for count in stride(from: 600, through: 9000, by: 37) {
      expectAgreement(offset: 0, count: count)
    }
    // Around the longest block of the interleaved tier, and two of them.
    for count in 4070..<4100 { expectAgreement(offset: 0, count: count) }
    for count in 8150..<8170 { expectAgreement(offset: 0, count: count) }
  }

  @Test(arguments: 0..<64)
  func allTiersAgreeAtEveryAlignment(offset: Int) {
    for count in [0, 1, 7, 8, 9, 63, 215, 216, 217, 1000, 4096, 9000] {
      expectAgreement(offset: offset, count: count)
    }
  }

  @Test func continuingEqualsConcatenating() {
    let bytes = CRC32CTests.bytes.span
    let whole = CRC32C.checksum(bytes)
    for split in stride(from: 0, through: bytes.count, by: 91) {
      let head = CRC32C.checksum(bytes.extracting(first: split))
      let continued = CRC32C.checksum(bytes.extracting(droppingFirst: split), continuing: head)
      #expect(continued == whole)
    }
  }

  @Test func itSeesEverySingleFlippedBit() {
    var bytes = Array(CRC32CTests.bytes.prefix(300))
    let whole = checksum(bytes)
    for bit in 0..<2400 {
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(checksum(bytes) != whole)
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
  }

  // The macros cannot take a span apart.
  private func checksum(_ bytes: [UInt8]) -> UInt32 { CRC32C.checksum(bytes.span) }

  private func expectAgreement(offset: Int, count: Int) {
    let span = CRC32CTests.bytes.span.extracting(offset..<offset + count)
    let (table, serial, interleaved) = unsafe span.withUnsafeBytes {
      unsafe (
        annals_crc32c_table(7, $0.baseAddress, count),
        annals_crc32c_serial(7, $0.baseAddress, count),
        annals_crc32c_interleaved(7, $0.baseAddress, count)
      )
    }
    #expect(serial == table, "serial, \(count) bytes at \(offset)")
    #expect(interleaved == table, "interleaved, \(count) bytes at \(offset)")
    let chosen = CRC32C.checksum(span, continuing: 7)
    #expect(chosen == table, "chosen, \(count) bytes at \(offset)")
  }
}

/// Bytes without a pattern, the same every time.
func noise(_ count: Int) -> [UInt8] {
  var state: UInt64 = 0x9e37_79b9_7f4a_7c15
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 32)
  }
}
