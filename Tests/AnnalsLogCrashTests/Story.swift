import AnnalsLog

/// One event as a story plans it.
struct PlannedEvent: Sendable {
  var aggregate: AggregateID
  var type: String
  var payload: [UInt8]
  var tags: [String] = []

  var newEvent: NewEvent { NewEvent(type: type, payload: payload, tags: tags) }
}

/// One append as a story plans it; its parts follow from its number alone.
struct PlannedAppend: Sendable {
  var events: [PlannedEvent]
  var key: [UInt8]?
  /// Whether it demands that no event with a tag nobody uses exists.
  var hasCondition = false

  /// An append of `eventCount` events of about `byteCount` bytes each, over several aggregates.
  init(
    _ number: Int,
    eventCount: Int = 1,
    byteCount: Int = 40,
    type: String? = nil,
    hasKey: Bool = false,
    hasCondition: Bool = false
  ) {
    events = (0..<eventCount).map { index in
      let mixed = number &* 31 &+ index &* 7
      let payload = (0..<byteCount + mixed % 9).map { UInt8(truncatingIfNeeded: $0 &+ mixed) }
      return PlannedEvent(
        aggregate: AggregateID("item-\(mixed % 5)"),
        type: type ?? "Type\(mixed % 3)",
        payload: payload,
        tags: mixed % 2 == 0 ? [] : ["color-\(mixed % 4)"]
      )
    }
    key = hasKey ? Array("key-\(number)".utf8) : nil
    self.hasCondition = hasCondition
  }
}

/// What the process of a story does next.
enum Step: Sendable {
  case append(PlannedAppend, Durability = .durable)
  case sync
  /// Closes the log properly and opens it again.
  case reopen
  /// Gives the log up as a killed process does, and opens it again.
  case restart
  case close
}

extension Step {
  /// A written append of one event without tags, which is staged if the story stages at all.
  static func staged(_ number: Int, byteCount: Int = 40) -> Step {
    var append = PlannedAppend(number, byteCount: byteCount)
    append.events[0].tags = []
    return .append(append, .written)
  }
}

/// A life of a log: what was done before, and what is done while the crash comes.
struct Story: Sendable {
  let name: String
  var options = StoryOptions()
  /// Done on a new disk before the exploration begins; ends with the log closed.
  var prelude: [Step] = []
  var steps: [Step]

  /// All appends, in order.
  var appends: [PlannedAppend] {
    (prelude + steps).compactMap { if case .append(let append, _) = $0 { append } else { nil } }
  }

  /// How many of `appends` the prelude makes.
  var preludeCount: Int {
    prelude.count { if case .append = $0 { true } else { false } }
  }
}

/// How the log of a story is opened.
struct StoryOptions: Sendable {
  var firstSegmentBytes = 64 << 10
  var segmentBytes = 16 << 10
  var preallocation = LogOptions.Preallocation.reserve
  /// Whether single written events are staged.
  var stages = false
  /// How much durable data may lack an index on the disk.
  var interimFooterBytes = 8 << 20
}

// MARK: The stories

extension Story {
  /// From nothing: the store is made, and a few appends follow.
  static let creation = Story(
    name: "creation",
    steps: [.append(PlannedAppend(1)), .append(PlannedAppend(2)), .close]
  )

  /// Lone durable appends, with a frame longer than a sector among them.
  static let loneAppends = Story(
    name: "lone appends",
    prelude: [.append(PlannedAppend(0)), .close],
    steps: (1...6).map { .append(PlannedAppend($0, byteCount: $0 == 4 ? 1400 : 50)) }
  )

  /// The same with zeros written ahead of the tail.
  static let zerosAhead = Story(
    name: "zeros ahead",
    options: StoryOptions(preallocation: .zeroAhead(4096)),
    prelude: [.append(PlannedAppend(0)), .close],
    steps: (1...6).map { .append(PlannedAppend($0, byteCount: $0 == 3 ? 3000 : 50)) }
  )

  /// Batches of several aggregates with tags, keys and conditions.
  static let batches = Story(
    name: "batches",
    options: StoryOptions(interimFooterBytes: 1500),
    prelude: [.append(PlannedAppend(0, hasKey: true)), .close],
    steps: (1...6).map {
      .append(
        PlannedAppend(
          $0,
          eventCount: 2 + $0 * 3,
          byteCount: 60,
          hasKey: $0 % 2 == 0,
          hasCondition: $0 % 3 == 0
        )
      )
    }
  )

  /// Written appends between durable ones: their frames can reach the disk in any order.
  static let mixedDurability = Story(
    name: "mixed durability",
    prelude: [.append(PlannedAppend(0)), .close],
    steps: [
      .append(PlannedAppend(1, byteCount: 600), .written),
      .append(PlannedAppend(2, byteCount: 30), .written),
      .append(PlannedAppend(3, byteCount: 900, hasKey: true), .written),
      .append(PlannedAppend(4)),
      .append(PlannedAppend(5, eventCount: 3, byteCount: 400, hasKey: true), .written),
      .append(PlannedAppend(6, byteCount: 700), .written),
      .sync,
      .append(PlannedAppend(7, byteCount: 520), .written),
      .append(PlannedAppend(8, byteCount: 520), .written),
    ]
  )

  /// Frames of one size, so that stale ones lie exactly where new ones begin.
  static let equalFrames = Story(
    name: "equal frames",
    prelude: [.append(PlannedAppend(0)), .close],
    steps: (1...8).map {
      var append = PlannedAppend(45 * $0, byteCount: 486)
      append.events[0].tags = []
      return .append(append, $0 % 4 == 0 ? .durable : .written)
    }
  )

