extension LogCore {
  /// The footer over a segment's frames up to `end`, as a file's bytes.
  package func buildFooter(
    _ segment: Segment, through end: Int, keySequence: UInt64
  ) throws(LogError) -> ByteBuffer {
    var builder = FooterBuilder(
      segment, types: types, storeID: storeID, keySequence: keySequence)
    try builder.scan(through: end)
    let older = currentView.directory.olderThan(segment)
    return try builder.encode { hash throws(LogError) in
      try self.newest(hash, in: older)?.segment ?? 0
    }
  }

  /// Makes `footer` the one of `segment`, for this process.
  package func install(_ footer: Footer, of segment: Segment) {
    segment.update { $0.footer = footer }
    updateView { view in
      if view.directory.covers(segment.id) { return view }
      return LogView(
        segments: view.segments,
        directory: view.directory.without(segment.id).inserting(segment))
    }
  }

  /// Replaces neighbouring runs by one that answers for all of them.
  package func replaceRuns(_ range: Range<Int>, by run: Directory.Run) {
    updateView { view in
      var runs = view.directory.runs
      runs.replaceSubrange(range, with: [run])
      return LogView(segments: view.segments, directory: Directory(runs))
    }
  }

  /// Where the footers and checkpoints say that a key stands newest.
  package func newestInFooters(_ hash: KeyHash) throws(LogError) -> Directory.Answer? {
    try newest(hash, in: currentView.directory)
  }

  /// Asks a directory; a damaged table in it is replaced, never believed and never fatal.
  package func newest(
    _ hash: KeyHash, in directory: Directory
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
    _ directory: Directory, _ error: LogError
  ) throws(LogError) -> Directory? {
    guard let file = error.file else { return nil }
    for (index, run) in directory.runs.enumerated() {
      switch run {
      case .footer(let segment) where segment.footer?.name == file:
        try rebuildFooter(segment, without: directory)
        return directory
      case .checkpoint(let checkpoint) where checkpoint.name == file:
        // The footers it was made from are there still.
        let segments = currentView.segments.filter {
          $0.id >= checkpoint.header.firstSegment && $0.id <= checkpoint.header.lastSegment
        }
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
          return LogView(segments: view.segments, directory: Directory(runs))
        }
        return repaired
      case .footer, .checkpoint:
        continue
      }
    }
    return nil
  }

  /// Makes a damaged footer anew, in memory; the file is replaced at the next opening for writing.
  package func rebuildFooter(_ segment: Segment, without directory: Directory) throws(LogError) {
    guard let header = segment.footer?.header else { return }
    segment.update { $0.footer = nil }
    var builder = FooterBuilder(
      segment, types: types, storeID: storeID, keySequence: header.keySequence)
    try builder.scan(through: Int(header.end))
    let older = directory.olderThan(segment)
    let bytes = try builder.encode { hash throws(LogError) in
      try self.newest(hash, in: older)?.segment ?? 0
    }
    let footer = try Footer(
      Mapping(copying: bytes.bytes), storeID: storeID, segment: segment.header,
      name: StoreFile.logDirectory + "/" + StoreFile.footer(segment.id) + " (rebuilt)")
    segment.update {
      $0.footer = footer
      $0.isFooterRebuilt = true
    }
  }
}

extension Directory {
  /// The directory without the footer of `segment`.
  package func without(_ segment: SegmentID) -> Directory {
    Directory(
      runs.filter {
        if case .footer(let other) = $0 { other.id != segment } else { true }
      })
  }

  /// The directory with the footer of `segment` in its place: behind those of newer segments.
  package func inserting(_ segment: Segment) -> Directory {
    let place = runs.firstIndex {
      if case .footer(let other) = $0 { other.base.position < segment.base.position } else { true }
    }
    var runs = runs
    runs.insert(.footer(segment), at: place ?? runs.count)
    return Directory(runs)
  }

  /// Whether an index checkpoint answers for `segment`.
  package func covers(_ segment: SegmentID) -> Bool {
    runs.contains {
      if case .checkpoint(let checkpoint) = $0 {
        checkpoint.header.firstSegment <= segment && segment <= checkpoint.header.lastSegment
      } else {
        false
      }
    }
  }
}

extension LogView {
  /// The newest `fanIn` neighbouring runs of one size, if there are that many.
  package func mergeableRuns(_ fanIn: Int) -> Range<Int>? {
    func tier(_ run: Directory.Run) -> Int {
      switch run {
      // A footer made at a close, before the segment was sealed, does not cover all of it.
      case .footer(let segment): return segment.hasWholeFooter ? 0 : -1
      case .checkpoint(let checkpoint):
        let header = checkpoint.header
        var covered = segments.count {
          $0.id >= header.firstSegment && $0.id <= header.lastSegment
        }
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
