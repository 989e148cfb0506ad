/// Shows how an open log is stored: segments, frames, checkpoints, memory.
///
/// For people and tools that want to see, and for nothing else: it changes nothing, and what it
/// gives is a picture of one moment. Reads through the log's mappings; a damaged frame is an error
/// or, where frames are listed, a frame of its own kind.
public struct LogInspector: Sendable {
  private let core: LogCore
  private let view: LogView

  /// Looks at `log` as it is now.
  public init(_ log: EventLog) {
    core = log.core
    view = log.core.currentView
  }

  /// One segment of the log.
  public struct SegmentDetails: Hashable, Sendable {
    /// The number of the segment, which is its file's name.
    public let id: UInt32
    /// The file, relative to the store.
    public let file: String
    /// The first position the segment may hold.
    public let basePosition: Position
    /// The last position it holds; one less than the first if it holds none.
    public let lastPosition: Position
    /// The events in it, where that is known without reading it: retention may have removed some.
    public let events: Int
    /// The different aggregates in it; nil where no footer says so.
    public let aggregates: Int?
    /// The size of the file.
    public let fileBytes: Int
    /// The bytes up to the end of the last frame.
    public let usedBytes: Int
    /// Whether it is final.
    public let isSealed: Bool
    /// What there is of its footer.
    public let footer: FooterState
    /// The bytes that compaction would keep; nil where no footer says so.
    public let liveBytes: Int?
    /// The least and the greatest time of its events; nil where no footer says so.
    public let times: ClosedRange<Timestamp>?
    /// The index checkpoint that answers for it, by its generation; nil if its own footer does.
    public let checkpoint: UInt64?
  }

  /// What there is of a segment's footer.
  public enum FooterState: Hashable, Sendable {
    /// There is none: the index in memory answers.
    case none
    /// It covers the segment.
    case whole
    /// It covers what the segment held when it was made, at the last close or since, up to this
    /// position.
    case partial(through: Position)
    /// The file is missing or damaged; it was made anew in memory.
    case rebuilt
  }

  /// One index checkpoint.
  public struct CheckpointDetails: Hashable, Sendable {
    /// Its generation, which is in its file's name.
    public let generation: UInt64
    /// The file, relative to the store.
    public let file: String
    /// The oldest segment it answers for.
    public let firstSegment: UInt32
    /// The newest segment it answers for.
    public let lastSegment: UInt32
    /// The keys in it: aggregates, tags and idempotency keys.
    public let keys: Int
    /// The size of the file.
    public let fileBytes: Int
  }

  /// What the index takes of memory that no file backs.
  public struct IndexMemory: Hashable, Sendable {
    /// The keys in memory.
    public let keys: Int
    /// The bytes of the table of keys.
    public let keyTableBytes: Int
    /// Keys of segments without footer that have since got newer events, counted for each segment;
    /// they leave with its footer.
    public let movedKeys: Int
    /// The bytes of their tables.
    public let movedKeyBytes: Int
    /// The bytes of the chains of events in segments without footer.
    public let chainBytes: Int
    /// The events in these segments.
    public let chainedEvents: Int
  }

  /// The segments, in log order.
  public var segments: [SegmentDetails] {
    let last = core.writtenThrough
    return view.segments.indices.map { index in
      let next = index + 1 < view.segments.count ? view.segments[index + 1] : nil
      return details(view.segments[index], last: next.map { $0.base.position - 1 } ?? last)
    }
  }

  /// The index checkpoints, newest first.
  public var checkpoints: [CheckpointDetails] {
    view.directory.runs.compactMap { run in
      guard case .checkpoint(let checkpoint) = run else { return nil }
      return CheckpointDetails(
        generation: checkpoint.header.generation,
        file: checkpoint.name,
        firstSegment: checkpoint.header.firstSegment,
        lastSegment: checkpoint.header.lastSegment,
        keys: checkpoint.keys.count,
        fileBytes: checkpoint.fileBytes
      )
    }
  }

  /// What the index takes of memory.
  public var indexMemory: IndexMemory {
    core.index.withState { state in
      IndexMemory(
        keys: state.table.count,
        keyTableBytes: state.table.byteCount,
        movedKeys: state.heads.reduce(0) { $0 + $1.count },
        movedKeyBytes: state.heads.reduce(0) { $0 + $1.byteCount },
        chainBytes: state.chains.reduce(0) { $0 + $1.byteCount },
        chainedEvents: state.chains.reduce(0) { $0 + $1.count }
      )
    }
  }

  private func details(_ segment: Segment, last: UInt64) -> SegmentDetails {
    let state = segment.current
    let footer = state.footer?.header
    let isWhole = state.entry.isSealed && footer?.end == state.entry.end
    let position = state.entry.isSealed ? state.entry.lastPosition : last
    var footerState = FooterState.none
    if let footer {
      footerState =
        state.isFooterRebuilt
        ? .rebuilt : isWhole ? .whole : .partial(through: Position(footer.lastPosition))
    }
    var times: ClosedRange<Timestamp>?
    if isWhole, let footer, footer.leastTime <= footer.greatestTime {
      times =
        Timestamp(
          microseconds: footer.leastTime
        )...Timestamp(microseconds: footer.greatestTime)
    }
    let span = Int(clamping: position - min(position, segment.base.position - 1))
    return SegmentDetails(
      id: segment.id,
      file: segment.name,
      basePosition: Position(segment.base.position),
      lastPosition: Position(position),
      events: isWhole ? Int(clamping: footer?.eventCount ?? 0) : span,
      aggregates: isWhole ? footer.map { Int(clamping: $0.aggregateCount) } : nil,
      fileBytes: segment.mapping.count,
      usedBytes: usedBytes(segment, state.entry),
      isSealed: state.entry.isSealed,
      footer: footerState,
      liveBytes: isWhole ? footer.map { Int(clamping: $0.liveBytes) } : nil,
      times: times,
      checkpoint: checkpointCovering(segment.id)
    )
  }

