/// Keeps a log that was opened for reading up to date with what a writer in another process does.
///
/// Without a writer it shows what there was at opening. It survives the writer's death, and the
/// next writer is followed as the last one was.
package final class Follower: @unchecked Sendable {
  // Checked how: `state` is touched only under `lock`.
  private let core: LogCore
  private let lock = Lock()
  private var state: State

  struct State {
    /// The page of the writer; nil where none has been at work, as on a copy of a store.
    var control: ControlPage?
    var scan: TailScan?
    var segment: Segment?
    /// The writer whose page was read last.
    var epoch: UInt64
    /// The last position that was seen to be durable.
    var durable: UInt64
    /// A published position that no frame was found for.
    var unreached: UInt64 = 0
    /// What is shown of the staging file.
    var staged: StagedTail?
    /// Behind this other events stand now than were shown.
    var lostBehind: Position?
    /// How many segments compaction had replaced when the layout was read.
    var replacedCount: UInt64 = 0
  }

  /// - Parameters:
  ///   - epoch: that of the page before the store was opened; 0 if there was none.
  ///   - replacedCount: how many segments compaction had replaced then.
  ///   - staged: what is shown of the staging file.
  init(
    _ core: LogCore,
    _ control: ControlPage?,
    epoch: UInt64,
    replacedCount: UInt64,
    scan: TailScan?,
    segment: Segment?,
    staged: StagedTail? = nil
  ) {
    self.core = core
    state = State(
      control: control,
      scan: scan,
      segment: segment,
      epoch: epoch,
      durable: core.durableThrough,
      staged: staged,
      replacedCount: replacedCount
    )
    // True at opening; the next writer goes on behind it, in the same segment.
    state.scan?.isKnownEnd = false
    state.scan?.contentEnd = .max
  }

  /// The page of the writer, as soon as there is one.
  private var control: ControlPage? {
    lock.withLock {
      if state.control == nil { state.control = EventLog.openControl(core.files.root) }
      return state.control
    }
  }

  /// Takes up what was published since the last time; true if there was something.
  ///
  /// - Throws: `.writtenEventsLost` if another writer has come since and did not find all that was
  ///   shown; again each time, as what this follower knows is of no use any more.
  package func refresh() throws(LogError) -> Bool {
    guard let control else { return false }
    // Before the positions: what stood before a rule is then published, too.
    let record = control.record
    let takenUpEpoch = control.takenUpEpoch
    guard let page = control.read(boot: core.bootNumber) else { return false }
    return try lock.withLock { () throws(LogError) in
      let before = core.writtenThrough
      if page.epoch != state.epoch,
        try !endStaged(page.written, isTakenUp: page.epoch == takenUpEpoch)
      {
        return false
      }
      if let lost = state.lostBehind { throw .writtenEventsLost(after: lost) }
      if page.epoch != state.epoch {
        if core.options.visibility == .written { try checkHistory() }
        state.epoch = page.epoch
      }
      if control.replacedCount > state.replacedCount { try readAnew() }
      let target = core.options.visibility == .durable ? page.durable : page.written
      state.durable = max(state.durable, min(page.durable, core.writtenThrough))
      guard target > core.writtenThrough || record > core.retention.record else {
        return core.writtenThrough > before
      }
      try advance(through: target, record: record)
      let reached = state.scan?.lastPosition ?? core.writtenThrough
      let visible = min(reached, target)
      state.unreached = reached < target ? target : 0
      let isNew = visible > before
      core.publish(written: visible, durable: min(visible, max(page.durable, core.durableThrough)))
      return isNew
    }
  }

  /// Ends showing what was staged, now that a writer has come and framed it; false while it has not
  /// come to that.
  private func endStaged(_ written: UInt64, isTakenUp: Bool) throws(LogError) -> Bool {
    guard let staged = state.staged else { return true }
    let durable = state.durable
    if written < staged.scan.lastPosition {
      // What was shown stays to be seen; but the writer that has taken up all it found, and has
      // not come so far, did not find all of it.
      if isTakenUp { state.lostBehind = Position(durable) }
      return isTakenUp
    }
    try readAnew()
    if try !core.holds(staged) { state.lostBehind = Position(durable) }
    return true
  }

  /// Sleeps until something may have been published, or the time has passed.
  package func wait(nanoseconds: Int64, unlessBeyond position: UInt64) {
    guard let control else {
      // Nothing to sleep on: look again later.
      SystemClock.sleep(nanoseconds: UInt64(min(nanoseconds, 20_000_000)))
      return
    }
    let word = control.wakeWord
    if let page = control.read(boot: core.bootNumber) {
      let target = core.options.visibility == .durable ? page.durable : page.written
      // The page is only a hint: what it promised in vain is no reason to look again at once.
      if target > position, target != lock.withLock({ state.unreached }) { return }
    }
    // Written positions are published without a wake-up: look at them now and then.
    control.wait(word, nanoseconds: min(nanoseconds, 20_000_000))
  }

  /// Makes sure that what was shown and not durable is what the writer that came since went on
  /// from.
  ///
  /// Its predecessor's last frames may have been lost with it. A writer goes on where it finds the
  /// log to end, over zeros only; over anything else it seals the segment there.
  private func checkHistory() throws(LogError) {
    guard let scan = state.scan, let segment = state.segment, scan.lastPosition > state.durable,
      scan.lastFrame > 0
    else { return }
    let list = try StoreLayout.read(core.files).list
    // Compaction takes only what is durable.
    if list.replaced[segment.id] != nil { return }
    let entries = list.segments
    if let entry = entries.first(where: { $0.id == segment.id }),
      !entry.isSealed || entry.end >= UInt64(scan.offset), isThere(scan, segment)
    {
      return
    }
    throw .writtenEventsLost(after: Position(state.durable))
  }

  /// Whether the frame that was walked last stands where it stood.
  private func isThere(_ scan: TailScan, _ segment: Segment) -> Bool {
    let bytes = segment.bytes
    guard
      case .frame(let header) = FrameHeader.probe(bytes, at: scan.lastFrame, limit: scan.offset),
      header.checksum == scan.lastChecksum
    else { return false }
    // Not `frame(at:)`, which has found it whole before.
    return (try? segment.verify(header, at: scan.lastFrame, bytes)) != nil
  }

  private func advance(through target: UInt64, record: UInt64) throws(LogError) {
    while true {
      if state.scan != nil {
        state.scan?.through = target
        state.scan?.throughRecord = record
        try state.scan?.run(goesOn: false)
        if let scan = state.scan, scan.lastPosition >= target, scan.lastRecord >= record {
          return
        }
      }
      guard try openSuccessor(through: target) else { return }
    }
  }

  /// Reads the layout anew, because compaction put segments in the places of others: what those
  /// take on the disk is free once nobody maps them.
  private func readAnew() throws(LogError) {
    let parts = try EventLog.openForReading(core.path, core.files, core.options)
    guard let fresh = parts.follower else { return }
    if let scan = state.scan, let segment = state.segment { segment.noteEnd(scan) }
    if let staged = state.staged { staged.segment.noteEnd(staged.scan) }
    core.adopt(parts.core)
    state = fresh.lock.withLock { fresh.state }
    state.scan?.core = core
  }

  /// Goes on in the segment that follows; false if there is none yet.
  private func openSuccessor(through target: UInt64) throws(LogError) -> Bool {
    let layout = try StoreLayout.read(core.files)
    let entries = layout.list.segments
    let next: SegmentList.Entry?
    if let current = state.segment {
      guard let index = entries.firstIndex(where: { $0.id == current.id }) else { return false }
      next = index + 1 < entries.count ? entries[index + 1] : nil
    } else {
      next = entries.first
    }
    guard let next else { return false }
    let file: any LogFile
    do throws(LogError) {
      file = try core.files.log.openFile(StoreFile.segment(next.id), .readOnly)
    } catch {
      // Compaction has put another in its place, and is about to say so.
      let isListed = try StoreLayout.read(core.files).list.segments.contains { $0.id == next.id }
      if isListed { throw error }
      return false
    }
    let mapping = try StoreFiles.mapAll(file)
    guard let header = try successorHeader(mapping, file.name, next, layout.manifest, target)
    else { return false }
    let last = state.scan
    let segment = Segment(
      name: file.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: next
    )
    // What took the place of the predecessor since has another end.
    if let before = state.segment, before.id == header.predecessorID {
      before.update { state in
        state.entry.isSealed = true
        state.entry.end = header.predecessorEnd
        state.entry.lastPosition = header.basePosition - 1
        state.entry.lastChecksum = header.predecessorChecksum
      }
    }
    core.index.withState {
      $0.begin(segment.id, basePosition: header.basePosition, expecting: 0)
    }
    core.updateView { view in
      view.with(segments: view.segments + [segment])
    }
    state.segment = segment
    state.scan = TailScan(
      segment,
      core: core,
      from: Segment.firstFrame,
      after: header.basePosition - 1,
      record: last?.lastRecord ?? header.baseRecord,
      keySequence: last?.keySequence ?? 0,
      durableEnd: 0,
      isKnownEnd: false
    )
    return true
  }
}

