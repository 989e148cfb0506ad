// What becomes of a segment that was walked: the one the log ends in, a sealed one, or a spare.

extension LogOpener {
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

  /// Makes the segment the one the log ends in.
  mutating func adopt(_ segment: Segment, _ file: any LogFile, _ scan: TailScan) {
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
  mutating func keepSpare(_ current: UnsealedFile) {
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

  mutating func drop(_ entry: SegmentList.Entry, _ name: String) {
    report.findings.append(.init(name, .unsyncedSegmentDropped))
    guard isWritingAllowed else { return }
    list.segments.removeAll { $0.id == entry.id }
    isListChanged = true
  }
}
