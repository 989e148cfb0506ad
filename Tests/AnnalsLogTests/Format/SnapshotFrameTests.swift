import AnnalsLog
import Testing

@Suite struct SnapshotFrameTests {
  private func decode(_ bytes: [UInt8], byteCount: Int? = nil) -> SnapshotFrame? {
    SnapshotFrame.decode(bytes.span, at: 0, byteCount: byteCount ?? bytes.count)
  }

  /// A frame whose numbers may be anything; its id and state are "a" and "s".
  private func frame(
    flags: UInt8 = 0,
    version: UInt64 = 1,
    position: UInt64 = 1,
    rawSize: UInt64 = 1,
    dictionary: UInt64? = nil,
    idLength: UInt64 = 1
  ) -> [UInt8] {
    let body = FormatSamples.bytes {
      $0.appendZeros(40)
      for number in [version, position, rawSize] { $0.appendVarint(number) }
      if let dictionary { $0.appendVarint(dictionary) }
      $0.appendVarint(idLength)
      $0.append(Array("as".utf8).span)
    }
    return FrameDraft.frame(kind: 3, flags: flags, body, at: 0, salt: 0)
  }

  @Test func aCompressedStateComesBack() throws {
    var sample = FormatSamples.snapshot
    sample.isCompressed = true
    sample.dictionary = 300
    sample.rawByteCount = SnapshotFrame.rawByteCountMax
    let id = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
    let state = noise(333)
    let bytes = FormatSamples.bytes {
      _ = sample.encode(aggregate: id.span, state: state.span, into: &$0)
    }
    let found = try #require(decode(bytes))
    #expect(Array(bytes[found.idOffset..<found.idOffset + found.idCount]) == id)
    #expect(Array(bytes[found.stateOffset..<found.stateEnd]) == state)
    #expect(found.dictionary == 300)
    #expect(found.isCompressed)
    for count in 0..<200 {
      #expect(decode(Array(bytes.prefix(count)), byteCount: bytes.count) == nil)
    }
  }

  @Test func everyPrefixIsRefused() {
    let bytes = FormatSamples.snapshotFrame(at: 0)
    for count in 0..<bytes.count {
      #expect(decode(Array(bytes.prefix(count)), byteCount: bytes.count) == nil)
      #expect(decode(Array(bytes.prefix(count))) == nil)
    }
  }

  @Test(arguments: HostileNumber.all)
  func hostileNumbersAreRefusedWithoutATrap(number: UInt64) {
    #expect(decode(frame(version: number))?.version == number)
    #expect(decode(frame(position: number))?.position == number)
    #expect((decode(frame(rawSize: number)) != nil) == (number == 1))
    let isSmall = number <= 64 << 20
    #expect((decode(frame(flags: 8, rawSize: number)) != nil) == isSmall)
    #expect((decode(frame(flags: 16, dictionary: number)) != nil) == (number != 0))
    #expect((decode(frame(idLength: number)) != nil) == (number == 1))
  }

  @Test func unknownFlagsAndPaddingAreRefused() {
    for bit: UInt8 in [0x20, 0x40, 0x80] { #expect(decode(frame(flags: bit)) == nil) }
    var bytes = frame()
    #expect(bytes[8] & 7 > 0)
    bytes[bytes.count - 1] = 1
    #expect(decode(bytes) == nil)
  }

  @Test func everyByteMayBeAnythingWithoutATrap() {
    var bytes = FormatSamples.snapshotFrame(at: 0)
    for index in 8..<bytes.count {
      let before = bytes[index]
      for value in UInt8.min...UInt8.max {
        bytes[index] = value
        _ = decode(bytes)
      }
      bytes[index] = before
    }
  }
}