  private func checkpointCovering(_ id: SegmentID) -> UInt64? {
    for run in view.directory.runs {
      if case .checkpoint(let checkpoint) = run,
        view.covered(by: checkpoint).contains(view.order(of: id))
      {
        return checkpoint.header.generation
      }
    }
    return nil
  }

  private func usedBytes(_ segment: Segment, _ entry: SegmentList.Entry) -> Int {
    if entry.isSealed { return Int(clamping: entry.end) }
    var walk = FrameWalk(segment, core: core)
    while let frame = walk.next() {
      if case .damaged = frame.kind { break }
    }
    return walk.offset
  }
}

// MARK: Frames

extension LogInspector {
  /// One frame, or a stretch of bytes where none can be read.
  public struct FrameDetails: Equatable, Sendable {
    /// Where it begins in the segment's file.
    public let offset: Int
    /// Its length.
    public let bytes: Int
    /// What it is.
    public let kind: Kind
    /// The position of its first event, or the one the next event takes.
    public let firstPosition: Position
    /// The number of its events.
    public let events: Int
    /// The number of aggregates in it.
    public let aggregates: Int
    /// The number of appends that share it.
    public let appends: Int
    /// Up to this offset everything was durable when it was written.
    public let durableBefore: Int

    /// What a frame can be.
    public enum Kind: Equatable, Sendable {
      /// One event in the short form.
      case event
      /// A commit group.
      case events
      /// A commit group, or several, stored compressed.
      case compressed
      /// Names of event types.
      case types
      /// A rule of retention.
      case retention
      /// What compaction or salvage left out of the segment.
      case removal
      /// A frame of a kind this version passes over.
      case unknown
      /// Bytes that do not verify.
      case damaged(LogError)
    }
  }

  /// The frames of the segment `id`, in order, damaged ones included; empty if there is none.
  ///
  /// - Parameters:
  ///   - id: the number of the segment.
  ///   - limit: at most this many.
  /// - Returns: the frames.
  public func frames(of id: UInt32, limit: Int = .max) -> [FrameDetails] {
    guard let segment = view.segment(id) else { return [] }
    var walk = FrameWalk(segment, core: core)
    var frames: [FrameDetails] = []
    while frames.count < limit, let frame = walk.next() { frames.append(frame) }
    return frames
  }
}

/// Walks the published frames of a segment.
private struct FrameWalk {
  let segment: Segment
  let limit: Int
  let through: UInt64
  let isSealed: Bool
  var offset = Segment.firstFrame
  var position: UInt64
  let content = FrameContent()

  init(_ segment: Segment, core: LogCore) {
    let entry = segment.current.entry
    self.segment = segment
    isSealed = entry.isSealed
    limit =
      isSealed ? min(Int(clamping: entry.end), segment.mapping.count) : segment.mapping.count
    through = core.writtenThrough
    position = segment.base.position - 1
  }

  mutating func next() -> LogInspector.FrameDetails? {
    // Behind the published end of the segment in writing frames may be half there.
    guard offset < limit, isSealed || position < through else { return nil }
    do throws(LogError) {
      let header = try segment.frame(at: offset, limit: limit)
      let found = details(header)
      offset += header.byteCount
      return found
    } catch {
      let next = segment.resync(
        from: offset + FrameHeader.unit,
        limit: limit,
        after: position
      )
      let start = offset
      offset = next?.offset ?? limit
      return LogInspector.FrameDetails(
        offset: start,
        bytes: offset - start,
        kind: .damaged(error),
        firstPosition: Position(position + 1),
        events: 0,
        aggregates: 0,
        appends: 0,
        durableBefore: 0
      )
    }
  }

  private mutating func details(_ header: FrameHeader) -> LogInspector.FrameDetails {
    let durable = segment.durableEnd(at: offset, header)
    if let frame = content.events(segment, at: offset, header) {
      position = frame.lastPosition(content.bytes)
      return LogInspector.FrameDetails(
        offset: offset,
        bytes: header.byteCount,
        kind: header.knownKind == .compressedEvents ? .compressed : frame.isLone ? .event : .events,
        firstPosition: Position(frame.firstPosition),
        events: frame.eventCount,
        aggregates: frame.aggregateCount,
        appends: frame.appendCount,
        durableBefore: durable
      )
    }
    var kind = LogInspector.FrameDetails.Kind.unknown
    var first = position + 1
    if header.knownKind == .control,
      let frame = ControlFrame.decode(
        segment.bytes,
        at: offset,
        byteCount: header.byteCount,
        segment.base
      )
    {
      kind =
        switch frame.subject {
        case .types: .types
        case .retention: .retention
        case .removal: .removal
        case .watermark: .unknown
        }
      first = frame.nextPosition
    }
    return LogInspector.FrameDetails(
      offset: offset,
      bytes: header.byteCount,
      kind: kind,
      firstPosition: Position(first),
      events: 0,
      aggregates: 0,
      appends: 0,
      durableBefore: durable
    )
  }
}
