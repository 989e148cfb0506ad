import AnnalsLog
import Testing

@Suite struct GuardedCopyTests {
  private let temporary = TemporaryDirectory()
  private let pageBytes = 65_536  // A multiple of every page size in use.

  @Test func bytesThatAreThereAreCopied() throws {
    let (_, mapping, bytes) = try mapped()
    var copy: [UInt8] = [1, 2, 3]
    #expect(GuardedCopy.copy(mapping, 0..<mapping.count, into: &copy))
    #expect(copy == bytes)
    #expect(GuardedCopy.copy(mapping, 5..<70_000, into: &copy))
    #expect(copy == Array(bytes[5..<70_000]))
    #expect(GuardedCopy.copy(mapping, 5..<5, into: &copy))
    #expect(copy.isEmpty)
  }

  @Test func aFileCutUnderItsMappingIsAResultAndNotASignal() throws {
    let (file, mapping, bytes) = try mapped()
    try file.truncate(pageBytes)
    var copy: [UInt8] = []
    for _ in 0..<3 {
      #expect(!GuardedCopy.copy(mapping, 0..<mapping.count, into: &copy))
      #expect(copy.isEmpty)
      #expect(!GuardedCopy.copy(mapping, pageBytes + 9..<pageBytes + 10, into: &copy))
      #expect(GuardedCopy.copy(mapping, 0..<pageBytes, into: &copy))
      #expect(copy == Array(bytes[..<pageBytes]))
    }
  }

  @Test func manyThreadsMayMeetTheCutPageAtOnce() throws {
    let (file, mapping, _) = try mapped()
    try file.truncate(pageBytes)
    let threads = try (0..<8).map { index throws(LogError) in
      try Thread(name: "copy \(index)") {
        GuardedCopy.install()
        var copy: [UInt8] = []
        for _ in 0..<200 { #expect(!GuardedCopy.copy(mapping, 0..<mapping.count, into: &copy)) }
      }
    }
    for thread in threads { thread.join() }
  }

  private func mapped() throws -> (any LogFile, Mapping, [UInt8]) {
    GuardedCopy.install()
    let directory = try SystemFileSystem.shared.openDirectory(temporary.path, create: false)
    let file = try directory.openFile("mapped", .create)
    let bytes = noise(2 * pageBytes)
    try file.write(bytes.span, at: 0)
    return (file, try file.map(bytes.count, writable: false), bytes)
  }
}
