import AnnalsLog
import AnnalsTesting

/// Stores of which one structure lies, and what must not be believed of it.
enum DamagedStructures {
  private static func append(_ number: Int, byteCount: Int = 80) -> PlannedAppend {
    var append = PlannedAppend(number, byteCount: byteCount, type: "Only")
    append.events = [
      PlannedEvent(
        aggregate: "single",
        type: "Only",
        payload: [UInt8](repeating: UInt8(number), count: byteCount)
      )
    ]
    return append
  }

  private static func add(
    _ append: PlannedAppend,
    to log: EventLog,
    _ expected: inout ExpectedLog
  ) throws {
    try log.append(try expected.makeBatch(append))
    expected.add(append)
  }

  private static func file(
    _ name: String,
    on disk: SimulatedFileSystem
  ) throws -> any LogFile {
    try disk.openDirectory(Story.path + "/log", create: false).openFile(name, .readWrite)
  }

  private static func openForReading(
    _ story: Story,
    _ disk: SimulatedFileSystem
  ) throws -> EventLog {
    var options = story.logOptions(disk)
    options.access = .readOnly
    return try EventLog(at: Story.path, options: options)
  }

  /// Flips each bit of the header of an acknowledged frame: it costs this frame's event and no
  /// other, and the error names the frame's own place.
  static func checkFrameHeaders() throws {
    let story = Story(name: "frame headers", steps: [])
    let disk = SimulatedFileSystem()
    var expected = ExpectedLog()
    let log = try story.open(disk)
    defer { log.abandon() }
    for number in 1...6 { try add(append(number), to: log, &expected) }
    let place = try log.core.locate(3, in: log.core.currentView.segments[0])
    let name = StoreFile.segment(1)
    let whole = try file(name, on: disk).read(FrameHeader.Layout.byteCount, at: place)
    for bit in 0..<FrameHeader.Layout.byteCount * 8 {
      let image = disk.killed()
      let changed: [UInt8] = [whole[bit / 8] ^ 1 << (bit % 8)]
      try file(name, on: image).write(changed.span, at: place + bit / 8)
      let reader = try openForReading(story, image)
      guard let damage = reader.core.damages.first, damage.offset == UInt64(place),
        damage.positions == PositionRange(3, 3)
      else { throw Violation("bit \(bit): told as \(reader.core.damages)") }
    }
  }

  /// Writes the beginning of a frame behind the end whose length leads out of the file: a torn tail
  /// like any other.
  static func checkALengthBehindTheEnd() throws {
    let story = Story(name: "hostile length", steps: [])
    let disk = SimulatedFileSystem()
    var expected = ExpectedLog()
    let log = try story.open(disk)
    defer { log.abandon() }
    for number in 1...3 { try add(append(number), to: log, &expected) }
    let segment = log.core.currentView.segments[0]
    let last = try log.core.locate(3, in: segment)
    let end = try last + segment.frame(at: last, limit: segment.mapping.count).byteCount
    for length in [FrameHeader.byteCountMax, segment.mapping.count, 1 << 20] {
      let image = disk.killed()
      var buffer = ByteBuffer(capacity: 16)
      buffer.append(UInt32(0xdead_beef))
      buffer.append(FrameHeader.lengthAndKind(length, .events))
      buffer.append(UInt64.max)
      try file(StoreFile.segment(1), on: image).write(buffer.bytes, at: end)
      let reopened = try story.open(image)
      defer { reopened.abandon() }
      try expected.check(reopened)
      guard reopened.recovery.tornTail?.offset == UInt64(end) else {
        throw Violation("length \(length): \(String(describing: reopened.recovery.tornTail))")
      }
    }
  }

  /// Puts the footer of a half-full segment in the place of its last one: events that it does not
  /// know MUST be found by their keys all the same.
  static func checkAStaleFooter() throws {
    let story = Story(
      name: "stale footer",
      options: StoryOptions(segmentBytes: 64 << 10),
      steps: []
    )
    let disk = SimulatedFileSystem()
    var expected = ExpectedLog()
    var log = try story.open(disk)
    for number in 1...3 { try add(append(number), to: log, &expected) }
    try log.close()
    let name = StoreFile.footer(1)
    let older = try file(name, on: disk)
    let stale = try older.read(try older.size(), at: 0)
    log = try story.open(disk)
    for number in 4...6 { try add(append(number), to: log, &expected) }
    let large = append(7, byteCount: 20_000)
    while log.core.currentView.segments.count < 2 { try add(large, to: log, &expected) }
    try log.close()
    let footer = try file(name, on: disk)
    guard try footer.read(try footer.size(), at: 0) != stale else {
      throw Violation("the footer was not made anew")
    }
    try footer.truncate(stale.count)
    try footer.write(stale.span, at: 0)
    try footer.sync()
    try expected.check(try openForReading(story, disk.killed()))
    let reopened = try story.open(disk.killed())
    defer { reopened.abandon() }
    try expected.check(reopened)
  }

  /// Opens a store that another writer has: refused at once, and nothing is written.
  static func checkASecondWriter() throws {
    let story = Story(name: "second writer", steps: [])
    let disk = SimulatedFileSystem()
    var expected = ExpectedLog()
    let log = try story.open(disk)
    defer { log.abandon() }
    let second = try? story.open(disk)
    defer { second?.abandon() }
    guard second == nil else { throw Violation("a second writer was let in") }
    try add(append(1), to: log, &expected)
  }

  /// Lets blocks claim sizes that none of their length can hold: nothing is allocated for them.
  static func checkExpansion() throws {
    for claimed in [256, 1 << 20, 1 << 30, LZ4.blockBytesMax] {
      let block: [UInt8] = [0x1f]
      var isTried = false
      let bytes = unsafe LZ4.withCapacity(block.span, min(claimed, 1 << 20)) { _ in
        isTried = true
        return -1
      }
      guard bytes == nil, !isTried else {
        throw Violation("\(claimed) bytes were made room for, for a block of one")
      }
    }
  }
}
