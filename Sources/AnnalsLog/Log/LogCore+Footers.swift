extension LogCore {
  /// The footer over a segment's frames up to `end`, as a file's bytes.
  ///
  /// - Parameter before: the first segment whose place it is to take, if it is not in the view yet.
  package func buildFooter(
    _ segment: Segment,
    through end: Int,
    keySequence: UInt64,
    before: Segment? = nil
  ) throws(LogError) -> ByteBuffer {
    var builder = FooterBuilder(
      segment,
      types: types,
      storeID: storeID,
      keySequence: keySequence
    )
    try builder.scan(through: end)
    let older = currentView.tables(before: before ?? segment)
    return try builder.encode { hash throws(LogError) in
      let answer = try self.newest(hash, in: older)
      // A file outlives what is in memory: nothing that is not certain goes into it.
      if let doubt = try doubtfulFooters(hash, in: older, newerThan: answer).first,
        let damage = doubt.footer?.damages.first
      {
        throw .corrupt(damage)
      }
      return answer?.segment ?? 0
    }
  }

  /// Makes a footer over a segment's frames up to `end` for this process alone.
  ///
  /// Frames that are damaged are passed over: those who read by key are told of them.
  ///
  /// - Parameter lastPosition: the last position in those frames.
  package func footerInMemory(
    _ segment: Segment,
    through end: Int,
    lastPosition: UInt64,
    keySequence: UInt64,
    name: String
  ) throws(LogError) -> Footer {
    var builder = FooterBuilder(
      segment,
      types: types,
      storeID: storeID,
      keySequence: keySequence
    )
    try builder.scan(through: end, endingAt: lastPosition)
    let view = currentView
    let older = view.tables(before: segment)
    let isShown = view.segments.contains { $0 === segment }
    let bytes = try builder.encode { hash throws(LogError) in
      // Whoever still reads it has segments before it that this view may answer for no longer: the
      // way back is sought there.
      if !isShown { return Limits.segmentIDMax }
      let answer = try self.newest(hash, in: older)
      // The way back leads by every place where an event of the key may have stood.
      let doubts = try doubtfulFooters(hash, in: older, newerThan: answer)
      return doubts.first?.id ?? answer?.segment ?? 0
    }
    if !builder.damages.isEmpty { noteDoubtfulFooter() }
    return try Footer(
      Mapping(copying: bytes.bytes),
      storeID: storeID,
      segment: segment.header,
      name: name,
      damages: builder.damages
    )
  }

  /// The segments, newest first, whose footers were asked for a key before there was `answer`, and
  /// can not tell.
  package func doubtfulFooters(
    _ hash: KeyHash,
    in directory: Directory,
    newerThan answer: Directory.Answer?
  ) throws(LogError) -> [Segment] {
    if !hasDamages { return [] }
    var doubts: [Segment] = []
    for run in directory.runs {
      switch run {
      case .footer(let segment):
        if segment.id == answer?.segment { return doubts }
        if segment.footer?.damages.isEmpty == false { doubts.append(segment) }
      case .checkpoint(let checkpoint):
        // It was made when the segments were whole.
        let view = currentView
        if let answer,
          view.covered(by: checkpoint).contains(view.order(of: answer.segment))
        {
          return doubts
        }
      }
    }
    return doubts
  }

  /// Makes `footer` the one of `segment`, for this process.
  package func install(_ footer: Footer, of segment: Segment) {
    segment.update { $0.footer = footer }
    updateView { view in
      // Compaction may have put another in its place meanwhile, which its table must not hide.
      if view.replaced[segment.id] != nil || view.covers(segment) { return view }
      return view.with(directory: view.directory(adding: segment))
    }
  }

  /// Replaces neighbouring runs by one that answers for all of them; false if they are not there
  /// any more, because one was found damaged meanwhile.
  package func replaceRuns(_ old: [Directory.Run], by run: Directory.Run) -> Bool {
    var isReplaced = false
    updateView { view in
      var runs = view.directory.runs
      guard let first = old.first, let start = runs.firstIndex(where: { $0.isSame(first) }),
        start + old.count <= runs.count,
        old.indices.allSatisfy({ runs[start + $0].isSame(old[$0]) })
      else { return view }
      runs.replaceSubrange(start..<start + old.count, with: [run])
      isReplaced = true
      return view.with(directory: Directory(runs))
    }
    return isReplaced
  }

  /// Where the footers and checkpoints say that a key stands newest.
  ///
  /// - Throws: `.corrupt` where an event may have stood that is damaged, and would be newer.
  package func newestInFooters(_ hash: KeyHash) throws(LogError) -> Directory.Answer? {
    let view = currentView
    let answer = try newest(hash, in: view.directory)
    if !hasDamages { return answer }
    let doubts = try doubtfulFooters(hash, in: view.directory, newerThan: answer)
    if let damage = doubts.first?.footer?.damages.last { throw .corrupt(damage) }
    // In the segment of the answer itself, damage behind the newest event that is known.
    if let answer, let entry = answer.entry, let segment = view.segment(answer.segment),
      let footer = answer.footer, let damage = footer.damages.last, let lost = damage.positions
    {
      var ordinals: [UInt32] = []
      try footer.postings(entry, into: &ordinals)
      if segment.base.position + UInt64(ordinals.last ?? 0) < lost.first.rawValue {
        throw .corrupt(damage)
      }
    }
    return answer
  }

  /// Asks a directory; a damaged table in it is replaced, never believed and never fatal.
  package func newest(
    _ hash: KeyHash,
    in directory: Directory
  ) throws(LogError) -> Directory.Answer? {
    var directory = directory
    while true {
      do throws(LogError) {
        return try directory.newest(hash)
      } catch {
        guard let repaired = try repair(directory, error) else { throw error }
        directory = repaired
      }
    }
  }

  /// A directory without the table that caused `error`; nil if that was no table.
  private func repair(
    _ directory: Directory,
    _ error: LogError
  ) throws(LogError) -> Directory? {
    guard let file = error.file else { return nil }
    for (index, run) in directory.runs.enumerated() {
      switch run {
      case .footer(let segment) where segment.footerName == file:
        try rebuildFooter(segment)
        return directory
      case .checkpoint(let checkpoint) where checkpoint.name == file:
        // The footers it was made from are there still.
        let view = currentView
        let segments = view.segments[view.covered(by: checkpoint)]
        var runs = directory.runs
        runs.replaceSubrange(index...index, with: segments.reversed().map { .footer($0) })
        let repaired = Directory(runs)
        updateView { view in
          guard
            let current = view.directory.runs.firstIndex(where: {
              if case .checkpoint(let other) = $0 { other === checkpoint } else { false }
            })
          else { return view }
          var runs = view.directory.runs
          runs.replaceSubrange(current...current, with: segments.reversed().map { .footer($0) })
          return view.with(directory: Directory(runs))
        }
        return repaired
      case .footer, .checkpoint:
        continue
      }
    }
    return nil
  }

  /// The footer of a segment that has left the index in memory, made anew if it is not there; nil
  /// if the index answers for the whole segment.
  package func footer(of segment: Segment) throws(LogError) -> Footer? {
    let known = segment.coverage
    if let footer = known.footer {
      #if ANNALS_PLANTED_BUGS
      if PlantedBug.active == .staleIndexTrusted { return footer }
      #endif
      // One over a part, where the index has the rest, or had: then a whole one is made. After a
      // layout was read anew, the index may go on from a later footer than this view has.
      if known.isWhole { return footer }
      let isContinued = index.withState { state in
        guard let chains = state.chainsIndex(segment.id) else { return false }
        return state.chains[chains].basePosition <= footer.header.lastPosition + 1
      }
      if isContinued { return footer }
    } else if indexHoldsAll(of: segment) {
      return nil
    }
    // Whoever made one meanwhile took the segment out of the index only then.
    let found = segment.coverage
    if let footer = found.footer, found.isWhole { return footer }
    try rebuildFooter(segment)
    return segment.footer
  }

  /// Whether the index in memory knows the segment from its first event on.
  package func indexHoldsAll(of segment: Segment) -> Bool {
    index.withState { state in
      guard let chains = state.chainsIndex(segment.id) else { return false }
      return state.chains[chains].basePosition <= segment.base.position
    }
  }

  /// Makes a missing or damaged footer anew, in memory; the file is replaced at the next opening
  /// for writing.
  package func rebuildFooter(_ segment: Segment) throws(LogError) {
    let state = segment.current
    let end = Int(clamping: max(state.footer?.header.end ?? 0, state.entry.end))
    let footer = try footerInMemory(
      segment,
      through: end,
      lastPosition: max(state.footer?.header.lastPosition ?? 0, state.entry.lastPosition),
      keySequence: max(state.footer?.header.keySequence ?? 0, state.entry.keySequence),
      name: segment.footerName + " (rebuilt)"
    )
    // Not before: whoever asks meanwhile must not find nothing.
    segment.update {
      $0.footer = footer
      $0.isFooterRebuilt = true
    }
  }
}

