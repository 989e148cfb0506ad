/// Opens a store: reads its layout, opens its segments, walks the unsealed tail, and decides what
/// to do about what it finds.
package struct LogOpener {
  package let core: LogCore
  package var report = RecoveryReport()
  package var list: SegmentList
  package var manifest: Manifest
  package var isListChanged: Bool
  /// Whether manifest or list were made anew.
  package let isRebuilt: Bool
  package var unfooted: [Segment] = []
  package var spare: Maintenance.Spare?
  package var lastSegmentBytes = 0
  /// The segment the log ends in, and how; nil in a store without frames.
  package var tail: (segment: Segment, file: any LogFile, scan: TailScan)?
  /// Damage to events that no footer leads to, for readers who go on.
  package var damages: [Corruption] = []
  /// Whether frames of an unsealed segment were walked.
  var isTailWalked = false
  private let isWriting: Bool
  private(set) var segments: [Segment] = []
  /// How far a live writer lets readers look; `.max` without one.
  let through: UInt64
  /// … and, behind that, for the rules up to this record.
  let throughRecord: UInt64
  /// The greatest number of a type that the walked events have.
  var typeMax = 0
  /// The record of the retention file that was read; 0 if there is none.
  var retentionFile: UInt64 = 0

  /// The segments that the list has as sealed, if it could be read: their files never change.
  let sealedOnDisk: Set<SegmentID>

  /// Whether what is found may be mended.
  var isWritingAllowed: Bool { isWriting }
  /// Whether a writer is at work on the store.
  var isBesideWriter: Bool { through != .max }

  /// The position of the last event that was found so far; 0 if there is none.
  var lastPosition: UInt64 {
    tail?.scan.lastPosition ?? segments.last?.current.entry.lastPosition ?? 0
  }

  mutating func appendSegment(_ segment: Segment) { segments.append(segment) }

  /// Reads the store in `files`.
  ///
  /// - Parameters:
  ///   - through: for a reader beside a writer, the last position published.
  package init(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions,
    isWriting: Bool,
    through: UInt64 = .max,
    throughRecord: UInt64 = 0
  ) throws(LogError) {
    let layout = try StoreLayout.read(files)
    var report = RecoveryReport()
    let names = try LogOpener.readTypes(files, layout.list.storeID, &report)
    core = LogCore(
      path: path,
      files: files,
      storeID: layout.list.storeID,
      historyID: layout.manifest.historyID,
      historyStart: layout.manifest.historyStart,
      types: TypeTable(names),
      options: options
    )
    self.isWriting = isWriting
    self.through = through
    self.throughRecord = throughRecord
    list = layout.list
    manifest = layout.manifest
    isListChanged = layout.isRebuilt
    isRebuilt = layout.isRebuilt
    sealedOnDisk = Set(
      layout.isRebuilt ? [] : layout.list.segments.filter(\.isSealed).map(\.id)
    )
    report.findings += layout.findings
    self.report = report
  }

  /// Fails if a file was written with features that a writer must know and this build does not.
  func checkWritable(
    _ bytes: Span<UInt8>,
    _ magic: FileHeader.Magic,
    _ file: String
  ) throws(LogError) {
    guard isWriting, bytes.count >= HeaderBlock.byteCount,
      let header = try? HeaderBlock.header(
        bytes.extracting(0..<HeaderBlock.byteCount),
        magic,
        file: file
      ),
      !header.isWritable
    else { return }
    throw .unsupportedVersion(
      file: file,
      UnsupportedVersion(major: FormatVersion.major, features: header.readOnlyCompatible)
    )
  }

  /// Opens everything and walks the tail.
  package mutating func run() throws(LogError) {
    // A manifest that is gone was made anew from the segments.
    if let manifest = try? core.files.root.openFile(StoreFile.manifest, .readOnly) {
      for slot in 0..<Manifest.Layout.slots {
        let bytes = try manifest.read(
          HeaderBlock.byteCount,
          at: slot * Manifest.Layout.byteCount
        )
        try checkWritable(bytes.span, .manifest, StoreFile.manifest)
      }
    }
    readRetention()
    var unsealed: [SegmentList.Entry] = []
    for entry in list.segments {
      if entry.isSealed, unsealed.isEmpty { try openSealed(entry) } else { unsealed.append(entry) }
    }
    let (runs, unindexed) = try openDirectory()
    core.updateView { [segments, list] _ in
      LogView(segments: segments, directory: Directory(runs), replaced: list.replaced)
    }
    mergeTypes()
    for segment in segments { try takeRules(segment) }
    for segment in unindexed { try indexSealed(segment) }
    try walk(unsealed)
    if areTypesShort() { collectTypes() }
    if isWriting { try checkTypes() }
    // Tables made in memory are to be written as well.
    unfooted =
      segments.filter { segment in
        segment.current.isFooterRebuilt && !unfooted.contains { $0 === segment }
      } + unfooted
    core.retention.share()
    report.wasClosed = manifest.isClosed && !isTailWalked
  }

  /// Counts the events that wait in the staging file: who only reads does not see them.
  mutating func countStaged() {
    let waiting = try? StagedEvent.waiting(in: core.files.root, list.storeID, behind: lastPosition)
    report.stagedEvents = waiting?.count ?? 0
  }

  /// Takes up the type names that stand at the starts of segments.
  ///
  /// Each begins with all names there were: together with those first used in the last segment
  /// they are all the log has, whatever became of the types file.
  private func mergeTypes() {
    for segment in segments {
      guard
        let header = try? segment.frame(at: Segment.firstFrame, limit: segment.mapping.count)
      else { continue }
      mergeTypes(segment, at: Segment.firstFrame, header)
    }
  }

  private func mergeTypes(_ segment: Segment, at offset: Int, _ header: FrameHeader) {
    guard header.knownKind == .control,
      let frame = ControlFrame.decode(
        segment.bytes,
        at: offset,
        byteCount: header.byteCount,
        segment.base
      ),
      frame.subject == .types,
      let (first, names) = TypeNames.decode(
        segment.bytes.extracting(frame.contentOffset..<frame.contentEnd)
      )
    else { return }
    _ = core.types.merge(first: first, names)
  }

  /// Whether names may be missing: the types file was damaged, or ends before those in use.
  private func areTypesShort() -> Bool {
    if report.findings.contains(where: { $0.kind == .typesRebuilt }) { return true }
    return greatestType > core.types.count
  }

  /// The greatest number of a type that events have: those that were walked, and those that the
  /// last segment's footer knows.
  private var greatestType: Int {
    let footed = (try? segments.last?.footer?.types()) ?? []
    return max(typeMax, footed.map(\.number).max() ?? 0)
  }

  /// Fails if events have types without a name: the next new name would get the number of one.
  private func checkTypes() throws(LogError) {
    if greatestType <= core.types.count { return }
    throw .corrupt(Corruption(file: StoreFile.types, offset: 0, .erased))
  }

  /// Takes up the names first used in the last segment, which is not walked if a footer covers it.
  private func collectTypes() {
    guard let segment = segments.last else { return }
    let limit = tail.map(\.scan.offset) ?? Int(segment.current.entry.end)
    var offset = Segment.firstFrame
    while offset < limit {
      guard let header = try? segment.frame(at: offset, limit: limit) else {
        // What stands behind damage counts as well.
        guard let next = segment.resync(from: offset + FrameHeader.unit, limit: limit, after: 0)
        else { return }
        offset = next.offset
        continue
      }
      mergeTypes(segment, at: offset, header)
      offset += header.byteCount
    }
  }

  private static func readTypes(
    _ files: StoreFiles,
    _ storeID: StoreID,
    _ report: inout RecoveryReport
  ) throws(LogError) -> [String] {
    do throws(LogError) {
      let file = try files.root.openFile(StoreFile.types, .readOnly)
      let bytes = try file.read(try file.size(), at: 0)
      let found = try TypeFile.decode(bytes.span, storeID: storeID)
      if !found.isWhole { report.findings.append(.init(StoreFile.types, .typesRebuilt)) }
      return found.names
    } catch {
      switch error {
      case .corrupt, .truncatedFile: break
      case .system(let cause) where cause.isNotFound: break
      default: throw error
      }
      report.findings.append(.init(StoreFile.types, .typesRebuilt))
      return []
    }
  }
}

