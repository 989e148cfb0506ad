/// What a writer does beside appending: makes the next segment ready, gives sealed segments their
/// footers, merges index checkpoints, and notes all of it in list and manifest.
///
/// 1. `state` is touched only under `lock`; `work` is held by whoever does I/O here, so that lists
///    and manifests are written one after the other.
/// 2. Footers and checkpoints are caches: if one can not be made (a full disk), the log goes on
///    without it and it is made at the next occasion.
package final class Maintenance: @unchecked Sendable {
  // Checked how: rule 1.
  package let core: LogCore
  let lock = Lock()
  let work = Lock()
  /// Held by who compacts: one at a time.
  private let compaction = Lock()
  private let wake: Condition
  private let footed: Condition
  var state: State
  private var thread: Thread?

  /// A segment file that is made, listed and not begun.
  package struct Spare: Sendable {
    package var file: any LogFile
    package var entry: SegmentList.Entry
    package var byteCount: Int
    /// How many of them have blocks of their own: a close gives those back.
    package var reservedBytes: Int
  }

  package struct State: Sendable {
    package var list: SegmentList
    package var manifest: Manifest
    package var spare: Spare?
    /// A segment file that is made, while it is not certain that the list with it is durable: it
    /// may neither be begun nor removed.
    package var unlistedSpare: Spare?
    package var lastSegmentBytes: Int
    package var unfooted: [Segment] = []
    package var interim = Interim()
    /// How far the segment in writing is durable, if no manifest says yet that it was begun.
    package var begun: Manifest.Tail?
    package var isListChanged = false
    /// The record that the retention file on disk goes through; 0 if there is none.
    package var retentionFile: UInt64 = 0
    /// Whether the last write of the manifest failed, so that its slot may hold either content.
    package var isManifestUncertain = false
    package var isWanted = false
    /// Whether the thread is at work.
    package var isWorking = false
    /// Whether the thread does what it does every interval, which may wait for a commit.
    package var isAway = false
    package var isStopping = false
    /// The thread that compacts.
    var compactor: ThreadIdentity?
    /// Whether compaction is to end, because the log is being closed.
    package var isEnding = false
    /// The last failure, for who wants to know why caches are missing.
    package var lastError: LogError?
  }

  package init(core: LogCore, state: State) {
    self.core = core
    self.state = state
    wake = Condition(lock)
    footed = Condition(lock)
  }

  /// The state, for reports.
  package var current: State { lock.withLock { state } }

  /// Starts the thread; `everyInterval` is called about that often from it.
  package func start(
    intervalMilliseconds: Int,
    everyInterval: @escaping @Sendable () -> Void
  ) throws(LogError) {
    thread = try Thread(name: "annals-keep") { [self] in
      run(intervalMilliseconds: intervalMilliseconds, everyInterval)
    }
  }

  /// Has a compaction end where it is, and waits for that.
  func endCompaction() throws(LogError) {
    try checkNotCompacting()
    lock.withLock { state.isEnding = true }
    compaction.withLock {}
  }

  /// Runs `body` while nobody else compacts.
  func whileCompacting<R>(_ body: () throws(LogError) -> R) throws(LogError) -> R {
    try checkNotCompacting()
    return try compaction.withLock { () throws(LogError) in
      lock.withLock { state.compactor = .current }
      defer { lock.withLock { state.compactor = nil } }
      return try body()
    }
  }

  /// Who is asked or told by a compaction would wait for itself.
  func checkNotCompacting() throws(LogError) {
    guard lock.withLock({ state.compactor }) == .current else { return }
    throw .failed(.lock, file: core.path, errno: SystemError.deadlock)
  }

  /// Ends the thread after the work it is at.
  package func stop() {
    lock.withLock { state.isStopping = true }
    wake.broadcast()
    footed.broadcast()
    thread?.join()
    thread = nil
  }

  private func run(intervalMilliseconds: Int, _ everyInterval: () -> Void) {
    let nanoseconds = SystemClock.nanoseconds(milliseconds: intervalMilliseconds)
    while true {
      lock.lock()
      if !state.isWanted, !state.isStopping {
        if intervalMilliseconds > 0 {
          _ = wake.wait(nanoseconds: nanoseconds)
        } else {
          wake.wait()
        }
      }
      let isWanted = state.isWanted || state.interim.isTimely
      let isStopping = state.isStopping
      state.isWanted = false
      state.isWorking = isWanted && !isStopping
      lock.unlock()
      if isStopping { return }
      if isWanted { doWork() }
      lock.withLock {
        state.isWorking = false
        state.isAway = intervalMilliseconds > 0
      }
      footed.broadcast()
      if intervalMilliseconds > 0 {
        // May wait for whoever commits, and may commit itself: nobody who does waits for this.
        everyInterval()
        lock.withLock { state.isAway = false }
      }
    }
  }

  /// Waits until every sealed segment has its footer, or the thread has found that it makes none.
  ///
  /// Called by the writer before it seals another one. After a kill the segments without footer are
  /// read whole when the store is opened: appends that outrun the thread would make that ever
  /// longer, and the index in memory ever larger.
  ///
  /// - Parameter isCommitting: Whether the caller holds up commits. The thread that makes footers
  ///   may be waiting for one then, or be the caller: it is waited for at the next roll.
  package func awaitFooters(isCommitting: Bool = false) {
    lock.withLock {
      while !state.unfooted.isEmpty, state.isWanted || state.isWorking, !state.isStopping,
        !(isCommitting && state.isAway)
      {
        footed.wait()
      }
    }
  }

  /// Takes the segment that is ready, or makes one now.
  ///
  /// Called by the writer at a roll.
  ///
  /// A failure leaves the segment ready for the next one who asks.
  package func takeSpare(
    byteCount: Int
  ) throws(LogError) -> (spare: Spare, mapping: Mapping) {
    try work.withLock { () throws(LogError) in
      var spare: Spare
      if let ready = lock.withLock({ state.spare }) {
        spare = ready
      } else {
        spare = try makeSpare(byteCount: byteCount)
      }
      let needed = byteCount + Segment.firstFrame
      if spare.reservedBytes < spare.byteCount {
        spare.reservedBytes = try Reserve.make(
          spare.file,
          spare.byteCount,
          used: 0,
          in: core.files.log
        )
      }
      if spare.reservedBytes < needed {
        // One append needs more than there is: this segment grows before it begins.
        try spare.file.allocate(needed)
        spare.byteCount = try spare.file.size()
        spare.reservedBytes = needed
      }
      let mapping = try StoreFiles.mapAll(spare.file)
      lock.withLock {
        state.spare = nil
        state.lastSegmentBytes = spare.byteCount
      }
      return (spare, mapping)
    }
  }

  /// Notes that `segment` is sealed, and that everything up to `durable` is durable.
  package func noteSealed(_ segment: Segment, durable: Manifest.Tail) {
    lock.withLock {
      state.unfooted.append(segment)
      if state.interim.due?.segment === segment { state.interim.due = nil }
      state.manifest.tail = durable
      state.manifest.isClosed = false
      if let index = state.list.segments.firstIndex(where: { $0.id == segment.id }) {
        state.list.segments[index] = segment.current.entry
      }
      state.isListChanged = true
    }
    request()
  }

  /// Notes that a segment was begun, and is durable up to `mark`.
  ///
  /// The manifest is to say so soon: without that, a file in the segment's place which holds
  /// nothing looks like one that was never begun.
  package func noteBegun(_ mark: Manifest.Tail) {
    lock.withLock { state.begun = mark }
    request()
  }

  /// Has the work done: by the thread, or now where there is none.
  package func request() {
    if core.options.hasMaintenanceThread {
      lock.withLock { state.isWanted = true }
      wake.signal()
    } else {
      doWork()
    }
  }

  /// Does all there is to do; failures leave the rest for the next time.
  package func doWork() {
    do throws(LogError) {
      try work.withLock { () throws(LogError) in
        if lock.withLock({ state.spare == nil }) { _ = try makeSpare(byteCount: 0) }
        try reserveSpare()
      }
      while let segment = lock.withLock({ state.unfooted.first }) {
        do throws(LogError) {
          try makeFooter(segment)
        } catch {
          // A damaged segment gets no footer that outlives this process, and none behind it does,
          // which would lead past what stands there.
          guard case .corrupt = error else { throw error }
          lock.withLock { state.lastError = error }
          try footInMemory(segment)
        }
        // Gone already where an observer has had the work done from within.
        lock.withLock { if state.unfooted.first === segment { state.unfooted.removeFirst() } }
        footed.broadcast()
      }
      try work.withLock { () throws(LogError) in
        if lock.withLock({ state.isListChanged }) { try writeList() }
      }
      try writeBegun()
      try writeRetention()
      try mergeCheckpoints()
      try makeInterimFooter()
    } catch {
      lock.withLock { state.lastError = error }
    }
  }
}

