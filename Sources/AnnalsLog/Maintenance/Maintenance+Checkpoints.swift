extension Maintenance {
  /// How many tables of one size are merged into one.
  private static let fanIn = 8

  /// Merges tables until none of the rules asks for it.
  ///
  /// Eight neighbouring tables of one size become one, so that their number grows with the
  /// logarithm of the segments. Checkpoints that mostly repeat each other's keys are merged before
  /// that, so that they take little more than one entry a key.
  func mergeCheckpoints() throws(LogError) {
    while true {
      let view = core.currentView
      var range = view.mergeableRuns(Self.fanIn)
      if range == nil { range = try view.overlappingCheckpoints() }
      guard let range, try merge(Array(view.directory.runs[range])) else { return }
    }
  }

  /// Makes one checkpoint of neighbouring runs, newest first; false if they are no longer what the
  /// directory has.
  private func merge(_ runs: [Directory.Run]) throws(LogError) -> Bool {
    var inputs: [IndexMerge.Input] = []
    var first = SegmentID.max
    var last: SegmentID = 0
    for run in runs.reversed() {
      switch run {
      case .footer(let segment):
        guard let footer = segment.footer else { return false }
        inputs.append(IndexMerge.Input(keys: footer.keys, segment: segment.id))
        first = min(first, segment.id)
        last = max(last, segment.id)
      case .checkpoint(let checkpoint):
        inputs.append(IndexMerge.Input(keys: checkpoint.keys, segment: nil))
        first = min(first, checkpoint.header.firstSegment)
        last = max(last, checkpoint.header.lastSegment)
      }
    }
    let known = lock.withLock { state.list.checkpoints.map(\.generation).max() ?? 0 }
    let header = IndexCheckpointHeader(
      storeID: core.storeID,
      generation: known + 1,
      firstSegment: first,
      lastSegment: last,
      lastPosition: core.currentView.segment(last)?.current.entry.lastPosition ?? 0,
      count: 0
    )
    let name = StoreFile.indexCheckpoint(header.generation)
    let root = core.files.root
    let file = try core.files.begin(name, in: root)
    do {
      try IndexMerge.merge(inputs, header: header, into: file)
    } catch {
      try? root.remove(name + StoreFile.temporarySuffix)
      throw error
    }
    try core.files.finish(file, name, in: root)
    let checkpoint = try IndexCheckpoint(
      try StoreFiles.mapAll(try root.openFile(name, .readOnly)),
      storeID: core.storeID,
      name: name
    )
    guard core.replaceRuns(runs, by: .checkpoint(checkpoint)) else {
      try root.remove(name)
      return false
    }
    try list(checkpoint)
    return true
  }

  /// Lists a checkpoint durably, and then removes those it answers for.
  private func list(_ checkpoint: IndexCheckpoint) throws(LogError) {
    let header = checkpoint.header
    let replaced = lock.withLock { () -> [UInt64] in
      func isReplaced(_ known: SegmentList.Checkpoint) -> Bool {
        known.firstSegment >= header.firstSegment && known.lastSegment <= header.lastSegment
      }
      let replaced = state.list.checkpoints.filter(isReplaced).map(\.generation)
      state.list.checkpoints.removeAll(where: isReplaced)
      state.list.checkpoints.append(
        SegmentList.Checkpoint(
          generation: header.generation,
          firstSegment: header.firstSegment,
          lastSegment: header.lastSegment,
          keyCount: header.count
        )
      )
      state.isListChanged = true
      return replaced
    }
    try work.withLock { () throws(LogError) in try writeList() }
    for generation in replaced {
      try? core.files.root.remove(StoreFile.indexCheckpoint(generation))
    }
  }
}

extension LogView {
  /// Neighbouring checkpoints of which one would take much less than all of them; nil if the
  /// checkpoints take little more than one entry for each key as it is.
  ///
  /// Judged by the keys with the lowest hashes, some thousands. Checkpoints of different keys are
  /// left alone: merging them would save nothing.
  package func overlappingCheckpoints() throws(LogError) -> Range<Int>? {
    let runs = directory.runs
    var checkpoints: [IndexCheckpoint] = []
    for run in runs.reversed() {
      guard case .checkpoint(let checkpoint) = run else { break }
      checkpoints.insert(checkpoint, at: 0)
    }
    let most = checkpoints.map(\.keys.count).max() ?? 0
    // Small files are not worth the trouble.
    guard checkpoints.count > 1, most > Self.sampledKeys else { return nil }
    let bound = UInt64.max / UInt64(most) * UInt64(Self.sampledKeys)
    var counts: [Int] = []
    var distinct: [Int] = []
    var seen: Set<KeyHash> = []
    for checkpoint in checkpoints {
      var count = 0
      while count < checkpoint.keys.count {
        let hash = try checkpoint.keys.entry(count).hash
        if hash.high > bound { break }
        seen.insert(hash)
        count += 1
      }
      counts.append(count)
      distinct.append(seen.count)
    }
    // Entries for each ten keys: ten and one are what 32 bytes a key leave room for.
    if counts.reduce(0, +) * 10 <= seen.count * 11 { return nil }
    let start = runs.count - checkpoints.count
    for newest in 2...checkpoints.count {
      let left = distinct[newest - 1] + counts[newest...].reduce(0, +)
      // As few of the newest as will do for a while.
      if left * 20 <= seen.count * 21 { return start..<start + newest }
    }
    return start..<runs.count
  }

  /// About how many keys are looked at.
  private static let sampledKeys = 2048
}
