import AnnalsLog
import AnnalsTesting
import Testing

/// The header blocks of footers and index checkpoints: what they claim is bounded by their file.
@Suite struct FooterHeaderTests {
  static let vector = FormatDocument.shared.vectors.first { $0.name == "footer" }?.bytes ?? []

  /// Opens a footer whose number at `offset` is another, and asks it everything.
  static func open(_ bytes: [UInt8]) -> Verdict {
    let mapping = Mapping.holding(bytes)
    return Verdict { () throws(LogError) in
      let footer = try Footer(
        mapping,
        storeID: FormatSamples.storeID,
        segment: FormatSamples.segmentHeader,
        name: ""
      )
      try ask(footer)
    }
  }

  private static func ask(_ footer: Footer) throws(LogError) {
    #expect(footer.checkAll().isEmpty)
    for index in 0..<min(footer.keys.count, 10) {
      let entry = try footer.keys.entry(index)
      _ = try footer.keys.find(entry.hash)
      var ordinals: [UInt32] = []
      try footer.postings(entry, into: &ordinals)
    }
    for ordinal in [0, 5, Int(UInt32.max)] { _ = try footer.frameOffset(before: ordinal) }
    _ = try footer.types()
    _ = try footer.categories()
  }

  static func setting(_ number: UInt64, at offset: Int, in bytes: [UInt8]) -> [UInt8] {
    var changed = bytes
    for index in 0..<8 {
      changed[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
    }
    return HeadedFile.resealed(changed)
  }

  @Test(arguments: stride(from: 144, to: 264, by: 8).map { $0 })
  func hostileSectionsDoNotTrap(offset: Int) {
    #expect(Self.open(Self.vector) == .whole)
    for number in HostileNumber.all {
      let verdict = Self.open(Self.setting(number, at: offset, in: Self.vector))
      // Some numbers lead elsewhere in the body, and read as something.
      #expect(verdict == .whole || verdict == .corrupt, "\(number)")
    }
  }

  /// Last position, end, last record and number of keys.
  @Test(arguments: [64, 80, 88, 96])
  func numbersBeyondTheLimitsAreCorruption(offset: Int) {
    #expect(Self.open(Self.setting(.max, at: offset, in: Self.vector)) == .corrupt)
  }

  @Test(arguments: [144, 152, 160, 168, 176, 192, 200, 208, 216, 224, 232, 240, 248, 256])
  func numbersBeyondTheFileAreCorruption(offset: Int) {
    for number in HostileNumber.all where number > 1 << 20 {
      // So many categories that none is listed.
      if offset == 256, number == .max { continue }
      let verdict = Self.open(Self.setting(number, at: offset, in: Self.vector))
      #expect(verdict == .corrupt, "\(number)")
    }
  }

  @Test func aFooterOfAnotherSegmentIsRefused() {
    for offset in [48, 52, 56] {
      var bytes = Self.vector
      bytes[offset] ^= 1
      #expect(Self.open(HeadedFile.resealed(bytes)) == .corrupt)
    }
  }

  @Test func everyNumberComesBack() throws {
    let block = noise(HeaderBlock.byteCount).enumerated().map {
      (140..<144).contains($0.offset) ? 0 : $0.element
    }
    let decoded = FooterHeader.decode(block.span, storeID: FormatSamples.storeID)
    let header = try #require(decoded)
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(Array(bytes[CheckedPages.fields...]) == Array(block[CheckedPages.fields..<264]))
  }

  @Test func everyPrefixOfAFooterIsDamage() {
    for count in 0..<Self.vector.count where count % 7 == 0 || count > 12_280 {
      #expect(Self.open(Array(Self.vector.prefix(count))).isDamage)
    }
  }
}

@Suite struct SortedKeysTests {
  private func table(_ hashes: [KeyHash]) throws -> IndexCheckpoint {
    let size = KeyTableFormat.checkpointEntry
    var body = ByteBuffer()
    for (number, hash) in hashes.enumerated() {
      let entry = KeyEntry(hash: hash, domain: 0, version: UInt64(number) + 1, segment: 1)
      entry.encode(size, into: &body, tableStart: 0)
    }
    var header = ByteBuffer()
    FileHeader(.indexCheckpoint, storeID: FormatSamples.storeID).encode(into: &header)
    header.appendZeros(CheckedPages.fields - header.count)
    for _ in 0..<3 { header.append(UInt64(1)) }
    header.append(UInt64(hashes.count))
    var file = ByteBuffer()
    CheckedPages.finish(header: header, body: &body, into: &file)
    return try IndexCheckpoint(
      Mapping.holding(file.bytes.array),
      storeID: FormatSamples.storeID,
      name: ""
    )
  }

  /// Spread evenly, all at one end, all alike in their upper half, and few.
  @Test(arguments: 0..<5)
  func everyKeyIsFoundAndNoOther(shape: Int) throws {
    var random = SplitMix64(seed: UInt64(shape))
    let count = shape == 4 ? 3 : 3000
    var hashes: [KeyHash] = []
    for number in 0..<count {
      let low = random.next() | 1
      let high: UInt64 =
        switch shape {
        case 0, 4: random.next()
        case 1: random.next() >> 40
        case 2: .max - random.next() >> 40
        default: UInt64(number / 1000) << 62
        }
      hashes.append(KeyHash(high: high, low: low))
    }
    hashes.sort()
    let keys = try table(hashes).keys
    for (number, hash) in hashes.enumerated() {
      #expect(try keys.find(hash)?.version == UInt64(number) + 1)
      #expect(try keys.find(KeyHash(high: hash.high, low: hash.low - 1)) == nil)
      keys.prefetch(hash)
      keys.prefetchNeighbours(hash)
    }
    for hash in [KeyHash(high: 0, low: 0), KeyHash(high: .max, low: .max)] {
      #expect(try keys.find(hash) == nil)
      keys.prefetchNeighbours(hash)
    }
  }

  @Test func anEmptyTableHasNoKey() throws {
    #expect(try table([]).keys.find(KeyHash(high: 1, low: 1)) == nil)
    try table([]).keys.prefetchNeighbours(KeyHash(high: 1, low: 1))
  }
}

@Suite struct IndexCheckpointHeaderTests {
  private let vector =
    FormatDocument.shared.vectors.first { $0.name == "index-checkpoint" }?.bytes ?? []

  private func open(_ bytes: [UInt8]) -> Verdict {
    let mapping = Mapping.holding(bytes)
    return Verdict { () throws(LogError) in
      let file = try IndexCheckpoint(mapping, storeID: FormatSamples.storeID, name: "")
      #expect(file.checkAll().isEmpty)
      for hash in [KeyHash(high: 0, low: 1), KeyHash(high: .max, low: .max)] {
        _ = try file.keys.find(hash)
      }
    }
  }

  @Test(arguments: HostileNumber.all)
  func hostileCountsDoNotTrap(number: UInt64) {
    let bytes = FooterHeaderTests.setting(number, at: 72, in: vector)
    #expect(open(bytes) == (number <= 146 ? .whole : .corrupt))
  }

  @Test func everyNumberComesBack() throws {
    let block = noise(HeaderBlock.byteCount)
    let decoded = IndexCheckpointHeader.decode(block.span, storeID: FormatSamples.storeID)
    let header = try #require(decoded)
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(Array(bytes[CheckedPages.fields...]) == Array(block[CheckedPages.fields..<80]))
  }
}