// MARK: Files

extension Maintenance {
  /// Has the manifest say that the segment in writing was begun.
  private func writeBegun() throws(LogError) {
    guard let mark = lock.withLock({ state.begun }) else { return }
    try work.withLock { () throws(LogError) in
      try writeManifest { $0.raiseTail(to: mark) }
    }
    lock.withLock { if state.begun == mark { state.begun = nil } }
  }

  /// Writes the rules of retention, if there are newer ones than the file has.
  private func writeRetention() throws(LogError) {
    let file = core.retention.file(storeID: core.storeID, historyID: core.historyID)
    guard file.record > lock.withLock({ state.retentionFile }) else { return }
    try work.withLock { () throws(LogError) in
      let root = core.files.root
      let name = StoreFile.retention(file.record)
      let bytes = file.encoded()
      try core.files.replace(name, in: root, with: bytes.bytes)
      lock.withLock { state.retentionFile = file.record }
      for other in try root.names() where other != name {
        if StoreFile.number(in: other, prefix: "retention-") != nil { try? root.remove(other) }
      }
    }
  }

  /// Makes a segment file and lists it.
  ///
  /// Under `work`.
  private func makeSpare(byteCount: Int) throws(LogError) -> Spare {
    let (nextID, last, unlisted) = lock.withLock {
      (state.list.nextSegment, state.lastSegmentBytes, state.unlistedSpare)
    }
    let spare: Spare
    if let unlisted {
      spare = unlisted
    } else {
      let options = core.options
      let size = segmentBytes(after: last)
      var entry = SegmentList.Entry(id: nextID, isSealed: false)
      entry.salt = .random(in: 1 ... .max)
      entry.baseTime = options.clock()
      while try core.files.hasSegment(entry.id) { entry.id += 1 }
      let file = try core.files.createSegment(
        entry.id,
        byteCount: max(byteCount + Segment.firstFrame, size)
      )
      let byteCount = try file.size()
      spare = Spare(file: file, entry: entry, byteCount: byteCount, reservedBytes: byteCount)
    }
    // No id is given twice, also if this one was kept from an attempt that failed.
    func passID(_ list: inout SegmentList) {
      list.nextSegment = max(list.nextSegment, spare.entry.id + 1)
    }
    lock.withLock { state.unlistedSpare = spare }
    do {
      try writeList { list in
        passID(&list)
        if !list.segments.contains(where: { $0.id == spare.entry.id }) {
          list.segments.append(spare.entry)
        }
      }
    } catch {
      guard isUnlisted(spare) else { throw error }
      lock.withLock {
        state.unlistedSpare = nil
        passID(&state.list)
      }
      try? core.files.log.remove(StoreFile.segment(spare.entry.id))
      throw error
    }
    lock.withLock {
      state.unlistedSpare = nil
      state.spare = spare
    }
    return spare
  }

