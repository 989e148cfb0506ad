/// The first bytes of the staging file: the place the format keeps for written events that are not
/// framed yet.
///
/// Specified in `Format.md`, section "Staging". This version writes no staging file; a reader that
/// finds one with entries of a newer writer is told by the segment's feature bits.
package struct StagingHeader: Equatable, Sendable {
  package enum Layout {
    package static let salt = 40..<48
    package static let capacity = 48..<56
    package static let reserved = 56..<4092
    package static let byteCount = HeaderBlock.byteCount
  }

  package var storeID: StoreID
  /// Random; new for every opening, so that entries of an earlier one do not verify.
  package var salt: UInt64
  /// The bytes behind the header that hold entries.
  package var capacity: UInt64

  package init(storeID: StoreID, salt: UInt64, capacity: UInt64) {
    self.storeID = storeID
    self.salt = salt
    self.capacity = capacity
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
    guard !header.hasZeroReserve || block.isZero(Layout.reserved) else {
      throw .corrupt(Corruption(file: StoreFile.staging, offset: 0, .malformed(.staging)))
    }
    return StagingHeader(
      storeID: header.storeID,
      salt: block.load(UInt64.self, at: Layout.salt.lowerBound),
      capacity: block.load(UInt64.self, at: Layout.capacity.lowerBound)
    )
  }
}
