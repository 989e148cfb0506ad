extension Compactor {
  /// Rewrites the groups that were planned, and swaps each in.
  mutating func run(
    _ maintenance: Maintenance,
    _ control: ControlPage?
  ) throws(LogError) {
    report.bytesAfter = report.bytesBefore
    report.eventsRemoved = 0
    report.payloadsRemoved = 0
    report.segmentsRewritten = 0
    report.segmentsMade = 0
    progress.total = groups.joined().reduce(0) { $0 + report.segments[$1].bytesBefore }
    var pending = groups
    while !pending.isEmpty {
      var left: [Range<Int>] = []
      for group in pending {
        if options.isCancelled() {
          report.isCancelled = true
          return
        }
        // The others may make room for it.
        if space(group) > (try core.files.log.availableBytes()) {
          left.append(group)
        } else if try !replace(group, maintenance, control) {
          return
        }
      }
      if left.count == pending.count { throw try lack(left.map(space).min() ?? 0) }
      pending = left
    }
  }

  /// What says that there is too little room.
  private func lack(_ needed: Int) throws(LogError) -> LogError {
    let available = try core.files.log.availableBytes()
    return .spaceNeeded(bytes: max(needed, available + 1), available: available)
  }

  /// Rewrites a group and counts what became of it; false if it was asked to end meanwhile.
  private mutating func replace(
    _ group: Range<Int>,
    _ maintenance: Maintenance,
    _ control: ControlPage?
  ) throws(LogError) -> Bool {
    let before = report.segments[group].reduce(0) { $0 + $1.bytesBefore }
    let start = progress.done
    let made: (segment: Int, footer: Int)
    do throws(LogError) {
      made = try rewrite(group, maintenance)
    } catch {
      switch error {
      case .closed where options.isCancelled():
        report.isCancelled = true
        return false
      case .diskFull: throw try lack(space(group))
      case .corrupt(let damage):
        // What was found whole a moment ago: the others are done all the same.
        for index in group {
          report.segments[index].outcome = .damaged
          report.segments[index].damage = damage
        }
        return true
      default: throw error
      }
    }
    control?.publish(replacedCount: UInt64(maintenance.current.list.replaced.count))
    for found in report.segments[group] {
      report.eventsRemoved += found.eventsRemoved
      report.payloadsRemoved += found.payloadsRemoved
    }
    report.bytesAfter += made.segment - before
    report.bytesWritten += made.segment + made.footer
    report.segmentsRewritten += group.count
    report.segmentsMade += 1
    progress.done = start + before
    options.progress(progress.done, progress.total)
    return true
  }

  /// Tells how far it is, once a mebibyte.
  private mutating func advance(_ byteCount: Int) {
    progress.done += byteCount
    guard progress.done - progress.told >= 1 << 20 else { return }
    progress.told = progress.done
    options.progress(progress.done, progress.total)
  }

  /// Makes one segment of the group and puts it in their place; gives its size, and its footer's.
  private mutating func rewrite(
    _ group: Range<Int>,
    _ maintenance: Maintenance
  ) throws(LogError) -> (segment: Int, footer: Int) {
    let old = Array(segments[group])
    guard let first = old.first, let last = old.last else { return (0, 0) }
    var entry = last.current.entry
    entry.id = try maintenance.takeSegmentID()
    entry.isRewritten = true
    entry.salt = .random(in: 1 ... .max)
    entry.basePosition = first.base.position
    entry.baseTime = first.base.time
    var header = SegmentHeader(
      storeID: core.storeID,
      segmentID: entry.id,
      salt: entry.salt,
      basePosition: entry.basePosition,
      baseTime: entry.baseTime,
      baseRecord: first.baseRecord,
      predecessorID: 0,
      predecessorChecksum: 0,
      predecessorEnd: 0
    )
    header.rewrittenThrough = entry.lastPosition
    let files = core.files
    let name = StoreFile.segment(entry.id)
    let file = try files.begin(name, in: files.log)
    do {
      var writer = SegmentWriter(file, header, options)
      try write(old, entry, to: &writer)
      header = writer.header
      entry.end = UInt64(writer.offset)
      entry.lastChecksum = writer.lastChecksum
    } catch {
      try? files.log.remove(name + StoreFile.temporarySuffix)
      throw error
    }
    try files.finish(file, name, in: files.log)
    let opened = try files.log.openFile(name, .readOnly)
    let segment = Segment(
      name: opened.name,
      in: files.log,
      mapping: try StoreFiles.mapAll(opened),
      header: header,
      entry: entry
    )
    let footerBytes = try maintenance.swap(old, for: segment)
    return (segment.mapping.count, footerBytes)
  }

  private mutating func write(
    _ old: [Segment],
    _ entry: SegmentList.Entry,
    to writer: inout SegmentWriter
  ) throws(LogError) {
    var typeCount = 0
    for segment in old {
      try segment.forEachControl(through: segment.limit) { frame throws(LogError) in
        guard frame.subject == .types else { return }
        let content = segment.bytes.extracting(frame.contentOffset..<frame.contentEnd)
        guard let (first, names) = TypeNames.decode(content) else { return }
        typeCount = max(typeCount, first + names.count - 1)
      }
    }
    var content = ByteBuffer(capacity: 4096)
    if typeCount > 0 {
      TypeNames.encode(core.types.all.prefix(typeCount), into: &content)
      try writer.control(
        .types,
        nextPosition: entry.basePosition,
        record: writer.header.baseRecord,
        content
      )
    }
    for segment in old { try writeFrames(of: segment, to: &writer) }
    let core = core
    let removal = try writer.removal { (hash, version) throws(LogError) in
      try core.newestInFooters(hash)?.version ?? 0 <= version
    }
    content.removeAll()
    removal.encode(base: entry.basePosition, into: &content)
    try writer.control(
      .removal,
      nextPosition: entry.lastPosition + 1,
      record: entry.lastRecord,
      content
    )
    try writer.finish()
  }

  private mutating func writeFrames(
    of segment: Segment,
    to writer: inout SegmentWriter
  ) throws(LogError) {
    let limit = segment.limit
    var offset = Segment.firstFrame
    while offset < limit {
      let header = try segment.frame(at: offset, limit: limit)
      defer { offset += header.byteCount }
      advance(header.byteCount)
      let content = content
      if let frame = content.events(segment, at: offset, header) {
        let isCompressed = header.knownKind == .compressedEvents
        let isPacked =
          options.compression == .compress || isCompressed && options.compression == .keep
        if try judge.judge(frame, content.bytes) {
          try writer.append(
            frame,
            content.bytes,
            judge.verdicts,
            core.hasher,
            isPacked: isPacked
          )
        } else if isCompressed, isPacked,
          let stored = segment.compressedFrame(at: offset, header)
        {
          try writer.copy(stored, segment.bytes)
        } else {
          try writer.copy(frame, content.bytes, isPacked: isPacked)
        }
        continue
      }
      let bytes = segment.bytes
      if header.knownKind == .control,
        let frame = ControlFrame.decode(
          bytes,
          at: offset,
          byteCount: header.byteCount,
          segment.base
        )
      {
        if frame.subject == .retention {
          var content = ByteBuffer(capacity: 256)
          let placed = try segment.retention(frame)
          placed.record.encode(baseTime: writer.base.time, into: &content)
          try writer.control(
            .retention,
            nextPosition: frame.nextPosition,
            record: frame.record,
            content
          )
        } else if frame.subject == .removal, let removal = segment.removal(frame) {
          writer.take(removal)
        }
      }
    }
  }
}

