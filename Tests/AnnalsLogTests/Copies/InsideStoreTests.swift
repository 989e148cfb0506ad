import AnnalsLog
import AnnalsTesting
import Testing

/// A copy is not made inside a store, and nothing of it is begun.
@Suite struct InsideStoreTests {
  private static let places = [
    "/store/copy", "/store/log/copy", "/store/./copy/", "/else/../store/copy",
  ]

  @Test(arguments: places, [false, true])
  func noCopyIsMadeInside(_ place: String, isDryRun: Bool) throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 1)
    let opening = CopyStory.options(disk)
    let root = try disk.openDirectory("/store", create: false)
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    let before = try root.names().sorted() + log.names().sorted()
    var backup = BackupOptions()
    backup.isDryRun = isDryRun
    let taken = LogError.occupied(path: place)
    #expect(throws: taken) {
      try StoreCopier.backup("/store", to: place, options: backup, opening: opening)
    }
    #expect(throws: taken) {
      try StoreCopier.fork("/store", to: place, isDryRun: isDryRun, opening: opening)
    }
    #expect(throws: taken) {
      try StoreCopier.restore("/store", to: place, isDryRun: isDryRun, opening: opening)
    }
    #expect(throws: taken) {
      try StoreCopier.salvage("/store", to: place, isDryRun: isDryRun, opening: opening)
    }
    #expect(try root.names().sorted() + log.names().sorted() == before)
  }

  /// A store that has lost its manifest holds events all the same.
  @Test func norInsideADamagedOne() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 1)
    let opening = CopyStory.options(disk)
    try StoreCopier.fork("/store", to: "/damaged", opening: opening)
    try disk.openDirectory("/damaged", create: false).remove(StoreFile.manifest)
    let place = "/damaged/copy"
    #expect(throws: LogError.occupied(path: place)) {
      try StoreCopier.fork("/store", to: place, opening: opening)
    }
  }

  /// Beside a store, and under a folder that only holds stores, is outside.
  @Test func beside() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 1)
    _ = try disk.openDirectory("/stores", create: true)
    let opening = CopyStory.options(disk)
    for place in ["/stores/copy", "/storecopy"] {
      try StoreCopier.fork("/store", to: place, opening: opening)
    }
  }
}
