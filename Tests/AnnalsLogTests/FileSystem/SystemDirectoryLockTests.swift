import AnnalsLog
import Glibc
import Testing

@Suite struct SystemDirectoryLockTests {
  private let temporary = TemporaryDirectory()

  @Test func aSecondWriterInTheProcessIsRefused() throws {
    let root = try directory()
    var lock = try root.lock("LOCK", shared: false)
    #expect(lock?.isHeld() == true)
    #expect(lock?.isHeldByProcess == true)
    #expect(try root.lock("LOCK", shared: false) == nil)
    let again = try SystemFileSystem.shared.openDirectory(temporary.path + "/.", create: false)
    #expect(try again.lock("LOCK", shared: false) == nil)
    #expect(try again.lock("LOCK", shared: true) == nil)
    #expect(lock?.isHeld() == true)
    lock = nil
    #expect(try again.lock("LOCK", shared: true) != nil)
    #expect(try again.lock("LOCK", shared: false) != nil)
  }

  @Test func aWriterElsewhereIsSeen() throws {
    let root = try directory()
    _ = try root.lock("LOCK", shared: false)
    // Another open file is to the kernel what another process is.
    let other = unsafe open(temporary.path + "/LOCK", O_RDWR | O_CLOEXEC)
    #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
    #expect(try root.lock("LOCK", shared: true) == nil)
    #expect(try root.lock("LOCK", shared: false) == nil)
    // A reader that looks: it alone is no writer.
    #expect(flock(other, LOCK_SH | LOCK_NB) == 0)
    #expect(try root.lock("LOCK", shared: true) != nil)
    close(other)
    #expect(try root.lock("LOCK", shared: false) != nil)
  }

  @Test func aReaderThatLooksForAMomentDoesNotRefuseTheWriter() throws {
    let root = try directory()
    _ = try root.lock("LOCK", shared: false)
    let other = unsafe open(temporary.path + "/LOCK", O_RDONLY | O_CLOEXEC)
    #expect(flock(other, LOCK_SH | LOCK_NB) == 0)
    let reader = try Thread(name: "reader") {
      usleep(60_000)
      close(other)
    }
    #expect(try root.lock("LOCK", shared: false) != nil)
    reader.join()
  }

  @Test func aLookWithoutALockFileMakesNone() throws {
    let root = try directory()
    #expect(try root.lock("LOCK", shared: true) != nil)
    #expect(try root.names().isEmpty)
  }

  @Test func aLockWhoseFileWasReplacedIsNoLongerHeld() throws {
    let root = try directory()
    let lock = try #require(try root.lock("LOCK", shared: false))
    try root.rename("LOCK", to: "moved")
    #expect(!lock.isHeld())
    _ = try root.openFile("LOCK", .create)
    #expect(!lock.isHeld())
    try root.rename("moved", to: "LOCK")
    #expect(lock.isHeld())
  }

  private func directory() throws -> any LogDirectory {
    try SystemFileSystem.shared.openDirectory(temporary.path, create: false)
  }
}