// MARK: Sealed segments

extension LogOpener {
  private mutating func openSealed(_ entry: SegmentList.Entry) throws(LogError) {
    let name = StoreFile.segment(entry.id)
    let file = try openSegmentFile(name, entry)
    let mapping = try map(file)
    if UInt64(mapping.count) < entry.end {
      // Readers are told by every read that comes by what is missing.
      report.findings.append(.init(file.name, .segmentTruncated))
      if isWriting {
        throw .truncatedFile(
          file: file.name,
          expected: entry.end,
          actual: UInt64(mapping.count)
        )
      }
    }
    let header = try restoreHeader(mapping, file.name, entry)
    let segment = Segment(
      name: file.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: entry
    )
    lastSegmentBytes = mapping.count
    openFooter(of: segment, end: entry.end)
    segments.append(segment)
  }

  /// Maps the whole file; for readers one that has nothing left is an empty one.
  func map(_ file: any LogFile) throws(LogError) -> Mapping {
    if !isWriting, try file.size() == 0 { return Mapping(copying: Span<UInt8>()) }
    return try StoreFiles.mapAll(file)
  }

  private func openSegmentFile(
    _ name: String,
    _ entry: SegmentList.Entry
  ) throws(LogError) -> any LogFile {
    do throws(LogError) {
      return try core.files.log.openFile(
        name,
        isWriting && !entry.isSealed ? .readWrite : .readOnly
      )
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      let positions =
        entry.isSealed && entry.lastPosition >= entry.basePosition
        ? PositionRange(Position(entry.basePosition), Position(entry.lastPosition)) : nil
      throw .missingFile(
        file: StoreFile.logDirectory + "/" + name,
        positions: positions
      )
    }
  }

