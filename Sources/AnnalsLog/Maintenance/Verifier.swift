/// Checks a whole store: every checksum, and whether all that says the same thing agrees.
///
/// Changes nothing and takes no lock. Reads by calls and not through mappings, so that a file cut
/// by another program, or a page the disk can not read, is a problem in the report and not a
/// signal. Beside a live writer it checks what that had published when the check began.
///
/// Goes on behind every problem it finds with all that can still be read. Memory: one segment, its
/// index, and 40 to 57 bytes for each aggregate, tag and idempotency key of the store.
public enum StoreVerifier {
  /// Checks the store in the directory at `path`.
  ///
  /// - Parameters:
  ///   - path: the store's directory.
  ///   - options: what the log is opened with; whether it may be written does not matter.
  ///   - progress: called now and then with how far the check has come.
  /// - Returns: what was found; `isOK` if nothing is wrong.
  /// - Throws: `.notAStore`; `.unsupportedVersion` where a newer version made the store; `.system`
  ///   where a directory can not be read. All else is in the report.
  public static func verify(
    _ path: String,
    options: LogOptions = LogOptions(),
    progress: (VerifyProgress) -> Void = { _ in }
  ) throws(LogError) -> VerifyReport {
    let root = try StoreFiles.openRoot(path, options)
    guard try StoreCreation.isStore(root, try root.names()) else { throw .notAStore(path: path) }
    return try withoutActuallyEscaping(progress) { progress throws(LogError) in
      var run = Verification(path, root, options, progress)
      try run.check()
      return run.report
    }
  }
}

/// One run of the check: what it knows so far.
struct Verification {
  let path: String
  let root: any LogDirectory
  /// Where the segments are; nothing is read there if it cannot be opened.
  var log: any LogDirectory
  let options: LogOptions
  let progress: (VerifyProgress) -> Void
  var report = VerifyReport()
  var done = VerifyProgress(bytesDone: 0, bytesTotal: 0, file: "")
  var storeID = StoreID(high: 0, low: 0)
  var manifest: Manifest?
  var list: SegmentList?
  /// How far a live writer has published; `.max` without one.
  var through = UInt64.max
  /// The last rule that it has published; 0 without one.
  var throughRecord: UInt64 = 0
  var files: [SegmentFiles] = []
  var checkpoints: [(known: SegmentList.Checkpoint, file: (any LogFile)?)] = []
  /// What a backup says of its files; nil for other stores.
  var catalog: BackupCatalog?
  let types = TypeTable()
  /// Names the type file holds; nil if it is damaged.
  var fileTypeCount: Int?
  var typeFileEnd = 0
  var isTypeFileWhole = true
  /// Every key seen so far, with its newest version and segment.
  var keys = KeyTable()
  /// Positions that could not be read, or were removed: versions may be missing with them.
  var lostEvents: UInt64 = 0
  /// What compaction removed, and the rules for that.
  var removals = RemovalCheck()
  // Where the log stands behind the segments that were checked.
  var lastPosition: UInt64 = 0
  var lastRecord: UInt64 = 0
  var keySequence: UInt64 = 0
  var previous: Predecessor?

  /// The files of one listed segment, opened before anything is read, so that a writer beside the
  /// check may replace and remove names meanwhile.
  struct SegmentFiles {
    var entry: SegmentList.Entry
    var segment: (any LogFile)?
    var footer: (any LogFile)?
  }

  /// How the segment before ended, as far as that is known.
  struct Predecessor {
    var id: SegmentID
    var end: UInt64
    var checksum: UInt32
    /// Whether it could be read to its end.
    var isWhole: Bool
  }

  init(
    _ path: String,
    _ root: any LogDirectory,
    _ options: LogOptions,
    _ progress: @escaping (VerifyProgress) -> Void
  ) {
    self.path = path
    self.root = root
    log = root
    self.options = options
    self.progress = progress
  }

