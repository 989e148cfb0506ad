import AnnalsLog
import Glibc
import Testing

@Suite struct SystemFileSystemTests {
  private let temporary = TemporaryDirectory()

  // MARK: Directories

  @Test func aDirectoryIsMadeOnlyWhenAsked() throws {
    let path = temporary.path + "/store"
    #expect(
      errno(of: .open) { try SystemFileSystem.shared.openDirectory(path, create: false) } == ENOENT
    )
    for _ in 0..<2 { _ = try SystemFileSystem.shared.openDirectory(path + "/", create: true) }
    #expect(mode(of: path) == S_IFDIR | 0o700)
  }

  @Test func namesAreSortedAndWithoutTheDots() throws {
    let root = try directory()
    for name in ["b", "a", String(repeating: "é", count: 100)] {
      _ = try root.openFile(name, .create)
    }
    _ = try root.openDirectory("c", create: true)
    #expect(try root.names() == ["a", "b", "c", String(repeating: "é", count: 100)])
    #expect(try root.names().count == 4)
  }

  @Test func renameReplacesAndRemoveRemoves() throws {
    let root = try directory()
    try root.openFile("new", .create).write([1].span, at: 0)
    let old = try root.openFile("old", .create)
    try root.rename("new", to: "old")
    #expect(try root.openFile("old", .readOnly).read(9, at: 0) == [1])
    #expect(try old.size() == 0)
    try root.remove("old")
    try root.sync()
    #expect(try root.names().isEmpty)
    #expect(errno(of: .remove) { try root.remove("old") } == ENOENT)
  }

  @Test func errorsNameTheFileRelativeToTheStore() throws {
    let inner = try directory().openDirectory("segments", create: true)
    let expected = LogError.system(SystemError(.open, file: "segments/x", errno: ENOENT))
    #expect(throws: expected) { try inner.openFile("x", .readOnly) }
    #expect(try inner.openFile("y", .create).name == "segments/y")
  }

  @Test(arguments: ["", ".", "..", "a/b", "../x", "a\0b"])
  func aNameCannotLeadOutOfItsDirectory(name: String) throws {
    let root = try directory()
    #expect(errno(of: .open) { try root.openFile(name, .create) } == EINVAL)
    #expect(errno(of: .open) { try root.openDirectory(name, create: true) } == EINVAL)
    #expect(errno(of: .remove) { try root.remove(name) } == EINVAL)
    #expect(errno(of: .rename) { try root.rename("a", to: name) } == EINVAL)
  }

  // MARK: Opening files

  @Test func creatingATakenNameFails() throws {
    let root = try directory()
    _ = try root.openFile("x", .create)
    #expect(errno(of: .open) { try root.openFile("x", .create) } == EEXIST)
    #expect(mode(of: temporary.path + "/x") == S_IFREG | 0o600)
  }

  @Test func onlyRegularFilesAreOpened() throws {
    let root = try directory()
    _ = try root.openFile("target", .create)
    unsafe symlink("target", temporary.path + "/link")
    unsafe mkfifo(temporary.path + "/pipe", 0o600)
    _ = try root.openDirectory("directory", create: true)
    unsafe symlink("directory", temporary.path + "/directorylink")
    #expect(errno(of: .open) { try root.openFile("link", .readOnly) } == ELOOP)
    #expect(errno(of: .open) { try root.openFile("pipe", .readOnly) } == EINVAL)
    #expect(errno(of: .open) { try root.openFile("pipe", .readWrite) } == EINVAL)
    #expect(errno(of: .open) { try root.openFile("directory", .readOnly) } == EISDIR)
    let followed = errno(of: .open) { try root.openDirectory("directorylink", create: false) }
    #expect(followed == ENOTDIR || followed == ELOOP)
  }

  // MARK: Files

  @Test func whatIsWrittenIsRead() throws {
    let file = try directory().openFile("x", .create)
    let bytes = noise(200_000)
    try file.write(
      bytes.span.extracting(first: 70_001),
      bytes.span.extracting(droppingFirst: 70_001),
      at: 10
    )
    try file.sync()
    #expect(try file.size() == 200_010)
    #expect(try file.read(200_000, at: 10) == bytes)
    #expect(try file.read(10, at: 0) == [UInt8](repeating: 0, count: 10))
    let (none, seven, eight): ([UInt8], [UInt8], [UInt8]) = ([], [7], [8])
    try file.write(none.span, seven.span, at: 0)
    try file.write(eight.span, none.span, at: 1)
    try file.write(none.span, at: 500_000)
    #expect(try file.read(3, at: 0) == [7, 8, 0])
    file.dropCache()
    #expect(try file.read(200_000, at: 10) == bytes)
  }

  @Test func aReadEndsWhereTheFileEnds() throws {
    let file = try directory().openFile("x", .create)
    try file.write([1, 2, 3].span, at: 0)
    #expect(try file.read(.max, at: 1) == [2, 3])
    #expect(try file.read(5, at: 3) == [])
    #expect(try file.read(5, at: 1 << 40) == [])
  }

  @Test(.timeLimit(.minutes(30)), arguments: [0, 8192, 1_000_000])
  func aScanThatBeginsHasWhatFollowsRead(offset: Int) throws {
    let root = try directory()
    let file = try root.openFile("x", .create)
    try file.write([UInt8](repeating: 7, count: 4 << 20).span, at: 0)
    try file.sync()
    file.dropCache()
    let mapping = try file.map(4 << 20, writable: false)
    // Some file systems are memory: nothing can be dropped there.
    if isInMemory(mapping, 0) { return }
    let ahead = (offset & -4096) + 200 << 10
    root.startScan("x", at: offset)
    while !isInMemory(mapping, ahead) { usleep(1000) }
    #expect(!isInMemory(mapping, 4 << 20 - 4096), "no more than is soon wanted")
    // Advice: what is not there is nothing to tell.
    root.startScan("y", at: offset)
    root.startScan("x", at: 1 << 40)
  }

  private func isInMemory(_ mapping: Mapping, _ offset: Int) -> Bool {
    var isResident: UInt8 = 0
    _ = unsafe mincore(mapping.address + offset & -4096, 4096, &isResident)
    return isResident & 1 == 1
  }

  @Test func allocatingReservesBlocksAndKeepsBytes() throws {
    let file = try directory().openFile("x", .create)
    try file.write([1, 2, 3].span, at: 0)
    try file.allocate(1 << 20)
    #expect(try file.size() == 1 << 20)
    var status = stat()
    unsafe lstat(temporary.path + "/x", &status)
    #expect(status.st_blocks >= 2048)
    try file.allocate(4096)
    #expect(try file.size() == 1 << 20)
    #expect(try file.read(4, at: 0) == [1, 2, 3, 0])
    try file.truncate(2)
    #expect(try file.read(4, at: 0) == [1, 2])
  }

  @Test func whereBlocksCannotBeReservedZerosAreWritten() throws {
    let root = try directory()
    _ = try root.openFile("x", .create)
    let file = try #require(try root.openFile("x", .readWrite) as? SystemFile)
    try file.write([1, 2, 3].span, at: 0)
    try file.writeZeros(through: 200_000)
    #expect(try file.size() == 200_000)
    #expect(try file.read(4, at: 0) == [1, 2, 3, 0])
    try file.writeZeros(through: 1000)
    #expect(try file.size() == 200_000)
  }

  @Test func aMappingShowsWhatIsWrittenAndOutlivesItsFile() throws {
    let root = try directory()
    var file: (any LogFile)? = try root.openFile("x", .create)
    try file?.allocate(8192)
    let mapping = try #require(try file?.map(8192, writable: false))
    try file?.write([5, 6].span, at: 4095)
    file = nil
    try root.remove("x")
    #expect(mapping.bytes[4095] == 5 && mapping.bytes[4096] == 6)
  }

  @Test func aReadOnlyFileCannotBeWrittenOrMappedForWriting() throws {
    let root = try directory()
    try root.openFile("x", .create).allocate(4096)
    let file = try root.openFile("x", .readOnly)
    #expect(errno(of: .write) { try file.write([1].span, at: 0) } == EBADF)
    #expect(errno(of: .map) { try file.map(4096, writable: true) } == EACCES)
    #expect(errno(of: .map) { try file.map(0, writable: false) } == EINVAL)
  }

  // Not through a file: what fills a disk or meets a size limit differs among file systems.
  @Test(arguments: [ENOSPC, EDQUOT, EFBIG])
  func whatFindsNoRoomIsItsOwnErrorUnlessItIsASync(errno: CInt) {
    for call in [SystemError.SystemCall.write, .allocate, .truncate, .open, .mkdir, .rename] {
      let error = SystemError(call, file: "x", errno: errno)
      #expect(LogError.failed(call, file: "x", errno: errno) == .diskFull(error))
    }
    let error = SystemError(.sync, file: "x", errno: errno)
    #expect(LogError.failed(.sync, file: "x", errno: errno) == .system(error))
  }

  @Test func theBootHasAName() {
    let identifier = SystemFileSystem.shared.bootIdentifier()
    #expect(identifier.utf8.count == 36)
    #expect(identifier == SystemFileSystem.shared.bootIdentifier())
  }

  // MARK: Helpers

  private func directory() throws -> any LogDirectory {
    try SystemFileSystem.shared.openDirectory(temporary.path, create: false)
  }

  private func mode(of path: String) -> mode_t {
    var status = stat()
    unsafe lstat(path, &status)
    return status.st_mode
  }

  /// The errno with which `call` failed inside `body`; nil if nothing or something else failed.
  private func errno(of call: SystemError.SystemCall, _ body: () throws -> Any) -> CInt? {
    do {
      _ = try body()
      return nil
    } catch LogError.system(let error) {
      return error.call == call ? error.errno : nil
    } catch {
      return nil
    }
  }
}