  /// The segment's header, or what the list knows of it where it is damaged.
  private mutating func restoreHeader(
    _ mapping: Mapping,
    _ name: String,
    _ entry: SegmentList.Entry
  ) throws(LogError) -> SegmentHeader {
    let bytes = mapping.bytes
    try checkWritable(bytes, .segment, name)
    do throws(LogError) {
      if let header = try SegmentHeader.decode(bytes, file: name) {
        guard header.segmentID == entry.id, header.storeID == core.storeID,
          header.salt == entry.salt, header.basePosition == entry.basePosition
        else { throw .corrupt(Corruption(file: name, offset: 0, .identity)) }
        return header
      }
    } catch {
      switch error {
      case .corrupt: break
      case .truncatedFile where !isWriting: break
      default: throw error
      }
    }
    report.findings.append(.init(name, .segmentHeaderRestored))
    var header = SegmentHeader(
      storeID: core.storeID,
      segmentID: entry.id,
      salt: entry.salt,
      basePosition: entry.basePosition,
      baseTime: entry.baseTime,
      baseRecord: segments.last?.current.entry.lastRecord ?? 0,
      predecessorID: segments.last?.id ?? 0,
      predecessorChecksum: segments.last?.current.entry.lastChecksum ?? 0,
      predecessorEnd: segments.last?.current.entry.end ?? 0
    )
    if entry.isRewritten {
      header.predecessorID = 0
      header.predecessorChecksum = 0
      header.predecessorEnd = 0
      header.rewrittenThrough = entry.lastPosition
    }
    return header
  }

