import AnnalsLog
import AnnalsTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A disk with the directory `/store` and in it a durable, empty file `file`.
struct PreparedDisk {
  let disk: SimulatedFileSystem
  let directory: any LogDirectory
  let file: any LogFile

  init(capacity: Int? = nil) throws {
    disk = SimulatedFileSystem(capacity: capacity)
    directory = try disk.openDirectory("/store", create: true)
    file = try directory.openFile("file", .create)
    try directory.sync()
  }

  /// The bytes of `file` on another disk.
  static func bytes(_ disk: SimulatedFileSystem, _ name: String = "file") throws -> [UInt8] {
    try disk.openDirectory("/store", create: false).openFile(name, .readOnly).read(1 << 20, at: 0)
  }

  /// The names of `/store` on another disk.
  static func names(_ disk: SimulatedFileSystem) throws -> [String] {
    try disk.openDirectory("/store", create: false).names()
  }
}

@Suite struct SimulatedFileSystemTests {
  private static let choices: [CrashChoice] =
    [.nothing, .everything, .prefix(1)] + (0..<20).map { .random($0) }

  @Test(arguments: choices)
  func syncedBytesStay(choice: CrashChoice) throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1, 2, 3], at: 0)
    try prepared.file.sync()
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: choice)) == [1, 2, 3])
  }

  @Test func unsyncedBytesCanBeGoneAfterACut() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1, 2, 3], at: 0)
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .nothing)) == [])
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .everything)) == [1, 2, 3])
    #expect(try PreparedDisk.bytes(prepared.disk) == [1, 2, 3])
  }

  @Test func theSizeCanSurviveWithoutTheBytes() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1, 2, 3], at: 0)
    let cut = prepared.disk.powerCut()
    let images = try cut.choices(atMost: 100, seed: 0).map { try PreparedDisk.bytes(cut.image($0)) }
    #expect(Set(images) == [[], [0, 0, 0], [1, 2, 3]])
  }

  @Test func unsyncedNamesCanBeGoneThoughTheirFilesWereSynced() throws {
    let prepared = try PreparedDisk()
    let file = try prepared.directory.openFile("new", .create)
    try file.write([1], at: 0)
    try file.sync()
    #expect(try PreparedDisk.names(prepared.disk.crash(choosing: .nothing)) == ["file"])
    try prepared.directory.sync()
    let synced = prepared.disk.crash(choosing: .nothing)
    #expect(try PreparedDisk.names(synced) == ["file", "new"])
    #expect(try PreparedDisk.bytes(synced, "new") == [1])
  }

  @Test func anySubsetOfNamesSurvivesUnlessOnlySuffixesAreDropped() throws {
    let prepared = try PreparedDisk()
    for name in ["a", "b"] { _ = try prepared.directory.openFile(name, .create) }
    func images(_ names: PowerCut.NameLoss) throws -> Set<[String]> {
      let cut = prepared.disk.powerCut(names: names)
      return Set(
        try cut.choices(atMost: 100, seed: 0).map { try PreparedDisk.names(cut.image($0)) }
      )
    }
    let suffixes: Set<[String]> = [["file"], ["a", "file"], ["a", "b", "file"]]
    #expect(try images(.suffixDropped) == suffixes)
    #expect(try images(.anySubset) == suffixes.union([["b", "file"]]))
  }

  @Test func aRenameIsWholeOrAbsent() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1], at: 0)
    try prepared.file.sync()
    let new = try prepared.directory.openFile("new", .create)
    try new.write([2], at: 0)
    try new.sync()
    try prepared.directory.sync()
    try prepared.directory.rename("new", to: "file")
    let cut = prepared.disk.powerCut()
    #expect(cut.choiceCount == 2)
    let old = cut.image(.nothing)
    #expect(try PreparedDisk.names(old) == ["file", "new"])
    #expect(try PreparedDisk.bytes(old) == [1])
    let renamed = cut.image(.everything)
    #expect(try PreparedDisk.names(renamed) == ["file"])
    #expect(try PreparedDisk.bytes(renamed) == [2])
  }

  @Test(arguments: [512, 4096])
  func aWriteTearsBetweenSectorsAndNeverInside(sectorByteCount: Int) throws {
    let prepared = try PreparedDisk()
    let sectorCount = 4
    try prepared.file.allocate(sectorCount * sectorByteCount)
    try prepared.file.sync()
    let half = sectorByteCount / 2
    let bytes = [UInt8](repeating: 1, count: (sectorCount - 1) * sectorByteCount)
    try prepared.file.write(bytes, at: half)
    let cut = prepared.disk.powerCut(sectorByteCount: sectorByteCount)
    let images = try cut.choices(atMost: 100, seed: 0).map { try PreparedDisk.bytes(cut.image($0)) }
    #expect(Set(images).count == 1 << sectorCount)
    for image in images {
      for sector in 1..<sectorCount - 1 {
        let start = sector * sectorByteCount
        #expect(Set(image[start..<start + sectorByteCount]).count == 1)
      }
      #expect(image[0..<half].allSatisfy { $0 == 0 })
    }
  }

  @Test func anOverwrittenSectorIsOneOfItsVersions() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1, 1], at: 0)
    try prepared.file.sync()
    try prepared.file.write([2, 2], at: 0)
    try prepared.file.write([3], at: 1)
    let cut = prepared.disk.powerCut()
    let images = try cut.choices(atMost: 100, seed: 0).map { try PreparedDisk.bytes(cut.image($0)) }
    #expect(images == [[1, 1], [2, 2], [2, 3]])
  }

  @Test func bytesBehindACutDoNotComeBack() throws {
    let prepared = try PreparedDisk()
    try prepared.file.write([1, 2, 3], at: 0)
    try prepared.file.sync()
    try prepared.file.truncate(1)
    try prepared.file.truncate(3)
    #expect(try prepared.file.read(3, at: 0) == [1, 0, 0])
    let cut = prepared.disk.powerCut()
    let images = try cut.choices(atMost: 100, seed: 0).map { try PreparedDisk.bytes(cut.image($0)) }
    #expect(images == [[1, 2, 3], [1], [1, 0, 0]])
  }

  @Test func aFailedSyncLeavesAPhantomUntilTheCacheIsDropped() throws {
    let prepared = try PreparedDisk()
    try prepared.file.allocate(4)
    try prepared.file.sync()
    try prepared.file.write([1, 2], at: 0)
    prepared.disk.withFaults { $0.fail(.init(EIO, kinds: [.sync])) }
    #expect(throws: LogError.system(SystemError(.sync, file: "file", errno: EIO))) {
      try prepared.file.sync()
    }
    #expect(try prepared.file.read(4, at: 0) == [1, 2, 0, 0])
    try prepared.file.write([3], at: 3)
    try prepared.file.sync()
    #expect(try prepared.file.read(4, at: 0) == [1, 2, 0, 3])
    #expect(try PreparedDisk.bytes(prepared.disk.killed()) == [1, 2, 0, 3])
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .everything)) == [0, 0, 0, 3])
    try prepared.file.write([4], at: 2)
    prepared.file.dropCache()
    #expect(try prepared.file.read(4, at: 0) == [0, 0, 4, 3])
  }

  @Test func aFullDiskWritesAPrefixAndGoesOnWhenThereIsRoom() throws {
    let prepared = try PreparedDisk(capacity: 10_240)
    let bytes = [UInt8](repeating: 1, count: 10_000)
    let full = LogError.diskFull(SystemError(.write, file: "file", errno: ENOSPC))
    #expect(throws: full) { try prepared.file.write(bytes, at: 0) }
    #expect(try prepared.file.size() == 8192)
    #expect(throws: LogError.diskFull(SystemError(.allocate, file: "file", errno: ENOSPC))) {
      try prepared.file.allocate(20_000)
    }
    #expect(try prepared.file.size() == 8192)
    try prepared.file.write([UInt8](bytes[0..<100]), at: 8000)
    prepared.disk.capacity = 20_480
    try prepared.file.write(bytes, at: 0)
    try prepared.file.sync()
    #expect(try PreparedDisk.bytes(prepared.disk.crash(choosing: .nothing)) == bytes)
  }

  @Test func removalMakesRoom() throws {
    let prepared = try PreparedDisk(capacity: 8192)
    try prepared.file.allocate(4096)
    let other = try prepared.directory.openFile("other", .create)
    #expect(throws: LogError.self) { try other.allocate(4096) }
    try prepared.directory.remove("file")
    try other.allocate(4096)
  }

  @Test func aKilledProcessLosesNothingAndItsLock() throws {
    let prepared = try PreparedDisk()
    let lock = try prepared.directory.lock("lock", shared: false)
    try prepared.file.write([1], at: 0)
    let killed = prepared.disk.killed()
    try prepared.file.write([2], at: 0)
    #expect(try PreparedDisk.bytes(killed) == [1])
    #expect(try PreparedDisk.bytes(killed.crash(choosing: .nothing)) == [])
    let directory = try killed.openDirectory("/store", create: false)
    #expect(try directory.lock("lock", shared: false) != nil)
    #expect(lock?.isHeld() == true)
  }

  @Test func onlyAPowerCutChangesTheBootIdentifier() {
    let disk = SimulatedFileSystem()
    #expect(disk.killed().bootIdentifier() == disk.bootIdentifier())
    #expect(disk.crash(choosing: .everything).bootIdentifier() != disk.bootIdentifier())
  }

  @Test func aMappingShowsWritesThatComeAfterIt() throws {
    let prepared = try PreparedDisk()
    let mapping = try prepared.file.map(100, writable: false)
    try prepared.file.write([1, 2], at: 10)
    #expect(mapping.bytes[10] == 1)
    try prepared.directory.remove("file")
    try prepared.file.write([3], at: 10)
    #expect(mapping.bytes[10] == 3)
  }

  @Test func memoryOfAFileIsZeroThoughAnotherFileUsedIt() throws {
    for _ in 0..<3 {
      let prepared = try PreparedDisk()
      let mapping = try prepared.file.map(5000, writable: true)
      #expect(mapping.bytes[4999] == 0)
      try prepared.file.write([9], at: 4999)
    }
  }
}
