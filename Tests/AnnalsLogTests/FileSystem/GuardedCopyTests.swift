import AnnalsLog
import Testing

@Suite struct GuardedCopyTests {
  private let temporary = TemporaryDirectory()
  private let pageBytes = 65_536  // A multiple of every page size in use.

  @Test func bytesThatAreThereAreCopied() throws {
    let (_, mapping, bytes) = try mapped()
    var copy = ByteBuffer()
    copy.append([1, 2, 3].span)
    #expect(copied(mapping, 0..<mapping.count, &copy) == bytes)
    #expect(copied(mapping, 5..<70_000, &copy) == Array(bytes[5..<70_000]))
    #expect(copied(mapping, 5..<5, &copy) == [])
  }

  @Test func aFileCutUnderItsMappingIsAResultAndNotASignal() throws {
    let (file, mapping, bytes) = try mapped()
    try file.truncate(pageBytes)
    var copy = ByteBuffer()
    for _ in 0..<3 {
      #expect(copied(mapping, 0..<mapping.count, &copy) == nil)
      #expect(copy.count == 0)
      #expect(copied(mapping, pageBytes + 9..<pageBytes + 10, &copy) == nil)
      #expect(copied(mapping, 0..<pageBytes, &copy) == Array(bytes[..<pageBytes]))
    }
  }

  @Test func manyThreadsMayMeetTheCutPageAtOnce() throws {
    let (file, mapping, _) = try mapped()
    try file.truncate(pageBytes)
    let threads = try (0..<8).map { index throws(LogError) in
      try Thread(name: "copy \(index)") {
        GuardedCopy.install()
        var copy = ByteBuffer()
        for _ in 0..<200 { #expect(copied(mapping, 0..<mapping.count, &copy) == nil) }
      }
    }
    for thread in threads { thread.join() }
  }

  /// What stands in the buffer after a copy; nil if that was not whole.
  private func copied(
    _ mapping: Mapping,
    _ range: Range<Int>,
    _ buffer: inout ByteBuffer
  ) -> [UInt8]? {
    GuardedCopy.copy(mapping, range, into: &buffer) ? buffer.bytes.array : nil
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
