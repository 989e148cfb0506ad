/// Reads events one by one, where they stand.
///
/// Sees the log as it was when the cursor was made: neither appends nor compaction change what it
/// gives. Not for two threads at once. Costs no allocation an event.
public struct EventCursor: ~Copyable {
  private let core: LogCore
  private let view: LogView
  private var decoder: FrameDecoder
  private let filter: EventFilter
  /// The rules of retention; nil if there are none.
  private var retention: RetentionFilter?
  /// Whether every event passes, and as it is.
  private let isPlain: Bool
  private let through: UInt64
  private let after: UInt64
  private let isReversed: Bool
  private var remaining: Int
  private var isLoaded = false
  private var isFinished = false
  private var index = 0
  /// Walking forwards: the end of the loaded frame's events that are visible and asked for.
  private var readyEnd = 0
  // Walking: where the next frame stands.
  private var segmentIndex = 0
  private var offset = 0
  private var nextPosition: UInt64 = 0
  // Walking forwards: where the entered segment's frames end, and the first position behind it.
  // What the log does meanwhile moves neither for what this cursor sees.
  private var walkLimit = 0
  private var walkEnd: UInt64 = 0
  // Walking backwards: the frames before the one that is loaded.
  private var frames: [Int] = []
  /// The damage that stands before them.
  private var damage: LogError?
  // By key: the places still to be visited, those of one segment at a time.
  private let isByKey: Bool
  private var postings = Postings()
  private var partIndex = 0
  private var places = 0..<0
  private var ordinalIndex = 0
  private var keyBase: UInt64 = 0
  private var keyLimit = 0
  private var placeNumber = -1
  private var window = PlaceWindow()
  /// Damage whose events may be the key's, and that has not been passed yet, in reading order.
  private var unindexed: ArraySlice<Corruption> = []
  /// Damaged positions that were told of; places among them are not visited again.
  private var passed: PositionRange?
  /// The version given last, or the one the reading begins behind.
  private var lastVersion: UInt64?

  /// From how many events on reading ahead is worth the calls that begin it.
  private static let scanMin = 4096

  /// A cursor over `request`.
  package init(_ core: LogCore, _ request: ReadRequest) throws(LogError) {
    self.core = core
    let now = core.moment(request.visibility ?? core.options.visibility)
    let visible = request.pin.map { min($0.position.rawValue, now.visible) } ?? now.visible
    view = request.pin?.view ?? now.view
    var rules = request.pin == nil ? now.rules : request.pin?.rules
    if request.ignoresRetention { rules = nil }
    decoder = FrameDecoder(types: core.types, isGuarded: request.isGuarded)
    isReversed = request.isReversed
    remaining = request.limit
    let isByVersion = request.aggregate != nil
    through = isByVersion ? visible : min(visible, request.until)
    after = isByVersion ? 0 : request.after
    let tag = request.query.items.count == 1 ? request.query.items[0].tags.first : nil
    filter = EventFilter(request, tag: request.aggregate == nil ? tag : nil, core.types)
    isPlain = filter.isOpen && rules == nil
    isByKey = filter.aggregate != nil || filter.tag != nil
    if let rules {
      retention = try RetentionFilter(core, rules, request, visible: visible, view)
    }
    if let id = filter.aggregate {
      decoder.setKey(id.span)
      let hash = core.hasher.hash(id.span, .aggregate)
      setPostings(
        try core.postings(
          hash,
          view,
          afterVersion: max(request.after, retention?.own?.version ?? 0),
          throughVersion: request.until,
          isPinned: request.pin != nil
        )
      )
    } else if let tag = filter.tag {
      let hash = core.hasher.hash(tag.span, .tag)
      setPostings(
        try core.postings(
          hash,
          view,
          afterPosition: request.after,
          isPinned: request.pin != nil
        )
      )
    } else {
      try start()
    }
    if remaining <= 0 { isFinished = true }
    if isByKey, core.hasDamages { noteUnindexed(request) }
  }

