/// The first bytes of the staging file, which holds written events that are not framed yet.
///
/// Specified in `Format.md`, section "Staging".
package struct StagingHeader: Equatable, Sendable {
  package enum Layout {
    package static let salt = 40..<48
    package static let capacity = 48..<56
    package static let reserved = 56..<4092
    package static let byteCount = HeaderBlock.byteCount
  }

  /// The bytes of each of the two parts behind the header: small enough to be locked into memory
  /// where processes may lock 64 KiB.
  package static let halfByteCount = 32 << 10
  /// The bytes of the file.
  package static let fileByteCount = Layout.byteCount + 2 * halfByteCount

  /// Where a half begins.
  package static func offset(ofHalf half: Int) -> Int { Layout.byteCount + half * halfByteCount }

  package var storeID: StoreID
  /// Random; a new one is durable before the first entry, if there were entries of an earlier
  /// opening: those do not verify any more.
  package var salt: UInt64
  /// The bytes behind the header that hold entries; 65,536.
  package var capacity: UInt64

  package init(storeID: StoreID, salt: UInt64, capacity: UInt64) {
    self.storeID = storeID
    self.salt = salt
    self.capacity = capacity
  }

  /// A header for this build's entries.
  package init(storeID: StoreID, salt: UInt64 = .random(in: 1 ... .max)) {
    self.init(storeID: storeID, salt: salt, capacity: UInt64(2 * Self.halfByteCount))
  }

  /// What the checksums of entries are made with.
  package var checksum: FrameChecksum {
    FrameChecksum(salt: UInt32(truncatingIfNeeded: salt ^ salt >> 32))
  }

  /// Appends the block.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    FileHeader(.staging, storeID: storeID).encode(into: &buffer)
    buffer.append(salt)
    buffer.append(capacity)
    HeaderBlock.finish(&buffer, from: start)
  }

  /// Reads the block.
  package static func decode(_ bytes: Span<UInt8>) throws(LogError) -> StagingHeader {
    guard bytes.count >= Layout.byteCount else {
      throw .truncatedFile(
        file: StoreFile.staging,
        expected: UInt64(Layout.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let block = bytes.extracting(0..<Layout.byteCount)
    let header = try HeaderBlock.header(block, .staging, file: StoreFile.staging)
    let found = StagingHeader(
      storeID: header.storeID,
      salt: block.load(UInt64.self, at: Layout.salt.lowerBound),
      capacity: block.load(UInt64.self, at: Layout.capacity.lowerBound)
    )
    // Entries stand in two halves of one size: in a file of another they are not looked for.
    guard found.capacity == UInt64(2 * halfByteCount),
      !header.hasZeroReserve || block.isZero(Layout.reserved)
    else { throw .corrupt(Corruption(file: StoreFile.staging, offset: 0, .malformed(.staging))) }
    return found
  }
}
