/// The files of a store: opens, makes and names them.
///
/// Holds no state of the log.
package struct StoreFiles: Sendable {
  package let path: String
  package let root: any LogDirectory
  package let log: any LogDirectory

  /// The files of the store at `path`, whose directories are open.
  package init(path: String, root: any LogDirectory, log: any LogDirectory) {
    self.path = path
    self.root = root
    self.log = log
  }

  /// Whether a writer is at work on the store in `root`, in this process or another.
  package static func isWriterAlive(_ root: any LogDirectory) throws(LogError) -> Bool {
    try root.lock(StoreFile.lock, shared: true) == nil
  }

  /// Whether a writer is at work on the store.
  package func isWriterAlive() throws(LogError) -> Bool { try Self.isWriterAlive(root) }

  /// Opens the directory at `path` where a store should be; `.notAStore` if there is none.
  package static func openRoot(
    _ path: String,
    _ options: LogOptions
  ) throws(LogError) -> any LogDirectory {
    do throws(LogError) {
      return try options.fileSystem.openDirectory(path, create: false)
    } catch {
      guard case .system(let cause) = error, cause.leadsNowhere else { throw error }
      throw .notAStore(path: path)
    }
  }

  /// Opens the directory of a store's segments; `.missingFile` if there is none.
  package static func openLog(_ root: any LogDirectory) throws(LogError) -> any LogDirectory {
    do throws(LogError) {
      return try root.openDirectory(StoreFile.logDirectory, create: false)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound || cause.isNotDirectory else {
        throw error
      }
      throw .missingFile(file: StoreFile.logDirectory, positions: nil)
    }
  }

  /// Writes a whole file so that it is there entirely or not at all, and durable on return.
  package func replace(
    _ name: String,
    in directory: any LogDirectory,
    with bytes: Span<UInt8>
  ) throws(LogError) {
    let file = try begin(name, in: directory)
    do {
      try file.write(bytes, at: 0)
    } catch {
      try? directory.remove(name + StoreFile.temporarySuffix)
      throw error
    }
    try finish(file, name, in: directory)
  }

  /// Makes the file that `finish` gives its name, for whoever writes it piece by piece.
  package func begin(
    _ name: String,
    in directory: any LogDirectory
  ) throws(LogError) -> any LogFile {
    let temporary = name + StoreFile.temporarySuffix
    if try directory.names().contains(temporary) { try directory.remove(temporary) }
    return try directory.openFile(temporary, .create)
  }

  /// Makes a file that is written whole durable, and then gives it its name, durably.
  package func finish(
    _ file: any LogFile,
    _ name: String,
    in directory: any LogDirectory
  ) throws(LogError) {
    let temporary = name + StoreFile.temporarySuffix
    do {
      try file.sync()
      try directory.rename(temporary, to: name)
      try syncNames(directory)
    } catch {
      // Best effort: the next attempt, and every opening, remove it as well.
      try? directory.remove(temporary)
      throw error
    }
  }

  /// Makes names durable.
  package func syncNames(_ directory: any LogDirectory) throws(LogError) {
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .noDirectorySync { return }
    #endif
    try directory.sync()
  }

  /// Makes durable what an earlier writer may have left with the kernel only, and forgets what the
  /// kernel shows and the disk does not hold, before anything is built on either.
  ///
  /// A writer may have been killed between a change and its sync, or given up after a sync failed.
  package func settle() throws(LogError) {
    for name in [StoreFile.manifest, StoreFile.types] {
      let file: any LogFile
      do throws(LogError) {
        file = try root.openFile(name, .readWrite)
      } catch {
        if case .system(let cause) = error, cause.isNotFound { continue }
        throw error
      }
      try file.sync()
      file.dropCache()
    }
    try syncNames(log)
    try syncNames(root)
  }

  /// Whether a file has the name of segment `id`, listed or not.
  package func hasSegment(_ id: SegmentID) throws(LogError) -> Bool {
    try log.names().contains(StoreFile.segment(id))
  }

  /// Makes an empty segment file of `byteCount` bytes, its blocks reserved and its name durable.
  package func createSegment(
    _ id: SegmentID,
    byteCount: Int
  ) throws(LogError) -> any LogFile {
    let name = StoreFile.segment(id)
    let file = try log.openFile(name, .create)
    do {
      try file.allocate(byteCount)
      try file.sync()
      try syncNames(log)
      return file
    } catch {
      try? log.remove(name)
      throw error
    }
  }

  /// Maps the whole of `file`.
  package static func mapAll(_ file: any LogFile) throws(LogError) -> Mapping {
    let size = try file.size()
    guard size > 0 else {
      throw .truncatedFile(file: file.name, expected: 1, actual: 0)
    }
    return try file.map(size, writable: false)
  }
}
