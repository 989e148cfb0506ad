import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct SalvageTests {
  /// Where every frame of a store stands, and which events are in it.
  private struct FrameMap {
    struct Place {
      var file: String
      var range: Range<Int>
      var positions: ClosedRange<UInt64>?
    }

    var places: [Place] = []

    init(_ image: DiskImage) throws {
      for name in image.segmentNames {
        let bytes = image.files[name] ?? []
        guard let header = try SegmentHeader.decode(bytes.span, file: name) else { continue }
        let base = SegmentBase(position: header.basePosition, time: header.baseTime)
        var offset = Segment.firstFrame
        while case .frame(let frame) = FrameHeader.probe(bytes.span, at: offset, limit: bytes.count)
        {
          var positions: ClosedRange<UInt64>?
          if let events = EventsFrame.decode(
            bytes.span,
            at: offset,
            byteCount: frame.byteCount,
            base
          ), frame.knownKind == .events {
            positions = events.firstPosition...events.lastPosition(bytes.span)
          }
          places.append(
            Place(file: name, range: offset..<offset + frame.byteCount, positions: positions)
          )
          offset += frame.byteCount
        }
      }
    }

    /// The positions in the frame that holds the byte at `offset`.
    func positions(_ file: String, _ offset: Int) -> ClosedRange<UInt64>? {
      places.first { $0.file == file && $0.range.contains(offset) }?.positions
    }
  }

  private static func salvage(_ disk: SimulatedFileSystem) throws -> SalvageReport {
    try StoreCopier.salvage(
      CopyStory.source,
      to: "/saved",
      opening: CopyStory.options(disk)
    )
  }

  private static func positions(_ report: SalvageReport) -> Set<UInt64> {
    var all: Set<UInt64> = []
    for case let range? in report.lost.map(\.positions) {
      all.formUnion(range.first.rawValue...range.last.rawValue)
    }
    return all
  }

  @Test func aWholeStoreLosesNothing() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk)
    let report = try Self.salvage(disk)
    #expect(report.lost.isEmpty)
    #expect(report.events == UInt64(written.events.count))
    #expect(try CopyStory.verified(disk, "/saved") == written.events)
  }

  @Test(arguments: [true, false]) func everyFrameThatVerifiesIsSaved(isClosed: Bool) throws {
    let disk = SimulatedFileSystem()
    var written = try CopyStory.make(disk, rounds: 4)
    var image = try DiskImage(disk)
    if !isClosed {
      let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
      _ = try CopyStory.append(log, 12, seed: 77)
      written.events = try log.read()
      let killed = disk.killed()
      try log.close()
      image = try DiskImage(killed)
    }
    let map = try FrameMap(image)
    let names = image.segmentNames.filter { name in map.places.contains { $0.file == name } }
    for seed in 0..<40 {
      var random = SplitMix64(seed: UInt64(seed))
      let copy = try image.disk()
      var lost: Set<UInt64> = []
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        let end = map.places.last { $0.file == name }?.range.upperBound ?? 0
        let offset = Int.random(in: 0..<end, using: &random)
        let byte = image.files[name]?[offset] ?? 0
        try DiskImage.write([byte ^ 0x21], at: offset, of: name, on: copy)
        if let positions = map.positions(name, offset) { lost.formUnion(positions) }
      }
      let report = try Self.salvage(copy)
      let expected = written.events.filter { !lost.contains($0.position.rawValue) }
      let found = try CopyStory.open(copy, "/saved").read()
      #expect(found == expected, "seed \(seed)")
      let named = Self.positions(report)
      // Of a tail that was never closed nothing tells how far it went.
      let last = found.last?.position.rawValue ?? 0
      #expect(named == (isClosed ? lost : lost.filter { $0 < last || named.contains($0) }))
      #expect(isClosed || report.lost.count >= (lost.isEmpty ? 0 : 1), "seed \(seed)")
      let check = try StoreVerifier.verify("/saved", options: CopyStory.options(copy))
      #expect(check.isOK, "seed \(seed): \(check.problems)")
      // Positions go on behind what is lost, and versions behind what the footers knew.
      let head = report.lastPosition.rawValue
      #expect(!isClosed || head == written.ends.last)
      let log = try CopyStory.open(copy, "/saved", .readWrite)
      let next = try log.append([NewEvent(type: "Next", payload: [1])], to: "account-1")
      #expect(next.lastPosition.rawValue == head + 1)
      try log.close()
      #expect(try CopyStory.verified(copy, "/saved").count == expected.count + 1)
    }
  }

  /// Whichever is damaged, and whether a manifest, the file with the rules or only the watermark at
  /// the end tells that there was one.
  @Test(arguments: [true, false], 0...2)
  func lostRulesAreCounted(isClosed: Bool, damaged: Int) throws {
    let disk = SimulatedFileSystem()
    let log = try CopyStory.open(disk, CopyStory.source, .readWrite)
    _ = try CopyStory.append(log, 20, seed: 5)
    let names = ["account-1", "account-2", "account-3"]
    for name in names {
      let receipt = try log.retain(.delete(.aggregate(AggregateID(name))), reason: "of " + name)
      #expect(receipt.record > 0)
    }
    if isClosed { try log.close() }
    let image = try DiskImage(disk)
    let name = try #require(image.segmentNames.first)
    let bytes = try #require(image.files[name])
    let reason = Array(("of " + names[damaged]).utf8)
    let place = try #require(
      bytes.indices.first { bytes[$0...].prefix(reason.count).elementsEqual(reason) }
    )
    let copy = try image.disk()
    #expect(try Self.salvage(copy).rulesLost == 0)
    let root = try copy.openDirectory(CopyStory.source, create: false)
    if !isClosed {
      for file in try root.names() where file.hasPrefix("retention-") { try root.remove(file) }
    }
    try DiskImage.write([bytes[place] ^ 1], at: place, of: name, on: copy)
    let report = try StoreCopier.salvage(
      CopyStory.source,
      to: "/rest",
      opening: CopyStory.options(copy)
    )
    #expect(report.rulesLost == 1)
    #expect(report.eventsLost == 0)
    let rest = try CopyStory.open(copy, "/rest")
    for (index, name) in names.enumerated() {
      let isSeen = try !rest.events(of: AggregateID(name)).isEmpty
      #expect(isSeen == (index == damaged))
    }
    try log.close()
  }

  @Test func lostEventsAreNamedByTheirAggregates() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 3)
    let image = try DiskImage(disk)
    let map = try FrameMap(image)
    for place in map.places {
      guard let positions = place.positions else { continue }
      let copy = try image.disk()
      let offset = place.range.upperBound - 9
      let byte = image.files[place.file]?[offset] ?? 0
      try DiskImage.write([byte ^ 0x21], at: offset, of: place.file, on: copy)
      let report = try Self.salvage(copy)
      #expect(report.lost.count == 1)
      let loss = try #require(report.lost.first)
      #expect(loss.file == place.file)
      #expect(loss.positions?.first.rawValue == positions.lowerBound)
      #expect(loss.positions?.last.rawValue == positions.upperBound)
      #expect(loss.offset == UInt64(place.range.lowerBound))
      var events: [String: Int] = [:]
      let gone = written.events.filter { positions.contains($0.position.rawValue) }
      let left = Set(
        written.events.filter { !positions.contains($0.position.rawValue) }.map(\.aggregate.text)
      )
      for event in gone where left.contains(event.aggregate.text) {
        events[event.aggregate.text, default: 0] += 1
      }
      let named = Dictionary(uniqueKeysWithValues: loss.aggregates.map { ($0.id.text, $0.events) })
      #expect(named == events)
      #expect(Int(loss.unnamedEvents) == gone.count - events.values.reduce(0, +))
      // A lost newest event's version is not given again.
      let log = try CopyStory.open(copy, "/saved", .readWrite)
      for event in gone {
        let versions = written.events.filter { $0.aggregate == event.aggregate }.map(\.version)
        #expect(try log.version(of: event.aggregate) == versions.max())
      }
      try log.close()
    }
  }

  @Test func aStoreWithoutASegmentItsManifestAndItsListIsSavedToo() throws {
    let disk = SimulatedFileSystem()
    let written = try CopyStory.make(disk, rounds: 4)
    let image = try DiskImage(disk)
    let map = try FrameMap(image)
    let removed = map.places[map.places.count / 2].file
    let gone = map.places.filter { $0.file == removed }.compactMap(\.positions)
    let lost = (gone.first?.lowerBound ?? 0)...(gone.last?.upperBound ?? 0)
    for isBlind in [false, true] {
      var files = image
      files.files[removed] = nil
      if isBlind {
        files.files["MANIFEST"] = nil
        for name in image.files.keys where name.hasPrefix("segments-") { files.files[name] = nil }
      }
      let copy = try files.disk()
      let report = try Self.salvage(copy)
      #expect(Self.positions(report) == Set(lost))
      let found = try CopyStory.verified(copy, "/saved")
      #expect(found == written.events.filter { !lost.contains($0.position.rawValue) })
      #expect(report.lastPosition.rawValue == written.ends.last)
    }
  }

  @Test func aDryRunTellsTheSameAndWritesNothing() throws {
    let disk = SimulatedFileSystem()
    _ = try CopyStory.make(disk, rounds: 3)
    let image = try DiskImage(disk)
    let name = image.segmentNames[1]
    try DiskImage.write([0xff, 0xff, 0xff], at: 4200, of: name, on: disk)
    let plan = try StoreCopier.salvage(
      CopyStory.source,
      to: "/saved",
      isDryRun: true,
      opening: CopyStory.options(disk)
    )
    #expect(throws: (any Error).self) { try disk.openDirectory("/saved", create: false) }
    let report = try Self.salvage(disk)
    #expect(plan.lost == report.lost)
    #expect(plan.events == report.events)
    #expect(plan.lastPosition == report.lastPosition)
    #expect(!plan.lost.isEmpty)
  }
}
