/// One restore or fork that is being made.
struct CopyRun {
  private let source: CopySource
  private let target: CopyTarget
  private var copier: SegmentCopy
  private(set) var report = CopyReport()
  private var entries: [SegmentList.Entry] = []

  init(
    _ source: CopySource,
    _ target: CopyTarget,
    _ method: CopyMethod,
    _ progress: @escaping (CopyProgress) -> Void
  ) {
    self.source = source
    self.target = target
    copier = SegmentCopy(
      source: source,
      target: target,
      method: method,
      verifies: method == .copy,
      progress: CopyProgressSink(
        total: source.pieces.reduce(0) { $0 + $1.sum.end },
        progress
      )
    )
  }

  /// Copies everything, or up to `cut`.
  mutating func copy(_ cut: CopyCut?) throws(LogError) -> CopyTarget.Contents {
    let catalog = try CopyTarget.readCatalog(source.files, source.list)
    let wholePieces = cut?.wholePieces ?? source.pieces.count
    for piece in source.pieces.prefix(wholePieces) {
      let sum = try copier.copy(piece)
      if copier.verifies { try check(sum, piece, catalog) }
      if piece.isFinal { try copier.copyFooter(piece) }
      entries.append(SegmentCopy.entry(piece.segment, sum))
      report.events += copier.verifies ? sum.eventCount : piece.eventCount
    }
    if let cut, let partial = cut.partial {
      try copyPartial(partial, source.pieces[cut.wholePieces], through: cut.position)
    }
    let checkpoints = cut == nil ? try shareCheckpoints() : []
    let position = cut?.position ?? source.lastPosition
    report.segments = entries.count
    report.bytes = entries.reduce(0) { $0 + Int($1.end) }
    report.lastPosition = Position(position)
    report.roundedFrom = cut?.roundedFrom.map { Position($0) }
    report.bytesCopied = copier.bytesCopied
    report.bytesShared = copier.bytesShared
    report.cachesLeftOut = copier.cachesLeftOut
    let historyID = StoreID.random()
    return CopyTarget.Contents(
      storeID: source.core.storeID,
      historyID: historyID,
      historyStart: position,
      nextSegment: source.list.nextSegment,
      segments: entries,
      checkpoints: checkpoints,
      replaced: source.list.replaced,
      types: source.core.types.all,
      consumers: ConsumerCopies.adopted(
        source.consumers,
        from: source.manifest.historyID,
        to: historyID,
        through: position
      )
    )
  }

  /// Compares what was read with what the backup says it was.
  private func check(
    _ sum: SegmentSum,
    _ piece: CopySource.Piece,
    _ catalog: BackupCatalog?
  ) throws(LogError) {
    guard let known = catalog?.segments.first(where: { $0.id == piece.segment.id }),
      known.byteCount == UInt64(sum.end), known.checksum != sum.checksum
    else { return }
    throw .corrupt(
      Corruption(
        file: piece.segment.name,
        offset: 0,
        .checksum(stored: known.checksum, computed: sum.checksum)
      )
    )
  }

  private mutating func copyPartial(
    _ partial: CopyCut.Partial,
    _ piece: CopySource.Piece,
    through position: UInt64
  ) throws(LogError) {
    if piece.segment.isRewritten {
      return try copyRewritten(partial, piece, through: position)
    }
    let whole = CopySource.Piece(
      segment: piece.segment,
      isFinal: false,
      sum: partial.sum,
      fileByteCount: piece.fileByteCount
    )
    var sum = try copier.copy(whole)
    sum.eventCount = partial.sum.eventCount
    if !partial.frame.isEmpty {
      let name = StoreFile.segment(piece.segment.id)
      let output = try target.log.openFile(name, .readWrite)
      let bytes = partial.frame
      try output.write(bytes.span, at: sum.end)
      try output.sync()
      copier.bytesCopied += bytes.count
      let header = FrameHeader.probe(bytes.span, at: 0, limit: bytes.count)
      guard case .frame(let header) = header, sum.take(header, bytes.span, piece.segment.base)
      else { preconditionFailure("the frame was made here") }
    }
    sum.lastPosition = position
    entries.append(SegmentCopy.entry(piece.segment, sum))
    report.events += sum.eventCount
  }

