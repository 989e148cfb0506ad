import AnnalsLog
import Testing

/// The vectors of the snapshots' own log.
extension FormatVectorChecks {
  static let snapshotFile: Check = { bytes in
    let header = try SnapshotFileHeader.decode(bytes.span, file: "")
    #expect(header == FormatSamples.snapshotFile)
    #expect(bytes == FormatSamples.bytes { header.encode(into: &$0) })
  }

  static let snapshotIndex: Check = { bytes in
    let index = try SnapshotIndexFile.decode(bytes.span, file: "")
    #expect(index == FormatSamples.snapshotIndex)
    #expect(bytes == FormatSamples.bytes { index.encode(into: &$0) })
  }

  static let snapshotDictionary: Check = { bytes in
    let dictionary = try SnapshotDictionaryFile.decode(bytes.span, file: "")
    #expect(dictionary == FormatSamples.snapshotDictionary)
    #expect(bytes == FormatSamples.bytes { dictionary.encode(into: &$0) })
  }
}

extension FormatSamples {
  private static let account = KeyHasher(storeID).hash(Array("account-1".utf8).span, .aggregate)

  static let snapshotFile = SnapshotFileHeader(storeID: storeID, number: 1, salt: salt)

  static let snapshotIndex = SnapshotIndexFile(
    storeID: storeID,
    number: 1,
    salt: salt,
    end: 4176,
    entries: [
      SnapshotIndexFile.Entry(hash: account, version: 9, offset: 512, length: 10, dictionary: 0)
    ]
  )

  static let snapshotDictionary = SnapshotDictionaryFile(
    storeID: storeID,
    sequence: 1,
    fingerprint: 0x0123_4567_89ab_cdef,
    sources: [account],
    content: Array("{\"balance\":12}".utf8)
  )
}

extension HeadedFile {
  static let snapshotFile = HeadedFile(
    name: "snapshot file",
    bytes: FormatSamples.bytes { FormatSamples.snapshotFile.encode(into: &$0) },
    decode: { bytes in
      Verdict { () throws(LogError) in
        _ = try SnapshotFileHeader.decode(bytes.span, file: "")
      }
    }
  )

  static let snapshotIndex = HeadedFile(
    name: "snapshot index",
    bytes: FormatSamples.bytes { FormatSamples.snapshotIndex.encode(into: &$0) },
    decode: { bytes in
      Verdict { () throws(LogError) in
        _ = try SnapshotIndexFile.decode(bytes.span, file: "")
      }
    }
  )

  static let snapshotDictionary = HeadedFile(
    name: "snapshot dictionary",
    bytes: FormatSamples.bytes { FormatSamples.snapshotDictionary.encode(into: &$0) },
    decode: { bytes in
      Verdict { () throws(LogError) in
        _ = try SnapshotDictionaryFile.decode(bytes.span, file: "")
      }
    }
  )
}

/// What the headers claim is bounded by their files.
@Suite struct SnapshotHeadersTests {
  @Test(arguments: HostileNumber.all)
  func hostileNumbersDoNotTrap(number: UInt64) {
    for file in [
      HeadedFile.snapshotFile, HeadedFile.snapshotIndex, HeadedFile.snapshotDictionary,
    ] {
      for offset in stride(from: 40, to: 96, by: 4) {
        let bytes = FooterHeaderTests.setting(number, at: offset, in: file.bytes)
        _ = file.decode(bytes)
      }
    }
    // An entry must lie in what is indexed.
    let small = UInt32(truncatingIfNeeded: number)
    for isOffset in [true, false] {
      var index = FormatSamples.snapshotIndex
      if isOffset { index.entries[0].offset = small } else { index.entries[0].length = small }
      let bytes = FormatSamples.bytes { index.encode(into: &$0) }
      let isInside = isOffset ? small == 512 : (2...10).contains(small)
      #expect(HeadedFile.snapshotIndex.decode(bytes) == (isInside ? .whole : .corrupt))
    }
  }

  @Test func theyRefuseTheirLimits() {
    var dictionary = FormatSamples.snapshotDictionary
    dictionary.content = noise(SnapshotDictionaryFile.contentByteCountMax + 1)
    let bytes = FormatSamples.bytes { dictionary.encode(into: &$0) }
    #expect(HeadedFile.snapshotDictionary.decode(bytes) == .corrupt)
  }
}
