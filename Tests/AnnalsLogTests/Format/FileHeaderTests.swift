import AnnalsLog
import Testing

@Suite struct FileHeaderTests {
  private func decode(
    _ bytes: [UInt8],
    _ magic: FileHeader.Magic = .segment
  ) throws(LogError) -> FileHeader {
    try FileHeader.decode(bytes.span, magic, file: "file")
  }

  private func encode(_ header: FileHeader) -> [UInt8] {
    FormatSamples.bytes { header.encode(into: &$0) }
  }

  @Test(arguments: FileHeader.Magic.allCases)
  func everyKindComesBack(magic: FileHeader.Magic) throws {
    let header = FileHeader(magic, storeID: FormatSamples.storeID)
    let bytes = encode(header)
    #expect(bytes.count == FileHeader.Layout.byteCount)
    #expect(bytes[0] == 0x89)
    #expect(bytes[7] == UInt8(ascii: "\n"))
    #expect(try decode(bytes, magic) == header)
    for other in FileHeader.Magic.allCases where other != magic {
      #expect(throws: LogError.corrupt(Corruption(file: "file", offset: 0, .magic))) {
        try decode(bytes, other)
      }
    }
  }

  @Test func everyPrefixIsNoHeader() {
    let bytes = encode(FileHeader(.segment, storeID: FormatSamples.storeID))
    for count in 0..<bytes.count {
      #expect(throws: LogError.corrupt(Corruption(file: "file", offset: 0, .magic))) {
        try decode(Array(bytes.prefix(count)))
      }
    }
  }

  @Test func anUnknownVersionIsNamed() {
    var bytes = encode(FileHeader(.segment, storeID: FormatSamples.storeID))
    bytes[8] = 2
    bytes[15] = 0x80
    #expect(
      throws: LogError.unsupportedVersion(
        file: "file",
        UnsupportedVersion(major: 2, features: 0x8000_0000)
      )
    ) { try decode(bytes) }
  }

  @Test func featuresThatOnlyWritersMustKnowForbidWriting() throws {
    var header = FileHeader(.manifest, storeID: FormatSamples.storeID)
    #expect(header.isWritable)
    #expect(header.hasZeroReserve)
    header.readOnlyCompatible = 4
    let found = try decode(encode(header), .manifest)
    #expect(found == header)
    #expect(!found.isWritable)
    #expect(!found.hasZeroReserve)
  }

  @Test func whatMayBeIgnoredIsKept() throws {
    var header = FileHeader(.manifest, storeID: FormatSamples.storeID)
    header.minor = 7
    header.compatible = 0x8000_0001
    #expect(try decode(encode(header), .manifest) == header)
    #expect(header.isWritable)
  }
}