extension Directory.Run {
  /// Whether both are the same table.
  fileprivate func isSame(_ other: Directory.Run) -> Bool {
    switch (self, other) {
    case (.footer(let one), .footer(let two)): one === two
    case (.checkpoint(let one), .checkpoint(let two)): one === two
    case (.footer, .checkpoint), (.checkpoint, .footer): false
    }
  }
}

extension LogView {
  /// The segments that an index checkpoint answers for; of the first and the last, if they took
  /// the place of several, perhaps only for a part.
  package func covered(by checkpoint: IndexCheckpoint) -> Range<Int> {
    let first = order(of: checkpoint.header.firstSegment)
    let last = order(of: checkpoint.header.lastSegment)
    return first <= last && last < segments.count ? first..<last + 1 : 0..<0
  }

  /// Whether the directory answers for `segment`.
  package func answers(for segment: Segment) -> Bool {
    let isFooted = directory.runs.contains {
      if case .footer(let other) = $0 { other === segment } else { false }
    }
    return isFooted && segment.hasWholeFooter || covers(segment)
  }

  /// Whether an index checkpoint answers for all of `segment`.
  package func covers(_ segment: Segment) -> Bool {
    let place = order(of: segment.id)
    return directory.runs.contains {
      guard case .checkpoint(let checkpoint) = $0, covered(by: checkpoint).contains(place) else {
        return false
      }
      let ends = [checkpoint.header.firstSegment, checkpoint.header.lastSegment]
      return !ends.contains { $0 != segment.id && replaced[$0] == segment.id }
    }
  }