  /// Reserves the blocks of a spare that a close gave back.
  ///
  /// Under `work`.
  private func reserveSpare() throws(LogError) {
    guard let spare = lock.withLock({ state.spare }), spare.reservedBytes < spare.byteCount,
      try Reserve.isAffordable(spare.byteCount, in: core.files.log)
    else { return }
    try spare.file.allocate(spare.byteCount)
    lock.withLock { state.spare?.reservedBytes = spare.byteCount }
  }

  /// The size of the segment that is made next.
  var nextSegmentBytes: Int { segmentBytes(after: lock.withLock { state.lastSegmentBytes }) }

  private func segmentBytes(after last: Int) -> Int {
    min(core.options.segmentBytes, max(last * 4, core.options.firstSegmentBytes))
  }

  /// Whether it is certain that no list names the segment: then its file can go.
  private func isUnlisted(_ spare: Spare) -> Bool {
    !lock.withLock { state.isManifestUncertain }
  }

  /// Writes a new generation of the list with `change` made to it, and a manifest that leads to it.
  ///
  /// Under `work`, which does not keep the writer from sealing a segment meanwhile: what is noted
  /// while this writes stays noted, and is still to be written. So `change` is made twice: to what
  /// is written, and to what the list is when that is durable.
  package func writeList(_ change: (inout SegmentList) -> Void = { _ in }) throws(LogError) {
    var (next, wasChanged) = lock.withLock {
      defer { state.isListChanged = false }
      return (state.list, state.isListChanged)
    }
    change(&next)
    next.generation += 1
    var buffer = ByteBuffer(capacity: 4096)
    next.encode(into: &buffer)
    do {
      let name = StoreFile.segmentList(next.generation)
      try core.files.replace(name, in: core.files.root, with: buffer.bytes)
      try writeManifest { $0.listGeneration = next.generation }
    } catch {
      lock.withLock { state.isListChanged = state.isListChanged || wasChanged }
      throw error
    }
    lock.withLock {
      change(&state.list)
      state.list.generation = next.generation
    }
    // The generation before stays for the other slot of the manifest.
    if next.generation > 2 {
      try? core.files.root.remove(StoreFile.segmentList(next.generation - 2))
    }
  }