  mutating func check() throws(LogError) {
    let log = openLogDirectory()
    if let log { self.log = log }
    try readLayout(log)
    readCatalog()
    checkTypeFile()
    countBytes()
    for index in files.indices { checkSegment(index) }
    checkEnd()
    checkStaging()
    checkRemovals()
    checkSnapshots()
    try checkNames(log)
    checkConsumers()
    report.aggregates = 0
    var aggregates = 0
    keys.forEach { if $0.domain == KeyHash.Domain.aggregate.rawValue { aggregates += 1 } }
    report.aggregates = aggregates
    report.lastPosition = Position(lastPosition)
  }

  private mutating func openLogDirectory() -> (any LogDirectory)? {
    do throws(LogError) {
      return try root.openDirectory(StoreFile.logDirectory, create: false)
    } catch {
      add(VerifyProblem(error, nil, file: StoreFile.logDirectory))
      return nil
    }
  }

  /// What the manifest notes of the log's end must be there.
  private mutating func checkEnd() {
    guard through == .max else { return checkPublished() }
    guard let tail = manifest?.tail, tail.segment != 0 else { return }
    let isListed = files.contains { $0.entry.id == resolved(tail.segment) }
    if !isListed {
      add(
        VerifyProblem(
          .mismatch,
          .manifest,
          file: StoreFile.manifest,
          field: "segment of the log's end",
          found: UInt64(tail.segment)
        )
      )
    } else if tail.position > lastPosition {
      let lost = PositionRange(Position(lastPosition + 1), Position(tail.position))
      add(
        VerifyProblem(
          .mismatch,
          .manifest,
          file: StoreFile.manifest,
          positions: lost,
          field: "last durable position",
          expected: lastPosition,
          found: tail.position
        )
      )
    }
  }

  /// What a writer at work has published must be there.
  private mutating func checkPublished() {
    guard lastPosition < through else { return }
    add(
      VerifyProblem(
        .mismatch,
        nil,
        file: StoreFile.control,
        positions: PositionRange(Position(lastPosition + 1), Position(through)),
        field: "last published position",
        expected: lastPosition,
        found: through
      )
    )
  }

  // MARK: Reporting

  mutating func add(_ problem: VerifyProblem) {
    if report.problems.count < VerifyReport.problemsMax {
      report.problems.append(problem)
    } else {
      report.problemsOmitted += 1
    }
  }

  mutating func note(
    _ kind: VerifyNote.Kind,
    _ file: String,
    offset: Int? = nil,
    byteCount: Int? = nil
  ) {
    report.notes.append(
      VerifyNote(
        kind,
        file: file,
        offset: offset.map { UInt64($0) },
        byteCount: byteCount.map { UInt64($0) }
      )
    )
  }

  mutating func advance(_ byteCount: Int, _ file: String) {
    report.bytes += byteCount
    done.bytesDone += byteCount
    done.file = file
    progress(done)
  }

  // MARK: Reading

  private mutating func countBytes() {
    done.bytesTotal = report.bytes
    done.bytesDone = report.bytes
    for file in files {
      done.bytesTotal += (try? file.segment?.size()) ?? 0
      done.bytesTotal += (try? file.footer?.size()) ?? 0
    }
    for checkpoint in checkpoints { done.bytesTotal += (try? checkpoint.file?.size()) ?? 0 }
  }

  /// Reads a whole file; what can not be read of it is a problem and zeros.
  mutating func read(
    _ file: any LogFile,
    _ structure: Corruption.Structure?
  ) -> Mapping.Reading? {
    do throws(LogError) {
      var counts: [Int] = []
      let reading = try Mapping.reading(file) { counts.append($0) }
      for count in counts { advance(count, file.name) }
      for part in reading.unreadable {
        add(
          VerifyProblem(
            part.error,
            structure,
            file: file.name,
            offset: part.range.lowerBound
          )
        )
      }
      return reading
    } catch {
      add(VerifyProblem(error, structure, file: file.name))
      return nil
    }
  }
}