  /// The next event; nil when there is none.
  ///
  /// - Throws: `.corrupt` with the place and the positions that can not be read; asked again, the
  ///   cursor reads on behind them, as does a new one that starts there.
  @_lifetime(&self)
  public mutating func next() throws(LogError) -> EventView? {
    if isFinished { return nil }
    while true {
      var found = index
      if found < readyEnd {
        index &+= 1
      } else {
        guard let next = try advance() else { break }
        found = next
      }
      if isPlain {
        remaining &-= 1
        if remaining == 0 { isFinished = true }
        // Made where it is returned: a copy of what was just written waits for the writes.
        return unsafe _overrideLifetime(EventView(unretained: &decoder, found), mutating: &self)
      }
      var event = unsafe EventView(unretained: &decoder, found)
      if !filter.isOpen, !filter.matches(event) { continue }
      if retention != nil, try isHidden(&event, found) { continue }
      remaining &-= 1
      if remaining == 0 { isFinished = true }
      return unsafe _overrideLifetime(event, mutating: &self)
    }
    isFinished = true
    return nil
  }

  /// Whether the rules of retention hide the event; takes its payload away if they want that.
  private mutating func isHidden(
    _ event: inout EventView,
    _ found: Int
  ) throws(LogError) -> Bool {
    let row = decoder.frame.aggregateIndex(found, decoder.bytes)
    let rowCount = decoder.frame.aggregateCount
    let (offset, segment) = (decoder.offset, decoder.segment?.id ?? 0)
    let isHidden = try retention?.hides(
      event,
      row: row,
      rowCount: rowCount,
      frame: offset,
      of: segment
    )
    if isHidden ?? false { return true }
    guard let retention, retention.redacts(event.position.rawValue) else { return false }
    event.redact()
    return retention.hidesRedacted
  }

  /// The index of the next event in the loaded frame, or the first of the next one.
  private mutating func advance() throws(LogError) -> Int? {
    if isByKey { return try advanceByKey() }
    return isReversed ? try advanceBackwards() : try advanceForwards()
  }
}

// MARK: Walking forwards

