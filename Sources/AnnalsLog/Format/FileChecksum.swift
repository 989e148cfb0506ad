/// The end of a file that is written whole: four bytes, the checksum of all before.
///
/// Specified in `Format.md`, sections "Segment list" and "Backup catalog".
package enum FileChecksum {
  package static let byteCount = 4

  /// Appends the checksum of what `buffer` holds from `start` on.
  package static func finish(_ buffer: inout ByteBuffer, from start: Int) {
    buffer.append(buffer.checksum(from: start))
  }

  /// Reads the header of a whole file of kind `magic`.
  ///
  /// A version or feature this build does not know is told only where the checksum verifies, whose
  /// place is the same in every version: one changed byte is damage and not the future.
  package static func header(
    _ bytes: Span<UInt8>,
    _ magic: FileHeader.Magic,
    file: String
  ) throws(LogError) -> FileHeader {
    do throws(LogError) {
      return try FileHeader.decode(bytes, magic, file: file)
    } catch {
      if case .unsupportedVersion = error { try check(bytes, file: file) }
      throw error
    }
  }

  /// Compares the checksum with the bytes.
  package static func check(_ bytes: Span<UInt8>, file: String) throws(LogError) {
    let end = bytes.count - byteCount
    guard end >= 0 else { throw .corrupt(Corruption(file: file, offset: 0, .magic)) }
    let stored = bytes.load(UInt32.self, at: end)
    let computed = CRC32C.checksum(bytes.extracting(0..<end))
    guard stored == computed else {
      throw .corrupt(
        Corruption(file: file, offset: 0, .checksum(stored: stored, computed: computed))
      )
    }
  }
}
