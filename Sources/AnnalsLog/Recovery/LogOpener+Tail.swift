extension LogOpener {
  /// Walks the unsealed segments in order, and finds where the log ends.
  mutating func walk(_ entries: [SegmentList.Entry]) throws(LogError) {
    var files: [UnsealedFile] = []
    for entry in entries {
      let file = try openUnsealedFile(entry)
      let mapping = try map(file)
      startReading(mapping, of: entry)
      // Beside a writer it grows.
      let contentEnd = isBesideWriter ? mapping.count : (try? file.contentEnd(from: 0)) ?? .max
      files.append(
        UnsealedFile(
          entry: entry,
          file: file,
          mapping: mapping,
          contentEnd: min(contentEnd, mapping.count)
        )
      )
    }
    for (index, current) in files.enumerated() {
      let next = index + 1 < files.count ? files[index + 1] : nil
      // A segment listed before another and never begun has no successor.
      let successor = next.flatMap { Self.header($0.mapping, $0.file.name, $0.entry) }
        .flatMap { $0.predecessorID == current.entry.id ? $0 : nil }
      // … and what it holds is not missed where the log goes on in a later one.
      let isPassed = files[(index + 1)...].contains {
        Self.header($0.mapping, $0.file.name, $0.entry) != nil
      }
      let isBegun = try walkSegment(current, successor: successor, isPassed: isPassed)
      if !isBegun {
        keepSpare(current)
        if next == nil { return }
      } else if let skipped = spare {
        // Begun now, it would be listed before what it follows.
        spare = nil
        drop(skipped.entry, skipped.file.name)
      }
    }
  }

  /// Asks for what is looked at first: the segment's header, and what the manifest leads to, the
  /// end of the log and the footer before it.
  private func startReading(_ mapping: Mapping, of entry: SegmentList.Entry) {
    guard manifest.tail.segment == entry.id else {
      // No more of what may be a spare: what is read of it counts as content later on.
      return mapping.startReading(0..<HeaderBlock.byteCount)
    }
    Self.startReadingSegment(mapping)
    let end = min(Int(clamping: manifest.tail.end), mapping.count)
    mapping.startReading(end..<min(end + CheckedPages.pageSize, mapping.count))
    let footer = try? core.files.log.openFile(StoreFile.footer(entry.id), .readOnly)
    guard let footer, let table = try? StoreFiles.mapAll(footer) else { return }
    Self.startReadingFooter(table)
  }

  /// The file of a segment that is not sealed.
  private struct UnsealedFile {
    var entry: SegmentList.Entry
    var file: any LogFile
    var mapping: Mapping
    /// Nothing but zeros stands behind this offset.
    var contentEnd: Int
  }

  /// From how many bytes on reading ahead is worth the calls that begin it.
  private static let scanMin = 1 << 20

  private func openUnsealedFile(
    _ entry: SegmentList.Entry
  ) throws(LogError) -> any LogFile {
    let name = StoreFile.segment(entry.id)
    let file: any LogFile
    do throws(LogError) {
      file = try core.files.log.openFile(name, isWritingAllowed ? .readWrite : .readOnly)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      throw .missingFile(file: StoreFile.logDirectory + "/" + name, positions: nil)
    }
    if !isBesideWriter, !manifest.isClosed {
      // What the page cache shows of a killed process, or after a failed sync, is not what the
      // disk holds: push it out, drop it, and believe what is read back. A log that was closed was
      // synced, by a writer that had begun with this and whose syncs all succeeded.
      // A spare that nothing was written to has nothing to show; and what the manifest knows to be
      // durable need not be read again.
      let contentEnd = try? file.contentEnd(from: 0)
      if contentEnd != 0 {
        let start = manifest.tail.segment == entry.id ? Int(clamping: manifest.tail.end) : 0
        try file.sync()
        file.dropCache(from: start)
        if let contentEnd, contentEnd - start >= Self.scanMin {
          core.files.log.startScan(StoreFile.segment(entry.id), at: start)
        }
      }
    }
    return file
  }

  private static func header(
    _ mapping: Mapping,
    _ name: String,
    _ entry: SegmentList.Entry
  ) -> SegmentHeader? {
    guard let header = try? SegmentHeader.decode(mapping.bytes, file: name),
      header.segmentID == entry.id, header.salt == entry.salt
    else { return nil }
    return header
  }

  /// Walks one segment; false if it was never begun.
  private mutating func walkSegment(
    _ current: UnsealedFile,
    successor: SegmentHeader?,
    isPassed: Bool
  ) throws(LogError) -> Bool {
    let (entry, file, mapping) = (current.entry, current.file, current.mapping)
    try checkWritable(mapping.bytes, .segment, file.name)
    let before = tail
    let lastPosition = lastPosition
    let lastRecord = before?.scan.lastRecord ?? segments.last?.current.entry.lastRecord ?? 0
    let keys = before?.scan.keySequence ?? segments.last?.current.entry.keySequence ?? 0
    var found: SegmentHeader?
    var problem = Corruption.Kind.erased
    do throws(LogError) {
      found = try SegmentHeader.decode(mapping.bytes, file: file.name)
    } catch {
      switch error {
      case .corrupt(let corruption): problem = corruption.kind
      case .truncatedFile where !isWritingAllowed: break
      default: throw error
      }
    }
    let restored = restored(entry, base: lastPosition + 1, record: lastRecord)
    var header = restored
    var isDamaged = true
    if let found {
      isDamaged = found.segmentID != entry.id || found.salt != entry.salt
      if isDamaged { problem = .identity } else { header = found }
    }
    if FileHeader.isOfAnotherKind(mapping.bytes) { problem = .identity }
    // Begun by the writer beside this since it published what is to be seen: the segment before
    // goes on behind that.
    if isBesideWriter, lastPosition >= through, header.basePosition > lastPosition + 1 {
      return false
    }
    if header.basePosition != lastPosition + 1, damages.isEmpty {
      throw .corrupt(
        Corruption(
          file: file.name,
          offset: 0,
          .discontinuity(expected: lastPosition + 1, found: header.basePosition)
        )
      )
    }
    let segment = Segment(
      name: file.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: entry
    )
    var isFeared = false
    if isDamaged, !hasDurableFrames(segment, successor, contentEnd: current.contentEnd) {
      switch judge(segment, problem, contentEnd: current.contentEnd) {
      case .neverBegun: return false
      case .begun: break
      case .foreign:
        let foreign = Corruption(file: file.name, offset: 0, problem)
        if isWritingAllowed { throw .corrupt(foreign) }
        // Nothing can be missing behind the end of a closed log, nor where it goes on elsewhere.
        if manifest.isClosed || isPassed || isBesideWriter && lastPosition >= through {
          damages.append(foreign)
          return false
        }
        isFeared = true
      }
    }
    if isDamaged { report.findings.append(.init(file.name, .segmentHeaderRestored)) }
    sealTail(successor: header)
    var scan = try scan(segment, current, successor, record: lastRecord, keys: keys)
    if isDamaged { scan.headerProblem = problem }
    if isFeared {
      // How much was lost with the file is not known: at least what follows.
      scan.lostThrough = max(lastPosition + 1, isBesideWriter ? through : 0)
    }
    try run(&scan, of: segment, current.file)
    return true
  }

  /// What a segment is that has no header of its own, and no frame that says it was durable.
  private enum Headless {
    /// The spare, or begun and never synced.
    case neverBegun
    /// Its frames verify: only the header is damaged.
    case begun
    /// No crash leaves this: the file is another's, or what it held is gone.
    case foreign
  }

  private func judge(
    _ segment: Segment,
    _ problem: Corruption.Kind,
    contentEnd: Int
  ) -> Headless {
    let bytes = segment.bytes
    if problem == .identity || bytes.count < HeaderBlock.byteCount { return .foreign }
    // A writer beside this may be writing the header just now.
    if manifest.isClosed || isBesideWriter || segment.header.isLeft(in: bytes) {
      return .neverBegun
    }
    if bytes.isZero(Segment.firstFrame..<max(Segment.firstFrame, contentEnd)) {
      return .neverBegun
    }
    let frame = segment.resync(
      from: Segment.firstFrame,
      limit: bytes.count,
      after: segment.base.position - 1,
      contentEnd: contentEnd
    )
    return frame == nil ? .foreign : .begun
  }

  /// A header as the list's second copies tell it.
  private func restored(
    _ entry: SegmentList.Entry,
    base: UInt64,
    record: UInt64
  ) -> SegmentHeader {
    SegmentHeader(
      storeID: core.storeID,
      segmentID: entry.id,
      salt: entry.salt,
      basePosition: base,
      baseTime: entry.baseTime,
      baseRecord: record,
      predecessorID: segments.last?.id ?? 0,
      predecessorChecksum: tail?.scan.lastChecksum
        ?? segments.last?.current.entry.lastChecksum ?? 0,
      predecessorEnd: UInt64(tail?.scan.offset ?? Int(segments.last?.current.entry.end ?? 0))
    )
  }

  /// Whether a segment without a valid header was durable once, by what else is known.
  private func hasDurableFrames(
    _ segment: Segment,
    _ successor: SegmentHeader?,
    contentEnd: Int
  ) -> Bool {
    if successor != nil || manifest.tail.segment == segment.id { return true }
    // After a proper close nothing stands behind the tail.
    if manifest.isClosed { return false }
    var offset = Segment.firstFrame
    var position = segment.base.position - 1
    while let found = segment.resync(
      from: offset,
      limit: segment.mapping.count,
      after: position,
      contentEnd: contentEnd
    ) {
      if segment.durableEnd(at: found.offset, found.header) > Segment.firstFrame { return true }
      if let last = segment.lastPosition(at: found.offset, found.header) { position = last }
      offset = found.offset + found.header.byteCount
    }
    return false
  }

  /// The walk of a segment from where it has no footer.
  private mutating func scan(
    _ segment: Segment,
    _ current: UnsealedFile,
    _ successor: SegmentHeader?,
    record: UInt64,
    keys: UInt64
  ) throws(LogError) -> TailScan {
    let mark = manifest.tail
    var durableEnd = mark.segment == segment.id ? Int(clamping: mark.end) : 0
    var durablePosition = mark.segment == segment.id ? mark.position : 0
    if let successor {
      durableEnd = max(durableEnd, Int(clamping: successor.predecessorEnd))
      durablePosition = max(durablePosition, successor.basePosition - 1)
    }
    var start = Segment.firstFrame
    var position = segment.base.position - 1
    var record = record
    var keys = keys
    // A footer over what was there at the last proper close: only what came after is walked. Not
    // behind another segment without footer: the index would know a key's events there, and not
    // the newer ones that only this footer knows.
    let isFirst = core.index.withState { $0.chains.isEmpty }
    if isFirst, let footer = partialFooter(segment, mark) {
      start = Int(footer.header.end)
      position = footer.header.lastPosition
      record = footer.header.lastRecord
      keys = footer.header.keySequence
      segment.update { $0.footer = footer }
      if footer.header.lastRecord > core.retention.lastTaken {
        try takeRules(segment, through: start)
      }
    }
    core.index.withState {
      $0.begin(segment.id, basePosition: position + 1, expecting: 0)
    }
    var scan = TailScan(
      segment,
      core: core,
      from: start,
      after: position,
      record: record,
      keySequence: keys,
      durableEnd: durableEnd,
      durablePosition: durablePosition,
      isKnownEnd: manifest.isClosed && mark.segment == segment.id && successor == nil
    )
    scan.lastChecksum = segment.footer?.header.lastChecksum ?? 0
    scan.through = through
    scan.throughRecord = throughRecord
    scan.contentEnd = current.contentEnd
    return scan
  }

  /// Walks to the end of the segment, where the log ends so far.
  private mutating func run(
    _ scan: inout TailScan,
    of segment: Segment,
    _ file: any LogFile
  ) throws(LogError) {
    let start = scan.offset
    try scan.run(goesOn: !isWritingAllowed)
    isTailWalked = isTailWalked || scan.offset > start
    try take(scan, from: start)
    if case .torn(let end) = scan.ending {
      report.tornTail = RecoveryReport.TornTail(
        file: segment.name,
        offset: UInt64(scan.offset),
        byteCount: UInt64(end - scan.offset)
      )
    }
    adopt(segment, file, scan)
  }

  /// Takes up what a walk found: damage forbids writing, and is noted for readers.
  private mutating func take(_ scan: TailScan, from start: Int) throws(LogError) {
    report.scannedBytes += scan.offset - start
    report.scannedEvents += scan.eventCount
    if isWritingAllowed, let first = scan.damages.first { throw .corrupt(first) }
    damages += scan.damages
    typeMax = max(typeMax, scan.typeMax)
  }

  /// Puts the events of a sealed segment, the newest without footer, into the index: they are
  /// found there until the footer is made.
  mutating func indexSealed(_ segment: Segment) throws(LogError) {
    let entry = segment.current.entry
    core.index.withState {
      $0.begin(segment.id, basePosition: segment.base.position, expecting: 0)
    }
    var scan = TailScan(
      segment,
      core: core,
      from: Segment.firstFrame,
      after: segment.base.position - 1,
      record: segment.baseRecord,
      keySequence: 0,
      durableEnd: Int(clamping: entry.end),
      durablePosition: entry.lastPosition,
      isKnownEnd: true
    )
    try scan.run(goesOn: !isWritingAllowed)
    try take(scan, from: Segment.firstFrame)
    noteFooterRebuilt(segment)
    unfooted.append(segment)
  }

  private func partialFooter(_ segment: Segment, _ mark: Manifest.Tail) -> Footer? {
    guard mark.segment == segment.id,
      let file = try? core.files.log.openFile(StoreFile.footer(segment.id), .readOnly),
      let mapping = try? StoreFiles.mapAll(file),
      let footer = try? Footer(
        mapping,
        storeID: core.storeID,
        segment: segment.header,
        name: file.name
      ),
      footer.header.end <= mark.end, footer.header.end <= UInt64(segment.mapping.count),
      // Its sum may be right and what it says still be of no segment.
      footer.header.lastPosition >= segment.base.position - 1,
      footer.header.lastPosition - (segment.base.position - 1) <= UInt64(Limits.segmentEventsMax),
      footer.header.lastPosition <= mark.position, footer.header.lastRecord <= mark.record,
      footer.header.keySequence <= mark.keySequence
    else { return nil }
    return footer
  }

  /// Makes the segment the one the log ends in.
  private mutating func adopt(_ segment: Segment, _ file: any LogFile, _ scan: TailScan) {
    appendSegment(segment)
    tail = (segment, file, scan)
    core.updateView { view in
      let footers: [Directory.Run] = segment.footer == nil ? [] : [.footer(segment)]
      return view.with(
        segments: view.segments + [segment],
        directory: Directory(footers + view.directory.runs)
      )
    }
  }

  /// Writes what stands above the last place proven durable once more, and syncs it.
  ///
  /// To be done before anything is acknowledged on top of it. Pages that somebody maps are not
  /// dropped from the cache: a log of this process whose sync failed, or a reader, may keep alive
  /// what is marked clean and is not on the disk.
  func rewriteTail() throws(LogError) {
    guard let (segment, file, scan) = tail else { return }
    let start = scan.provenEnd <= Segment.firstFrame ? 0 : scan.provenEnd
    if start >= scan.offset { return }
    try file.write(segment.bytes.extracting(start..<scan.offset), at: start)
    try file.sync()
  }

  /// Notes that the segment the log ended in so far has a successor.
  private mutating func sealTail(successor: SegmentHeader) {
    guard tail != nil else { return }
    sealTail()
  }

  /// Seals the segment the log ends in, where its last whole frame ends.
  mutating func sealTail() {
    guard let (segment, _, scan) = tail else { return }
    var entry = segment.current.entry
    entry.isSealed = true
    entry.basePosition = segment.base.position
    entry.lastPosition = scan.lastPosition
    entry.lastRecord = scan.lastRecord
    entry.end = UInt64(scan.offset)
    entry.lastChecksum = scan.lastChecksum
    entry.keySequence = scan.keySequence
    segment.update { $0.entry = entry }
    if let index = list.segments.firstIndex(where: { $0.id == segment.id }) {
      list.segments[index] = entry
    }
    isListChanged = true
    lastSegmentBytes = segment.mapping.count
    unfooted.append(segment)
  }

  /// Decides about a segment that was never begun: it is the spare, or was begun and never synced.
  private mutating func keepSpare(_ current: UnsealedFile) {
    // All of it: a power cut can lose the beginning and leave frames behind it, which would verify
    // again behind another beginning of the same length. After a proper close nothing can be there.
    let mapping = current.mapping
    let looked =
      manifest.isClosed ? min(mapping.count, HeaderBlock.byteCount) : current.contentEnd
    if mapping.bytes.isZero(0..<looked), spare == nil {
      spare = Maintenance.Spare(
        file: current.file,
        entry: current.entry,
        byteCount: mapping.count,
        reservedBytes: 0
      )
      return
    }
    drop(current.entry, current.file.name)
  }

  private mutating func drop(_ entry: SegmentList.Entry, _ name: String) {
    report.findings.append(.init(name, .unsyncedSegmentDropped))
    guard isWritingAllowed else { return }
    list.segments.removeAll { $0.id == entry.id }
    isListChanged = true
  }
}
