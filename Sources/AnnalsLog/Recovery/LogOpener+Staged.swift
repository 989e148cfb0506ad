/// Written events that a killed process left in the staging file, for who only reads.
///
/// Nothing is changed: the next opening for writing takes them up. Who asks for written events is
/// shown them meanwhile, as a segment behind the last that is in memory only.
extension LogOpener {
  /// Counts what waits in the staging file.
  ///
  /// A file that cannot be read, or is another store's, holds nothing: `verify` tells.
  mutating func countStaged() {
    report.stagedEvents = waiting?.events.count ?? 0
  }

  private var waiting: (events: [StagedEvent], bytes: [UInt8])? {
    try? StagedEvent.waiting(in: core.files.root, list.storeID, behind: lastPosition)
  }

  /// Shows what waits in the staging file behind all there is.
  mutating func showStaged() throws(LogError) {
    guard let (events, bytes) = waiting, !events.isEmpty else { return }
    let header = SegmentHeader(
      storeID: core.storeID,
      // Who goes on with the view of now must find no later segment under it.
      segmentID: .random(in: StagedTail.segmentIDs),
      salt: .random(in: 1 ... .max),
      basePosition: lastPosition + 1,
      baseTime: 0,
      baseRecord: tail?.scan.lastRecord ?? segments.last?.current.entry.lastRecord ?? 0,
      predecessorID: segments.last?.id ?? 0,
      predecessorChecksum: 0,
      predecessorEnd: 0
    )
    let frames = frames(events, bytes, header)
    if frames.count == Segment.firstFrame { return }
    var entry = SegmentList.Entry(id: header.segmentID, isSealed: false)
    entry.basePosition = header.basePosition
    let segment = Segment(
      name: StoreFile.staging,
      in: core.files.root,
      mapping: Mapping(copying: frames.bytes),
      header: header,
      entry: entry
    )
    core.index.withState {
      $0.begin(segment.id, basePosition: header.basePosition, expecting: events.count)
    }
    var scan = TailScan(
      segment,
      core: core,
      from: Segment.firstFrame,
      after: header.basePosition - 1,
      record: header.baseRecord,
      keySequence: tail?.scan.keySequence ?? 0,
      durableEnd: 0,
      isKnownEnd: false
    )
    try scan.run(goesOn: false)
    core.updateView { view in view.with(segments: view.segments + [segment]) }
    staged = StagedTail(segment: segment, scan: scan)
  }

  /// The events as frames of a segment, up to the first that does not continue its aggregate or has
  /// a type without a name.
  private func frames(
    _ events: [StagedEvent],
    _ bytes: [UInt8],
    _ header: SegmentHeader
  ) -> ByteBuffer {
    var frames = ByteBuffer(capacity: StagingHeader.fileByteCount)
    frames.appendZeros(Segment.firstFrame)
    let checksum = FrameChecksum(salt: header.salt)
    let batch = EventBatch(limits: .greatest)
    var versions: [ArraySlice<UInt8>: UInt64] = [:]
    for event in events {
      let id = bytes[event.id]
      let span = bytes.span.extracting(event.id)
      let before = versions[id] ?? (try? core.version(of: span, through: .max))
      guard let before, event.version == before + 1, event.fill(batch, core.types, bytes.span)
      else { break }
      versions[id] = event.version
      StagedEvent.encode(
        batch,
        event,
        base: header.basePosition,
        at: frames.count,
        checksum,
        into: &frames
      )
    }
    return frames
  }
}

/// What is shown of the staging file: a segment behind all others, which only this process has.
struct StagedTail {
  /// Ids that no store's list comes to.
  static let segmentIDs = Limits.segmentIDMax / 2..<Limits.segmentIDMax

  let segment: Segment
  /// The walk of it, which has ended.
  let scan: TailScan
  /// The digest of its last event, once that can be read.
  var digest: KeyHash?
}

extension LogCore {
  /// Whether a writer has gone on from what was shown.
  ///
  /// What is no longer there as it was, by a rule, was there.
  func holds(_ staged: StagedTail) throws(LogError) -> Bool {
    let last = staged.scan.lastPosition
    if let single = retention.current?.single(last), single.redactRecord != 0 { return true }
    let digest = try storedDigest(at: Position(last))
    return digest == nil || digest == staged.digest
  }
}
