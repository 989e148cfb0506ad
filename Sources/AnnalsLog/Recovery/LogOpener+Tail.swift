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
    // Nothing in it is to be seen yet. Without a header when that was looked at, it may have got
    // one since, and durable frames, behind more than what is to be seen: they do not follow here.
    let isUnpublished =
      isBesideWriter && lastPosition >= through && lastRecord >= throughRecord
      && successor == nil && manifest.tail.segment != entry.id
    var isFeared = false
    if isDamaged,
      isUnpublished || !hasDurableFrames(segment, successor, contentEnd: current.contentEnd)
    {
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
    // It has a successor now.
    sealTail()
    var scan = try scan(segment, current, successor, record: lastRecord, keys: keys)
    if isDamaged { scan.headerProblem = problem }
    if isFeared {
      // How much was lost with the file is not known: at least what follows.
      scan.lostThrough = max(lastPosition + 1, isBesideWriter ? through : 0)
    }
    try run(&scan, of: segment, current.file)
    return true
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
  mutating func take(_ scan: TailScan, from start: Int) throws(LogError) {
    report.scannedBytes += scan.offset - start
    report.scannedEvents += scan.eventCount
    if isWritingAllowed, let first = scan.damages.first { throw .corrupt(first) }
    damages += scan.damages
    typeMax = max(typeMax, scan.typeMax)
  }
}