  /// The directory with the footer of `segment`.
  ///
  /// Newest first, always: the first table that has a key is believed. A footer that was made anew
  /// belongs to an older segment and keeps its place.
  package func directory(adding segment: Segment) -> Directory {
    let place = order(of: segment.id)
    var runs = directory.runs.filter { run in
      if case .footer(let other) = run { other.id != segment.id } else { true }
    }
    let index = runs.firstIndex { lastPlace($0) <= place } ?? runs.count
    runs.insert(.footer(segment), at: index)
    return Directory(runs)
  }

  private func lastPlace(_ run: Directory.Run) -> Int {
    switch run {
    case .footer(let segment): order(of: segment.id)
    case .checkpoint(let checkpoint): order(of: checkpoint.header.lastSegment)
    }
  }

  /// The tables over the segments before `segment`, newest first.
  package func tables(before segment: Segment) -> Directory {
    let limit = order(of: segment.id)
    var runs: [Directory.Run] = []
    for run in directory.runs {
      switch run {
      case .footer(let other):
        if order(of: other.id) < limit { runs.append(run) }
      case .checkpoint(let checkpoint):
        let covered = self.covered(by: checkpoint)
        let older = covered.clamped(to: 0..<limit)
        // A table that also knows later segments would hide what stood before.
        runs += older == covered ? [run] : segments[older].reversed().map { .footer($0) }
      }
    }
    return Directory(runs)
  }

  /// The newest `fanIn` neighbouring runs of one size, if there are that many.
  package func mergeableRuns(_ fanIn: Int) -> Range<Int>? {
    func tier(_ run: Directory.Run) -> Int {
      switch run {
      // A footer made at a close, before the segment was sealed, does not cover all of it.
      case .footer(let segment): return segment.hasWholeFooter ? 0 : -1
      case .checkpoint(let checkpoint):
        var covered = self.covered(by: checkpoint).count
        var tier = 0
        while covered >= fanIn {
          covered /= fanIn
          tier += 1
        }
        return max(1, tier)
      }
    }
    var start = 0
    let runs = directory.runs
    while start < runs.count {
      let size = tier(runs[start])
      var end = start
      while end < runs.count, tier(runs[end]) == size { end += 1 }
      // The oldest of them, so that the newest stay small.
      if size >= 0, end - start >= fanIn { return end - fanIn..<end }
      start = end
    }
    return nil
  }
}

extension LogError {
  /// The file the error is about, if it is about one.
  package var file: String? {
    switch self {
    case .corrupt(let corruption): corruption.file
    case .truncatedFile(let file, _, _): file
    case .system(let error), .diskFull(let error): error.file
    default: nil
    }
  }
}
