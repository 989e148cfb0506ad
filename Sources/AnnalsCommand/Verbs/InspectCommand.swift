internal import AnnalsLog
internal import ArgumentParser

/// `annals inspect`.
struct InspectCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows how a store is stored: segments, frames, footers.",
    discussion: """
      Without SEGMENT a line for each segment: its positions, events, the bytes of its file, those \
      in use and those that compaction would keep. A footer is whole, partial (it covers what was \
      there at the last close), rebuilt in memory, or none. With SEGMENT a line for each of its \
      frames, damaged ones included.

      --json prints one object: segments, events, aggregates (null where damage hides some), \
      bytes, lastPosition, list (an object for each segment) and checkpoints; with SEGMENT that \
      segment and its frames.

      Examples:
        annals inspect shop
        annals inspect shop 1
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: "The number of a segment, to see its frames.")
  var segment: UInt32?

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let log = try store.openForReading()
    let inspector = LogInspector(log)
    guard let segment else { return try show(inspector, log, streams) }
    guard let details = inspector.segments.first(where: { $0.id == segment }) else {
      throw CommandFailure(.notFound, "\(store.path) has no segment \(segment)")
    }
    try show(inspector.frames(of: segment), of: details, streams)
  }

  private func show(
    _ inspector: LogInspector,
    _ log: EventLog,
    _ streams: StandardStreams
  ) throws {
    let segments = inspector.segments
    if output.json {
      var writer = JSONWriter()
      writer.store(log, segments, inspector.checkpoints)
      return try streams.output.write(taking: &writer)
    }
    var table = Table([
      .number("segment"), .number("first"), .number("last"), .number("events"), .number("file"),
      .number("used"), .number("live"), .text("state"), .text("footer"),
    ])
    for segment in segments {
      table.addRow([
        "\(segment.id)", segment.basePosition.rawValue.grouped,
        segment.lastPosition.rawValue.grouped, segment.events.grouped,
        "\(ByteCount(segment.fileBytes))", "\(ByteCount(segment.usedBytes))",
        segment.liveBytes.map { "\(ByteCount($0))" } ?? "-",
        segment.isSealed ? "sealed" : "in writing", segment.footer.name,
      ])
    }
    for line in table.lines { try streams.output.writeLine(line) }
    let memory = inspector.indexMemory
    let memoryBytes = ByteCount(memory.keyTableBytes + memory.movedKeyBytes + memory.chainBytes)
    try streams.output.writeLine(
      "\nlast position \(log.head().rawValue.grouped);"
        + " index in memory: \(memory.keys.grouped) keys, \(memoryBytes)"
    )
  }

  private func show(
    _ frames: [LogInspector.FrameDetails],
    of segment: LogInspector.SegmentDetails,
    _ streams: StandardStreams
  ) throws {
    if output.json {
      var writer = JSONWriter()
      writer.segment(segment, frames)
      return try streams.output.write(taking: &writer)
    }
    var table = Table([
      .number("offset"), .number("bytes"), .text("kind"), .number("first"), .number("events"),
      .number("aggregates"), .number("appends"),
    ])
    for frame in frames {
      table.addRow([
        "\(frame.offset)", "\(frame.bytes)", frame.kind.name, "\(frame.firstPosition)",
        "\(frame.events)", "\(frame.aggregates)", "\(frame.appends)",
      ])
    }
    for line in table.lines { try streams.output.writeLine(line) }
  }
}

extension EventLog {
  /// The number of different aggregates: from the footers, and by reading what no footer covers.
  fileprivate func aggregateCount() throws(LogError) -> Int {
    var hashes: Set<KeyHash> = []
    let segments = core.currentView.segments
    for (index, segment) in segments.enumerated() {
      var covered = segment.base.position - 1
      if let footer = segment.footer {
        covered = footer.header.lastPosition
        let keys = footer.keys
        for index in 0..<keys.count {
          let entry = try keys.entry(index)
          if entry.domain == KeyHash.Domain.aggregate.rawValue { hashes.insert(entry.hash) }
        }
      }
      var request = ReadRequest.all(after: Position(covered))
      request.isGuarded = true
      if index + 1 < segments.count { request.until = segments[index + 1].base.position - 1 }
      if request.after >= min(request.until, head().rawValue) { continue }
      var cursor = try cursor(request)
      while let event = try cursor.next() {
        hashes.insert(core.hasher.hash(event.aggregateBytes, .aggregate))
      }
    }
    return hashes.count
  }
}

extension LogInspector.FooterState {
  fileprivate var name: String {
    switch self {
    case .none: "none"
    case .whole: "whole"
    case .partial: "partial"
    case .rebuilt: "rebuilt"
    }
  }
}

extension LogInspector.FrameDetails.Kind {
  fileprivate var name: String {
    switch self {
    case .event: "event"
    case .events: "events"
    case .compressed: "compressed"
    case .types: "types"
    case .retention: "retention"
    case .removal: "removal"
    case .unknown: "unknown"
    case .damaged: "damaged"
    }
  }
}

extension JSONWriter {
  fileprivate mutating func store(
    _ log: EventLog,
    _ segments: [LogInspector.SegmentDetails],
    _ checkpoints: [LogInspector.CheckpointDetails]
  ) {
    object { writer in
      writer.member("segments", segments.count)
      writer.member("events", segments.reduce(0) { $0 + $1.events })
      writer.member("aggregates", try? log.aggregateCount())
      writer.member("bytes", segments.reduce(0) { $0 + $1.fileBytes })
      writer.member("lastPosition", log.head().rawValue)
      writer.key("list")
      writer.array { for segment in segments { $0.segment(segment, nil) } }
      writer.key("checkpoints")
      writer.array { for checkpoint in checkpoints { $0.checkpoint(checkpoint) } }
    }
    endLine()
  }

  fileprivate mutating func segment(
    _ segment: LogInspector.SegmentDetails,
    _ frames: [LogInspector.FrameDetails]?
  ) {
    object { writer in
      writer.member("segment", segment.id)
      writer.member("file", segment.file)
      writer.member("firstPosition", segment.basePosition.rawValue)
      writer.member("lastPosition", segment.lastPosition.rawValue)
      writer.member("events", segment.events)
      writer.member("aggregates", segment.aggregates)
      writer.member("bytes", segment.fileBytes)
      writer.member("usedBytes", segment.usedBytes)
      writer.member("liveBytes", segment.liveBytes)
      writer.member("sealed", segment.isSealed)
      writer.member("footer", segment.footer.name)
      guard let frames else { return }
      writer.key("frames")
      writer.array { for frame in frames { $0.frame(frame) } }
    }
    if frames != nil { endLine() }
  }

  private mutating func frame(_ frame: LogInspector.FrameDetails) {
    object { writer in
      writer.member("offset", frame.offset)
      writer.member("bytes", frame.bytes)
      writer.member("kind", frame.kind.name)
      writer.member("firstPosition", frame.firstPosition.rawValue)
      writer.member("events", frame.events)
      writer.member("aggregates", frame.aggregates)
      writer.member("appends", frame.appends)
      if case .damaged(let error) = frame.kind { writer.member("message", error.sentence) }
    }
  }

  private mutating func checkpoint(_ checkpoint: LogInspector.CheckpointDetails) {
    object { writer in
      writer.member("file", checkpoint.file)
      writer.member("firstSegment", checkpoint.firstSegment)
      writer.member("lastSegment", checkpoint.lastSegment)
      writer.member("keys", checkpoint.keys)
      writer.member("bytes", checkpoint.fileBytes)
    }
  }
}
