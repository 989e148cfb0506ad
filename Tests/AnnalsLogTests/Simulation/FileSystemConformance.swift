import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The contract of the file system seam, as far as it shows without a crash.
///
/// Every implementation runs `checkAll()` on an empty place of its own.
struct FileSystemConformance {
  /// The implementation.
  let fileSystem: any FileSystem
  /// A path in an existing directory at which nothing stands.
  let path: String

  /// Checks every sentence of the contract.
  func checkAll() throws {
    try aMissingDirectoryIsNotFound()
    let directory = try fileSystem.openDirectory(path, create: true)
    try aDirectoryIsFoundAgain(directory)
    try createRefusesATakenName(directory)
    try onlyRegularFilesAreOpened(directory)
    try readsAndWrites(directory)
    try sizesAndHoles(directory)
    try releasedBlocksReadAsZeros(directory)
    try mappingsShowLaterWrites(directory)
    try renameReplaces(directory)
    try removedFilesStayReadable(directory)
    try aLinkIsASecondName(directory)
    try theLockExcludes(directory)
    #expect(fileSystem.bootIdentifier() == fileSystem.bootIdentifier())
    #expect(!fileSystem.bootIdentifier().isEmpty)
  }

  private func aMissingDirectoryIsNotFound() throws {
    #expect(errno { _ = try fileSystem.openDirectory(path, create: false) } == ENOENT)
  }

  private func aDirectoryIsFoundAgain(_ directory: any LogDirectory) throws {
    #expect(try directory.names().isEmpty)
    _ = try fileSystem.openDirectory(path, create: true)
    _ = try fileSystem.openDirectory(path, create: false)
    #expect(errno { _ = try directory.openDirectory("inner", create: false) } == ENOENT)
    let inner = try directory.openDirectory("inner", create: true)
    _ = try inner.openFile("file", .create)
    #expect(try directory.openDirectory("inner", create: true).names() == ["file"])
    #expect(try directory.names() == ["inner"])
  }

  private func createRefusesATakenName(_ directory: any LogDirectory) throws {
    #expect(errno { _ = try directory.openFile("b", .readWrite) } == ENOENT)
    #expect(errno { _ = try directory.openFile("b", .readOnly) } == ENOENT)
    _ = try directory.openFile("b", .create)
    _ = try directory.openFile("a", .create)
    #expect(errno { _ = try directory.openFile("b", .create) } == EEXIST)
    #expect(try directory.names() == ["a", "b", "inner"])
    try directory.sync()
  }

  private func onlyRegularFilesAreOpened(_ directory: any LogDirectory) throws {
    #expect(errno { _ = try directory.openFile("inner", .readWrite) } != nil)
    #expect(errno { _ = try directory.openFile("inner", .readOnly) } != nil)
    #expect(errno { _ = try directory.openDirectory("a", create: true) } == ENOTDIR)
  }

  private func readsAndWrites(_ directory: any LogDirectory) throws {
    let file = try directory.openFile("a", .readWrite)
    let head: [UInt8] = [1, 2, 3]
    let tail: [UInt8] = [4, 5]
    try file.write(head.span, tail.span, at: 0)
    try file.write(tail.span, at: 1)
    #expect(try file.read(100, at: 0) == [1, 4, 5, 4, 5])
    #expect(try file.read(2, at: 3) == [4, 5])
    #expect(try file.read(2, at: 5) == [])
    #expect(try file.read(2, at: 500) == [])
    try file.sync()
    file.dropCache()
    let again = try directory.openFile("a", .readOnly)
    #expect(try again.read(5, at: 0) == [1, 4, 5, 4, 5])
    #expect(errno { try again.write(head.span, at: 0) } != nil)
    #expect(try again.size() == 5)
  }

  private func sizesAndHoles(_ directory: any LogDirectory) throws {
    let file = try directory.openFile("holes", .create)
    try file.allocate(8192)
    #expect(try file.size() == 8192)
    try file.allocate(100)
    #expect(try file.size() == 8192)
    let one: [UInt8] = [1]
    try file.write(one.span, at: 10_000)
    #expect(try file.read(20_000, at: 0) == [UInt8](repeating: 0, count: 10_000) + [1])
    try file.truncate(9_999)
    try file.truncate(10_002)
    #expect(try file.read(10, at: 9_998) == [0, 0, 0, 0])
    try file.sync()
  }

  private func releasedBlocksReadAsZeros(_ directory: any LogDirectory) throws {
    let file = try directory.openFile("released", .create)
    try file.allocate(64 << 10)
    let mapping = try file.map(64 << 10, writable: false)
    let bytes = [UInt8](repeating: 3, count: 10_000)
    try file.write(bytes.span, at: 0)
    try file.write(bytes.span, at: 40_000)
    try file.sync()
    file.releaseBlocks(behind: 9_000)
    #expect(try file.size() == 64 << 10)
    #expect(try file.read(9_000, at: 0) == [UInt8](repeating: 3, count: 9_000))
    // A system that cannot leaves them as they are.
    let rest = try file.read(10_000, at: 40_000)
    let isReleased = rest.allSatisfy { $0 == 0 }
    #expect(isReleased || rest == bytes)
    #expect(mapping.bytes[45_000] == rest[5_000])
    file.releaseBlocks(behind: 1 << 20)
    try file.allocate(64 << 10)
    #expect(try file.read(10_000, at: 40_000) == rest)
  }

