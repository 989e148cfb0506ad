/// The index of a segment that has no footer yet: for each event the one before it of the same key.
///
/// Three bytes an event for its aggregate, eight for each tag and idempotency key, and eight for
/// every eighth frame, or sixteenth event if that comes first. Guarded by the lock of the
/// `KeyIndex` that owns it.
package struct SegmentChains: Sendable {
  /// What a link leads to.
  package enum Link: Equatable, Sendable {
    /// The chain entry before.
    case entry(Int)
    /// The chain begins here; the key's events before stand in that segment, or nowhere if 0.
    case segment(SegmentID)
    /// The chain begins here; where the key stands before has not been looked up.
    case unknown
  }

  /// How many frames one sample stands for at most.
  package static let framesPerSample = 8
  /// … and how many events, if they are more than one frame's.
  package static let eventsPerSample: UInt32 = 16

  /// Where a frame begins, and the position of its first event.
  package struct Sample: BitwiseCopyable, Sendable {
    package var ordinal: UInt32
    package var units: UInt32

    package init(ordinal: UInt32, units: UInt32) {
      self.ordinal = ordinal
      self.units = units
    }

    /// The sample that a footer has as `word`.
    @inline(__always)
    package init(_ word: UInt64) {
      ordinal = UInt32(truncatingIfNeeded: word)
      units = UInt32(truncatingIfNeeded: word >> 32)
    }
  }

  package let segment: SegmentID
  /// The position that ordinal 0 stands for.
  package let basePosition: UInt64
  /// 24 bits each: an ordinal, or a segment id with the top bit set.
  private var previous: [UInt8] = []
  private var extraOrdinals: [UInt32] = []
  private var extraPrevious: [UInt32] = []
  package private(set) var samples: [Sample] = []
  private var frameCount = 0

  private static let endBit: UInt32 = 0x80_0000
  private static let unknownEnd: UInt32 = 0xff_ffff
  private static let extraEndBit: UInt32 = 0x8000_0000
  private static let extraUnknownEnd: UInt32 = 0xffff_ffff

  /// An empty index of `segment`, with room for `events`.
  package init(segment: SegmentID, basePosition: UInt64, expecting events: Int = 0) {
    self.segment = segment
    self.basePosition = basePosition
    previous.reserveCapacity(events * 3)
  }

  /// The number of events.
  package var count: Int { previous.count / 3 }

  /// The bytes of memory taken; what is reserved takes none until it is touched.
  package var byteCount: Int {
    previous.count + extraOrdinals.count * 8 + samples.count * 8
  }

  /// Adds the next event and returns its chain entry, which is its ordinal.
  @inline(__always)
  package mutating func append(_ link: Link) -> Int {
    let ordinal = previous.count / 3
    let raw = Self.raw(link)
    reserve(1)
    previous.append(UInt8(truncatingIfNeeded: raw))
    previous.append(UInt8(truncatingIfNeeded: raw >> 8))
    previous.append(UInt8(truncatingIfNeeded: raw >> 16))
    return ordinal
  }

  /// Adds the events of a batch, `count` of them, and returns the entry of the first.
  ///
  /// - Parameters:
  ///   - row: the row of an event, by its index in the batch.
  ///   - heads: for each row what its next event links to, as a raw link; afterwards its newest.
  @inline(__always)
  package mutating func append(
    _ count: Int,
    heads: inout [UInt32],
    row: (Int) -> Int
  ) -> Int {
    let first = previous.count / 3
    reserve(count)
    previous.extend(by: count * 3, 0)
    var links = previous.mutableSpan
    var newest = heads.mutableSpan
    for index in 0..<count {
      let row = row(index)
      let raw = newest[row]
      let at = (first &+ index) &* 3
      links[at] = UInt8(truncatingIfNeeded: raw)
      links[at &+ 1] = UInt8(truncatingIfNeeded: raw >> 8)
      links[at &+ 2] = UInt8(truncatingIfNeeded: raw >> 16)
      newest[row] = UInt32(truncatingIfNeeded: first &+ index)
    }
    return first
  }

  /// A link in the 24 bits it is kept in.
  @inline(__always)
  package static func raw(_ link: Link) -> UInt32 {
    switch link {
    case .entry(let entry): UInt32(truncatingIfNeeded: entry)
    case .segment(let id): endBit | min(id, unknownEnd & ~endBit)
    case .unknown: unknownEnd
    }
  }

  /// Makes room for `count` more events.
  @inline(__always)
  private mutating func reserve(_ count: Int) {
    let needed = previous.count + count * 3
    // Never by half, as arrays grow of themselves: an eighth more than is needed is enough.
    if needed > previous.capacity {
      previous.reserveCapacity(needed + max(4096, previous.count / 8))
    }
  }

  /// Adds places for events that compaction removed, so that entries keep being ordinals.
  package mutating func pad(to ordinal: Int) {
    while count < ordinal { _ = append(.unknown) }
  }

  /// Goes on behind a damaged frame, with the event `ordinal` in the frame at `offset`.
  package mutating func resume(at ordinal: Int, offset: Int) {
    pad(to: ordinal)
    noteFrame(ordinal: ordinal, offset: offset, isForced: true)
  }

  /// Adds an entry for a tag or an idempotency key of event `ordinal`.
  package mutating func appendExtra(ordinal: Int, _ link: Link) -> Int {
    extraOrdinals.append(UInt32(ordinal))
    let raw: UInt32 =
      switch link {
      case .entry(let entry): UInt32(truncatingIfNeeded: entry)
      case .segment(let id): Self.extraEndBit | id
      case .unknown: Self.extraUnknownEnd
      }
    extraPrevious.append(raw)
    return extraOrdinals.count - 1
  }

  /// What stands before the event `ordinal` of the same aggregate.
  @inline(__always)
  package func link(_ ordinal: Int) -> Link {
    let at = ordinal * 3
    let raw =
      UInt32(previous[at]) | UInt32(previous[at + 1]) << 8 | UInt32(previous[at + 2]) << 16
    if raw & Self.endBit == 0 { return .entry(Int(raw)) }
    return raw == Self.unknownEnd ? .unknown : .segment(raw & ~Self.endBit)
  }

  /// What stands before the tag or key entry `entry`.
  package func extraLink(_ entry: Int) -> Link {
    let raw = extraPrevious[entry]
    if raw & Self.extraEndBit == 0 { return .entry(Int(raw)) }
    return raw == Self.extraUnknownEnd ? .unknown : .segment(raw & ~Self.extraEndBit)
  }

  /// The event that the tag or key entry `entry` is of.
  package func extraOrdinal(_ entry: Int) -> Int { Int(extraOrdinals[entry]) }

  /// Notes that a frame whose first event is `ordinal` begins at `offset`.
  ///
  /// - Parameter isForced: also when no sample is due, because the frame before can not be passed.
  package mutating func noteFrame(ordinal: Int, offset: Int, isForced: Bool = false) {
    let isDue =
      frameCount >= Self.framesPerSample
      || samples.last.map { UInt32(ordinal) - $0.ordinal >= Self.eventsPerSample } ?? true
    if isForced || isDue {
      frameCount = 0
      samples.append(
        Sample(ordinal: UInt32(ordinal), units: UInt32(offset / FrameHeader.unit))
      )
    }
    frameCount += 1
  }

  /// The last sample at or before the frame that holds `ordinal`, if there is one.
  package func frameSample(before ordinal: Int) -> Sample? {
    let spread = SampleSpread(count: samples.count, of: count)
    let found = Self.count(of: samples.span, before: ordinal, spread)
    return found == 0 ? nil : samples[found - 1]
  }

  /// The number of `samples` at or before the frame that holds `ordinal`.
  private static func count(
    of samples: Span<Sample>,
    before ordinal: Int,
    _ spread: SampleSpread
  ) -> Int {
    var search = SampleSearch(for: ordinal, spread)
    while let probe = search.probe { search.narrow(Int(samples[probe].ordinal)) }
    return search.found
  }

  /// Appends for each ordinal, counted from `first` events before ordinal 0, the offset of a frame
  /// that begins at or before the one that holds it; the segment's first frame's if there is none.
  ///
  /// - Parameters:
  ///   - samples: those of the index that is asked, by themselves: handed over whole it would be
  ///     copied.
  ///   - count: the number of its events.
  package static func appendFrameOffsets(
    _ ordinals: Span<UInt32>,
    _ samples: [Sample],
    of count: Int,
    first: Int,
    to offsets: inout [Int]
  ) {
    let spread = SampleSpread(count: samples.count, of: count)
    // Neighbours often have a sample in common.
    var known = (ordinals: 0..<0, offset: Segment.firstFrame)
    for index in ordinals.indices {
      let ordinal = Int(ordinals[index]) - first
      if !known.ordinals.contains(ordinal) {
        let found = ordinal < 0 ? 0 : Self.count(of: samples.span, before: ordinal, spread)
        if found == 0 {
          offsets.append(Segment.firstFrame)
          continue
        }
        let sample = samples[found - 1]
        let end = found < samples.count ? Int(samples[found].ordinal) : .max
        known = (Int(sample.ordinal)..<end, Int(sample.units) * FrameHeader.unit)
      }
      offsets.append(known.offset)
    }
  }

  /// Takes back the last events, down to `count`, and the extra entries down to `extraCount`.
  package mutating func removeLast(downTo count: Int, extraCount: Int) {
    previous.removeLast(previous.count - count * 3)
    extraOrdinals.removeLast(extraOrdinals.count - extraCount)
    extraPrevious.removeLast(extraPrevious.count - extraCount)
  }

  /// The number of tag and key entries.
  package var extraCount: Int { extraOrdinals.count }
}
