// MARK: Walking forwards

extension EventCursor {
  mutating func start() throws(LogError) {
    if through <= after {
      isFinished = true
      return
    }
    nextPosition = isReversed ? through : after + 1
    guard let found = view.segmentIndex(of: nextPosition) else {
      // Before the first segment, if compaction removed that.
      isFinished = isReversed || view.segments.isEmpty
      offset = Segment.firstFrame
      return
    }
    segmentIndex = found
    if isReversed { return }
    offset = try core.locate(nextPosition, in: view.segments[found])
  }

  mutating func advanceForwards() throws(LogError) -> Int? {
    while true {
      if index < readyEnd {
        index += 1
        return index - 1
      }
      guard try loadNextFrame() else { return nil }
    }
  }

  /// Loads the next events frame; false at the end of what is visible.
  private mutating func loadNextFrame() throws(LogError) -> Bool {
    while nextPosition <= through {
      if offset >= walkLimit || nextPosition >= walkEnd {
        try enterNextSegment()
        continue
      }
      do throws(LogError) {
        let loaded = try decoder.load(at: offset, limit: walkLimit)
        offset = loaded.end
        if !loaded.isEvents { continue }
      } catch {
        let segment = view.segments[segmentIndex]
        let told = core.describe(error, segment, offset, after: nextPosition - 1)
        if passForwards(told, segment, limit: walkLimit) { continue }
        throw told
      }
      nextPosition = decoder.lastPosition + 1
      (index, readyEnd) = decoder.indices(after: after, through: through)
      return true
    }
    return false
  }

  /// Enters the segment at `segmentIndex`, or the one behind it if that has nothing more.
  private mutating func enterNextSegment() throws(LogError) {
    let segment = view.segments[segmentIndex]
    let limit = segment.limit
    let successor = segmentIndex + 1 < view.segments.count ? view.segments[segmentIndex + 1] : nil
    let end = successor?.base.position ?? .max
    if offset < limit, nextPosition < end {
      decoder.enter(segment)
      (walkLimit, walkEnd) = (limit, end)
      let wanted = min(UInt64(remaining), through - nextPosition)
      if wanted >= Self.scanMin {
        segment.startScan(offset)
        // That one begins before this one ends: else the disk would rest between the two.
        if let successor, wanted > end - nextPosition { successor.startScan(Segment.firstFrame) }
      }
      return
    }
    walkLimit = 0
    guard let successor else {
      let rest = PositionRange(Position(nextPosition), Position(through))
      nextPosition = through + 1
      // The rest was removed.
      if segment.isRewritten { return }
      // What is visible was there: the file is shorter than it was.
      throw .corrupt(Corruption(file: segment.name, offset: offset, positions: rest, .erased))
    }
    segmentIndex += 1
    offset = Segment.firstFrame
    if segment.isRewritten { nextPosition = max(nextPosition, successor.base.position) }
  }
}

// MARK: Behind damage

extension EventCursor {
  /// Goes on behind the damage at `offset`, if the cursor is asked again.
  ///
  /// - Returns: whether the damage costs no events, so that there is nothing to tell who reads
  ///   them: the next frame goes on where the last one ended.
  private mutating func passForwards(
    _ told: LogError,
    _ segment: Segment,
    limit: Int
  ) -> Bool {
    guard case .corrupt(let corruption) = told else { return false }
    let next = segment.nextFrame(behind: offset, limit: limit, after: nextPosition - 1)
    offset = next?.offset ?? limit
    if let next, next.first == nextPosition { return true }
    nextPosition =
      next?.first ?? corruption.positions.map { $0.last.rawValue + 1 } ?? nextPosition
    return false
  }

  /// Goes on before the damage, if the cursor is asked again.
  private mutating func passBackwards(_ told: LogError) {
    damage = nil
    frames.removeAll()
    guard case .corrupt(let corruption) = told else { return }
    guard let lost = corruption.positions, lost.first.rawValue <= nextPosition else {
      isFinished = true
      return
    }
    nextPosition = lost.first.rawValue - 1
  }
}

// MARK: Walking backwards

extension EventCursor {
  mutating func advanceBackwards() throws(LogError) -> Int? {
    while true {
      if isLoaded {
        while index > 0 {
          index -= 1
          let position = decoder.frame.position(index, decoder.bytes)
          if position > through { continue }
          return position <= after ? nil : index
        }
        isLoaded = false
        nextPosition = decoder.frame.firstPosition - 1
      }
      if nextPosition <= after || nextPosition == 0 { return nil }
      try loadPreviousFrame()
    }
  }

  private mutating func loadPreviousFrame() throws(LogError) {
    if frames.isEmpty, let damage {
      passBackwards(damage)
      throw damage
    }
    if frames.isEmpty {
      while segmentIndex > 0, nextPosition < view.segments[segmentIndex].base.position {
        segmentIndex -= 1
      }
      do throws(LogError) {
        try fillWindow()
      } catch {
        passBackwards(error)
        throw error
      }
    }
    let segment = view.segments[segmentIndex]
    let entry = segment.current.entry
    guard let last = frames.popLast() else {
      // A gap that retention left: go on before it.
      passSegmentBackwards()
      return
    }
    do throws(LogError) {
      _ = try decoder.load(
        segment,
        at: last,
        limit: entry.isSealed ? Int(entry.end) : segment.mapping.count
      )
    } catch {
      let told = core.describe(error, segment, last, after: after)
      passBackwards(told)
      throw told
    }
    guard decoder.frame.firstPosition <= nextPosition else {
      if segment.isRewritten {
        // The position asked for was removed, and this is the frame behind it.
        if frames.isEmpty { passSegmentBackwards() }
        return
      }
      isFinished = true
      throw .corrupt(
        Corruption(
          file: segment.name,
          offset: last,
          .discontinuity(expected: nextPosition, found: decoder.frame.firstPosition)
        )
      )
    }
    index = decoder.frame.eventCount
    isLoaded = true
  }

  /// Goes on before the segment.
  ///
  /// Whatever a header says, never upwards, and never without end.
  private mutating func passSegmentBackwards() {
    let base = view.segments[segmentIndex].base.position
    nextPosition = segmentIndex == 0 ? 0 : max(1, min(nextPosition, base)) - 1
  }

  /// Collects the frames from the sample before `nextPosition` up to it.
  private mutating func fillWindow() throws(LogError) {
    let segment = view.segments[segmentIndex]
    let entry = segment.current.entry
    let limit = entry.isSealed ? Int(entry.end) : segment.mapping.count
    let target = min(nextPosition, entry.isSealed ? entry.lastPosition : nextPosition)
    let end = try core.locate(target, in: segment)
    var (offset, passed) = core.windowStart(target, segment)
    while offset <= end, offset < limit {
      do throws(LogError) {
        let header = try segment.frame(at: offset, limit: limit)
        if let last = segment.lastPosition(at: offset, header) {
          frames.append(offset)
          passed = last
        }
        offset += header.byteCount
      } catch {
        // What stands behind the damage is given first; then the damage is told.
        let told = core.describe(error, segment, offset, after: passed)
        guard case .corrupt = error,
          let next = segment.nextFrame(behind: offset, limit: limit, after: passed)
        else { throw told }
        if next.first != passed + 1 {
          damage = told
          frames.removeAll()
        }
        offset = next.offset
      }
    }
    if frames.isEmpty, let damage { throw damage }
  }
}