  private func mappingsShowLaterWrites(_ directory: any LogDirectory) throws {
    let file = try directory.openFile("mapped", .create)
    try file.allocate(8192)
    let reader = try directory.openFile("mapped", .readOnly)
    let mapping = try reader.map(8192, writable: false)
    #expect(mapping.count == 8192)
    #expect(mapping.bytes[5000] == 0)
    let bytes: [UInt8] = [7, 8]
    try file.write(bytes.span, at: 5000)
    #expect(mapping.bytes[5000] == 7)
    #expect(mapping.bytes[5001] == 8)
    let writable = try file.map(4096, writable: true)
    unsafe writable.address.storeBytes(of: 9, as: UInt8.self)
    #expect(mapping.bytes[0] == 9)
    #expect(try reader.read(1, at: 0) == [9])
  }

  private func renameReplaces(_ directory: any LogDirectory) throws {
    let source = try directory.openFile("source", .create)
    let bytes: [UInt8] = [1]
    try source.write(bytes.span, at: 0)
    try source.sync()
    let target = try directory.openFile("target", .create)
    try directory.rename("source", to: "target")
    try directory.sync()
    #expect(try directory.openFile("target", .readOnly).size() == 1)
    #expect(try target.size() == 0)
    #expect(errno { _ = try directory.openFile("source", .readOnly) } == ENOENT)
    #expect(errno { try directory.rename("source", to: "target") } == ENOENT)
  }

  private func aLinkIsASecondName(_ directory: any LogDirectory) throws {
    let folder = try directory.openDirectory("links", create: true)
    let file = try directory.openFile("linked", .create)
    let bytes: [UInt8] = [1, 2, 3]
    try file.write(bytes.span, at: 0)
    try directory.link("linked", to: folder, as: "second")
    #expect(errno { try directory.link("linked", to: folder, as: "second") } == EEXIST)
    #expect(errno { try directory.link("none", to: folder, as: "third") } == ENOENT)
    try file.write(bytes.span, at: 3)
    #expect(try folder.openFile("second", .readOnly).read(9, at: 0) == [1, 2, 3, 1, 2, 3])
    try directory.remove("linked")
    try folder.sync()
    #expect(try folder.openFile("second", .readOnly).size() == 6)
    // A clone has the bytes of its time, or there is none.
    let clone = try folder.openFile("clone", .create)
    if try clone.clone(file) {
      try file.write(bytes.span, at: 0)
      try file.write(bytes.span, at: 6)
      #expect(try clone.read(9, at: 0) == [1, 2, 3, 1, 2, 3])
    } else {
      #expect(try clone.size() == 0)
    }
  }

  private func removedFilesStayReadable(_ directory: any LogDirectory) throws {
    let file = try directory.openFile("target", .readOnly)
    let mapping = try file.map(1, writable: false)
    try directory.remove("target")
    #expect(errno { try directory.remove("target") } == ENOENT)
    #expect(try file.read(1, at: 0) == [1])
    #expect(mapping.bytes[0] == 1)
    #expect(try !directory.names().contains("target"))
  }

  private func theLockExcludes(_ directory: any LogDirectory) throws {
    var first = try directory.lock("lock", shared: false)
    #expect(first?.isHeld() == true)
    #expect(try directory.lock("lock", shared: false) == nil)
    let other = try fileSystem.openDirectory(path, create: false)
    #expect(try other.lock("lock", shared: false) == nil)
    #expect(try other.lock("lock", shared: true) == nil)
    first = nil
    #expect(try other.lock("lock", shared: true) != nil)
    let second = try other.lock("lock", shared: false)
    #expect(second != nil)
    try directory.rename("lock", to: "stolen")
    #expect(second?.isHeld() == false)
  }

  /// The reason `body` failed for, or nil if it did not.
  private func errno(_ body: () throws -> Void) -> CInt? {
    do {
      try body()
      return nil
    } catch LogError.system(let system) {
      return system.errno
    } catch LogError.diskFull(let system) {
      return system.errno
    } catch {
      Issue.record(error)
      return nil
    }
  }
}

@Suite struct SimulatedFileSystemConformanceTests {
  @Test func theSimulatedDiskKeepsTheContract() throws {
    // Another implementation: FileSystemConformance(fileSystem: …, path: …).checkAll()
    try FileSystemConformance(fileSystem: SimulatedFileSystem(), path: "/store").checkAll()
  }
}
