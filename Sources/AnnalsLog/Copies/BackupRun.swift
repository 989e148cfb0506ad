/// One backup that is being made.
struct BackupRun {
  private let source: CopySource
  private let target: CopyTarget
  private var copier: SegmentCopy
  private(set) var report = BackupReport()

  init(
    _ source: CopySource,
    _ target: CopyTarget,
    _ options: BackupOptions,
    _ progress: @escaping (CopyProgress) -> Void
  ) {
    self.source = source
    self.target = target
    copier = SegmentCopy(
      source: source,
      target: target,
      method: options.links ? .link : .copy,
      verifies: true,
      progress: CopyProgressSink(
        total: source.pieces.reduce(0) { $0 + $1.sum.end },
        progress
      )
    )
  }

  /// Fails if `existing` is no backup that `source` can add to.
  private static func check(
    _ existing: CopyTarget.Existing?,
    _ source: CopySource,
    _ path: String
  ) throws(LogError) {
    guard let existing else { return }
    var reason: BackupMismatch?
    if existing.catalog.storeID != source.core.storeID {
      reason = .anotherStore
    } else if existing.manifest.historyID != source.manifest.historyID {
      reason = .anotherHistory
    } else if existing.catalog.position > source.lastPosition {
      reason = .ahead
    }
    if let reason { throw .backupMismatch(path: path, reason) }
  }

  /// Copies what the backup does not have.
  mutating func copy(_ now: Int64) throws(LogError) -> CopyTarget.Contents {
    try Self.check(target.existing, source, target.path)
    var entries: [SegmentList.Entry] = []
    var catalog = BackupCatalog(
      storeID: source.core.storeID,
      generation: 0,
      position: source.lastPosition,
      time: now,
      typesByteCount: 0,
      typesChecksum: 0,
      segments: []
    )
    for piece in source.pieces {
      let sum = try copier.copy(piece, carryingOn: target.existing?.segment(piece.segment.id))
      // One that covers more than the older backup has of its segment would be wrong there.
      let isCarriedOn = target.existing?.segment(piece.segment.id) != nil
      if piece.isFinal, !isCarriedOn { try copier.copyFooter(piece) }
      entries.append(SegmentCopy.entry(piece.segment, sum))
      catalog.segments.append(
        BackupCatalog.Entry(
          id: piece.segment.id,
          checksum: sum.checksum,
          byteCount: UInt64(sum.end),
          eventCount: sum.eventCount
        )
      )
      report.events += sum.eventCount
      report.bytes += sum.end
    }
    report.segments = entries.count
    report.lastPosition = Position(source.lastPosition)
    report.bytesCopied = copier.bytesCopied
    report.bytesShared = copier.bytesShared
    report.cachesLeftOut = copier.cachesLeftOut
    report.previousPosition = target.existing.map { Position($0.catalog.position) }
    return CopyTarget.Contents(
      storeID: source.core.storeID,
      historyID: source.manifest.historyID,
      historyStart: source.manifest.historyStart,
      nextSegment: source.list.nextSegment,
      segments: entries,
      replaced: source.list.replaced,
      types: source.core.types.all,
      consumers: source.consumers,
      catalog: catalog
    )
  }

  /// Copies the footers that have to wait for the new manifest.
  ///
  /// Caches: the backup is made, and what cannot be copied is at the next occasion.
  mutating func copyLateFooters() {
    for piece in source.pieces where piece.isFinal { try? copier.copyFooter(piece) }
    report.bytesCopied = copier.bytesCopied
    report.cachesLeftOut = copier.cachesLeftOut
  }

  /// What a backup would do, without reading a segment.
  static func plan(
    _ source: CopySource,
    _ existing: CopyTarget.Existing?,
    _ path: String
  ) throws(LogError) -> BackupReport {
    try check(existing, source, path)
    var report = BackupReport()
    for piece in source.pieces {
      report.events += piece.eventCount
      report.bytes += piece.sum.end
      let older = existing?.segment(piece.segment.id)
      let isKnown = older?.entry.salt == piece.segment.salt
      report.bytesCopied += piece.sum.end - (isKnown ? Int(older?.entry.end ?? 0) : 0)
    }
    report.segments = source.pieces.count
    report.lastPosition = Position(source.lastPosition)
    report.previousPosition = existing.map { Position($0.catalog.position) }
    return report
  }
}

extension CopySource.Piece {
  /// The events in the segment, where that is known without reading it.
  var eventCount: UInt64 {
    if isFinal, let footer = segment.footer { return footer.header.eventCount }
    return sum.lastPosition + 1 - segment.base.position
  }
}
