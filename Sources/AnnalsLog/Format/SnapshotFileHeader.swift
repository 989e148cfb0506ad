/// The first block of a file of the snapshots' log; snapshot frames follow it.
///
/// Specified in `Format.md`, section "Snapshot file".
package struct SnapshotFileHeader: Equatable, Sendable {
  package enum Layout {
    package static let number = 40..<44
    package static let salt = 44..<48
    package static let reserved = 48..<4092
    package static let byteCount = HeaderBlock.byteCount
  }

  package var storeID: StoreID
  /// That of the file's name, from 1.
  package var number: UInt32
  /// What the checksums of its frames are seeded with; random.
  package var salt: UInt32
  /// Whether a writer of this build may go on in the file.
  package var isWritable = true

  package init(storeID: StoreID, number: UInt32, salt: UInt32) {
    self.storeID = storeID
    self.number = number
    self.salt = salt
  }

  /// Appends the block.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.snapshots, storeID: storeID).encode(into: &buffer)
    buffer.append(number)
    buffer.append(salt)
    HeaderBlock.finish(&buffer, from: start)
  }

  /// Reads the block of `file`.
  package static func decode(
    _ bytes: Span<UInt8>,
    file: String
  ) throws(LogError) -> SnapshotFileHeader {
    let block = bytes.extracting(0..<min(bytes.count, Layout.byteCount))
    let header = try HeaderBlock.header(block, .snapshots, file: file)
    var found = SnapshotFileHeader(
      storeID: header.storeID,
      number: block.load(UInt32.self, at: Layout.number.lowerBound),
      salt: block.load(UInt32.self, at: Layout.salt.lowerBound)
    )
    found.isWritable = header.isWritable
    guard found.number > 0, !header.hasZeroReserve || block.isZero(Layout.reserved) else {
      throw .corrupt(Corruption(file: file, offset: 0, .malformed(.snapshot)))
    }
    return found
  }
}
