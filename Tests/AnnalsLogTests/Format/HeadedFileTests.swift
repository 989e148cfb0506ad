import AnnalsLog
import Testing

/// What holds for every structure that begins with a file header.
@Suite struct HeadedFileTests {
  @Test(arguments: HeadedFile.all)
  func theWholeIsAccepted(file: HeadedFile) {
    #expect(file.decode(file.bytes) == .whole)
  }

  @Test(arguments: HeadedFile.all)
  func everyPrefixIsDamage(file: HeadedFile) {
    for count in 0..<file.bytes.count {
      let verdict = file.decode(Array(file.bytes.prefix(count)))
      #expect(verdict == .truncated || verdict == .corrupt, "\(count) bytes: \(verdict)")
    }
  }

  @Test(arguments: HeadedFile.all)
  func everyChangedByteIsDamage(file: HeadedFile) {
    var bytes = file.bytes
    for index in bytes.indices {
      for bits: UInt8 in [0x01, 0x80, 0xff] {
        bytes[index] ^= bits
        let verdict = file.decode(bytes)
        if !verdict.isDamage { Issue.record("byte \(index): \(verdict)") }
        bytes[index] ^= bits
      }
    }
  }

  @Test(arguments: HeadedFile.all)
  func theFutureIsBelievedWhereTheChecksumVerifies(file: HeadedFile) {
    for index in [8, 9, 12, 13, 14, 15] {
      var bytes = file.bytes
      bytes[index] ^= 0x40
      #expect(file.decode(bytes) == .corrupt, "byte \(index)")
      #expect(file.decode(HeadedFile.resealed(bytes)) == .unsupported, "byte \(index)")
    }
  }

  @Test(arguments: HeadedFile.all)
  func anotherMagicIsCorruption(file: HeadedFile) {
    var bytes = file.bytes
    bytes[8] = 9
    bytes[4] ^= 1
    #expect(file.decode(bytes) == .corrupt)
  }

  @Test(arguments: [HeadedFile.manifest, .segmentHeader, .staging])
  func reservedBytesMustBeZeroUnlessTheFileIsNewer(file: HeadedFile) {
    var bytes = file.bytes
    bytes[4000] = 1
    #expect(file.decode(HeadedFile.resealed(bytes)) == .corrupt)
    // A higher minor version, a feature only writers must know, one that anybody may ignore.
    for index in [10, 16, 20] {
      var newer = bytes
      newer[index] = 1
      #expect(file.decode(HeadedFile.resealed(newer)) == .whole, "byte \(index)")
    }
  }
}
