import AnnalsLog
import AnnalsTesting

/// Disks on which bytes stand that no crash left there, and what opening them must do.
enum DamagedPlaces {
  /// One frame of a hundred bytes or so, always as long as the others.
  private static func append(_ number: Int, byteCount: Int = 80) -> PlannedAppend {
    var append = PlannedAppend(number, byteCount: byteCount, type: "Only")
    append.events = [
      PlannedEvent(
        aggregate: "single", type: "Only", payload: [UInt8](repeating: UInt8(number), count: byteCount))
    ]
    return append
  }

  /// Damages an acknowledged frame that later frames say was durable: recovery MUST refuse to open
  /// for writing and change nothing.
  static func checkDamageBelowTheWatermark() throws {
    let story = Story(name: "damage", steps: [])
    let disk = SimulatedFileSystem()
    var expected = ExpectedLog()
    let log = try story.open(disk)
    defer { log.abandon() }
    for number in 1...6 { try add(append(number), to: log, &expected) }
    let image = disk.killed()
    let file = try image.openDirectory(Story.path + "/log", create: false)
      .openFile(StoreFile.segment(1), .readWrite)
    let bytes = try file.read(8192, at: 0)
    guard let place = bytes.firstRun([3, 3, 3, 3]) else {
      throw Violation("the third payload was not found")
    }
    let wrong: [UInt8] = [0xff]
    try file.write(wrong.span, at: place)
    try file.sync()
    do throws(LogError) {
      let log = try story.open(image)
      defer { log.abandon() }
      throw LogError.positionBeyondHead(requested: 6, head: log.head())
    } catch {
      guard case .corrupt(let corruption) = error else {
        throw Violation("damage to an acknowledged frame gave \(error)")
      }
      guard corruption.file == "log/" + StoreFile.segment(1), corruption.offset < UInt64(place),
        corruption.positions == PositionRange(3, 3)
      else { throw Violation("the damage is told as \(corruption)") }
    }
  }

  /// Puts a frame of an older segment, whose position would continue the log, behind the end: it
  /// MUST NOT verify there.
  static func checkAFrameInTheWrongPlace() throws {
    let large = append(1, byteCount: 20_000)
    let story = Story(
      name: "wrong place", options: StoryOptions(segmentBytes: 64 << 10), steps: [])
    let disk = SimulatedFileSystem()
    let log = try story.open(disk)
    defer { log.abandon() }
    var expected = ExpectedLog()
    // Small frames, and as many large ones as make the log roll; then two small ones again.
    for number in 1...5 { try add(append(number), to: log, &expected) }
    while log.core.currentView.segments.count < 2 { try add(large, to: log, &expected) }
    for number in 6...7 { try add(append(number), to: log, &expected) }
    let segments = log.core.currentView.segments
    let base = segments[1].base.position
    let next = expected.head + 1 - base
    let source = try log.core.locate(segments[0].base.position + next, in: segments[0])
    let last = try log.core.locate(expected.head, in: segments[1])
    let byteCount = try segments[0].frame(at: source, limit: segments[0].mapping.count).byteCount
    let end = try last + segments[1].frame(at: last, limit: segments[1].mapping.count).byteCount
    let image = disk.killed()
    let directory = try image.openDirectory(Story.path + "/log", create: false)
    let stale = try directory.openFile(StoreFile.segment(segments[0].id), .readOnly)
      .read(byteCount, at: source)
    let file = try directory.openFile(StoreFile.segment(segments[1].id), .readWrite)
    try file.write(stale.span, at: end)
    try file.sync()
    let reopened = try story.open(image)
    defer { reopened.abandon() }
    try expected.check(reopened)
  }

  private static func add(
    _ append: PlannedAppend, to log: EventLog, _ expected: inout ExpectedLog
  ) throws {
    try log.append(try expected.makeBatch(append))
    expected.add(append)
  }
}

extension [UInt8] {
  /// Where `pattern` stands first.
  fileprivate func firstRun(_ pattern: [UInt8]) -> Int? {
    indices.dropLast(pattern.count).first { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
  }
}
