import AnnalsLog
import AnnalsTesting
import Testing

/// The segment that was in writing is not what it was: no read may end before it in silence.
@Suite struct LostLastSegmentTests {
  /// What stands in the last segment's place.
  enum Stand: CaseIterable {
    case otherSegment, otherStore, otherKind, zeros, garbage, nothing
  }

  /// Three events of `a-1` in the first segment, three in the second, which is in writing; another
  /// store of the same shape; and the segments' files.
  private struct Trial {
    var image: DiskImage
    var other: DiskImage
    var last: String
    var first: String
  }

  /// - Parameter isMarked: Whether the manifest tells that the last segment was begun.
  private func trial(isMarked: Bool) throws -> Trial {
    var images: [DiskImage] = []
    var names: [String] = []
    for _ in 0..<2 {
      let disk = SimulatedFileSystem()
      let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
      for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
      try DamageStore.roll(log)
      let before = try DiskImage(disk.killed())
      for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
      names = log.core.currentView.segments.map { $0.name }
      var image = try DiskImage(disk.killed())
      if !isMarked { image.files[StoreFile.manifest] = before.files[StoreFile.manifest] }
      images.append(image)
      try log.close()
    }
    return Trial(image: images[0], other: images[1], last: names[1], first: names[0])
  }

  private func damaged(_ trial: Trial, _ stand: Stand) throws -> SimulatedFileSystem {
    var image = trial.image
    let whole = try #require(image.files[trial.last])
    switch stand {
    case .otherSegment: image.files[trial.last] = image.files[trial.first]
    case .otherStore: image.files[trial.last] = trial.other.files[trial.last]
    case .otherKind:
      image.files[trial.last] = image.files[StoreFile.manifest]
    case .zeros: image.files[trial.last] = [UInt8](repeating: 0, count: whole.count)
    case .garbage:
      image.files[trial.last] = whole.indices.map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
    case .nothing: image.files[trial.last] = []
    }
    return try image.disk()
  }

  private func open(
    _ disk: SimulatedFileSystem,
    _ access: LogOptions.Access = .readOnly
  ) throws -> EventLog {
    var options = simulatedOptions(disk)
    options.access = access
    return try EventLog(at: DamageStore.path, options: options)
  }

  /// The positions given, and the damage told on the way.
  private func read(
    _ log: EventLog,
    _ request: ReadRequest
  ) -> (positions: [UInt64], told: [Corruption]) {
    var positions: [UInt64] = []
    var told: [Corruption] = []
    do throws(LogError) {
      var cursor = try log.cursor(request)
      while told.count < 5 {
        do throws(LogError) {
          guard let event = try cursor.next() else { break }
          positions.append(event.position.rawValue)
        } catch {
          guard case .corrupt(let corruption) = error else { throw error }
          told.append(corruption)
        }
      }
    } catch {
      // A read that begins where the damage is.
      if case .corrupt(let corruption) = error {
        told.append(corruption)
      } else {
        Issue.record("\(error)")
      }
    }
    return (positions, told)
  }

  private func expectTold(
    _ log: EventLog,
    _ file: String,
    through last: UInt64?,
    _ comment: Comment
  ) {
    let requests: [ReadRequest] = [.all(), .aggregate("a-1"), .all(after: 3)]
    for request in requests {
      for isReversed in [false, true] {
        var request = request
        request.isReversed = isReversed
        let (positions, told) = read(log, request)
        let all: [UInt64] = request.after == 3 ? [] : [1, 2, 3]
        #expect(positions == (isReversed ? all.reversed() : all), comment)
        #expect(told.map(\.file) == [file], comment)
        #expect(told.first?.positions?.first == 4, comment)
        if let last { #expect(told.first?.positions?.last.rawValue == last, comment) }
      }
    }
    #expect(throws: LogError.self, comment) { try log.version(of: "a-1") }
    #expect(throws: LogError.self, comment) { try log.version(of: "b-1") }
  }

  @Test(arguments: [true, false], Stand.allCases)
  func aReaderIsTold(isMarked: Bool, stand: Stand) throws {
    let trial = try trial(isMarked: isMarked)
    // What a power cut before the first sync leaves as well is no damage.
    if !isMarked, stand == .zeros { return }
    let disk = try damaged(trial, stand)
    let log = try open(disk.killed())
    expectTold(log, trial.last, through: isMarked ? 4 : nil, "\(stand)")
    #expect(throws: LogError.self) { try open(disk.killed(), .readWrite) }
    let report = try StoreVerifier.verify(DamageStore.path, options: simulatedOptions(disk))
    #expect(!report.problems.isEmpty)
  }

  /// The header alone is damaged: the list knows what it said, and the frames say the rest.
  @Test(arguments: [1, 3]) func aHeaderOfGarbageCostsNothing(eventCount: Int) throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    try DamageStore.roll(log)
    let manifest = try DiskImage(disk.killed()).files[StoreFile.manifest]
    for _ in 0..<eventCount {
      try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1", durability: .written)
    }
    let last = try #require(log.core.currentView.segments.last)
    var image = try DiskImage(disk.killed())
    image.files[StoreFile.manifest] = manifest
    for index in 40..<300 { image.files[last.name]?[index] ^= 0x5a }
    let damaged = try image.disk()
    let report = try StoreVerifier.verify(DamageStore.path, options: simulatedOptions(damaged))
    #expect(report.problems.map(\.file) == [last.name])
    #expect(report.lastPosition.rawValue == UInt64(3 + eventCount))
    for access in [LogOptions.Access.readOnly, .readWrite] {
      let log = try open(damaged.killed(), access)
      #expect(try log.read().count == 3 + eventCount)
      #expect(log.recovery.findings.contains { $0.kind == .segmentHeaderRestored })
      try log.close()
    }
    try log.close()
  }