  /// Copies the beginning of a segment that compaction rewrote.
  ///
  /// What is missing in it is named at its end, and must be named in the copy.
  ///
  /// Of aggregates whose newest events left, only the versions at the segment's end are known.
  /// They are taken, so that no version is given twice.
  private mutating func copyRewritten(
    _ partial: CopyCut.Partial,
    _ piece: CopySource.Piece,
    through position: UInt64
  ) throws(LogError) {
    let segment = piece.segment
    var output = try RewrittenSegment(
      segment.id,
      storeID: source.core.storeID,
      base: segment.base,
      record: segment.baseRecord,
      keySequence: entries.last?.keySequence ?? 0,
      in: target.files
    )
    let file = try source.files.log.openFile(StoreFile.segment(segment.id), .readOnly)
    var stream = FrameStream(segment, file, from: Segment.firstFrame, limit: piece.sum.end)
    var removal = Removal()
    while let header = try stream.next() {
      if header.knownKind == .control,
        let frame = ControlFrame.decode(
          stream.frame,
          at: 0,
          byteCount: header.byteCount,
          segment.base
        ), frame.subject == .removal
      {
        let content = stream.frame.extracting(frame.contentOffset..<frame.contentEnd)
        guard let found = Removal.decode(content, base: segment.base.position) else { continue }
        removal.groups += found.clipped(through: position)
        removal.versions += found.versions
      } else if stream.offset <= partial.sum.end {
        try output.add(header, stream.frame)
      }
    }
    let cut = partial.frame
    if case .frame(let header) = FrameHeader.probe(cut.span, at: 0, limit: cut.count) {
      try output.add(header, cut.span)
    }
    removal.unite()
    let entry = try output.finish(removal, through: position, record: 0, keySequence: 0)
    entries.append(entry)
    report.events += output.sum.eventCount
    copier.bytesCopied += Int(entry.end)
  }

  /// Gives the index checkpoints of the source a second name in the copy.
  private func shareCheckpoints() throws(LogError) -> [SegmentList.Checkpoint] {
    guard copier.method == .share else { return [] }
    var shared: [SegmentList.Checkpoint] = []
    for checkpoint in source.list.checkpoints {
      let name = StoreFile.indexCheckpoint(checkpoint.generation)
      do throws(LogError) {
        try source.files.root.link(name, to: target.root, as: name)
        shared.append(checkpoint)
      } catch {
        // Caches: the footers answer for it.
        guard case .system(let cause) = error, cause.isLinkRefused || cause.isNotFound else {
          throw error
        }
      }
    }
    return shared
  }

  /// What a copy would do.
  static func plan(_ source: CopySource, _ cut: CopyCut?, _ method: CopyMethod) -> CopyReport {
    var report = CopyReport()
    for piece in source.pieces.prefix(cut?.wholePieces ?? source.pieces.count) {
      report.events += piece.eventCount
      report.bytes += piece.sum.end
      report.segments += 1
      if method == .copy || !piece.isFinal {
        report.bytesCopied += piece.sum.end
      } else {
        report.bytesShared += piece.sum.end
      }
    }
    if let cut, let partial = cut.partial {
      report.events += cut.position + 1 - source.pieces[cut.wholePieces].segment.base.position
      report.bytes += partial.sum.end + partial.frame.count
      report.bytesCopied += partial.sum.end + partial.frame.count
      report.segments += 1
    }
    report.lastPosition = Position(cut?.position ?? source.lastPosition)
    report.roundedFrom = cut?.roundedFrom.map { Position($0) }
    return report
  }
}
