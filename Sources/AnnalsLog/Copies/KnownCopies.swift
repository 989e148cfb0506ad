/// Where backups and forks of a store were made, as far as the store knows: a text for people and
/// for compaction, which tells who still holds what it erases.
///
/// See `Format.md`, section "Files". A hint: without it nothing is missing, a copy may have moved
/// or be gone, and one made by other means is not known.
enum KnownCopies {
  /// More are not noted.
  private static let byteCountMax = 1 << 20

  /// Notes a copy; a store that cannot be written is no reason not to copy it.
  static func note(_ path: String, _ files: StoreFiles, _ fileSystem: any FileSystem) {
    let path = fileSystem.absolutePath(path)
    let known = paths(files.root)
    guard !known.contains(path), !path.utf8.contains(UInt8(ascii: "\n")) else { return }
    let text = Array((known + [path]).map { $0 + "\n" }.joined().utf8)
    guard text.count <= byteCountMax else { return }
    try? files.replace(StoreFile.copies, in: files.root, with: text.span)
  }

  /// The copies that hold a file of one of the segments.
  static func holding(
    _ ids: [SegmentID],
    _ root: any LogDirectory,
    _ fileSystem: any FileSystem
  ) -> [String] {
    if ids.isEmpty { return [] }
    let names = Set(ids.map(StoreFile.segment))
    return paths(root).filter { path in
      guard let copy = try? fileSystem.openDirectory(path, create: false),
        let log = try? copy.openDirectory(StoreFile.logDirectory, create: false),
        let found = try? log.names()
      else { return false }
      return found.contains { names.contains($0) }
    }
  }

  private static func paths(_ root: any LogDirectory) -> [String] {
    guard let file = try? root.openFile(StoreFile.copies, .readOnly),
      let size = try? file.size(), size <= byteCountMax,
      let bytes = try? file.read(size, at: 0)
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("/") }
  }
}