  /// Writes the manifest's other slot, with `change` made to it, and makes it durable.
  ///
  /// Under `work`. As with the list, `change` is made twice.
  package func writeManifest(_ change: (inout Manifest) -> Void) throws(LogError) {
    var manifest = lock.withLock { state.manifest }
    change(&manifest)
    manifest.generation += 1
    var buffer = ByteBuffer(capacity: HeaderBlock.byteCount)
    manifest.encode(into: &buffer)
    let slot = Int(manifest.generation % UInt64(Manifest.Layout.slots))
    let file = try core.files.root.openFile(StoreFile.manifest, .readWrite)
    lock.withLock { state.isManifestUncertain = true }
    try file.write(buffer.bytes, at: slot * Manifest.Layout.byteCount)
    try file.sync()
    lock.withLock {
      change(&state.manifest)
      state.manifest.generation = manifest.generation
      state.isManifestUncertain = false
    }
  }

  /// Runs `body` while no other maintenance does I/O.
  package func withWork<R>(_ body: () throws(LogError) -> R) throws(LogError) -> R {
    try work.withLock(body)
  }

  /// Gives a segment the footer over its frames up to `end`, on disk and in the view.
  package func makeFooter(_ segment: Segment) throws(LogError) {
    let entry = segment.current.entry
    try makeFooter(segment, through: Int(entry.end), keySequence: entry.keySequence)
    core.index.withState { $0.drop(segment.id) }
    core.options.observe?(
      .segmentSealed(file: segment.name, lastPosition: entry.lastPosition)
    )
  }

  /// Gives a damaged segment a footer in memory that tells of the damage.
  ///
  /// The index in memory, which knew all events, is given up for it: it answers for the newest
  /// segments only, and those behind this one are to get their footers.
  private func footInMemory(_ segment: Segment) throws(LogError) {
    if segment.footer?.damages.isEmpty != false { try core.rebuildFooter(segment) }
    guard let footer = segment.footer else { return }
    core.install(footer, of: segment)
    core.index.withState { $0.drop(segment.id) }
  }

  /// Gives a segment the footer over its frames up to `end`, on disk and in the view.
  package func makeFooter(
    _ segment: Segment,
    through end: Int,
    keySequence: UInt64
  ) throws(LogError) {
    let footer = try core.buildFooter(segment, through: end, keySequence: keySequence)
    try core.files.replace(
      StoreFile.footer(segment.id),
      in: core.files.log,
      with: footer.bytes
    )
    let file = try core.files.log.openFile(StoreFile.footer(segment.id), .readOnly)
    let mapped = try Footer(
      try StoreFiles.mapAll(file),
      storeID: core.storeID,
      segment: segment.header,
      name: file.name
    )
    core.install(mapped, of: segment)
  }
}
