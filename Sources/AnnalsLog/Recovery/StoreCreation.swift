/// Makes new stores.
package enum StoreCreation {
  /// The names a creation that was interrupted may have left.
  private static let ownNames: Set<String> = [
    StoreFile.lock, StoreFile.logDirectory, StoreFile.types, StoreFile.control,
    StoreFile.snapshotsDirectory, StoreFile.consumersDirectory,
  ]

  /// Whether `names` are those of a directory in which a store may be made.
  ///
  /// Half of a copy is none: who opens it expects what was to be copied, not an empty store.
  package static func isVacant(_ names: [String]) -> Bool {
    if names.contains(StoreFile.unfinishedLogDirectory) { return false }
    return names.allSatisfy {
      ownNames.contains($0) || $0.hasSuffix(StoreFile.temporarySuffix)
        || $0.hasPrefix("segments-")
    }
  }

  /// Whether `names` are those of a store.
  package static func isStore(_ names: [String]) -> Bool {
    names.contains(StoreFile.manifest) || names.contains(StoreFile.logDirectory)
  }

  /// Whether there is a store in `root`, or data that could be one whose manifest was lost.
  ///
  /// A creation that was interrupted leaves segments of zeros and no manifest: not a store yet.
  package static func isStore(
    _ root: any LogDirectory,
    _ names: [String]
  ) throws(LogError) -> Bool {
    if names.contains(StoreFile.manifest) { return true }
    guard names.contains(StoreFile.logDirectory) else { return false }
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    for name in try log.names() where name.hasSuffix(".segment") {
      let start = try log.openFile(name, .readOnly).read(2 * HeaderBlock.byteCount, at: 0)
      if !start.span.isZero(0..<start.count) { return true }
    }
    return false
  }

  /// Makes an empty store.
  ///
  /// The manifest comes last: without it there is no store, and what an
  /// interrupted creation left is made anew.
  package static func create(
    _ path: String,
    _ root: any LogDirectory,
    _ options: LogOptions
  ) throws(LogError) {
    let log = try root.openDirectory(StoreFile.logDirectory, create: true)
    let files = StoreFiles(path: path, root: root, log: log)
    for name in try log.names() { try log.remove(name) }
    for name in try root.names() where name.hasPrefix("segments-") { try root.remove(name) }
    let storeID = StoreID.random()
    let types = TypeFile.encode([], storeID: storeID)
    try files.replace(StoreFile.types, in: root, with: types.bytes)
    var entry = SegmentList.Entry(id: 1, isSealed: false)
    entry.salt = .random(in: 1 ... .max)
    entry.baseTime = options.clock()
    entry.basePosition = 1
    _ = try files.createSegment(1, byteCount: max(options.firstSegmentBytes, 64 << 10))
    let list = SegmentList(
      storeID: storeID,
      generation: 1,
      nextSegment: 2,
      segments: [entry],
      checkpoints: []
    )
    var buffer = ByteBuffer(capacity: 4096)
    list.encode(into: &buffer)
    try files.replace(StoreFile.segmentList(1), in: root, with: buffer.bytes)
    let manifest = Manifest(
      storeID: storeID,
      generation: 1,
      listGeneration: 1,
      historyID: .random(),
      historyStart: 0,
      tail: Manifest.Tail(
        segment: 0,
        end: 0,
        position: 0,
        record: 0,
        checksum: 0,
        keySequence: 0
      ),
      isClosed: false
    )
    buffer.removeAll()
    // Generation 1 stands in slot 1.
    buffer.appendZeros(Manifest.Layout.byteCount)
    manifest.encode(into: &buffer)
    try files.replace(StoreFile.manifest, in: root, with: buffer.bytes)
  }
}
