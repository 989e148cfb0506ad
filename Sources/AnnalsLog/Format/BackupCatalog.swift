/// What a backup holds, with checksums of all that was copied.
///
/// Specified in `Format.md`, section "Backup catalog". It has the generation of the segment list it
/// belongs to: a store whose list has none was not made by a backup, or was changed since.
package struct BackupCatalog: Equatable, Sendable {
  package enum Layout {
    package static let generation = 40..<48
    package static let position = 48..<56
    package static let time = 56..<64
    package static let typesByteCount = 64..<72
    package static let typesChecksum = 72..<76
    package static let segmentCount = 76..<80
    package static let entries = 80
    package static let entry = 24
  }

  /// One segment as it was copied.
  package struct Entry: Equatable, Sendable {
    package var id: SegmentID
    /// Of the first `byteCount` bytes of the file, see `BackupCatalog.checksum(of:)`.
    package var checksum: UInt32
    package var byteCount: UInt64
    /// The events in these bytes.
    package var eventCount: UInt64

    package init(id: SegmentID, checksum: UInt32, byteCount: UInt64, eventCount: UInt64) {
      self.id = id
      self.checksum = checksum
      self.byteCount = byteCount
      self.eventCount = eventCount
    }
  }

  package var storeID: StoreID
  package var generation: UInt64
  /// The last position in the backup.
  package var position: UInt64
  /// When it was made.
  package var time: Int64
  /// The bytes of the types file at the time, and their checksum.
  package var typesByteCount: UInt64
  package var typesChecksum: UInt32
  package var segments: [Entry]

  package init(
    storeID: StoreID,
    generation: UInt64,
    position: UInt64,
    time: Int64,
    typesByteCount: UInt64,
    typesChecksum: UInt32,
    segments: [Entry]
  ) {
    self.storeID = storeID
    self.generation = generation
    self.position = position
    self.time = time
    self.typesByteCount = typesByteCount
    self.typesChecksum = typesChecksum
    self.segments = segments
  }

  /// The checksum of a file's first bytes, without the four that end its header block.
  ///
  /// With them, any header block whose own checksum fits would leave the same state behind.
  package static func checksum(of bytes: Span<UInt8>) -> UInt32 {
    let header = bytes.extracting(0..<min(bytes.count, HeaderBlock.checksum.lowerBound))
    let rest = bytes.extracting(min(bytes.count, HeaderBlock.byteCount)..<bytes.count)
    return CRC32C.checksum(rest, continuing: CRC32C.checksum(header))
  }

  /// Appends the whole file.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.backup, storeID: storeID).encode(into: &buffer)
    buffer.append(generation)
    buffer.append(position)
    buffer.append(time)
    buffer.append(typesByteCount)
    buffer.append(typesChecksum)
    buffer.append(UInt32(segments.count))
    for entry in segments {
      buffer.append(entry.id)
      buffer.append(entry.checksum)
      buffer.append(entry.byteCount)
      buffer.append(entry.eventCount)
    }
    FileChecksum.finish(&buffer, from: start)
  }

  /// Reads a whole file.
  package static func decode(_ bytes: Span<UInt8>, file: String) throws(LogError) -> BackupCatalog {
    let header = try FileChecksum.header(bytes, .backup, file: file)
    guard bytes.count >= Layout.entries + FileChecksum.byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.entries + FileChecksum.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let count = Int(bytes.load(UInt32.self, at: Layout.segmentCount.lowerBound))
    guard bytes.count == Layout.entries + count * Layout.entry + FileChecksum.byteCount else {
      throw .corrupt(Corruption(file: file, offset: 0, .malformed(.backupCatalog)))
    }
    try FileChecksum.check(bytes, file: file)
    var catalog = BackupCatalog(
      storeID: header.storeID,
      generation: bytes.load(UInt64.self, at: Layout.generation.lowerBound),
      position: bytes.load(UInt64.self, at: Layout.position.lowerBound),
      time: bytes.load(Int64.self, at: Layout.time.lowerBound),
      typesByteCount: bytes.load(UInt64.self, at: Layout.typesByteCount.lowerBound),
      typesChecksum: bytes.load(UInt32.self, at: Layout.typesChecksum.lowerBound),
      segments: []
    )
    guard catalog.generation <= Limits.generationMax, catalog.position <= Limits.ordinalMax,
      catalog.typesByteCount <= UInt64(Int64.max)
    else { throw .corrupt(Corruption(file: file, offset: 0, .malformed(.backupCatalog))) }
    for index in 0..<count {
      let at = Layout.entries + index * Layout.entry
      let entry = Entry(
        id: bytes.load(UInt32.self, at: at),
        checksum: bytes.load(UInt32.self, at: at + 4),
        byteCount: bytes.load(UInt64.self, at: at + 8),
        eventCount: bytes.load(UInt64.self, at: at + 16)
      )
      guard entry.id != 0, entry.id <= Limits.segmentIDMax,
        entry.byteCount <= UInt64(Int64.max), entry.eventCount <= Limits.ordinalMax
      else { throw .corrupt(Corruption(file: file, offset: at, .malformed(.backupCatalog))) }
      catalog.segments.append(entry)
    }
    return catalog
  }
}