  /// Rolls over several segments, durable and written.
  static let rolls = Story(
    name: "rolls",
    options: StoryOptions(interimFooterBytes: 4096),
    prelude: [.append(PlannedAppend(0, eventCount: 14, byteCount: 4000)), .close],
    steps: (1...8).map {
      .append(
        PlannedAppend($0, byteCount: 4600, hasKey: $0 % 3 == 0),
        $0 % 3 == 1 ? .written : .durable
      )
    } + [.close]
  )

  /// Every append larger than a segment is.
  static let largeAppends = Story(
    name: "large appends",
    prelude: [.append(PlannedAppend(0)), .close],
    steps: (1...3).map { .append(PlannedAppend($0, eventCount: 9, byteCount: 9000)) }
  )

  /// The first append of all is larger than the first segment.
  static let largeFirst = Story(
    name: "large first",
    options: StoryOptions(firstSegmentBytes: 16 << 10),
    steps: [
      .append(PlannedAppend(1, eventCount: 9, byteCount: 4000)), .append(PlannedAppend(2)), .reopen,
      .append(PlannedAppend(3, eventCount: 9, byteCount: 9000), .written), .restart,
      .append(PlannedAppend(4)), .close,
    ]
  )

  /// The eighth sealed segment: footers are merged into an index checkpoint.
  static let checkpointMerge = Story(
    name: "checkpoint merge",
    prelude: [.append(PlannedAppend(0, eventCount: 14, byteCount: 4000))]
      + (1...7).map { .append(PlannedAppend($0, eventCount: 2, byteCount: 4200)) } + [.close],
    steps: (8...10).map { .append(PlannedAppend($0, eventCount: 2, byteCount: 4200)) } + [.close]
  )

  /// New types of events in mid life, also right behind a roll.
  static let newTypes = Story(
    name: "new types",
    prelude: [.append(PlannedAppend(0, type: "First")), .close],
    steps: [
      .append(PlannedAppend(1, type: "Second"), .written),
      .append(PlannedAppend(2, type: "Third")),
      .append(PlannedAppend(3, eventCount: 14, byteCount: 4000, type: "Fourth")),
      .append(PlannedAppend(4, byteCount: 5000, type: "Fifth"), .written),
      .append(PlannedAppend(5, byteCount: 100, type: "First")),
      .reopen,
      .append(PlannedAppend(6, byteCount: 100, type: "Sixth")),
    ]
  )

  /// Closing and opening again, with little in between.
  static let reopening = Story(
    name: "reopening",
    prelude: [.append(PlannedAppend(0)), .close],
    steps: [
      .append(PlannedAppend(1), .written), .reopen,
      .append(PlannedAppend(2, hasKey: true)), .reopen, .reopen,
      .append(PlannedAppend(3), .written), .close,
    ]
  )

  /// A process that is killed and started again, so that recovery itself is what crashes.
  static let restarting = Story(
    name: "restarting",
    options: StoryOptions(interimFooterBytes: 1),
    prelude: [.append(PlannedAppend(0)), .close],
    steps: [
      .append(PlannedAppend(1, byteCount: 700), .written), .restart,
      .append(PlannedAppend(2, byteCount: 700), .written),
      .append(PlannedAppend(3, byteCount: 700), .written), .restart,
      .append(PlannedAppend(4)), .restart,
    ]
  )

  /// Staged events before, between and behind what is framed, and kills with some of them staged.
  static let staged = Story(
    name: "staged",
    options: StoryOptions(stages: true),
    prelude: [.append(PlannedAppend(0, eventCount: 3)), .close],
    steps: [
      .staged(1), .staged(2), .restart,
      .staged(3), .append(PlannedAppend(4, eventCount: 2, hasKey: true), .written), .staged(5),
      .append(PlannedAppend(6)), .staged(7, byteCount: 900), .staged(8), .sync,
      .staged(9), .reopen, .staged(10), .staged(11), .restart, .staged(12), .close,
    ]
  )

  /// Halves of the staging file that are filled again and again, over a roll.
  static let stagedHalves = Story(
    name: "staged halves",
    options: StoryOptions(segmentBytes: 128 << 10, stages: true),
    prelude: [.append(PlannedAppend(0, eventCount: 3)), .close],
    steps: (1...14).map { .staged($0, byteCount: 7600) }
  )

  /// Long written frames over the end of what the page cache was prepared for, between durable ones
  /// and the watermarks behind them.
  static let preparedPages = Story(
    name: "prepared pages",
    options: StoryOptions(firstSegmentBytes: 512 << 10, segmentBytes: 512 << 10),
    prelude: [.append(PlannedAppend(0, eventCount: 30, byteCount: 8000)), .close],
    steps: [
      .append(PlannedAppend(1, byteCount: 9000), .written), .append(PlannedAppend(2)),
      .append(PlannedAppend(3, byteCount: 12_000), .written), .sync,
      .append(PlannedAppend(4, byteCount: 9000), .written), .restart,
      .append(PlannedAppend(5, byteCount: 9000), .written), .append(PlannedAppend(6)),
    ]
  )

  /// All of them.
  static let all = [
    creation, loneAppends, zerosAhead, batches, mixedDurability, equalFrames, rolls, largeAppends,
    checkpointMerge, newTypes, reopening, restarting, staged, stagedHalves, largeFirst,
    preparedPages,
  ]
}
