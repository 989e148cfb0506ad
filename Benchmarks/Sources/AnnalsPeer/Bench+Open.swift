import AnnalsLog
import Foundation
import Glibc

extension Bench {
  /// An aggregate that has events at any size.
  private var someAggregate: Int { 7 % arguments.aggregates }

  /// Opening after a close: until it is open, until the first append, until the first load.
  func openAgain() throws {
    var contents = try loadContents()
    let batch = EventBatch()
    let name = workload.name(someAggregate)
    try evict()
    let meter = Meter()
    let start = seconds()
    let log = try open()
    let opened = seconds()
    try append(1, to: someAggregate, log, batch, &contents)
    let appended = seconds()
    var count: UInt64 = 0
    var cursor = try log.cursor(.aggregate(name))
    while try cursor.next() != nil { count += 1 }
    let loaded = seconds()
    meter.stop()
    if count != contents.versions[someAggregate] {
      throw Failure("wrong number of events after open")
    }
    try log.close()
    try contents.save(contentsPath)
    var line = line(arguments.isCold ? "open-cold" : "open-warm")
    line.integer("events", contents.events)
    line.number("open_ms", (opened - start) * 1e3)
    line.number("first_append_ms", (appended - start) * 1e3)
    line.number("first_load_ms", (loaded - start) * 1e3)
    line.meter(meter)
    line.print()
  }

  private var acknowledgedPath: String { arguments.directory + "/acknowledged" }

  /// The child of `kill9`: appends, and tells in a shared page how far it was acknowledged.
  func appendUntilKilled() throws {
    var contents = try loadContents()
    let page = try SharedPage(acknowledgedPath)
    let log = try open()
    let batch = EventBatch()
    var random = Random(arguments.seed + 77)
    while true {
      try append(1, to: workload.pick(&random), log, batch, &contents)
      page.value = UInt64(contents.events)
    }
  }

  /// A child appends and is killed; opening must give all that was acknowledged.
  func kill9() throws {
    var contents = try loadContents()
    let before = contents.events
    let page = try SharedPage(acknowledgedPath)
    page.value = UInt64(before)
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var words = Array(CommandLine.arguments.dropFirst())
    if let index = words.firstIndex(of: "--phase") { words[index + 1] = "appender" }
    child.arguments = words
    try child.run()
    let deadline = seconds() + arguments.seconds
    while page.value < UInt64(before + arguments.events), seconds() < deadline {
      if !child.isRunning { throw Failure("the child died early") }
      usleep(500)
    }
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
    let promised = page.value
    // The child has opened the store; how far it came is known only if it has.
    if promised == UInt64(before) { throw Failure("the child appended nothing") }
    unsafe unlink(acknowledgedPath)

    try evict()
    let meter = Meter()
    let start = seconds()
    let log = try open()
    let opened = seconds()
    let head = log.head(.written).rawValue
    if head < promised { throw Failure("lost \(promised - head) acknowledged events") }
    // What the child did once more, to know what must be there.
    var random = Random(arguments.seed + 77)
    for number in before..<Int(head) {
      contents.versions[workload.pick(&random)] += 1
      contents.sum &+= workload.sum(number)
    }
    contents.events = Int(head)
    let batch = EventBatch()
    let appending = seconds()
    try append(1, to: someAggregate, log, batch, &contents)
    let appended = seconds()
    meter.stop()
    try verifyTail(log, before, Int(head), contents)
    try log.close()
    try contents.save(contentsPath)
    var line = line("kill9")
    line.integer("events", Int(head) - before)
    line.integer("total_events", contents.events)
    line.integer("scanned_events", log.recovery.scannedEvents)
    line.number("open_ms", (opened - start) * 1e3)
    line.number("first_append_ms", (opened - start + appended - appending) * 1e3)
    line.integer("lost", 0)
    line.meter(meter)
    line.print()
  }

  private func verifyTail(
    _ log: EventLog,
    _ before: Int,
    _ head: Int,
    _ contents: Contents
  ) throws {
    var position = UInt64(before)
    var cursor = try log.cursor(.all(after: Position(position)))
    while let event = try cursor.next() {
      position += 1
      if event.position.rawValue != position { throw Failure("a gap after kill -9") }
      if position <= UInt64(head), event.time != PeerWorkload.time(Int(position) - 1) {
        throw Failure("a wrong event after kill -9")
      }
    }
    if position != UInt64(head) + 1 { throw Failure("wrong events after kill -9") }
    for index in stride(from: 0, to: arguments.aggregates, by: 97) {
      let version = try log.version(of: workload.name(index))
      if version.rawValue != contents.versions[index] {
        throw Failure("a wrong version after kill -9")
      }
    }
  }
}

/// A number that two processes share through a mapped file.
@safe
final class SharedPage {
  private let address: UnsafeMutableRawPointer

  init(_ path: String) throws {
    let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0, ftruncate(descriptor, 4096) == 0,
      let start = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe start != MAP_FAILED
    else { throw Failure("cannot map \(path)") }
    unsafe address = start
  }

  deinit { unsafe munmap(address, 4096) }

  /// An aligned word: on x86-64 and arm64 it is read and written whole.
  var value: UInt64 {
    get { unsafe address.load(as: UInt64.self) }
    set { unsafe address.storeBytes(of: newValue, as: UInt64.self) }
  }
}
