// Looking at frames in advance: several events of a key stand in as many frames, and the processor
// fetches what they are read from side by side.
//
// Step by step for all of them: what one step asks the processor for has come when the next one
// reads it.

extension FrameDecoder {
  /// Forgets what was looked for in advance.
  func beginAhead() {
    annex.slots.removeAll()
    // The loaded frame may be one of theirs.
    annex.leaveFrame()
  }

  /// Has the events with the `ordinals` of `segment` looked for, in the frames at `offsets` or
  /// shortly behind; the segment must be kept by whoever asks until the next call of `beginAhead`.
  ///
  /// - Parameter isReversed: whether the last of the ordinals stands at the first of the offsets.
  func expect(
    _ ordinals: Span<UInt32>,
    at offsets: Span<Int>,
    _ segment: Segment,
    isReversed: Bool
  ) {
    // In guarded mode the mapping must not be touched.
    if isGuarded { return }
    let base = segment.base.position
    for step in offsets.indices {
      let ordinal = ordinals[isReversed ? ordinals.count &- 1 &- step : step]
      let place = unsafe FrameSlots.Place(
        segment: .passUnretained(segment),
        offset: offsets[step],
        position: base &+ UInt64(ordinal)
      )
      annex.slots.append(place)
      segment.prefetch(offsets[step])
    }
  }

  /// Looks for the events in advance: reads their frames, and has the processor fetch what they
  /// will be read from themselves.
  ///
  /// Believes nothing: a frame is verified when it is loaded.
  ///
  /// - Parameter isOfAggregate: whether they should be of the aggregate that was noted; those that
  ///   are, in frames that are verified, are loaded by `loadAhead` without another question.
  func lookAhead(isOfAggregate: Bool) {
    // What was not read before the system reads for all of them at a time.
    for number in 0..<annex.slots.count {
      let place = annex.slots[place: number]
      unsafe place.segment._withUnsafeGuaranteedRef { $0.startReading(place.offset) }
    }
    beginFrames()
    findEvents()
    if isOfAggregate { confirmAhead() }
  }

  /// Reads how the frames begin, and has the processor fetch where their columns are told of.
  private func beginFrames() {
    // The last frame that was begun.
    var last = (slot: 0, offset: -1, segment: SegmentID(0))
    for number in 0..<annex.slots.count {
      let place = annex.slots[place: number]
      unsafe place.segment._withUnsafeGuaranteedRef { segment in
        // Of several events in one frame the first one's is for all.
        if last.offset != place.offset || last.segment != segment.id {
          last = (number, place.offset, segment.id)
          if !Self.begin(&annex.slots[number], at: place.offset, segment) {
            annex.slots[number].start = 0
          }
        }
        annex.slots[place: number].slot = last.slot
      }
    }
  }

  @inline(__always)
  private static func begin(
    _ frame: inout EventsFrame,
    at offset: Int,
    _ segment: Segment
  ) -> Bool {
    let mapped = unsafe segment.mapping.buffer
    let bytes = unsafe Span<UInt8>(_unsafeBytes: mapped)
    guard
      case .frame(let header) = FrameHeader.probe(bytes, at: offset, limit: bytes.count),
      header.knownKind == .events
    else { return false }
    if header.byteCount > Segment.firstReadBytes {
      segment.startReading(offset, byteCount: header.byteCount)
    }
    guard frame.readStart(bytes, at: offset, byteCount: header.byteCount, segment.base) else {
      return false
    }
    frame.forEachGap { unsafe Prefetch.fetch(mapped, $0) }
    return true
  }

  /// Reads the rest of the frames, finds the events in them, and has the processor fetch their ids
  /// and payloads.
  private func findEvents() {
    for number in 0..<annex.slots.count {
      let place = annex.slots[place: number]
      if annex.slots[place.slot].start == 0 { continue }
      let mapped = unsafe place.segment._withUnsafeGuaranteedRef { unsafe $0.mapping.buffer }
      let bytes = unsafe Span<UInt8>(_unsafeBytes: mapped)
      if place.slot == number, !annex.slots[number].readColumns(bytes) {
        annex.slots[number].start = 0
        continue
      }
      guard let event = annex.slots.find(place.position, in: place.slot, bytes) else { continue }
      annex.slots[place: number].event = event
      annex.slots[place: number].isFound = true
      unsafe Prefetch.fetch(mapped, event.id)
      let count = min(event.payloadCount, Self.fetchedBytesMax)
      unsafe Prefetch.fetch(mapped, event.payload, byteCount: count)
    }
  }

  /// Finds out which of the events that were found are the noted aggregate's, in frames that are
  /// verified.
  private func confirmAhead() {
    for number in 0..<annex.slots.count {
      let place = annex.slots[place: number]
      if !place.isFound { continue }
      let event = place.event
      unsafe place.segment._withUnsafeGuaranteedRef { segment in
        // What an event has beyond its content is read when its frame is loaded.
        guard annex.slots[place.slot].extrasEnd == 0, segment.isVerified(place.offset) else {
          return
        }
        let bytes = unsafe Span<UInt8>(_unsafeBytes: segment.mapping.buffer)
        let count = annex.slots[place.slot].idLengths.value(event.row, in: bytes)
        if isKey(bytes, event.id, Int(truncatingIfNeeded: count)) {
          annex.slots[place: number].isReady = true
        }
      }
    }
  }

  /// The slot of the frame that was looked at for place `number`, if it begins at `offset`.
  func slotAhead(_ number: Int, at offset: Int) -> Int? {
    guard number >= 0, number < annex.slots.count else { return nil }
    let slot = annex.slots[place: number].slot
    return annex.slots[slot].start == offset ? slot : nil
  }

  /// Of a longer payload the processor fetches the rest by itself, once it is read in order.
  private static var fetchedBytesMax: Int { 512 }
}
