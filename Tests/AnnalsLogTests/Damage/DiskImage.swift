import AnnalsLog
import AnnalsTesting

/// The files of a store as bytes, and disks that hold them.
struct DiskImage {
  /// The bytes of every file, by its path in the store.
  var files: [String: [UInt8]] = [:]

  /// The files of the store on `disk`.
  init(_ disk: SimulatedFileSystem) throws {
    let root = try disk.openDirectory(DamageStore.path, create: false)
    for name in try root.names() where name != StoreFile.logDirectory {
      files[name] = try Self.read(root, name)
    }
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    for name in try log.names() { files["log/" + name] = try Self.read(log, name) }
  }

  private static func read(_ directory: any LogDirectory, _ name: String) throws -> [UInt8] {
    let file = try directory.openFile(name, .readOnly)
    return try file.read(try file.size(), at: 0)
  }

  /// A disk that holds the files durably and nothing else.
  func disk() throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem()
    let root = try disk.openDirectory(DamageStore.path, create: true)
    let log = try root.openDirectory(StoreFile.logDirectory, create: true)
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let isLog = path.hasPrefix("log/")
      let file = try (isLog ? log : root).openFile(
        isLog ? String(path.dropFirst(4)) : path,
        .create
      )
      let used = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
      if used > 0 { try file.write(bytes.span.extracting(0..<used), at: 0) }
      if bytes.count > 0 { try file.allocate(bytes.count) }
      try file.sync()
    }
    try log.sync()
    try root.sync()
    return disk.killed()
  }

  /// Writes `bytes` at `offset` of the file at `path` on `disk`.
  static func write(
    _ bytes: [UInt8],
    at offset: Int,
    of path: String,
    on disk: SimulatedFileSystem
  ) throws {
    let isLog = path.hasPrefix("log/")
    var directory = try disk.openDirectory(DamageStore.path, create: false)
    if isLog { directory = try directory.openDirectory(StoreFile.logDirectory, create: false) }
    let file = try directory.openFile(isLog ? String(path.dropFirst(4)) : path, .readWrite)
    try file.write(bytes.span, at: offset)
    try file.sync()
  }

  /// The files that hold events.
  var segmentNames: [String] { files.keys.filter { $0.hasSuffix(".segment") }.sorted() }
}
