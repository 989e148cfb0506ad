extension Verification {
  /// Reads every frame, and goes on behind those that are damaged.
  mutating func walk(_ walk: inout SegmentWalk) {
    lastPosition = walk.segment.base.position - 1
    passBoundary(&walk)
    while walk.offset < walk.limit, !isOver(walk) {
      do throws(LogError) {
        guard try step(&walk) else { break }
      } catch {
        guard resume(&walk, error) else { break }
      }
      passBoundary(&walk)
    }
    checkRest(&walk)
  }

  /// Whether all that a writer beside the check had published is passed.
  ///
  /// Behind the last event rules may stand, and what compaction says of a segment.
  private func isOver(_ walk: SegmentWalk) -> Bool {
    !walk.segment.isSealed && lastPosition >= through && walk.survey.lastRecord >= throughRecord
  }

  /// Takes the next frame; false at the end of what was written.
  private mutating func step(_ walk: inout SegmentWalk) throws(LogError) -> Bool {
    let segment = walk.segment
    if walk.offset + FrameHeader.byteCountMin > walk.limit, walk.knownEnd == nil { return false }
    let header = try segment.frame(at: walk.offset, limit: walk.limit)
    let isDurable = walk.offset < walk.durableEnd
    switch header.knownKind {
    case .events, .compressedEvents:
      guard let frame = walk.content.events(segment, at: walk.offset, header) else { break }
      try checkPosition(frame.firstPosition, &walk, isDurable: isDurable)
      try take(frame, &walk)
    case .control:
      guard
        let frame = ControlFrame.decode(
          segment.bytes,
          at: walk.offset,
          byteCount: header.byteCount,
          segment.base
        )
      else { break }
      // The watermark holds the place of the frame that comes next.
      if frame.subject == .watermark, walk.knownEnd == nil { return false }
      try checkPosition(frame.nextPosition, &walk, isDurable: isDurable)
      take(frame, &walk)
    case .snapshot, nil:
      break
    }
    walk.survey.lastChecksum = header.checksum
    walk.offset += header.byteCount
    walk.survey.end = walk.offset
    return true
  }

  /// Behind what is known to be durable, a frame that does not continue was never acknowledged.
  private mutating func checkPosition(
    _ position: UInt64,
    _ walk: inout SegmentWalk,
    isDurable: Bool
  ) throws(LogError) {
    if position == lastPosition + 1 { return }
    if walk.segment.isRewritten, position > lastPosition,
      position <= walk.segment.current.entry.lastPosition + 1
    {
      passGap(lastPosition + 1...position - 1, &walk)
      lastPosition = position - 1
      return
    }
    let corruption = Corruption(
      file: walk.segment.name,
      offset: walk.offset,
      .discontinuity(expected: lastPosition + 1, found: position)
    )
    // Earlier positions again, or later ones than the segment has room for, are no log at all.
    guard isDurable, position > lastPosition,
      position - walk.segment.base.position <= UInt64(Limits.segmentEventsMax)
    else { throw .corrupt(corruption) }
    add(VerifyProblem(corruption, .frame))
    lose(through: position - 1, &walk)
  }

  private mutating func lose(through position: UInt64, _ walk: inout SegmentWalk) {
    lose(through: position)
    walk.survey.hasLosses = true
  }

  private mutating func lose(through position: UInt64) {
    guard position > lastPosition else { return }
    lostEvents += position - lastPosition
    lastPosition = position
  }

  private mutating func take(
    _ frame: EventsFrame,
    _ walk: inout SegmentWalk
  ) throws(LogError) {
    let segment = walk.segment
    let content = walk.content
    let bytes = content.bytes
    walk.survey.prepare(frame, bytes)
    // Before the versions: those of what compaction took out of this frame are missing in it.
    passGaps(in: frame, bytes, &walk)
    let problems = contentProblems(frame, bytes, walk)
    guard walk.survey.add(frame, bytes) else {
      throw .corrupt(
        Corruption(file: segment.name, offset: walk.offset, .malformed(.eventsFrame))
      )
    }
    for problem in problems { add(problem) }
    let last = frame.lastPosition(bytes)
    lastPosition = last
    walk.survey.lastPosition = last
    for key in walk.survey.indexer.keys {
      walk.survey.keySequence = max(walk.survey.keySequence, key.sequence)
    }
    report.events += frame.eventCount
  }

  /// Versions that do not continue, types without names, keys out of order.
  private func contentProblems(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ walk: SegmentWalk
  ) -> [VerifyProblem] {
    var problems: [VerifyProblem] = []
    func report(_ kind: VerifyProblem.Kind, _ field: String, _ expected: UInt64, _ found: UInt64) {
      problems.append(
        VerifyProblem(
          kind,
          .eventsFrame,
          file: walk.segment.name,
          offset: UInt64(frame.offset),
          field: field,
          expected: expected,
          found: found
        )
      )
    }
    var versions: [KeyHash: UInt64] = [:]
    let typeCount = UInt64(types.count)
    for index in 0..<frame.eventCount {
      let row = frame.aggregateIndex(index, bytes)
      let hash = walk.survey.indexer.rows[row]
      let before = versions[hash] ?? version(of: hash, walk)
      let version = frame.version(index, aggregate: row, bytes)
      versions[hash] = version
      // With lost events, versions are lost.
      if version <= before || version - before - 1 > lostEvents + removals.count {
        report(
          .versionGap,
          "version at position \(frame.position(index, bytes))",
          before + 1,
          version
        )
      }
      let type = frame.types.value(index, in: bytes)
      if type == 0 || type > typeCount {
        report(.unknownType, "type at position \(frame.position(index, bytes))", typeCount, type)
      }
    }
    var sequence = walk.survey.keySequence
    for key in walk.survey.indexer.keys {
      if key.sequence <= sequence { report(.keyOrder, "key number", sequence + 1, key.sequence) }
      sequence = max(sequence, key.sequence)
    }
    return problems
  }

  private func version(of hash: KeyHash, _ walk: SegmentWalk) -> UInt64 {
    let table = walk.survey.index.table
    if let slot = table.find(hash) { return table[slot].version }
    return keys.find(hash).map { keys[$0].version } ?? 0
  }

  private mutating func take(_ frame: ControlFrame, _ walk: inout SegmentWalk) {
    func problem(_ kind: VerifyProblem.Kind, _ field: String) -> VerifyProblem {
      VerifyProblem(
        kind,
        .controlFrame,
        file: walk.segment.name,
        offset: UInt64(walk.offset),
        field: field
      )
    }
    if frame.record < walk.survey.lastRecord { add(problem(.discontinuity, "record")) }
    walk.survey.lastRecord = max(walk.survey.lastRecord, frame.record)
    switch frame.subject {
    case .watermark: return
    case .retention:
      if !takeRule(frame, walk) { add(problem(.malformed, "rule of retention")) }
      return
    case .removal:
      if !takeRemoval(frame, &walk) { add(problem(.malformed, "removal")) }
      return
    case .types: break
    }
    let content = walk.segment.bytes.extracting(frame.contentOffset..<frame.contentEnd)
    guard let (first, names) = TypeNames.decode(content) else {
      add(problem(.malformed, "names of types"))
      return
    }
    if !types.merge(first: first, names) { add(problem(.mismatch, "names of types")) }
  }

  /// Decides what the bytes at `offset` mean, and finds the next frame; false at the log's end.
  private mutating func resume(_ walk: inout SegmentWalk, _ error: LogError) -> Bool {
    let segment = walk.segment
    let next = segment.resync(
      from: walk.offset + FrameHeader.unit,
      limit: walk.limit,
      after: lastPosition
    )
    var isDurable = walk.offset < walk.durableEnd || through != .max
    // Any later frame may tell that this place was durable.
    var later = next
    var position = lastPosition
    while !isDurable, let found = later {
      isDurable = segment.durableEnd(at: found.offset, found.header) > walk.offset
      if let last = segment.lastPosition(at: found.offset, found.header) {
        position = max(position, last)
      }
      later = segment.resync(
        from: found.offset + found.header.byteCount,
        limit: walk.limit,
        after: position
      )
    }
    guard isDurable else { return false }
    let last = next.flatMap { firstPosition(segment, $0) }.map { $0 - 1 } ?? lastKnown(walk)
    let first = lastPosition + 1
    var positions: PositionRange?
    if let last, last >= first { positions = PositionRange(Position(first), Position(last)) }
    let corruption = error.corruption(in: segment.name, at: walk.offset, positions: positions)
    if case .truncatedFile = error, let end = walk.knownEnd, end > segment.mapping.count {
      // Told once, with the file's size.
    } else {
      add(VerifyProblem(corruption, .frame))
    }
    if let last { lose(through: last, &walk) } else { lostEvents += 1 }
    walk.survey.hasLosses = true
    guard let next else {
      walk.offset = walk.limit
      return false
    }
    walk.offset = next.offset
    return true
  }

  private func firstPosition(
    _ segment: Segment,
    _ found: (offset: Int, header: FrameHeader)
  ) -> UInt64? {
    segment.firstPosition(at: found.offset, found.header)
  }

  /// The last position the segment is known to have held.
  private func lastKnown(_ walk: SegmentWalk) -> UInt64? {
    let entry = walk.segment.current.entry
    if entry.isSealed { return entry.lastPosition == .max ? nil : entry.lastPosition }
    if let mark = walk.mark, mark.position < UInt64(Int64.max) { return mark.position }
    return nil
  }

  /// Looks at what stands behind the last frame.
  private mutating func checkRest(_ walk: inout SegmentWalk) {
    let segment = walk.segment
    let bytes = segment.bytes
    let count = segment.mapping.count
    if let end = walk.knownEnd, walk.offset < end, !walk.survey.hasLosses, through == .max {
      add(
        VerifyProblem(
          .mismatch,
          .frame,
          file: segment.name,
          offset: UInt64(walk.offset),
          field: "end",
          expected: UInt64(end),
          found: UInt64(walk.offset)
        )
      )
    }
    // Beside a writer the rest is being written.
    if through != .max, walk.knownEnd == nil { return }
    var rest = max(walk.offset, min(walk.knownEnd ?? 0, count))
    if rest >= count { return }
    if let header = try? segment.frame(at: rest, limit: count), header.knownKind == .control,
      let frame = ControlFrame.decode(
        bytes,
        at: rest,
        byteCount: header.byteCount,
        segment.base
      ),
      frame.subject == .watermark
    {
      rest += header.byteCount
    }
    if bytes.isZero(rest..<count) { return }
    var end = count
    while end > rest, bytes[end - 1] == 0 { end -= 1 }
    note(
      segment.isSealed ? .bytesBehindEnd : .tornTail,
      segment.name,
      offset: rest,
      byteCount: end - rest
    )
  }
}