  /// What a writer leaves that dies at any moment of a roll and the first writes behind it.
  @Test func aSegmentThatWasJustBegunIsNoDamage() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let images = Images(disk)
    disk.observe { _ in images.take() }
    try DamageStore.roll(log)
    try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1", durability: .written)
    try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1")
    disk.observe(nil)
    #expect(images.all.count > 8)
    for image in images.all {
      let cuts = (0..<8).map { image.crash(choosing: .random(UInt64($0))) }
      for disk in [image.killed()] + cuts {
        let reader = try open(disk)
        let count = try reader.read().count
        #expect((3...5).contains(count))
        #expect(reader.core.damages.isEmpty)
        let writer = try open(disk, .readWrite)
        #expect(try writer.read().count == count)
        try writer.close()
      }
    }
    try log.close()
  }

  /// Who opens a log while its writer begins a segment, and looks at the header too early and at
  /// the frames late enough, must not take them for what comes behind that which is to be seen.
  @Test func framesWhoseHeaderWasMissedAreNotTakenForWhatIsNext() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    func append(_ number: UInt8) throws {
      try log.append([NewEvent(type: "Done", payload: [number])], to: "a-1")
    }
    for number: UInt8 in 1...3 { try append(number) }
    let manifest = try #require(try DiskImage(disk).files[StoreFile.manifest])
    try DamageStore.roll(log)
    for number: UInt8 in 4...6 { try append(number) }
    let names = log.core.currentView.segments.map(\.name)
    // As it was before the roll, when two events had been published.
    let root = try disk.openDirectory(DamageStore.path, create: false)
    let control = try root.openFile(StoreFile.control, .readWrite)
      .map(ControlPage.byteCount, writable: true)
    let page = try #require(ControlPage(control))
    let content = Array(try #require(try DiskImage(disk).files[names[1]]).prefix(65536))
    let header = content[..<4096]
    try DiskImage.write(manifest, at: 0, of: StoreFile.manifest, on: disk)
    try DiskImage.write([UInt8](repeating: 0, count: 4096), at: 0, of: names[1], on: disk)
    page.publish(durable: 2, written: 2)
    let reader = try open(disk)
    let report = try StoreVerifier.verify(DamageStore.path, options: simulatedOptions(disk))
    #expect(report.problems.isEmpty)
    #expect(report.notes.contains { $0.kind == .unsyncedSegment && $0.file.hasSuffix(names[1]) })
    let options = simulatedOptions(disk)
    try StoreCopier.backup(DamageStore.path, to: DamageStore.path + "-copy", opening: options)
    let copy = try StoreVerifier.verify(DamageStore.path + "-copy", options: options)
    #expect(copy.problems.isEmpty && copy.lastPosition == 2)
    try DiskImage.write(Array(header), at: 0, of: names[1], on: disk)
    page.publish(durable: 6, written: 6)
    // Published, it must be there.
    try DiskImage.write([UInt8](repeating: 0, count: 65536), at: 0, of: names[1], on: disk)
    let lost = try StoreVerifier.verify(DamageStore.path, options: simulatedOptions(disk))
    #expect(lost.problems.contains { $0.positions == PositionRange(4, 6) })
    try DiskImage.write(content, at: 0, of: names[1], on: disk)
    _ = try reader.wait(after: 2, milliseconds: 100)
    #expect(try reader.read().map(\.payload) == (1...6).map { [UInt8($0)] })
    withExtendedLifetime(log) {}
  }

  /// A spare that something was written into is none; nobody misses it.
  @Test func aDamagedSpareOfAClosedStoreCostsNothing() throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let used = log.core.currentView.segments.map(\.name)
    try log.close()
    var image = try DiskImage(disk)
    let spare = try #require(image.segmentNames.first { !used.contains($0) })
    image.files[spare] = image.files[used[0]]
    let reader = try open(try image.disk())
    #expect(try reader.read().count == 3)
    #expect(!reader.core.damages.isEmpty)
  }

  /// Who follows a writer into a file that is not its segment is told so.
  @Test(arguments: [Stand.otherSegment, .otherStore, .zeros])
  func aFollowerIsTold(stand: Stand) throws {
    let disk = SimulatedFileSystem()
    let log = try EventLog(at: DamageStore.path, options: simulatedOptions(disk))
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let reader = try open(disk)
    try DamageStore.roll(log)
    for _ in 0..<3 { try log.append([NewEvent(type: "Done", payload: [1])], to: "a-1") }
    let names = log.core.currentView.segments.map(\.name)
    var bytes = [UInt8](repeating: 0, count: 8192)
    if stand != .zeros {
      let other = stand == .otherStore ? try trial(isMarked: true).other : try DiskImage(disk)
      bytes = Array(try #require(other.files[names[stand == .otherStore ? 1 : 0]]).prefix(8192))
    }
    try DiskImage.write(bytes, at: 0, of: names[1], on: disk)
    for _ in 0..<2 {
      #expect {
        try reader.wait(after: 3, milliseconds: 100)
      } throws: {
        guard case .corrupt(let corruption) = $0 as? LogError else { return false }
        return corruption.file == names[1] && corruption.positions == PositionRange(4, 6)
      }
    }
    #expect(try reader.read().count == 3)
    withExtendedLifetime(log) {}
  }
}

/// The disk as it was before each call.
private final class Images: @unchecked Sendable {
  // Checked how: touched by the one thread of a test.
  private let disk: SimulatedFileSystem
  private(set) var all: [SimulatedFileSystem] = []

  init(_ disk: SimulatedFileSystem) { self.disk = disk }

  func take() { all.append(disk.killed()) }
}
