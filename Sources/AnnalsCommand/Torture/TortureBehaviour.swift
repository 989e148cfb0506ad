internal import AnnalsLog

/// One thing that a file system must do for a store on it to be safe, and whether this one does.
struct TortureBehaviour {
  let name: String
  /// What it does instead; nil if all is well.
  let complaint: String?

  /// Tries everything in `directory`, which is empty and stays so.
  static func all(in directory: any LogDirectory) throws(LogError) -> [TortureBehaviour] {
    let checks: [(String, (any LogDirectory) throws(LogError) -> String?)] = [
      ("what is written is read", writing), ("a name is made once", creating),
      ("a rename replaces a file", renaming), ("a removed file stays open", removing),
      ("reserved space reads as zeros", allocating), ("mappings show what is written", mapping),
      ("the end of what was written is told", ending), ("a lock excludes", locking),
    ]
    var result: [TortureBehaviour] = []
    for (name, check) in checks {
      var complaint: String?
      do throws(LogError) {
        complaint = try check(directory)
      } catch {
        // No room and no right are not the file system's doing.
        if case .diskFull = error { throw error }
        if case .system(let cause) = error, cause.isPermission { throw error }
        complaint = error.sentence
      }
      for left in try directory.names() { try directory.remove(left) }
      result.append(TortureBehaviour(name: name, complaint: complaint))
    }
    return result
  }

  /// How long it takes to write a page and to sync it: the median, in microseconds.
  static func syncMicroseconds(in directory: any LogDirectory) throws(LogError) -> Int {
    let file = try directory.openFile("timed", .create)
    let page = [UInt8](repeating: 0x5a, count: 4096)
    var times: [UInt64] = []
    for number in 0..<33 {
      let start = SystemClock.monotonicNanoseconds()
      try file.write(page.span, at: number * page.count)
      try file.sync()
      times.append(SystemClock.monotonicNanoseconds() - start)
    }
    try directory.remove("timed")
    return Int(times.sorted()[times.count / 2] / 1000)
  }

  private static func bytes(_ byte: UInt8, _ count: Int = 10_000) -> [UInt8] {
    [UInt8](repeating: byte, count: count)
  }

  private static func writing(_ directory: any LogDirectory) throws(LogError) -> String? {
    let file = try directory.openFile("a", .create)
    try file.write(bytes(1).span, at: 0)
    try file.write(bytes(2).span, at: 5000)
    try file.sync()
    file.dropCache()
    let found = try directory.openFile("a", .readOnly).read(20_000, at: 0)
    return found == bytes(1, 5000) + bytes(2) ? nil : "other bytes came back"
  }

  private static func creating(_ directory: any LogDirectory) throws(LogError) -> String? {
    _ = try directory.openFile("a", .create)
    do throws(LogError) {
      _ = try directory.openFile("a", .create)
    } catch {
      if case .system(let cause) = error, cause.isAlreadyThere { return nil }
      throw error
    }
    return "a file was made over another one"
  }

  private static func renaming(_ directory: any LogDirectory) throws(LogError) -> String? {
    for (name, byte) in [("a", UInt8(1)), ("a.tmp", 2)] {
      let file = try directory.openFile(name, .create)
      try file.write(bytes(byte).span, at: 0)
      try file.sync()
    }
    try directory.rename("a.tmp", to: "a")
    try directory.sync()
    guard try directory.names() == ["a"] else { return "both names are there" }
    let found = try directory.openFile("a", .readOnly).read(20_000, at: 0)
    return found == bytes(2) ? nil : "the file is not the new one"
  }

  private static func removing(_ directory: any LogDirectory) throws(LogError) -> String? {
    let file = try directory.openFile("a", .create)
    try file.write(bytes(3).span, at: 0)
    let mapping = try file.map(10_000, writable: false)
    try directory.remove("a")
    guard try directory.names().isEmpty else { return "the name is still there" }
    guard try file.read(10_000, at: 0) == bytes(3) else { return "it can not be read any more" }
    return mapping.bytes.equals(bytes(3).span) ? nil : "its mapping shows other bytes"
  }

  private static func allocating(_ directory: any LogDirectory) throws(LogError) -> String? {
    let file = try directory.openFile("a", .create)
    try file.write(bytes(4).span, at: 0)
    try file.allocate(1 << 20)
    guard try file.size() == 1 << 20 else { return "the size is \(try file.size())" }
    let found = try file.read(1 << 20, at: 0)
    return found == bytes(4) + bytes(0, 1 << 20 - 10_000) ? nil : "other bytes are there"
  }

  private static func mapping(_ directory: any LogDirectory) throws(LogError) -> String? {
    let file = try directory.openFile("a", .create)
    try file.allocate(1 << 20)
    let mapping = try file.map(1 << 20, writable: false)
    for number in UInt8(1)...100 {
      let offset = Int(number) * 10_001
      try file.write([number].span, at: offset)
      guard mapping.bytes[offset] == number else { return "a write is not seen at once" }
    }
    return nil
  }

  private static func ending(_ directory: any LogDirectory) throws(LogError) -> String? {
    let file = try directory.openFile("a", .create)
    try file.allocate(1 << 20)
    try file.write([9].span, at: 300_000)
    let end = try file.contentEnd(from: 4096)
    return end > 300_000 ? nil : "it is said to be \(end), before the last byte"
  }

  private static func locking(_ directory: any LogDirectory) throws(LogError) -> String? {
    guard let lock = try directory.lock("a", shared: false) else { return "it is refused at once" }
    defer { _ = lock.isHeld() }
    let answer: [String]
    do throws(SystemError) {
      answer = try Child.run([TortureLockCommand.name, directory.path])
    } catch {
      throw .system(error)
    }
    return answer == ["locked"] ? nil : "another process gets it too"
  }
}
