extension Verification {
  /// What a check of the snapshots knows so far.
  private struct Snapshots {
    var directory: any LogDirectory
    var dictionaries: [UInt32: LZ4Dictionary] = [:]
    /// Files whose snapshots need a dictionary that is not there.
    var lacking: Set<String> = []
    var aggregates: Set<KeyHash> = []
  }

  /// The snapshots' own log: every header, index, frame and state.
  ///
  /// Whether a snapshot stands on an event of the log is not asked: one that does not is ignored by
  /// whoever reads it, and is no damage.
  mutating func checkSnapshots() {
    do throws(LogError) {
      let directory = try root.openDirectory(StoreFile.snapshotsDirectory, create: false)
      var snapshots = Snapshots(directory: directory)
      var names = try directory.names()
      // Dictionaries first: the states need them.
      names.sort { ($0.hasSuffix(dictionary) ? 0 : 1, $0) < ($1.hasSuffix(dictionary) ? 0 : 1, $1) }
      for name in names { check(name, &snapshots, names) }
      for name in snapshots.lacking.sorted() { note(.missingDictionary, name) }
      report.snapshots = snapshots.aggregates.count
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return }
      add(VerifyProblem(error, .snapshot, file: StoreFile.snapshotsDirectory))
    }
  }

  private var dictionary: String { StoreFile.snapshotDictionarySuffix }

  private mutating func check(
    _ name: String,
    _ snapshots: inout Snapshots,
    _ names: [String]
  ) {
    let path = StoreFile.snapshotsDirectory + "/" + name
    do throws(LogError) {
      if let number = number(name, StoreFile.snapshotsSuffix, StoreFile.snapshots) {
        try checkFile(number, &snapshots)
      } else if let number = number(name, dictionary, StoreFile.snapshotDictionary) {
        try checkDictionary(number, &snapshots)
      } else if let number = number(
        name,
        StoreFile.snapshotIndexSuffix,
        StoreFile.snapshotIndex
      ) {
        if !names.contains(StoreFile.snapshots(number)) { note(.leftover, path) }
      } else {
        note(name.hasSuffix(StoreFile.temporarySuffix) ? .leftover : .strayFile, path)
      }
    } catch {
      // A writer rewrites files and removes the old ones at any time.
      if case .system(let cause) = error, cause.isNotFound, through != .max { return }
      add(VerifyProblem(error, .snapshot, file: path))
    }
  }

  private func number(
    _ name: String,
    _ suffix: String,
    _ form: (UInt32) -> String
  ) -> UInt32? {
    guard let number = StoreFile.number(in: name, prefix: "", suffix: suffix),
      let number = UInt32(exactly: number), number > 0, name == form(number)
    else { return nil }
    return number
  }

  private mutating func checkDictionary(
    _ number: UInt32,
    _ snapshots: inout Snapshots
  ) throws(LogError) {
    let name = StoreFile.snapshotDictionary(number)
    let file = try snapshots.directory.openFile(name, .readOnly)
    let limit = HeaderBlock.byteCount + SnapshotDictionaryFile.contentByteCountMax
    let bytes = try file.read(limit + 1, at: 0)
    advance(bytes.count, file.name)
    let found = try SnapshotDictionaryFile.decode(bytes.span, file: file.name)
    guard found.number == number, found.storeID == storeID else {
      throw .corrupt(Corruption(file: file.name, offset: 0, .identity))
    }
    snapshots.dictionaries[number] = LZ4Dictionary(found.content.span)
  }

  private mutating func checkFile(
    _ number: UInt32,
    _ snapshots: inout Snapshots
  ) throws(LogError) {
    let name = StoreFile.snapshots(number)
    let file: SnapshotFile
    do throws(LogError) {
      file = try SnapshotFile.open(number, in: snapshots.directory, .readOnly, storeID)
    } catch {
      let path = StoreFile.snapshotsDirectory + "/" + name
      let isIndexed =
        (try? snapshots.directory.openFile(StoreFile.snapshotIndex(number), .readOnly)) != nil
      // Without an index nothing of it was ever said to be durable.
      if isIndexed { throw error }
      if case .unsupportedVersion = error { throw error }
      note(.tornTail, path, offset: 0)
      return
    }
    var index: SnapshotIndexFile?
    do throws(LogError) {
      index = try file.readIndex(in: snapshots.directory)
      if let index {
        advance(HeaderBlock.byteCount + index.entries.count * 40, file.file.name)
      }
    } catch {
      add(VerifyProblem(error, .snapshot, file: file.file.name))
    }
    let end = try walk(file, from: SnapshotFile.firstFrame, index, &snapshots)
    advance(end, file.file.name)
    try checkEnd(file, index, end, &snapshots)
  }

  /// Checks the frames that follow each other from `start` on; returns where they end.
  private mutating func walk(
    _ file: SnapshotFile,
    from start: Int,
    _ index: SnapshotIndexFile?,
    _ snapshots: inout Snapshots
  ) throws(LogError) -> Int {
    var places: [Int: KeyHash] = [:]
    var malformed: [Int] = []
    let dictionaries = snapshots.dictionaries
    var isLacking = false
    let end = try file.scan(from: start, KeyHasher(storeID)) { found, bytes in
      places[found.offset] = found.hash
      let dictionary = dictionaries[UInt32(clamping: found.frame.dictionary)]
      if found.frame.dictionary != 0, dictionary == nil {
        isLacking = true
      } else if !found.frame.isReadable(bytes, dictionary) {
        malformed.append(found.offset)
      }
    }
    if isLacking { snapshots.lacking.insert(file.file.name) }
    for offset in malformed {
      let found = Corruption(file: file.file.name, offset: offset, .malformed(.snapshot))
      add(VerifyProblem(found, .snapshot))
    }
    for hash in places.values { snapshots.aggregates.insert(hash) }
    for entry in index?.entries ?? [] {
      let offset = Int(entry.offset) * FrameHeader.unit
      if offset < start || offset >= end || places[offset] == entry.hash { continue }
      add(
        VerifyProblem(
          .mismatch,
          .snapshot,
          file: file.file.name,
          offset: UInt64(offset),
          field: "the index's entry for it"
        )
      )
    }
    return end
  }

  /// What stands behind the last whole frame: damage as far as the index goes, else a torn tail, or
  /// what a writer has prepared.
  private mutating func checkEnd(
    _ file: SnapshotFile,
    _ index: SnapshotIndexFile?,
    _ end: Int,
    _ snapshots: inout Snapshots
  ) throws(LogError) {
    let size = try file.file.size()
    let durable = Int(index?.end ?? 0)
    if end < durable {
      add(
        VerifyProblem(
          Corruption(file: file.file.name, offset: end, .malformed(.snapshot)),
          .snapshot
        )
      )
      for entry in index?.entries ?? [] where Int(entry.offset) * FrameHeader.unit > end {
        let place = Int(entry.offset) * FrameHeader.unit
        let found = try file.read(at: place, byteCount: Int(entry.length) * FrameHeader.unit)
        if found != nil { snapshots.aggregates.insert(entry.hash) }
      }
    } else if end < size, through == .max, try !file.isZero(from: end, to: size) {
      note(.tornTail, file.file.name, offset: end, byteCount: size - end)
    }
  }
}

extension SnapshotFrame {
  /// Whether the state in `bytes` can be had.
  fileprivate func isReadable(_ bytes: Span<UInt8>, _ dictionary: LZ4Dictionary?) -> Bool {
    if !isCompressed { return true }
    let stored = bytes.extracting(stateOffset..<stateEnd)
    if let dictionary { return dictionary.decompress(stored, into: rawByteCount) != nil }
    return LZ4.decompress(stored, into: rawByteCount) != nil
  }
}
