extension EventCursor {
  /// Begins with the places that were found.
  mutating func enterPostings() {
    let count = decoder.memory.postings.value.parts.count
    if count == 0 { return }
    partIndex = isReversed ? 0 : count - 1
    enterSegment()
  }

  /// Begins with the places in the segment at `partIndex`.
  private mutating func enterSegment() {
    let segment = decoder.memory.postings.value.parts[partIndex].segment
    places = decoder.memory.postings.value.parts[partIndex].places
    ordinalIndex = isReversed ? places.upperBound - 1 : places.lowerBound
    keyBase = segment.base.position
    keyLimit = nil
    decoder.enter(segment)
    isLoaded = false
  }

  mutating func advanceByKey() throws(LogError) -> Int? {
    while places.contains(ordinalIndex) || enterNextSegment() {
      if filter.isOfAggregate, unindexed.isEmpty, passed == nil {
        if !decoder.memory.window.value.covers(placeNumber + 1) {
          fillWindow(from: placeNumber + 1, ordinalIndex)
        }
        if let known = placeAhead() { return known.event.index }
      }
      let place = ordinalIndex
      ordinalIndex += isReversed ? -1 : 1
      placeNumber += 1
      let position = keyBase + UInt64(decoder.memory.postings.value.ordinals[place])
      if position > through || position <= after { continue }
      if let passed, passed.first.rawValue <= position, position <= passed.last.rawValue {
        continue
      }
      if !isLoaded || position < decoder.frame.firstPosition || position >= nextPosition {
        try loadFrameInTurn(of: position, place)
      }
      guard let index = decoder.frame.index(of: position, decoder.bytes), isAsked(index) else {
        // What the footer led to is not the key's event: it is not this segment's footer.
        let segment = decoder.memory.postings.value.parts[partIndex].segment
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

  /// The next place in the entered segment, if all that is to be asked about it was asked when it
  /// was looked at in advance; its frame is loaded then.
  @inline(__always)
  mutating func placeAhead() -> FrameSlots.Place? {
    if !unindexed.isEmpty || passed != nil { return nil }
    let number = decoder.memory.window.value.index(placeNumber &+ 1)
    guard let position = decoder.positionAhead(number), position > after, position <= through else {
      return nil
    }
    ordinalIndex &+= isReversed ? -1 : 1
    placeNumber &+= 1
    // Loaded for this event alone.
    isLoaded = false
    return decoder.loadAhead(number)
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
      if let lastVersion, filter.isOfAggregate {
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

  mutating func noteUnindexed(_ request: borrowing ReadRequest) {
    let isByVersion = request.aggregate != nil
    var found = (core.damages + decoder.memory.postings.value.doubts).filter { damage in
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

  /// Begins with the places in the next segment that has some; false when all have been visited.
  private mutating func enterNextSegment() -> Bool {
    partIndex += isReversed ? 1 : -1
    guard decoder.memory.postings.value.parts.indices.contains(partIndex) else {
      // Asking again gives nothing again.
      decoder.memory.postings.value.removeAll()
      places = 0..<0
      return false
    }
    enterSegment()
    return true
  }

  /// Loads the frame that holds `position`, which is that of the ordinal at `place`.
  private mutating func loadFrame(of position: UInt64, _ place: Int) throws(LogError) {
    if !decoder.memory.window.value.covers(placeNumber) { fillWindow(from: placeNumber, place) }
    isLoaded = false
    do throws(LogError) {
      try loadFrame(
        of: position,
        from: decoder.memory.window.value.offset(placeNumber),
        ahead: decoder.memory.window.value.index(placeNumber)
      )
    } catch {
      try loadFrameSlowly(of: position)
    }
    isLoaded = true
  }

  /// Has the places from `place` on, which is number `number`, looked at in advance.
  private mutating func fillWindow(from number: Int, _ place: Int) {
    decoder.memory.window.value.fill(
      from: number,
      decoder.memory.postings.value,
      partIndex,
      place,
      isReversed,
      isOfAggregate: filter.isOfAggregate,
      core,
      decoder
    )
    // The frame may have been one of those that were looked at before.
    isLoaded = false
  }

  /// Loads the first frame from `offset` on that ends at or behind `position`.
  private mutating func loadFrame(
    of position: UInt64,
    from offset: Int,
    ahead: Int = -1
  ) throws(LogError) {
    let limit =
      keyLimit ?? decoder.memory.postings.value.parts[partIndex].segment.limit
    keyLimit = limit
    var next = offset
    repeat {
      let loaded = try decoder.load(at: next, limit: limit, ahead: ahead)
      next = loaded.end
      nextPosition = loaded.isEvents ? decoder.frame.lastPosition(decoder.bytes) + 1 : 0
    } while nextPosition <= position
  }

  /// As `loadFrame`, where a frame on the way is damaged, or the one looked for is: tells which,
  /// once.
  private mutating func loadFrameSlowly(of position: UInt64) throws(LogError) {
    let segment = decoder.memory.postings.value.parts[partIndex].segment
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
    if filter.isOfAggregate { return decoder.isEventOfKey(index) }
    if let tag = filter.tag {
      let event = unsafe EventView(unretained: &decoder, index)
      return event.hasTag(tag.span)
    }
    return true
  }
}