extension Follower {
  /// The header of the segment that follows; nil if it is not begun.
  ///
  /// Whoever published `target` had begun it before, if the log does not end where the last walk
  /// did: what stands there now can not be what a writer is just making.
  private func successorHeader(
    _ mapping: Mapping,
    _ name: String,
    _ entry: SegmentList.Entry,
    _ manifest: Manifest,
    _ target: UInt64
  ) throws(LogError) -> SegmentHeader? {
    let problem: Corruption.Kind
    do throws(LogError) {
      if let header = try SegmentHeader.decode(mapping.bytes, file: name) {
        if header.segmentID == entry.id, header.salt == entry.salt { return header }
        problem = .identity
      } else {
        // A page that promises too much is no proof; the manifest is.
        guard manifest.tail.segment == entry.id else { return nil }
        problem = .erased
      }
    } catch {
      guard case .corrupt(let corruption) = error else { throw error }
      problem = corruption.kind
    }
    let last = state.scan?.lastPosition ?? core.writtenThrough
    let lost = last < target ? PositionRange(Position(last + 1), Position(target)) : nil
    throw .corrupt(Corruption(file: name, offset: 0, positions: lost, problem))
  }
}

extension Segment {
  /// Notes what was walked of a segment that is about to leave the index: who holds the view of
  /// before finds it there no longer, and a footer is made from that.
  fileprivate func noteEnd(_ scan: TailScan) {
    update { state in
      guard !state.entry.isSealed else { return }
      state.entry.end = UInt64(scan.offset)
      state.entry.lastPosition = scan.lastPosition
      state.entry.keySequence = scan.keySequence
    }
  }
}
