/// A dictionary for LZ4, made from earlier states of one shape: what small states have in common.
///
/// Specified in `Format.md`, section "Snapshot dictionary". Its number is the checksum of its
/// bytes, so that no other dictionary can be taken for it.
package struct SnapshotDictionaryFile: Equatable, Sendable {
  package enum Layout {
    package static let sequence = 40..<48
    package static let fingerprint = 48..<56
    package static let number = 56..<60
    package static let contentByteCount = 60..<64
    package static let sourceCount = 64..<68
    package static let zero = 68..<72
    package static let sources = 72..<3144
    package static let reserved = 3144..<4092
    package static let content = HeaderBlock.byteCount
    package static let source = 16
  }

  /// LZ4 looks no further back.
  package static let contentByteCountMax = 64 << 10
  /// As many as its header has room for.
  package static let sourceCountMax = Layout.sources.count / Layout.source

  package var storeID: StoreID
  /// Of two of one shape the one with the higher number is used for new states.
  package var sequence: UInt64
  /// The shape of the states.
  package var fingerprint: UInt64
  /// The hashes of the ids of the aggregates whose states are in it.
  package var sources: [KeyHash]
  package var content: [UInt8]

  package init(
    storeID: StoreID,
    sequence: UInt64,
    fingerprint: UInt64,
    sources: [KeyHash],
    content: [UInt8]
  ) {
    self.storeID = storeID
    self.sequence = sequence
    self.fingerprint = fingerprint
    self.sources = sources
    self.content = content
  }

  /// The checksum of the content; not zero, which means none.
  package var number: UInt32 { max(1, CRC32C.checksum(content.span)) }

  /// Appends the whole file.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.snapshotDictionary, storeID: storeID).encode(into: &buffer)
    buffer.append(sequence)
    buffer.append(fingerprint)
    buffer.append(number)
    buffer.append(UInt32(content.count))
    buffer.append(UInt32(sources.count))
    buffer.append(UInt32(0))
    for source in sources {
      buffer.append(source.low)
      buffer.append(source.high)
    }
    HeaderBlock.finish(&buffer, from: start)
    buffer.append(content.span)
  }

  /// Reads the whole `file`.
  package static func decode(
    _ bytes: Span<UInt8>,
    file: String
  ) throws(LogError) -> SnapshotDictionaryFile {
    let block = bytes.extracting(0..<min(bytes.count, HeaderBlock.byteCount))
    let header = try HeaderBlock.header(block, .snapshotDictionary, file: file)
    let count = Int(block.load(UInt32.self, at: Layout.contentByteCount.lowerBound))
    let sourceCount = Int(block.load(UInt32.self, at: Layout.sourceCount.lowerBound))
    guard count >= 1, count <= contentByteCountMax, sourceCount <= sourceCountMax,
      block.isZero(Layout.zero)
    else { throw .corrupt(Corruption(file: file, offset: 0, .malformed(.snapshot))) }
    guard bytes.count == Layout.content + count else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.content + count),
        actual: UInt64(bytes.count)
      )
    }
    var found = SnapshotDictionaryFile(
      storeID: header.storeID,
      sequence: block.load(UInt64.self, at: Layout.sequence.lowerBound),
      fingerprint: block.load(UInt64.self, at: Layout.fingerprint.lowerBound),
      sources: [],
      content: bytes.extracting(Layout.content..<bytes.count).array
    )
    let stored = block.load(UInt32.self, at: Layout.number.lowerBound)
    guard stored == found.number else {
      throw .corrupt(
        Corruption(
          file: file,
          offset: Layout.content,
          .checksum(stored: stored, computed: found.number)
        )
      )
    }
    for index in 0..<sourceCount {
      let start = Layout.sources.lowerBound + index * Layout.source
      found.sources.append(
        KeyHash(
          high: block.load(UInt64.self, at: start + 8),
          low: block.load(UInt64.self, at: start)
        )
      )
    }
    let used = Layout.sources.lowerBound + sourceCount * Layout.source
    guard !header.hasZeroReserve || block.isZero(used..<Layout.reserved.upperBound) else {
      throw .corrupt(Corruption(file: file, offset: 0, .malformed(.snapshot)))
    }
    return found
  }
}
