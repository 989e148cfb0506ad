/// The header block of an index checkpoint: which segments its key table covers.
///
/// Specified in `Format.md`, section "Index checkpoint".
package struct IndexCheckpointHeader: Equatable, Sendable {
  package var storeID: StoreID
  package var generation: UInt64
  package var firstSegment: SegmentID
  package var lastSegment: SegmentID
  /// The last position covered.
  package var lastPosition: UInt64
  /// The number of keys.
  package var count: UInt64

  /// Appends the header block's fields, without checksum.
  package func encode(into buffer: inout ByteBuffer) {
    FileHeader(.indexCheckpoint, storeID: storeID).encode(into: &buffer)
    buffer.appendZeros(CheckedPages.fields - buffer.count)
    buffer.append(generation)
    buffer.append(firstSegment)
    buffer.append(lastSegment)
    buffer.append(lastPosition)
    buffer.append(count)
  }

  /// Reads a header block whose checksum was checked.
  package static func decode(_ block: Span<UInt8>, storeID: StoreID) -> IndexCheckpointHeader? {
    var reader = ByteReader(block, at: CheckedPages.fields)
    guard let generation = reader.read(UInt64.self), let first = reader.read(UInt32.self),
      let last = reader.read(UInt32.self), let position = reader.read(UInt64.self),
      let count = reader.read(UInt64.self)
    else { return nil }
    return IndexCheckpointHeader(
      storeID: storeID,
      generation: generation,
      firstSegment: first,
      lastSegment: last,
      lastPosition: position,
      count: count
    )
  }
}
