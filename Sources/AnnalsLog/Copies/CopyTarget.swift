/// The place a copy is made at: it is a store when everything is there, and none before.
///
/// A new copy is made with its folder of segments under another name, which it loses last, so that
/// what an interrupted one leaves is no store: the next attempt begins anew. An older backup stays
/// what it is until the manifest is replaced, which comes last.
struct CopyTarget {
  let path: String
  let root: any LogDirectory
  private(set) var log: any LogDirectory
  /// The backup that stands there.
  let existing: Existing?
  // Held: nobody else may copy to the place, or open it for writing, meanwhile.
  private let lock: any DirectoryLock

  /// What a backup that is carried on says of itself.
  struct Existing {
    var manifest: Manifest
    var list: SegmentList
    var catalog: BackupCatalog

    /// What is in it of segment `id`.
    func segment(_ id: SegmentID) -> (entry: SegmentList.Entry, copy: BackupCatalog.Entry)? {
      guard let entry = list.segments.first(where: { $0.id == id }),
        let copy = catalog.segments.first(where: { $0.id == id })
      else { return nil }
      return (entry, copy)
    }
  }

  /// The files of the copy.
  var files: StoreFiles { StoreFiles(path: path, root: root, log: log) }

  /// Takes the place at `path`, making the directory; with `isBackup` it may hold a backup.
  static func take(
    _ path: String,
    _ options: LogOptions,
    isBackup: Bool
  ) throws(LogError) -> CopyTarget {
    try checkOutside(path, options)
    let root: any LogDirectory
    do throws(LogError) {
      root = try options.fileSystem.openDirectory(path, create: true)
    } catch {
      guard case .system(let cause) = error, cause.isNotDirectory else { throw error }
      throw .occupied(path: path)
    }
    try checkVacant(path, try root.names(), isBackup: isBackup)
    guard let lock = try root.lock(StoreFile.lock, shared: false) else {
      throw .locked(path: path)
    }
    // Another one may have been faster.
    let names = try root.names()
    try checkVacant(path, names, isBackup: isBackup)
    if names.contains(StoreFile.logDirectory) {
      let log = try root.openDirectory(StoreFile.logDirectory, create: false)
      let existing = try readBackup(path, StoreFiles(path: path, root: root, log: log))
      return CopyTarget(path: path, root: root, log: log, existing: existing, lock: lock)
    }
    let log = try root.openDirectory(StoreFile.unfinishedLogDirectory, create: true)
    for name in try log.names() { try log.remove(name) }
    for name in names where isLeftover(name) { try root.remove(name) }
    return CopyTarget(path: path, root: root, log: log, existing: nil, lock: lock)
  }

  /// The backup at `path`, for who only wants to know; nil if there is none.
  static func look(
    _ path: String,
    _ options: LogOptions,
    isBackup: Bool
  ) throws(LogError) -> Existing? {
    try checkOutside(path, options)
    let root: any LogDirectory
    do throws(LogError) {
      root = try options.fileSystem.openDirectory(path, create: false)
    } catch {
      guard case .system(let cause) = error else { throw error }
      if cause.isNotFound { return nil }
      if cause.isNotDirectory { throw .occupied(path: path) }
      throw error
    }
    let names = try root.names()
    try checkVacant(path, names, isBackup: isBackup)
    guard names.contains(StoreFile.logDirectory) else { return nil }
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    return try readBackup(path, StoreFiles(path: path, root: root, log: log))
  }

