/// The newest state of each aggregate that had one kept: the snapshots' own log.
///
/// Specified in `Format.md`, section "Snapshots". Frames are appended to files of up to 64 MiB, and
/// the last one of an aggregate counts. A cache, in all it does:
///
/// 1. It never makes opening fail or wait: no file is touched before the first snapshot is asked
///    for or kept. Then each file's index is read, and the frames behind the last index are walked.
/// 2. A snapshot is given out only if its frame verifies and the event it stands on is the one that
///    stands there now. Whatever does not fit is counted and ignored; replay gives the same answer.
/// 3. A snapshot stands only on durable events, and is itself synced when its file is full and at
///    the end: a power cut may cost the last ones.
/// 4. A file of which more than half is dead is rewritten into the newest one.
///
/// The places of all snapshots are in memory, 53 to 107 bytes for each aggregate that has one: a
/// lookup in the indexes of all files would cost a search in each of them.
///
/// Safe to use from any thread. Loads wait for no save, but for the first reading of the indexes.
package final class SnapshotStore: @unchecked Sendable {
  // Checked how: `state` is touched only under `lock`; what is under `work` says so, and whoever
  // needs both takes `work` first.
  let core: LogCore
  let directoryLock: HeldLock?
  private let lock = Lock()
  private var state = State()
  /// Held by whoever reads the directory or changes files.
  let work = Lock()
  /// Touched only under `work`.
  var tail: Tail?
  /// Touched only under `work`.
  var isClosed = false
  /// Touched only under `work`: the folder, once it was found.
  var directory: (any LogDirectory)?
  /// Touched only under `work`: the greatest number a file has had.
  var lastNumber: UInt32 = 0
  /// Touched only under `work`: files whose names cannot be read as what they should be.
  private var strangers: Set<UInt32> = []
  /// Touched only under `work`: files that a write or sync failed on; nothing says what of them is
  /// durable.
  var doubtful: Set<UInt32> = []

  /// The file that new snapshots go to.
  struct Tail {
    var file: SnapshotFile
    /// Where the last frame ends.
    var end: Int
    /// What the page cache has large units for; the zeros there are cut when the file is written no
    /// more.
    var pages = PreparedPages()
  }

  struct State {
    var places = SnapshotPlaces()
    var dictionaries = SnapshotDictionaries()
    var counts = SnapshotCounts()
    var isLoaded = false
    /// When the folder was last looked at, as a reader.
    var loadedAt: UInt64 = 0
    /// How many aggregates were forgotten.
    var forgotten: UInt64 = 0
  }

  /// How long a reader goes on with what it knows of a writer's files.
  private static let refreshNanoseconds: UInt64 = 1_000_000_000

  /// The store of the snapshots of a log; touches no file before it is used.
  init(_ core: LogCore, _ writer: Writer?) {
    self.core = core
    directoryLock = writer?.directoryLock
  }

  var isWriting: Bool { directoryLock != nil }

  func withState<Result>(_ body: (inout State) -> Result) -> Result {
    lock.withLock { body(&state) }
  }

  /// What was done and ignored so far.
  package var counts: SnapshotCounts { withState { $0.counts } }

  /// How many snapshots, or files of them, were ignored so far.
  package var ignoredCount: Int { withState { $0.counts.ignoredCount } }

  /// Changes with every `forget`; a state that was made before one must not be kept after it.
  package var forgottenCount: UInt64 { withState { $0.forgotten } }

  /// Counts a snapshot that was found and is not used.
  package func note(_ flaw: SnapshotFlaw) { withState { $0.counts[flaw] += 1 } }

  // MARK: Loading

  /// The snapshot of an aggregate, if it stands on an event up to `position` and `version` and its
  /// state has the shape; nil in all other cases, whatever is the matter.
  ///
  /// Costs one read of a file, and the first time, or where rules of retention are, the reading of
  /// the event it stands on.
  package func load(
    _ aggregate: AggregateID,
    fingerprint: UInt64,
    through position: UInt64,
    notAfter version: UInt64? = nil
  ) -> Snapshot? {
    prepare()
    let id = aggregate.text.utf8Span.span
    let hash = core.hasher.hash(id, .aggregate)
    let known = withState { state -> (SnapshotPlaces.Place, SnapshotFile)? in
      guard let place = state.places[hash], let file = state.places.files[place.file] else {
        return nil
      }
      return (place, file.file)
    }
    guard let (place, file) = known else { return nil }
    if let version, place.version > version { return nil }
    let read = try? file.read(at: place.byteOffset, byteCount: place.byteCount)
    guard let (bytes, frame) = read,
      bytes.span.extracting(frame.idOffset..<frame.idOffset + frame.idCount).equals(id)
    else {
      drop(hash, place, .damaged)
      return nil
    }
    if frame.position > position, frame.position <= core.acknowledgedThrough { return nil }
    if let version, frame.version > version { return nil }
    if let flaw = flaw(of: frame, fingerprint, id, hash, place) {
      note(flaw)
      return nil
    }
    guard let state = decompress(bytes, frame) else {
      drop(hash, place, .damaged)
      return nil
    }
    withState { $0.counts.loaded += 1 }
    return Snapshot(
      version: frame.version,
      position: frame.position,
      fingerprint: frame.fingerprint,
      state: state
    )
  }

  /// What keeps a whole frame from being used.
  private func flaw(
    of frame: SnapshotFrame,
    _ fingerprint: UInt64,
    _ id: Span<UInt8>,
    _ hash: KeyHash,
    _ place: SnapshotPlaces.Place
  ) -> SnapshotFlaw? {
    guard frame.history == core.historyID else { return .anotherHistory }
    guard frame.position > 0, frame.position <= core.writtenThrough else { return .beyondHead }
    guard frame.fingerprint == fingerprint else { return .anotherShape }
    // A rule may hide the event at any time.
    let isLasting = core.retention.current == nil
    if isLasting, place.isConfirmed { return nil }
    // An event that cannot be read: replay will say so, if it comes to it.
    guard let digest = try? digest(frame.position, frame.version, id), digest == frame.eventDigest
    else { return .anotherHistory }
    if isLasting { withState { $0.places.confirm(hash, at: place) } }
    return nil
  }

  /// The digest of the event at `position`, if it is that of `version` of the aggregate.
  func digest(
    _ position: UInt64,
    _ version: UInt64,
    _ id: Span<UInt8>
  ) throws(LogError) -> KeyHash? {
    guard position > 0 else { return nil }
    var request = ReadRequest.all(after: Position(position - 1))
    request.until = position
    request.visibility = .written
    var cursor = try EventCursor(core, request)
    guard let event = try cursor.next(), event.version.rawValue == version,
      event.aggregateBytes.equals(id)
    else { return nil }
    return EventDigest.digest(event, core.hasher)
  }

  /// The state in a frame; nil if it is not what a writer makes, or its dictionary is gone.
  func decompress(_ bytes: [UInt8], _ frame: SnapshotFrame) -> [UInt8]? {
    let stored = bytes.span.extracting(frame.stateOffset..<frame.stateEnd)
    if !frame.isCompressed { return stored.array }
    if frame.dictionary == 0 { return LZ4.decompress(stored, into: frame.rawByteCount) }
    guard let number = UInt32(exactly: frame.dictionary),
      let known = withState({ $0.dictionaries.known[number] })
    else { return nil }
    return known.dictionary.decompress(stored, into: frame.rawByteCount)
  }

  private func drop(_ hash: KeyHash, _ place: SnapshotPlaces.Place, _ flaw: SnapshotFlaw) {
    withState {
      $0.counts[flaw] += 1
      $0.places.remove(hash, at: place)
    }
  }

  /// Lends what is known of each snapshot that counts to `body`, without its state, in the order of
  /// the log.
  package func forEach(_ body: (SnapshotSummary) throws -> Void) rethrows {
    prepare()
    let (places, files) = withState { ($0.places, $0.places.files) }
    for number in files.keys.sorted() {
      guard let file = files[number]?.file else { continue }
      for (hash, place) in places.places(in: number) {
        let read = try? file.read(at: place.byteOffset, byteCount: place.byteCount)
        guard let (bytes, frame) = read else {
          drop(hash, place, .damaged)
          continue
        }
        let id = bytes.span.extracting(frame.idOffset..<frame.idOffset + frame.idCount).text
        try body(
          SnapshotSummary(
            aggregate: AggregateID(id),
            version: frame.version,
            position: frame.position,
            history: frame.history,
            fingerprint: frame.fingerprint,
            stateBytes: frame.rawByteCount,
            storedBytes: place.byteCount,
            hasDictionary: frame.dictionary != 0
          )
        )
      }
    }
  }

  // MARK: Finding the files

  /// Reads the indexes, if that was not done yet; as a reader also what a writer has added since.
  func prepare() {
    let now = isWriting ? 0 : SystemClock.monotonicNanoseconds()
    func isCurrent(_ state: State) -> Bool {
      state.isLoaded && (isWriting || now - state.loadedAt < Self.refreshNanoseconds)
    }
    if withState({ isCurrent($0) }) { return }
    work.withLock {
      if withState({ isCurrent($0) }) { return }
      prepareLocked()
      withState { $0.loadedAt = now }
    }
  }

  /// As `prepare`, with `work` held.
  func prepareLocked() {
    if isWriting, withState({ $0.isLoaded }) { return }
    do throws(LogError) {
      if directory == nil {
        directory = try core.files.root.openDirectory(StoreFile.snapshotsDirectory, create: false)
      }
      if let directory { try readFiles(directory) }
    } catch {
      let isMissing = if case .system(let cause) = error { cause.isNotFound } else { false }
      if !isMissing {
        note(.damaged)
        // What is there is not known: it is looked for again before anything is written.
        if isWriting { return }
      }
    }
    withState { $0.isLoaded = true }
  }

  private func readFiles(_ directory: any LogDirectory) throws(LogError) {
    var numbers: [UInt32] = []
    let names = try directory.names()
    for name in names {
      let number = StoreFile.number(in: name, prefix: "", suffix: StoreFile.snapshotsSuffix)
      if let number, let number = UInt32(exactly: number), number > 0,
        name == StoreFile.snapshots(number)
      {
        numbers.append(number)
      }
    }
    numbers.sort()
    if isWriting { sweep(names, Set(numbers), directory) }
    readDictionaries(names, directory)
    let known = withState { state -> [UInt32: Int] in
      state.places.remove(Set(state.places.files.keys).subtracting(numbers))
      return state.places.files.mapValues(\.end)
    }
    let newest = known.keys.max() ?? 0
    for number in numbers {
      lastNumber = max(lastNumber, number)
      // Only the newest one is still written.
      if number < newest || strangers.contains(number) { continue }
      if let end = known[number] {
        if let file = withState({ $0.places.files[number]?.file }) { walk(file, from: end) }
      } else {
        readFile(number, directory, isNewest: number == numbers.last)
      }
    }
  }

  /// Removes what interrupted writes left.
  private func sweep(_ names: [String], _ numbers: Set<UInt32>, _ directory: any LogDirectory) {
    for name in names {
      let index = StoreFile.number(in: name, prefix: "", suffix: StoreFile.snapshotIndexSuffix)
      let isOrphan = index.map { $0 > .max / 2 || !numbers.contains(UInt32(clamping: $0)) }
      if name.hasSuffix(StoreFile.temporarySuffix) || isOrphan == true {
        try? directory.remove(name)
      }
    }
  }

  private func readDictionaries(_ names: [String], _ directory: any LogDirectory) {
    for name in names {
      let suffix = StoreFile.snapshotDictionarySuffix
      guard let number = StoreFile.number(in: name, prefix: "", suffix: suffix),
        let number = UInt32(exactly: number), name == StoreFile.snapshotDictionary(number),
        withState({ $0.dictionaries.known[number] == nil })
      else { continue }
      do throws(LogError) {
        let file = try directory.openFile(name, .readOnly)
        let limit = HeaderBlock.byteCount + SnapshotDictionaryFile.contentByteCountMax
        let bytes = try file.read(limit + 1, at: 0)
        let found = try SnapshotDictionaryFile.decode(bytes.span, file: file.name)
        guard found.number == number, found.storeID == core.storeID else {
          throw .corrupt(Corruption(file: file.name, offset: 0, .identity))
        }
        withState { $0.dictionaries.add(found) }
      } catch {
        note(Self.flaw(error))
      }
    }
  }

  private static func flaw(_ error: LogError) -> SnapshotFlaw {
    if case .unsupportedVersion = error { .unsupported } else { .damaged }
  }

  private func readFile(
    _ number: UInt32,
    _ directory: any LogDirectory,
    isNewest: Bool
  ) {
    do throws(LogError) {
      let mode: FileMode = isWriting ? .readWrite : .readOnly
      let file = try SnapshotFile.open(number, in: directory, mode, core.storeID)
      var start = SnapshotFile.firstFrame
      do throws(LogError) {
        if let index = try file.readIndex(in: directory) {
          start = Int(index.end)
          withState { take(index, file, &$0) }
        }
      } catch {
        note(Self.flaw(error))
      }
      if withState({ $0.places.files[number] == nil }) {
        withState { $0.places.files[number] = .init(file: file, end: start) }
      }
      let end = walk(file, from: start)
      // What stands behind the last whole frame is torn, and nothing is written upon that, unless
      // it is what a writer has prepared.
      if isWriting, isNewest, file.header.isWritable, end < core.options.snapshotFileBytes,
        let size = try? file.file.size(), (try? file.isZero(from: end, to: size)) ?? false
      {
        tail = Tail(file: file, end: end, pages: PreparedPages(zeroedThrough: size))
      }
    } catch {
      // A writer beside a reader has made the name and not yet written the block.
      if !isWriting, isNewest { return }
      note(Self.flaw(error))
      strangers.insert(number)
      if isWriting, case .corrupt = error { removeFile(number, directory) }
      if isWriting, case .truncatedFile = error { removeFile(number, directory) }
    }
  }

  private func take(_ index: SnapshotIndexFile, _ file: SnapshotFile, _ state: inout State) {
    let end = Int(index.end)
    state.places.files[index.number] = .init(file: file, end: end, indexedEnd: end)
    state.places.reserve(index.entries.count)
    for entry in index.entries {
      let place = SnapshotPlaces.Place(
        version: entry.version,
        file: index.number,
        offset: entry.offset,
        length: entry.length,
        dictionary: entry.dictionary
      )
      state.places.put(place, entry.hash)
    }
  }

  /// Takes up the frames from `start` on; returns the offset behind the last.
  @discardableResult
  private func walk(_ file: SnapshotFile, from start: Int) -> Int {
    var found: [(KeyHash, SnapshotPlaces.Place)] = []
    let end = try? file.scan(from: start, core.hasher) { frame, _ in
      found.append((frame.hash, SnapshotPlaces.Place(frame, in: file.number)))
    }
    // What was found before the disk failed counts all the same.
    let last = found.last?.1
    let reached = end ?? last.map { $0.byteOffset + $0.byteCount } ?? start
    withState { state in
      for (hash, place) in found { state.places.put(place, hash) }
      state.places.files[file.number]?.end = reached
    }
    return end ?? -1
  }

  /// Best effort: what stays is ignored, and removed at the next opening.
  func removeFile(_ number: UInt32, _ directory: any LogDirectory) {
    try? directory.remove(StoreFile.snapshots(number))
    try? directory.remove(StoreFile.snapshotIndex(number))
  }
}

extension SnapshotPlaces.Place {
  /// Where a frame that was found stands.
  init(_ found: SnapshotFile.Found, in file: UInt32) {
    self.init(
      version: found.frame.version,
      file: file,
      offset: UInt32(clamping: found.offset / FrameHeader.unit),
      length: UInt32(found.byteCount / FrameHeader.unit),
      dictionary: UInt32(clamping: found.frame.dictionary)
    )
  }
}
