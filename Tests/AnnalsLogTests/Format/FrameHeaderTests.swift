import AnnalsLog
import Testing

@Suite struct FrameHeaderTests {
  private func probe(_ bytes: [UInt8], at offset: Int = 0, limit: Int? = nil) -> FrameProbe {
    FrameHeader.probe(bytes.span, at: offset, limit: limit ?? bytes.count)
  }

  private func header(_ word: UInt32, count: Int = 64) -> [UInt8] {
    FormatSamples.bytes {
      $0.append(UInt32(0xffff_ffff))
      $0.append(word)
      $0.appendZeros(count - 8)
    }
  }

  @Test func zerosWereNeverWritten() {
    #expect(probe([UInt8](repeating: 0, count: 8)) == .unwritten)
    #expect(probe([UInt8](repeating: 0, count: 64), at: 56) == .unwritten)
  }

  @Test(arguments: 0..<8)
  func everyPrefixIsTruncated(count: Int) {
    #expect(probe([UInt8](repeating: 1, count: count)) == .truncated(needed: 8, available: count))
    let bytes = [UInt8](repeating: 1, count: 16)
    #expect(probe(bytes, at: 8, limit: 8 + count) == .truncated(needed: 8, available: count))
    #expect(probe(bytes, at: 100) == .truncated(needed: 8, available: 0))
    #expect(probe(bytes, at: -8) == .truncated(needed: 8, available: 24))
  }

  @Test func kindZeroAndShortLengthsAreMalformed() {
    for units: UInt32 in [0, 1, 2, 1 << 28 - 1] {
      #expect(probe(header(units)) == .malformed, "kind 0, \(units) units")
    }
    for kind: UInt32 in 1...15 {
      #expect(probe(header(kind << 28)) == .malformed)
      #expect(probe(header(kind << 28 | 1)) == .malformed)
    }
  }

  @Test(arguments: 1...15 as ClosedRange<UInt8>)
  func everyKindIsProbed(kind: UInt8) {
    guard case .frame(let found) = probe(header(UInt32(kind) << 28 | 8)) else {
      Issue.record("kind \(kind) is a frame")
      return
    }
    #expect(found.checksum == 0xffff_ffff)
    #expect(found.kind == kind)
    #expect(found.byteCount == 64)
    #expect(found.isSkippable == (kind >= 8))
    #expect((found.knownKind != nil) == (kind <= 4))
  }

  @Test func lengthsBeyondTheFileAreTruncated() {
    #expect(probe(header(1 << 28 | 9)) == .truncated(needed: 72, available: 64))
    let greatest = FrameHeader.byteCountMax
    #expect(probe(header(0x1fff_ffff)) == .truncated(needed: greatest, available: 64))
    #expect(FrameHeader.lengthAndKind(greatest, .events) == 0x1fff_ffff)
  }
}

@Suite struct FrameChecksumTests {
  private let frame = [UInt8](repeating: 7, count: 32)

  private func checksum(salt: UInt32, at offset: Int) -> UInt32 {
    FrameChecksum(salt: salt).checksum(frame.span, 0..<frame.count, at: offset)
  }

  @Test func saltAndOffsetChangeIt() {
    var seen: Set<UInt32> = []
    for salt: UInt32 in [0, 1, 2, 0x8000_0000, .max] {
      for offset in [0, 8, 16, 4096, 1 << 31, 1 << 32] {
        #expect(seen.insert(checksum(salt: salt, at: offset)).inserted)
      }
    }
  }

  @Test func theSeedIsAsSpecified() {
    let seed = FrameChecksum(salt: 0x1234_5678).seed(4096)
    let product: UInt32 = 512 &* 0x9e37_79b1
    #expect(seed == 0x1234_5678 ^ product)
    // Only 32 bits of the offset in units count.
    #expect(FrameChecksum(salt: 5).seed(1 << 35) == FrameChecksum(salt: 5).seed(0))
  }
}