  /// Refuses a place inside a store: what a store holds is its own, and goes when it goes.
  private static func checkOutside(_ path: String, _ options: LogOptions) throws(LogError) {
    var parts: [Substring] = []
    for part in options.fileSystem.absolutePath(path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    while parts.popLast() != nil {
      let parent = "/" + parts.joined(separator: "/")
      // What may not be looked into is nothing to go by.
      let directory = try? options.fileSystem.openDirectory(parent, create: false)
      guard let names = try? directory?.names(), names.contains(StoreFile.logDirectory) else {
        continue
      }
      // A damaged store has perhaps lost one of them.
      if names.contains(StoreFile.manifest) || names.contains(StoreFile.types) {
        throw .occupied(path: path)
      }
    }
  }

  private static func checkVacant(
    _ path: String,
    _ names: [String],
    isBackup: Bool
  ) throws(LogError) {
    if isBackup, names.contains(StoreFile.logDirectory) { return }
    let rest = names.filter { $0 != StoreFile.lock }
    if rest.isEmpty { return }
    // What an interrupted copy left.
    guard rest.contains(StoreFile.unfinishedLogDirectory),
      rest.allSatisfy({ isLeftover($0) || isFolder($0) })
    else { throw .occupied(path: path) }
  }

  private static func isFolder(_ name: String) -> Bool {
    name == StoreFile.unfinishedLogDirectory || name == StoreFile.consumersDirectory
  }

  /// Whether a copy may have left the file before it was complete.
  private static func isLeftover(_ name: String) -> Bool {
    if isFolder(name) { return false }
    return name == StoreFile.types || name == StoreFile.manifest
      || name.hasSuffix(StoreFile.temporarySuffix)
      || StoreFile.number(in: name, prefix: "segments-") != nil
      || StoreFile.number(in: name, prefix: "index-") != nil
      || StoreFile.number(in: name, prefix: "retention-") != nil
      || StoreFile.number(in: name, prefix: "backup-") != nil
  }

  /// The backup in `files`, which must be as it was made.
  private static func readBackup(
    _ path: String,
    _ files: StoreFiles
  ) throws(LogError) -> Existing {
    guard try files.root.names().contains(StoreFile.manifest) else {
      throw .backupMismatch(path: path, .notABackup)
    }
    let layout = try StoreLayout.read(files)
    guard let catalog = try readCatalog(files, layout.list) else {
      let isOther = try files.root.names()
        .contains { StoreFile.number(in: $0, prefix: "backup-") != nil }
      throw .backupMismatch(path: path, isOther ? .changed : .notABackup)
    }
    guard !layout.isRebuilt, layout.manifest.isClosed,
      layout.manifest.tail.position == catalog.position
    else { throw .backupMismatch(path: path, .changed) }
    return Existing(manifest: layout.manifest, list: layout.list, catalog: catalog)
  }

  /// The catalog that goes with `list`; nil if there is none.
  static func readCatalog(
    _ files: StoreFiles,
    _ list: SegmentList
  ) throws(LogError) -> BackupCatalog? {
    let name = StoreFile.backupCatalog(list.generation)
    let file: any LogFile
    do throws(LogError) {
      file = try files.root.openFile(name, .readOnly)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      return nil
    }
    let bytes = try file.read(try file.size(), at: 0)
    let catalog = try BackupCatalog.decode(bytes.span, file: name)
    guard catalog.generation == list.generation, catalog.storeID == list.storeID else {
      throw .corrupt(Corruption(file: name, offset: 0, .identity))
    }
    return catalog
  }

  // MARK: Completing

  /// What a complete copy is made of, beside the segments.
  struct Contents {
    var storeID: StoreID
    var historyID: StoreID
    var historyStart: UInt64
    var nextSegment: SegmentID
    var segments: [SegmentList.Entry]
    var checkpoints: [SegmentList.Checkpoint] = []
    /// Segments that are not there any more, and those in their places.
    var replaced: [SegmentID: SegmentID] = [:]
    var types: [String]
    var consumers: [(name: String, bytes: [UInt8])]
    /// Made for backups only.
    var catalog: BackupCatalog?
  }

  /// Makes the copy a store, once all its segments are durable.
  mutating func complete(_ contents: Contents) throws(LogError) {
    let generation = (existing?.list.generation ?? 0) + 1
    let types = TypeFile.encode(contents.types, storeID: contents.storeID)
    try files.replace(StoreFile.types, in: root, with: types.bytes)
    var list = SegmentList(
      storeID: contents.storeID,
      generation: generation,
      nextSegment: contents.nextSegment,
      segments: contents.segments,
      checkpoints: contents.checkpoints
    )
    let kept = Set(contents.segments.map(\.id))
    list.replaced = contents.replaced.filter { kept.contains($0.value) }
    var buffer = ByteBuffer(capacity: 4096)
    list.encode(into: &buffer)
    try files.replace(StoreFile.segmentList(generation), in: root, with: buffer.bytes)
    if var catalog = contents.catalog {
      catalog.generation = generation
      catalog.typesByteCount = UInt64(types.count)
      catalog.typesChecksum = BackupCatalog.checksum(of: types.bytes)
      buffer.removeAll()
      catalog.encode(into: &buffer)
      try files.replace(StoreFile.backupCatalog(generation), in: root, with: buffer.bytes)
    }
    // Consumers may stand before the end of what is copied, never behind it.
    if existing == nil { try ConsumerCopies.write(contents.consumers, to: files) }
    try log.sync()
    // What an older backup becomes a newer one by; a new copy is none without its segments.
    try writeManifest(contents, generation)
    if existing == nil {
      try root.rename(StoreFile.unfinishedLogDirectory, to: StoreFile.logDirectory)
      try root.sync()
      log = try root.openDirectory(StoreFile.logDirectory, create: false)
    } else {
      try ConsumerCopies.write(contents.consumers, to: files)
    }
    removeOld(list)
  }

  /// Both slots say the same, so that one may be damaged without harm.
  private func writeManifest(_ contents: Contents, _ generation: UInt64) throws(LogError) {
    let last = contents.segments.last
    var manifest = Manifest(
      storeID: contents.storeID,
      generation: (existing?.manifest.generation ?? 0) + 2,
      listGeneration: generation,
      historyID: contents.historyID,
      historyStart: contents.historyStart,
      tail: Manifest.Tail(
        segment: last?.id ?? 0,
        end: last?.end ?? 0,
        position: last?.lastPosition ?? 0,
        record: last?.lastRecord ?? 0,
        checksum: last?.lastChecksum ?? 0,
        keySequence: last?.keySequence ?? 0
      ),
      isClosed: true
    )
    // The even generation stands in slot 0.
    if manifest.generation % 2 == 1 { manifest.generation += 1 }
    var buffer = ByteBuffer(capacity: 2 * HeaderBlock.byteCount)
    manifest.encode(into: &buffer)
    manifest.generation -= 1
    manifest.encode(into: &buffer)
    try files.replace(StoreFile.manifest, in: root, with: buffer.bytes)
  }

  /// Removes what only an earlier backup needed; what stays is in nobody's way.
  private func removeOld(_ list: SegmentList) {
    let kept = Set(list.segments.map(\.id))
    for name in (try? log.names()) ?? [] {
      let number =
        StoreFile.number(in: name, prefix: "", suffix: ".segment")
        ?? StoreFile.number(in: name, prefix: "", suffix: ".footer")
      let isOld = number.map { !kept.contains(SegmentID(truncatingIfNeeded: $0)) } ?? false
      if isOld || name.hasSuffix(StoreFile.temporarySuffix) { try? log.remove(name) }
    }
    for name in (try? root.names()) ?? [] {
      let generation =
        StoreFile.number(in: name, prefix: "segments-")
        ?? StoreFile.number(in: name, prefix: "backup-")
      if let generation, generation < list.generation { try? root.remove(name) }
    }
  }
}