  /// Takes up the segment's footer if it is there and fits.
  private mutating func openFooter(of segment: Segment, end: UInt64) {
    let name = StoreFile.footer(segment.id)
    do throws(LogError) {
      let file = try core.files.log.openFile(name, .readOnly)
      let footer = try Footer(
        try StoreFiles.mapAll(file),
        storeID: core.storeID,
        segment: segment.header,
        name: file.name
      )
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .staleIndexTrusted {
        segment.update { $0.footer = footer }
        return
      }
      #endif
      guard footer.header.end == end else { return }
      segment.update { $0.footer = footer }
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return }
      report.findings.append(
        .init(StoreFile.logDirectory + "/" + name, .footerRebuilt)
      )
    }
  }

  /// The tables over the sealed segments, newest first, and the newest segments, which have none
  /// yet.
  private mutating func openDirectory() throws(LogError) -> ([Directory.Run], [Segment]) {
    var runs: [(last: Int, run: Directory.Run)] = []
    var covered: Set<SegmentID> = []
    for known in list.checkpoints {
      let name = StoreFile.indexCheckpoint(known.generation)
      do throws(LogError) {
        let file = try core.files.root.openFile(name, .readOnly)
        let checkpoint = try IndexCheckpoint(
          try StoreFiles.mapAll(file),
          storeID: core.storeID,
          name: file.name
        )
        guard checkpoint.header.generation == known.generation,
          checkpoint.header.firstSegment == known.firstSegment,
          checkpoint.header.lastSegment == known.lastSegment,
          let first = index(of: known.firstSegment), let last = index(of: known.lastSegment),
          first <= last
        else { throw .corrupt(Corruption(file: name, offset: 0, .identity)) }
        for segment in segments[first...last] where !isPartly(segment, known) {
          covered.insert(segment.id)
        }
        runs.append((last, .checkpoint(checkpoint)))
      } catch {
        if case .unsupportedVersion = error { throw error }
        report.findings.append(.init(name, .indexCheckpointIgnored))
        if isWriting {
          list.checkpoints.removeAll { $0.generation == known.generation }
          isListChanged = true
        }
      }
    }
    // Those a killed writer had not come to yet go into the index, as the tail does.
    let count = segments.reversed().prefix { $0.footer == nil && !covered.contains($0.id) }.count
    let footed = segments.dropLast(count)
    for (index, segment) in footed.enumerated() where !covered.contains(segment.id) {
      if segment.footer == nil {
        // Without a footer the segment is walked now: a key may stand only there.
        try footInMemory(segment, runs: Self.newestFirst(runs))
      }
      runs.append((index, .footer(segment)))
    }
    return (Self.newestFirst(runs), Array(segments.suffix(count)))
  }

  /// The runs, newest first.
  ///
  /// A checkpoint that ends with a part of a rewritten segment comes after that one's footer, which
  /// knows what stood behind the part.
  private static func newestFirst(
    _ runs: [(last: Int, run: Directory.Run)]
  ) -> [Directory.Run] {
    let sorted = runs.sorted { left, right in
      if left.last != right.last { return left.last > right.last }
      return left.run.isFooter && !right.run.isFooter
    }
    return sorted.map(\.run)
  }

  /// Where a segment, or what took its place, stands among the sealed ones.
  private func index(of id: SegmentID) -> Int? {
    segments.lastIndex { $0.id == id || $0.id == list.replaced[id] }
  }

  /// Whether `segment`, at an end of what a checkpoint covers, may hold more than that.
  private func isPartly(_ segment: Segment, _ known: SegmentList.Checkpoint) -> Bool {
    list.replaced[known.firstSegment] == segment.id
      || list.replaced[known.lastSegment] == segment.id
  }

  private mutating func footInMemory(
    _ segment: Segment,
    runs: [Directory.Run]
  ) throws(LogError) {
    let entry = segment.current.entry
    core.updateView { [segments, list] _ in
      LogView(segments: segments, directory: Directory(runs), replaced: list.replaced)
    }
    let footer = try core.footerInMemory(
      segment,
      through: Int(entry.end),
      lastPosition: entry.lastPosition,
      keySequence: entry.keySequence,
      name: StoreFile.logDirectory + "/" + StoreFile.footer(segment.id) + " (rebuilt)"
    )
    // Where frames are damaged as well, reads by key tell so. Nobody writes on top of that.
    if isWriting, let damage = footer.damages.first { throw .corrupt(damage) }
    segment.update {
      $0.footer = footer
      $0.isFooterRebuilt = true
    }
    noteFooterRebuilt(segment)
  }
}

extension LogOpener {
  /// Reports, once, that a segment's footer is made anew.
  mutating func noteFooterRebuilt(_ segment: Segment) {
    let name = StoreFile.logDirectory + "/" + StoreFile.footer(segment.id)
    if report.findings.contains(where: { $0.file == name }) { return }
    report.findings.append(.init(name, .footerRebuilt))
  }
}

// MARK: Leftovers