extension EventCursor {
  private mutating func start() throws(LogError) {
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

  private mutating func advanceForwards() throws(LogError) -> Int? {
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
      if wanted >= Self.scanMin { segment.startScan(offset) }
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
  private mutating func advanceBackwards() throws(LogError) -> Int? {
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

// MARK: By key

extension EventCursor {
  private mutating func setPostings(_ found: consuming Postings) {
    postings = found
    if postings.parts.isEmpty { return }
    partIndex = isReversed ? 0 : postings.parts.count - 1
    enterSegment()
  }

  /// Begins with the places in the segment at `partIndex`.
  private mutating func enterSegment() {
    let segment = postings.parts[partIndex].segment
    places = postings.parts[partIndex].places
    ordinalIndex = isReversed ? places.upperBound - 1 : places.lowerBound
    keyBase = segment.base.position
    keyLimit = segment.limit
    decoder.enter(segment)
    isLoaded = false
  }

  private mutating func advanceByKey() throws(LogError) -> Int? {
    while let place = nextPlace() {
      let position = keyBase + UInt64(postings.ordinals[place])
      if position > through || position <= after { continue }
      if let passed, passed.first.rawValue <= position, position <= passed.last.rawValue {
        continue
      }
      if !isLoaded || position < decoder.frame.firstPosition || position >= nextPosition {
        try loadFrameInTurn(of: position, place)
      }
      guard let index = decoder.frame.index(of: position, decoder.bytes), isAsked(index) else {
        // What the footer led to is not the key's event: it is not this segment's footer.
        let segment = postings.parts[partIndex].segment
        throw .corrupt(
          Corruption(file: segment.footer?.name ?? segment.name, offset: 0, .identity)
        )
      }
      if !unindexed.isEmpty { try tellUnindexed(before: index, at: position) }
      return index
    }
    if !unindexed.isEmpty { try tellUnindexed(nil, version: nil) }
    return nil
  }

  /// Loads the frame of a place; damage that stands between it and the place before is told first.
  private mutating func loadFrameInTurn(of position: UInt64, _ place: Int) throws(LogError) {
    do throws(LogError) {
      try loadFrame(of: position, place)
    } catch {
      let damage = error
      do throws(LogError) {
        try tellUnindexed(position, version: nil)
      } catch {
        ordinalIndex -= isReversed ? -1 : 1
        passed = nil
        throw error
      }
      throw damage
    }
  }

  /// As below, before the event at `index` is given; it is given by the next call then.
  private mutating func tellUnindexed(
    before index: Int,
    at position: UInt64
  ) throws(LogError) {
    let version = loadedVersion(index)
    do throws(LogError) {
      try tellUnindexed(position, version: version)
    } catch {
      ordinalIndex -= isReversed ? -1 : 1
      placeNumber -= 1
      throw error
    }
    lastVersion = version
  }

  private func loadedVersion(_ index: Int) -> UInt64 {
    let bytes = decoder.bytes
    let row = decoder.frame.aggregateIndex(index, bytes)
    return decoder.frame.version(index, aggregate: row, bytes)
  }

  /// Tells of each place with damaged events that is passed, once: a key's events are never passed
  /// over in silence.
  ///
  /// Not if the versions show that none is missing.
  private mutating func tellUnindexed(
    _ position: UInt64?,
    version: UInt64?
  ) throws(LogError) {
    while let damage = unindexed.first, let lost = damage.positions {
      let isPast =
        isReversed
        ? (position ?? 0) < lost.first.rawValue : (position ?? .max) > lost.last.rawValue
      if !isPast { return }
      unindexed.removeFirst()
      if let lastVersion, filter.aggregate != nil {
        if let version, isReversed ? version + 1 == lastVersion : version == lastVersion + 1 {
          continue
        }
        let isComplete =
          isReversed
          ? lastVersion == filter.minimumVersion + 1 : lastVersion == filter.maximumVersion
        if position == nil, isComplete { continue }
      }
      throw .corrupt(damage)
    }
  }

  private mutating func noteUnindexed(_ request: ReadRequest) {
    let isByVersion = request.aggregate != nil
    var found = (core.damages + postings.doubts).filter { damage in
      guard let lost = damage.positions else { return false }
      return lost.first.rawValue <= through
        && (isByVersion || request.after < lost.last.rawValue)
    }
    if found.isEmpty { return }
    found.sort { ($0.positions?.first ?? .start) < ($1.positions?.first ?? .start) }
    unindexed = ArraySlice(isReversed ? found.reversed() : found)
    if isByVersion, !isReversed { lastVersion = request.after }
    if isByVersion, isReversed, request.until != .max { lastVersion = request.until + 1 }
  }

  /// The index among the ordinals of the next place; nil when all have been visited.
  @inline(__always)
  private mutating func nextPlace() -> Int? {
    while true {
      if places.contains(ordinalIndex) {
        let place = ordinalIndex
        ordinalIndex += isReversed ? -1 : 1
        placeNumber += 1
        return place
      }
      partIndex += isReversed ? 1 : -1
      guard postings.parts.indices.contains(partIndex) else {
        // Asking again gives nothing again.
        postings = Postings()
        places = 0..<0
        return nil
      }
      enterSegment()
    }
  }

  /// Loads the frame that holds `position`, which is that of the ordinal at `place`.
  private mutating func loadFrame(of position: UInt64, _ place: Int) throws(LogError) {
    if !window.covers(placeNumber) {
      window.fill(from: placeNumber, postings, partIndex, place, isReversed, core, &decoder)
    }
    isLoaded = false
    do throws(LogError) {
      let found = window.frame(placeNumber)
      try loadFrame(of: position, from: found.offset, ahead: found.index)
    } catch {
      try loadFrameSlowly(of: position)
    }
    isLoaded = true
  }

  /// Loads the first frame from `offset` on that ends at or behind `position`.
  private mutating func loadFrame(
    of position: UInt64,
    from offset: Int,
    ahead: Int = -1
  ) throws(LogError) {
    var next = offset
    repeat {
      let loaded = try decoder.load(at: next, limit: keyLimit, ahead: ahead)
      next = loaded.end
      nextPosition = loaded.isEvents ? decoder.frame.lastPosition(decoder.bytes) + 1 : 0
    } while nextPosition <= position
  }

  /// As `loadFrame`, where a frame on the way is damaged, or the one looked for is: tells which,
  /// once.
  private mutating func loadFrameSlowly(of position: UInt64) throws(LogError) {
    let segment = postings.parts[partIndex].segment
    do throws(LogError) {
      let offset = try core.locate(position, in: segment)
      do throws(LogError) {
        try loadFrame(of: position, from: offset)
      } catch {
        throw core.describe(error, segment, offset, after: position - 1)
      }
    } catch {
      if case .corrupt(let corruption) = error { passed = corruption.positions }
      throw error
    }
  }

  /// Whether the event is one of the key that was looked up: its full text, not only its hash.
  private mutating func isAsked(_ index: Int) -> Bool {
    if filter.aggregate != nil { return decoder.isEventOfKey(index) }
    if let tag = filter.tag {
      let event = unsafe EventView(unretained: &decoder, index)
      return event.hasTag(tag.span)
    }
    return true
  }
}
