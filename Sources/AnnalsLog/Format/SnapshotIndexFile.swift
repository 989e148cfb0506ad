/// Which snapshots of one file counted when it was indexed, and where they stand.
///
/// Specified in `Format.md`, section "Snapshot index". A cache of a cache: without it the file is
/// read from its beginning.
package struct SnapshotIndexFile: Equatable, Sendable {
  package enum Layout {
    package static let number = 40..<44
    package static let salt = 44..<48
    package static let end = 48..<56
    package static let entryCount = 56..<60
    package static let entryChecksum = 60..<64
    package static let reserved = 64..<4092
    package static let entries = HeaderBlock.byteCount
    package static let entry = 40
  }

  /// One snapshot.
  package struct Entry: Equatable, Sendable, BitwiseCopyable {
    /// The hash of the aggregate's id.
    package var hash: KeyHash
    package var version: UInt64
    /// Where its frame begins, in units.
    package var offset: UInt32
    /// How long its frame is, in units.
    package var length: UInt32
    /// The dictionary it needs; 0 for none.
    package var dictionary: UInt32

    package init(
      hash: KeyHash,
      version: UInt64,
      offset: UInt32,
      length: UInt32,
      dictionary: UInt32
    ) {
      self.hash = hash
      self.version = version
      self.offset = offset
      self.length = length
      self.dictionary = dictionary
    }
  }

  package var storeID: StoreID
  /// The number of the file that is indexed.
  package var number: UInt32
  /// That file's salt: tells it from another that had its name.
  package var salt: UInt32
  /// The offset in that file behind the last frame indexed; all before it was durable.
  package var end: UInt64
  package var entries: [Entry]

  package init(
    storeID: StoreID,
    number: UInt32,
    salt: UInt32,
    end: UInt64,
    entries: [Entry]
  ) {
    self.storeID = storeID
    self.number = number
    self.salt = salt
    self.end = end
    self.entries = entries
  }

  /// Appends the whole file.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    var body = ByteBuffer(capacity: entries.count * Layout.entry)
    for entry in entries {
      body.append(entry.hash.low)
      body.append(entry.hash.high)
      body.append(entry.version)
      body.append(entry.offset)
      body.append(entry.length)
      body.append(entry.dictionary)
      body.append(UInt32(0))
    }
    FileHeader(.snapshotIndex, storeID: storeID).encode(into: &buffer)
    buffer.append(number)
    buffer.append(salt)
    buffer.append(end)
    buffer.append(UInt32(entries.count))
    buffer.append(body.checksum())
    HeaderBlock.finish(&buffer, from: start)
    buffer.append(body)
  }

  /// Reads the whole `file`.
  package static func decode(
    _ bytes: Span<UInt8>,
    file: String
  ) throws(LogError) -> SnapshotIndexFile {
    let block = bytes.extracting(0..<min(bytes.count, HeaderBlock.byteCount))
    let header = try HeaderBlock.header(block, .snapshotIndex, file: file)
    var found = SnapshotIndexFile(
      storeID: header.storeID,
      number: block.load(UInt32.self, at: Layout.number.lowerBound),
      salt: block.load(UInt32.self, at: Layout.salt.lowerBound),
      end: block.load(UInt64.self, at: Layout.end.lowerBound),
      entries: []
    )
    let count = Int(block.load(UInt32.self, at: Layout.entryCount.lowerBound))
    let expected = Layout.entries + count * Layout.entry
    guard bytes.count == expected else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(expected),
        actual: UInt64(bytes.count)
      )
    }
    let stored = block.load(UInt32.self, at: Layout.entryChecksum.lowerBound)
    let computed = CRC32C.checksum(bytes.extracting(Layout.entries..<expected))
    guard stored == computed else {
      throw .corrupt(
        Corruption(
          file: file,
          offset: Layout.entries,
          .checksum(stored: stored, computed: computed)
        )
      )
    }
    found.entries.reserveCapacity(count)
    for index in 0..<count {
      let start = Layout.entries + index * Layout.entry
      let entry = Entry(
        hash: KeyHash(
          high: bytes.load(UInt64.self, at: start + 8),
          low: bytes.load(UInt64.self, at: start)
        ),
        version: bytes.load(UInt64.self, at: start + 16),
        offset: bytes.load(UInt32.self, at: start + 24),
        length: bytes.load(UInt32.self, at: start + 28),
        dictionary: bytes.load(UInt32.self, at: start + 32)
      )
      let isInside =
        Int(entry.offset) * FrameHeader.unit >= HeaderBlock.byteCount
        && UInt64(entry.offset) + UInt64(entry.length) <= found.end / UInt64(FrameHeader.unit)
        && Int(entry.length) * FrameHeader.unit >= FrameHeader.byteCountMin
        && Int(entry.length) * FrameHeader.unit <= SnapshotFrame.byteCountMax
      guard isInside else {
        throw .corrupt(Corruption(file: file, offset: start, .malformed(.snapshot)))
      }
      found.entries.append(entry)
    }
    guard found.number > 0, found.end <= UInt64(Int64.max),
      !header.hasZeroReserve || block.isZero(Layout.reserved)
    else { throw .corrupt(Corruption(file: file, offset: 0, .malformed(.snapshot))) }
    return found
  }
}
