extension Verification {
  /// Reads manifest and segment list, and opens every file they lead to.
  ///
  /// Beside a writer names may go between list and file: then all is read again.
  mutating func readLayout(_ log: (any LogDirectory)?) throws(LogError) {
    var attempts = 0
    while true {
      let before = report
      let isLive = try StoreFiles.isWriterAlive(root)
      try readManifest()
      try readList(log)
      // Behind the list: what compaction removed by a rule is found with that.
      (through, throughRecord) = isLive ? published() ?? (.max, 0) : (.max, 0)
      let isComplete = openFiles(log)
      // An older list lacks the segment that holds what was published last.
      let isCurrent = isLive && newestGeneration(log) == manifest?.generation
      attempts += 1
      if !isLive || (isComplete && isCurrent && report.problems.isEmpty) || attempts == 20 {
        if isLive { note(.liveWriter, StoreFile.lock) }
        return
      }
      report = before
      SystemClock.sleep(nanoseconds: 5_000_000)
    }
  }

  /// Checks both slots; the newest valid one counts.
  private mutating func readManifest() throws(LogError) {
    manifest = nil
    let file: any LogFile
    let bytes: [UInt8]
    do throws(LogError) {
      file = try root.openFile(StoreFile.manifest, .readOnly)
      bytes = try file.read(try file.size(), at: 0)
    } catch {
      add(VerifyProblem(error, .manifest, file: StoreFile.manifest))
      return
    }
    report.bytes += bytes.count
    let whole = Manifest.Layout.byteCount * Manifest.Layout.slots
    if bytes.count != whole {
      add(
        VerifyProblem(
          bytes.count < whole ? .truncatedFile : .malformed,
          .manifest,
          file: StoreFile.manifest,
          field: "byte count",
          expected: UInt64(whole),
          found: UInt64(bytes.count)
        )
      )
    }
    var unsupported: LogError?
    for slot in 0..<Manifest.Layout.slots {
      let start = slot * Manifest.Layout.byteCount
      let end = min(start + Manifest.Layout.byteCount, bytes.count)
      // The slot that a new store has not written yet.
      if start < end, end - start == Manifest.Layout.byteCount, bytes.span.isZero(start..<end) {
        continue
      }
      do throws(LogError) {
        let found = try Manifest.decode(bytes.span, slot: slot)
        if found.generation % UInt64(Manifest.Layout.slots) != UInt64(slot) {
          add(
            VerifyProblem(
              .mismatch,
              .manifest,
              file: StoreFile.manifest,
              offset: UInt64(start),
              field: "slot of the generation",
              found: found.generation
            )
          )
        }
        if found.generation > manifest?.generation ?? 0 || manifest == nil { manifest = found }
      } catch {
        if case .unsupportedVersion = error { unsupported = error }
        if case .truncatedFile = error { continue }
        add(VerifyProblem(error, .manifest, file: StoreFile.manifest, offset: start))
      }
    }
    if manifest == nil, let unsupported { throw unsupported }
    if manifest == nil, report.problems.isEmpty {
      add(VerifyProblem(.erased, .manifest, file: StoreFile.manifest, offset: 0))
    }
  }

  /// Checks the list that counts and the one before, and takes what opening would take.
  private mutating func readList(_ log: (any LogDirectory)?) throws(LogError) {
    list = nil
    let names = try root.names()
    for name in names where name.hasPrefix("segments-") {
      guard let generation = StoreFile.number(in: name, prefix: "segments-") else { continue }
      do throws(LogError) {
        let file = try root.openFile(name, .readOnly)
        let bytes = try file.read(try file.size(), at: 0)
        report.bytes += bytes.count
        let found = try SegmentList.decode(bytes.span, file: name)
        guard found.generation == generation,
          found.storeID == manifest?.storeID ?? found.storeID
        else {
          throw .corrupt(Corruption(file: name, offset: 0, .identity))
        }
        if generation == manifest?.listGeneration { list = found }
      } catch {
        add(VerifyProblem(error, .segmentList, file: name))
      }
    }
    if let manifest, list == nil,
      !names.contains(StoreFile.segmentList(manifest.listGeneration))
    {
      add(
        VerifyProblem(
          .missingFile,
          .segmentList,
          file: StoreFile.segmentList(manifest.listGeneration)
        )
      )
    }
    storeID = manifest?.storeID ?? list?.storeID ?? storeID
    if list == nil, let log { rebuildList(log) }
    if let list {
      storeID = list.storeID
      checkList(list)
    }
  }

  /// What opening makes of damaged lists and manifests; failing that, what is there by its headers.
  private mutating func rebuildList(_ log: any LogDirectory) {
    do throws(LogError) {
      let layout = try StoreLayout.read(StoreFiles(path: path, root: root, log: log))
      list = layout.list
      if manifest == nil { manifest = layout.manifest }
      return
    } catch {
      add(VerifyProblem(error, nil, file: StoreFile.logDirectory))
    }
    guard let names = try? log.names() else { return }
    var headers: [SegmentHeader] = []
    for name in names where name.hasSuffix(".segment") {
      guard let file = try? log.openFile(name, .readOnly),
        let bytes = try? file.read(HeaderBlock.byteCount, at: 0),
        let header = try? SegmentHeader.decode(bytes.span, file: file.name),
        StoreFile.segment(header.segmentID) == name
      else { continue }
      headers.append(header)
    }
    headers.sort { $0.basePosition < $1.basePosition }
    guard let storeID = manifest?.storeID ?? headers.first?.storeID else { return }
    var rebuilt = SegmentList(
      storeID: storeID,
      generation: 0,
      nextSegment: .max,
      segments: [],
      checkpoints: []
    )
    for header in headers where header.storeID == storeID {
      var entry = SegmentList.Entry(id: header.segmentID, isSealed: false)
      entry.salt = header.salt
      entry.baseTime = header.baseTime
      entry.basePosition = header.basePosition
      rebuilt.segments.append(entry)
    }
    list = rebuilt
  }

