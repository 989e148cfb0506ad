/// The sealed segments, their footers, and the checkpoints over them.
extension LogOpener {
  /// Opens the sealed segments, which are `entries`.
  ///
  /// All are asked for before the first is looked at: a cold disk then reads many pages at a time,
  /// instead of one after the other for each segment and each footer.
  mutating func openSealed(_ entries: [SegmentList.Entry]) throws(LogError) {
    var found: [SealedFiles] = []
    found.reserveCapacity(entries.count)
    for entry in entries { found.append(try findSealed(entry)) }
    for files in found { try openSealed(files) }
  }

  /// The files of a sealed segment, mapped and not looked at.
  private struct SealedFiles {
    var entry: SegmentList.Entry
    var name: String
    var mapping: Mapping
    /// Nil where there is none that could be opened.
    var footer: (name: String, mapping: Mapping)?
  }

  private mutating func findSealed(_ entry: SegmentList.Entry) throws(LogError) -> SealedFiles {
    let file = try openSegmentFile(StoreFile.segment(entry.id), entry)
    var files = SealedFiles(entry: entry, name: file.name, mapping: try map(file))
    Self.startReadingSegment(files.mapping)
    let name = StoreFile.footer(entry.id)
    do throws(LogError) {
      let footer = try core.files.log.openFile(name, .readOnly)
      let mapping = try StoreFiles.mapAll(footer)
      Self.startReadingFooter(mapping)
      files.footer = (footer.name, mapping)
    } catch {
      if case .system(let cause) = error, cause.isNotFound { return files }
      report.findings.append(.init(StoreFile.logDirectory + "/" + name, .footerRebuilt))
    }
    return files
  }

  /// Asks for what an opening looks at in a segment: its header, and the frame of type names.
  ///
  /// Exactly that: a fault on a page that was not asked for reads as far ahead as the disk is set
  /// to, which may be many MiB.
  static func startReadingSegment(_ mapping: Mapping) {
    mapping.startReading(0..<Segment.firstFrame + CheckedPages.pageSize)
  }

  /// Asks for what an opening looks at in a footer: its header, and the checksums of its pages.
  static func startReadingFooter(_ mapping: Mapping) {
    mapping.startReading(0..<HeaderBlock.byteCount)
    let table = mapping.count / CheckedPages.pageSize * 4
    mapping.startReading(max(0, mapping.count - table)..<mapping.count)
  }

  private mutating func openSealed(_ files: SealedFiles) throws(LogError) {
    let (entry, mapping) = (files.entry, files.mapping)
    if UInt64(mapping.count) < entry.end {
      // Readers are told by every read that comes by what is missing.
      report.findings.append(.init(files.name, .segmentTruncated))
      if isWritingAllowed {
        throw .truncatedFile(
          file: files.name,
          expected: entry.end,
          actual: UInt64(mapping.count)
        )
      }
    }
    let header = try restoreHeader(mapping, files.name, entry)
    let segment = Segment(
      name: files.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: entry
    )
    lastSegmentBytes = mapping.count
    if let footer = files.footer { take(footer.mapping, footer.name, of: segment) }
    appendSegment(segment)
  }

  /// Maps the whole file; for readers one that has nothing left is an empty one.
  func map(_ file: any LogFile) throws(LogError) -> Mapping {
    if !isWritingAllowed, try file.size() == 0 { return Mapping(copying: Span<UInt8>()) }
    return try StoreFiles.mapAll(file)
  }

  private func openSegmentFile(
    _ name: String,
    _ entry: SegmentList.Entry
  ) throws(LogError) -> any LogFile {
    do throws(LogError) {
      return try core.files.log.openFile(
        name,
        isWritingAllowed && !entry.isSealed ? .readWrite : .readOnly
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
      case .truncatedFile where !isWritingAllowed: break
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

  /// Takes up the segment's footer if it fits.
  private mutating func take(_ mapping: Mapping, _ name: String, of segment: Segment) {
    do throws(LogError) {
      let footer = try Footer(
        mapping,
        storeID: core.storeID,
        segment: segment.header,
        name: name
      )
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .staleIndexTrusted {
        segment.update { $0.footer = footer }
        return
      }
      #endif
      guard footer.header.end == segment.current.entry.end else { return }
      segment.update { $0.footer = footer }
    } catch {
      report.findings.append(.init(name, .footerRebuilt))
    }
  }

  /// The tables over the sealed segments, newest first, and the newest segments, which have none
  /// yet.
  mutating func openDirectory() throws(LogError) -> ([Directory.Run], [Segment]) {
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
        if isWritingAllowed {
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
    if isWritingAllowed, let damage = footer.damages.first { throw .corrupt(damage) }
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
