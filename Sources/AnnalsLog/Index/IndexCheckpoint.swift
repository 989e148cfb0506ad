/// An index checkpoint on disk: for a run of segments, every key's newest version and segment.
package final class IndexCheckpoint: Sendable {
  package let header: IndexCheckpointHeader
  package let keys: SortedKeys
  private let file: CheckedFile

  /// Checks the header of `mapping`; pages of entries are checked when touched.
  package init(_ mapping: Mapping, storeID: StoreID, name: String) throws(LogError) {
    let file = try CheckedFile(mapping, .indexCheckpoint, storeID: storeID, name: name)
    guard let header = IndexCheckpointHeader.decode(file.header, storeID: storeID),
      KeyTableFormat.fits(
        header.count,
        KeyTableFormat.checkpointEntry,
        in: UInt64(file.byteCount)
      )
    else { throw .corrupt(Corruption(file: name, offset: 0, .malformed(.indexCheckpoint))) }
    self.file = file
    self.header = header
    keys = SortedKeys(
      file,
      start: 0,
      count: Int(header.count),
      entrySize: KeyTableFormat.checkpointEntry
    )
  }

  /// The file, for errors.
  package var name: String { file.name }

  /// The size of the file.
  package var fileBytes: Int { file.mapping.count }

  /// Checks every page, and returns what is wrong with those that do not verify.
  package func checkAll() -> [LogError] { file.checkAll() }
}
