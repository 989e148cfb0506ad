/// Where a copy ends, if it does not go to the end of its source.
struct CopyCut {
  /// How many segments are copied whole.
  var wholePieces: Int
  /// The end of the segment behind them; nil if the copy has nothing of it.
  var partial: Partial?
  /// The last position of the copy.
  var position: UInt64
  /// The position that was asked for, where it was not the end of an append.
  var roundedFrom: UInt64?

  /// A segment of which only the beginning is copied.
  struct Partial {
    /// What stands before the last frame.
    var sum: SegmentSum
    /// The bytes of the last frame, if it is one that is cut; empty otherwise.
    var frame: [UInt8] = []
  }

  /// Where a copy of `source` ends that goes to `end`; nil if it goes to the source's end.
  ///
  /// Costs the reading of one segment, and by time of those that have no footer.
  static func find(_ end: CopyEnd?, in source: CopySource) throws(LogError) -> CopyCut? {
    let position: UInt64
    switch end {
    case nil: return nil
    case .position(let asked):
      position = asked.rawValue
      guard position <= source.lastPosition else {
        throw .positionBeyondHead(requested: asked, head: Position(source.lastPosition))
      }
    case .time(let time):
      guard let first = try firstEvent(laterThan: time.microseconds, source) else { return nil }
      position = first - 1
    }
    if position >= source.lastPosition { return nil }
    guard let index = source.pieces.firstIndex(where: { $0.sum.lastPosition > position }) else {
      return nil
    }
    let cut = try cut(source, index, position)
    try checkNothingLeft(source, cut)
    return cut
  }

  /// Fails if compaction has removed what stood before the copy's end by a rule that came later:
  /// the copy would neither have the events nor the rule that says where they are.
  private static func checkNothingLeft(
    _ source: CopySource,
    _ cut: CopyCut
  ) throws(LogError) {
    let before = cut.wholePieces > 0 ? source.pieces[cut.wholePieces - 1].sum.lastRecord : 0
    let record = cut.partial?.sum.lastRecord ?? before
    if source.pieces.last?.sum.lastRecord ?? 0 <= record { return }
    let count = cut.wholePieces + (cut.partial == nil ? 0 : 1)
    let rules = source.core.retention.current
    for piece in source.pieces.prefix(count) where piece.segment.isRewritten {
      var stream = try stream(piece, source)
      while let header = try stream.next() {
        let found =
          header.knownKind == .control
          ? removed(stream.frame, piece.segment.base, after: record)
          : stream.events(header).flatMap { emptied($0, stream.content, rules, after: record) }
        if let found, found <= cut.position {
          throw .removedSince(position: Position(found), end: Position(cut.position))
        }
      }
    }
  }

  /// The first position in a frame of removal that a rule behind `record` removed.
  private static func removed(
    _ bytes: Span<UInt8>,
    _ base: SegmentBase,
    after record: UInt64
  ) -> UInt64? {
    guard let frame = ControlFrame.decode(bytes, at: 0, byteCount: bytes.count, base),
      frame.subject == .removal,
      let removal = Removal.decode(
        bytes.extracting(frame.contentOffset..<frame.contentEnd),
        base: base.position
      )
    else { return nil }
    return removal.groups.filter { $0.record > record }.compactMap(\.runs.first?.lowerBound).min()
  }

  /// The first position in a frame of events whose payload a rule behind `record` may have taken:
  /// redacted, or hidden and kept for the sake of an idempotency key.
  private static func emptied(
    _ frame: EventsFrame,
    _ bytes: Span<UInt8>,
    _ rules: RetentionRules?,
    after record: UInt64
  ) -> UInt64? {
    for event in 0..<frame.eventCount where frame.payloadLengths.value(event, in: bytes) == 0 {
      let position = frame.position(event, bytes)
      let redaction = rules?.single(position)?.redactRecord ?? 0
      if redaction > record || frame.keysEnd != 0 { return position }
    }
    return nil
  }

  /// The first position whose event is later than `time`; nil if there is none.
  private static func firstEvent(
    laterThan time: Int64,
    _ source: CopySource
  ) throws(LogError) -> UInt64? {
    for piece in source.pieces {
      if let footer = piece.segment.footer, footer.header.end == UInt64(piece.sum.end),
        footer.header.eventCount == 0 || footer.header.greatestTime <= time
      {
        continue
      }
      var stream = try stream(piece, source)
      while let header = try stream.next() {
        guard let frame = stream.events(header) else { continue }
        for event in 0..<frame.eventCount where frame.time(event, stream.content) > time {
          return frame.position(event, stream.content)
        }
      }
    }
    return nil
  }

  private static func stream(
    _ piece: CopySource.Piece,
    _ source: CopySource
  ) throws(LogError) -> FrameStream {
    let name = StoreFile.segment(piece.segment.id)
    return FrameStream(
      piece.segment,
      try source.files.log.openFile(name, .readOnly),
      from: Segment.firstFrame,
      limit: piece.sum.end
    )
  }

  /// The last whole append at or before `position`, which the segment `index` reaches beyond.
  private static func cut(
    _ source: CopySource,
    _ index: Int,
    _ position: UInt64
  ) throws(LogError) -> CopyCut {
    let piece = source.pieces[index]
    let segment = piece.segment
    let before = index > 0 ? source.pieces[index - 1].sum : nil
    var sum = SegmentSum(
      lastPosition: segment.base.position - 1,
      lastRecord: segment.baseRecord,
      keySequence: before?.keySequence ?? 0
    )
    var cut = CopyCut(wholePieces: index, partial: nil, position: position)
    var stream = try stream(piece, source)
    while let header = try stream.next() {
      if let frame = stream.events(header), frame.lastPosition(stream.content) > position {
        let (appends, events) = FramePrefix.appends(of: frame, through: position, stream.content)
        // The event at the position belongs to an append that goes on: all of it is left out.
        let next = frame.position(events, stream.content)
        if next <= position {
          cut.position = next - 1
          cut.roundedFrom = position
        }
        if appends > 0 {
          guard
            let prefix = FramePrefix.encode(
              frame,
              stream.content,
              appends: appends,
              events: events,
              at: sum.end,
              segment.base,
              FrameChecksum(salt: segment.salt)
            )
          else {
            throw .corrupt(
              Corruption(file: segment.name, offset: sum.end, .malformed(.eventsFrame))
            )
          }
          cut.partial = Partial(sum: sum, frame: prefix.bytes.array)
        } else if sum.end > Segment.firstFrame {
          cut.partial = Partial(sum: sum)
        }
        return cut
      }
      guard sum.take(header, stream.frame, segment.base) else { break }
    }
    if segment.isRewritten, stream.offset == piece.sum.end {
      // What stood behind the position left with compaction.
      cut.partial = Partial(sum: sum)
      return cut
    }
    throw .corrupt(
      Corruption(
        file: segment.name,
        offset: sum.end,
        .discontinuity(expected: sum.lastPosition + 1, found: 0)
      )
    )
  }
}