extension LogOpener {
  /// Whether a file is what an interrupted compaction left: half of a new segment, one that no list
  /// has, or one that was replaced.
  private func isLeftover(_ name: String) -> Bool {
    if name.hasSuffix(StoreFile.temporarySuffix) {
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .temporaryFilesNotSwept { return false }
      #endif
      return true
    }
    let number =
      StoreFile.number(in: name, prefix: "", suffix: ".segment")
      ?? StoreFile.number(in: name, prefix: "", suffix: ".footer")
    guard let number, let id = SegmentID(exactly: number) else { return false }
    if list.segments.contains(where: { $0.id == id }) { return false }
    if list.replaced[id] != nil { return true }
    if name.hasSuffix(".footer") { return !names(id) }
    guard let file = try? core.files.log.openFile(name, .readOnly),
      let bytes = try? file.read(HeaderBlock.byteCount, at: 0),
      let header = try? SegmentHeader.decode(bytes.span, file: name)
    else { return false }
    return header.storeID == core.storeID && header.segmentID == id
      && header.rewrittenThrough != nil
  }

  /// Whether there is a file of the segment.
  private func names(_ id: SegmentID) -> Bool {
    (try? core.files.hasSegment(id)) ?? true
  }

  /// Removes what a writer left that died while it made files: segments that were never listed,
  /// and half of a file.
  ///
  /// Only where the newest manifest led to the list, so that no later one can have named them, and
  /// only those that were never begun.
  mutating func sweep() {
    let isNewest = !isRebuilt && !report.findings.contains { $0.kind == .manifestSlotIgnored }
    guard isWritingAllowed, isNewest, let names = try? core.files.log.names() else { return }
    // Footers last: they follow their segments.
    let ordered =
      names.filter { !$0.hasSuffix(".footer") } + names.filter { $0.hasSuffix(".footer") }
    for name in ordered where isLeftover(name) {
      guard (try? core.files.log.remove(name)) != nil else { continue }
      report.findings.append(
        .init(StoreFile.logDirectory + "/" + name, .leftoverRemoved)
      )
    }
    sweepLists()
    for name in names {
      guard name.hasSuffix(".segment"), let id = SegmentID(name.dropLast(8)),
        id >= list.nextSegment,
        let file = try? core.files.log.openFile(name, .readOnly),
        let start = try? file.read(HeaderBlock.byteCount, at: 0),
        start.span.isZero(0..<start.count),
        (try? core.files.log.remove(name)) != nil
      else { continue }
      report.findings.append(.init(file.name, .leftoverRemoved))
    }
    sweepRoot()
  }

  /// Removes half-written lists, checkpoints and rules, and whole ones that nothing leads to.
  private mutating func sweepRoot() {
    for name in (try? core.files.root.names()) ?? [] where isRootLeftover(name) {
      guard (try? core.files.root.remove(name)) != nil else { continue }
      report.findings.append(.init(name, .leftoverRemoved))
    }
  }

  private func isRootLeftover(_ name: String) -> Bool {
    let suffix = StoreFile.temporarySuffix
    if name.hasSuffix(suffix) {
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .temporaryFilesNotSwept { return false }
      #endif
      return ["segments-", "index-", "retention-"].contains {
        StoreFile.number(in: name, prefix: $0, suffix: suffix) != nil
      }
    }
    if let generation = StoreFile.number(in: name, prefix: "segments-") {
      // The generation before stays for the other slot of the manifest, the next is yet to be led
      // to.
      return generation + 1 < list.generation
    }
    guard let generation = StoreFile.number(in: name, prefix: "index-") else { return false }
    return !list.checkpoints.contains { $0.generation == generation }
  }

  /// Removes the segment lists that no slot of the manifest leads to: the newest counts, and the
  /// one before may be the other slot's.
  private mutating func sweepLists() {
    let newest = manifest.listGeneration
    for name in (try? core.files.root.names()) ?? [] {
      guard let number = StoreFile.number(in: name, prefix: "segments-"),
        number > newest || number + 1 < newest,
        (try? core.files.root.remove(name)) != nil
      else { continue }
      report.findings.append(.init(name, .leftoverRemoved))
    }
  }
}