extension SegmentList {
  /// Puts a rewritten segment in the place of those it was made of.
  fileprivate mutating func replace(_ ids: Set<SegmentID>, by entry: Entry) {
    guard let start = segments.firstIndex(where: { ids.contains($0.id) }) else { return }
    segments.removeAll { ids.contains($0.id) }
    segments.insert(entry, at: start)
    for (id, place) in replaced where ids.contains(place) { replaced[id] = entry.id }
    for id in ids { replaced[id] = entry.id }
    nextSegment = max(nextSegment, entry.id + 1)
  }
}

extension Maintenance {
  /// An id for a segment that compaction makes; never given again by this process.
  func takeSegmentID() throws(LogError) -> SegmentID {
    try work.withLock { () throws(LogError) in
      var id = lock.withLock { state.list.nextSegment }
      while try core.files.hasSegment(id) { id += 1 }
      lock.withLock { state.list.nextSegment = id + 1 }
      return id
    }
  }

  /// Puts a rewritten segment, whose file is durable, in the place of those it was made of.
  ///
  /// Their files are removed once both slots of the manifest lead to lists without them; whoever
  /// maps them keeps them.
  ///
  /// - Returns: the bytes of its footer.
  func swap(_ old: [Segment], for segment: Segment) throws(LogError) -> Int {
    guard let first = old.first else { return 0 }
    let footer = try core.buildFooter(
      segment,
      through: Int(segment.current.entry.end),
      keySequence: segment.current.entry.keySequence,
      before: first
    )
    let footerName = StoreFile.footer(segment.id)
    try core.files.replace(footerName, in: core.files.log, with: footer.bytes)
    let file = try core.files.log.openFile(footerName, .readOnly)
    let mapped = try Footer(
      try StoreFiles.mapAll(file),
      storeID: core.storeID,
      segment: segment.header,
      name: file.name
    )
    segment.update { $0.footer = mapped }
    let ids = Set(old.map(\.id))
    try work.withLock { () throws(LogError) in
      do throws(LogError) {
        try writeList { $0.replace(ids, by: segment.current.entry) }
      } catch {
        // Either list may count after a failed sync; else the new files are nobody's.
        if !lock.withLock({ state.isManifestUncertain }) {
          try? core.files.log.remove(StoreFile.segment(segment.id))
          try? core.files.log.remove(footerName)
        }
        throw error
      }
      core.swap(old, for: segment, lock.withLock { state.list.replaced })
      lock.withLock {
        if ids.contains(state.manifest.tail.segment) {
          let entry = segment.current.entry
          state.manifest.tail.segment = entry.id
          state.manifest.tail.end = entry.end
          state.manifest.tail.checksum = entry.lastChecksum
        }
      }
      // Once more, so that no older list is left to lead to what is removed now.
      try writeList()
      for id in ids {
        try? core.files.log.remove(StoreFile.segment(id))
        try? core.files.log.remove(StoreFile.footer(id))
      }
      try core.files.syncNames(core.files.log)
    }
    return footer.count
  }
}

extension LogCore {
  /// Shows a rewritten segment, with its footer, instead of those it was made of.
  fileprivate func swap(
    _ old: [Segment],
    for segment: Segment,
    _ replaced: [SegmentID: SegmentID]
  ) {
    updateView { view in
      var segments = view.segments
      guard let start = segments.firstIndex(where: { $0 === old.first }) else { return view }
      segments.replaceSubrange(start..<start + old.count, with: [segment])
      var hasFooters = false
      let runs = view.directory.runs.filter { run in
        guard case .footer(let other) = run, old.contains(where: { $0 === other }) else {
          return true
        }
        hasFooters = true
        return false
      }
      let next = LogView(segments: segments, directory: Directory(runs), replaced: replaced)
      // Where a checkpoint answers for all of them, it goes on doing so.
      return hasFooters ? next.with(directory: next.directory(adding: segment)) : next
    }
  }
}
