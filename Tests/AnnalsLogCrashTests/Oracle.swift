import AnnalsLog
import AnnalsTesting

/// Opens what a death left of a story's log, and throws unless all of `FAULTS.md`, section 2, holds.
struct Oracle {
  let story: Story

  /// Checks `disk`, on which everything up to some promised position must be.
  func check(_ disk: SimulatedFileSystem, _ death: Death, _ promises: Promises) throws {
    let least = promises.acknowledged(surviving: death).max() ?? 0
    let most = promises.submitted.max() ?? 0
    let expected = try checkOpening(disk, least...max(least, most))
    try checkGoingOn(disk, expected)
  }

  /// The log opens and holds a prefix of what was submitted, at least what was promised.
  private func checkOpening(
    _ disk: SimulatedFileSystem,
    _ allowed: ClosedRange<UInt64>
  ) throws -> ExpectedLog {
    let log = try story.open(disk)
    defer { log.abandon() }
    let head = log.head(.written).rawValue
    guard allowed.contains(head) else {
      throw Violation("recovered up to \(head), which is not in \(allowed)")
    }
    let appends = story.appends
    guard let count = ExpectedLog.count(appends, through: head) else {
      throw Violation("recovered up to \(head), inside an append")
    }
    let expected = ExpectedLog(appends.prefix(count))
    try expected.check(log)
    guard log.durableThrough.rawValue == head else {
      throw Violation("recovered up to \(head), durable only to \(log.durableThrough)")
    }
    return expected
  }

  /// A second recovery finds nothing to do, and the log goes on where it ended.
  private func checkGoingOn(_ disk: SimulatedFileSystem, _ recovered: ExpectedLog) throws {
    var expected = recovered
    let before = try segmentBytes(disk)
    let second = disk.killed()
    let log = try story.open(second)
    defer { log.abandon() }
    if let torn = log.recovery.tornTail { throw Violation("torn again: \(torn)") }
    try checkSwept(second)
    guard log.head().rawValue == expected.head else {
      throw Violation("the second opening ends at \(log.head()), not \(expected.head)")
    }
    for (name, bytes) in try segmentBytes(second) where before[name] ?? bytes != bytes {
      throw Violation("the second opening changed \(name)")
    }
    try expected.checkKeys(log)
    for append in nextAppends(expected) {
      let receipt = try log.append(try expected.makeBatch(append))
      expected.add(append)
      guard !receipt.isRepeated, receipt.lastPosition.rawValue == expected.head else {
        throw Violation("appending up to \(expected.head) gave \(receipt)")
      }
    }
    try expected.check(log)
    let isClosed = expected.head % 2 == 0
    if isClosed { try log.close() }
    let third = isClosed ? second.killed() : second.crash(choosing: .nothing)
    let last = try story.open(third)
    defer { last.abandon() }
    try expected.check(last)
    if isClosed, !last.recovery.wasClosed { throw Violation("closed, but not opened as such") }
  }

  /// Nothing is left of what a death interrupted.
  private func checkSwept(_ disk: SimulatedFileSystem) throws {
    let root = try disk.openDirectory(Story.path, create: false)
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    for name in try root.names() + log.names() where name.hasSuffix(StoreFile.temporarySuffix) {
      throw Violation("opening leaves \(name)")
    }
  }

  /// The next of the story, and one that takes up most of a segment.
  private func nextAppends(_ expected: ExpectedLog) -> [PlannedAppend] {
    let rest = story.appends.dropFirst(expected.appends.count).prefix(1)
    return rest + [
      PlannedAppend(90, eventCount: 3, byteCount: 40, type: "After", hasKey: true),
      PlannedAppend(91, byteCount: story.options.segmentBytes * 3 / 4),
    ]
  }

  private func segmentBytes(_ disk: SimulatedFileSystem) throws -> [String: [UInt8]] {
    let log = try disk.openDirectory(Story.path + "/log", create: false)
    var result: [String: [UInt8]] = [:]
    for name in try log.names() where name.hasSuffix(".segment") {
      let file = try log.openFile(name, .readOnly)
      result[name] = try file.read(try file.size(), at: 0)
    }
    return result
  }
}
