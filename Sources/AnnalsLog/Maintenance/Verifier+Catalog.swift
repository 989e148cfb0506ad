extension Verification {
  /// Takes up what a backup says of its files, if the store is one that nobody has written since.
  mutating func readCatalog() {
    guard let list else { return }
    do throws(LogError) {
      catalog = try CopyTarget.readCatalog(StoreFiles(path: path, root: root, log: log), list)
    } catch {
      add(VerifyProblem(error, .backupCatalog, file: StoreFile.backupCatalog(list.generation)))
    }
  }

  /// Whether the types file still begins as the backup wrote it.
  mutating func checkCatalog(types bytes: [UInt8]) {
    guard let catalog else { return }
    checkCopied(
      bytes.span,
      byteCount: catalog.typesByteCount,
      catalog.typesChecksum,
      .typeTable,
      StoreFile.types
    )
  }

  /// Whether a segment is what the backup copied.
  mutating func checkCatalog(_ id: SegmentID, _ mapping: Mapping, _ file: String) {
    guard let entry = catalog?.segments.first(where: { $0.id == id }) else { return }
    checkCopied(mapping.bytes, byteCount: entry.byteCount, entry.checksum, nil, file)
  }

  private mutating func checkCopied(
    _ bytes: Span<UInt8>,
    byteCount: UInt64,
    _ stored: UInt32,
    _ structure: Corruption.Structure?,
    _ file: String
  ) {
    let count = Int(clamping: byteCount)
    // A file that is too short is told elsewhere.
    guard count <= bytes.count else { return }
    let computed = BackupCatalog.checksum(of: bytes.extracting(0..<count))
    guard computed != stored else { return }
    add(
      VerifyProblem(
        .checksum,
        structure,
        file: file,
        offset: 0,
        field: "checksum of what the backup copied",
        expected: UInt64(stored),
        found: UInt64(computed)
      )
    )
  }
}