  private mutating func checkList(_ list: SegmentList) {
    let name = StoreFile.segmentList(list.generation)
    func problem(_ field: String, _ expected: UInt64?, _ found: UInt64) -> VerifyProblem {
      VerifyProblem(
        .mismatch,
        .segmentList,
        file: name,
        field: field,
        expected: expected,
        found: found
      )
    }
    var next: UInt64 = 1
    var end: UInt64 = 0
    var seen: Set<SegmentID> = []
    var hasUnsealed = false
    for entry in list.segments {
      if !seen.insert(entry.id).inserted {
        add(problem("segment that is listed twice", nil, UInt64(entry.id)))
      }
      guard entry.isSealed else {
        hasUnsealed = true
        continue
      }
      if hasUnsealed { continue }
      if entry.basePosition != next {
        add(problem("base position of segment \(entry.id)", next, entry.basePosition))
      }
      if entry.lastPosition &+ 1 < entry.basePosition || entry.lastPosition == .max {
        add(problem("last position of segment \(entry.id)", nil, entry.lastPosition))
      } else {
        next = entry.lastPosition + 1
      }
      if entry.lastRecord < end {
        add(problem("last record of segment \(entry.id)", end, entry.lastRecord))
      }
      end = entry.lastRecord
    }
    for checkpoint in list.checkpoints
    where !seen.contains(resolved(checkpoint.lastSegment))
      || !seen.contains(resolved(checkpoint.firstSegment))
    {
      add(
        problem(
          "segment of checkpoint \(checkpoint.generation)",
          nil,
          UInt64(checkpoint.lastSegment)
        )
      )
    }
  }

  /// The generation of the manifest now.
  private func newestGeneration(_ log: (any LogDirectory)?) -> UInt64? {
    StoreLayout.newestGeneration(StoreFiles(path: path, root: root, log: log ?? root))
  }

  /// How far the writer at work has published.
  private func published() -> (through: UInt64, record: UInt64)? {
    guard let file = try? root.openFile(StoreFile.control, .readOnly),
      let mapping = try? file.map(ControlPage.byteCount, writable: false),
      let page = ControlPage(mapping)
    else { return nil }
    let name = options.fileSystem.bootIdentifier()
    let boot = KeyHasher(storeID).hash(name.utf8Span.span, .key).low
    // Before the positions: what stood before a rule is then published, too.
    let record = page.record
    return page.read(boot: boot).map { ($0.written, record) }
  }

  /// Opens all that the list names; false if something is not there.
  private mutating func openFiles(_ log: (any LogDirectory)?) -> Bool {
    files = []
    checkpoints = []
    guard let list else { return false }
    var isComplete = true
    var seen: Set<SegmentID> = []
    for entry in list.segments where seen.insert(entry.id).inserted {
      let name = StoreFile.segment(entry.id)
      var file: (any LogFile)?
      do throws(LogError) {
        file = try log?.openFile(name, .readOnly)
      } catch {
        let path = StoreFile.logDirectory + "/" + name
        var positions: PositionRange?
        if entry.isSealed, entry.lastPosition >= entry.basePosition {
          positions = PositionRange(Position(entry.basePosition), Position(entry.lastPosition))
        }
        if case .system(let cause) = error, cause.isNotFound {
          add(VerifyProblem(.missingFile, file: path, positions: positions))
        } else {
          add(VerifyProblem(error, nil, file: path))
        }
        isComplete = false
      }
      let footer = openFooter(entry, log)
      files.append(SegmentFiles(entry: entry, segment: file, footer: footer))
    }
    for known in list.checkpoints {
      let name = StoreFile.indexCheckpoint(known.generation)
      var file: (any LogFile)?
      do throws(LogError) {
        file = try root.openFile(name, .readOnly)
      } catch {
        isComplete = false
        if case .system(let cause) = error, cause.isNotFound {
          note(.missingCheckpoint, name)
        } else {
          add(VerifyProblem(error, .indexCheckpoint, file: name))
        }
      }
      checkpoints.append((known, file))
    }
    return isComplete
  }

  private mutating func openFooter(
    _ entry: SegmentList.Entry,
    _ log: (any LogDirectory)?
  ) -> (any LogFile)? {
    let name = StoreFile.footer(entry.id)
    do throws(LogError) {
      return try log?.openFile(name, .readOnly)
    } catch {
      let path = StoreFile.logDirectory + "/" + name
      if case .system(let cause) = error, cause.isNotFound {
        if entry.isSealed { note(.missingFooter, path) }
      } else {
        add(VerifyProblem(error, .footer, file: path))
      }
      return nil
    }
  }
}
