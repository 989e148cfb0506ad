import AnnalsLog
import AnnalsTesting
import Testing

/// The vectors of derived files.
extension FormatVectorChecks {
  private static let hasher = KeyHasher(FormatSamples.storeID)

  private static func hash(_ text: String) -> KeyHash {
    hasher.hash(Array(text.utf8).span, .aggregate)
  }

  private static let order = KeyEntry(
    hash: hash("order-7"),
    domain: 0,
    version: 300,
    segment: 1,
    count: 1,
    postings: 5
  )

  static let keyTableEntry: Check = { bytes in
    let size = KeyTableFormat.footerEntry
    #expect(bytes.count == size)
    let entry = KeyEntry.decode(bytes.span, at: 0, size)
    #expect(entry == order)
    #expect(bytes == FormatSamples.bytes { order.encode(size, into: &$0, tableStart: 0) })
    // A checkpoint's entry is the same without count and postings.
    let short = FormatSamples.bytes {
      order.encode(KeyTableFormat.checkpointEntry, into: &$0, tableStart: 0)
    }
    #expect(short == Array(bytes.prefix(KeyTableFormat.checkpointEntry)))
  }

  static let footer: Check = { bytes in
    let mapping = Mapping.holding(bytes)
    let footer = try Footer(
      mapping,
      storeID: FormatSamples.storeID,
      segment: FormatSamples.segmentHeader,
      name: ""
    )
    #expect(footer.checkAll().isEmpty)
    let header = footer.header
    #expect(header.lastPosition == 1006)
    #expect(header.eventCount == 6)
    #expect(header.end == UInt64(FormatSamples.end))
    #expect(header.lastRecord == 2)
    #expect(header.keySequence == 4)
    #expect(header.leastTime == FormatSamples.base.time + 1_000_000)
    #expect(header.greatestTime == FormatSamples.base.time + 2_000_005)
    #expect(header.liveBytes == 176)
    #expect(header.aggregateCount == 3)
    #expect(header.lastChecksum == FormatSamples.lastChecksum)
    let ordinals = ["account-1": [0, 1, 3], "account-22": [2, 4], "order-7": [5]]
    for (name, expected) in ordinals {
      let entry = try #require(try footer.keys.find(hash(name)))
      var found: [UInt32] = []
      try footer.postings(entry, into: &found)
      #expect(found.map(Int.init) == expected)
    }
    #expect(try footer.keys.find(hash("order-7")) == order)
    #expect(try footer.keys.find(hash("order-8")) == nil)
    #expect(try footer.frameOffset(before: 4) == FormatSamples.loneOffset)
    #expect(try footer.types().map(\.name) == FormatSamples.typeNames)
    #expect(try footer.types().map(\.count) == [1, 1, 4])
    #expect(try footer.categories() == ["account", "order"])
    #expect(try builtFooter() == bytes)
  }

  /// The footer that the engine makes of the document's sample segment.
  private static func builtFooter() throws -> [UInt8] {
    let directory = try SimulatedFileSystem().openDirectory("/store", create: true)
    let file = try directory.openFile("segment", .create)
    try file.write(
      FormatSamples.bytes { FormatSamples.segmentHeader.encode(into: &$0) },
      at: 0
    )
    let names = FormatSamples.typesContent(FormatSamples.typeNames)
    let types = FormatSamples.control(.types, next: 0, content: names, at: 4096)
    try file.write(types, at: FormatSamples.typesOffset)
    for name in ["frame-lone", "frame-group"] {
      let sample = try #require(FormatSamples.frames[name])
      let bytes = sample.draft.encode(at: sample.offset, salt: FormatSamples.salt)
      try file.write(bytes, at: sample.offset)
    }
    let segment = Segment(
      name: file.name,
      in: directory,
      mapping: try file.map(FormatSamples.end, writable: false),
      header: FormatSamples.segmentHeader,
      entry: SegmentList.Entry(id: 3, isSealed: true)
    )
    var builder = FooterBuilder(
      segment,
      types: TypeTable(FormatSamples.typeNames),
      storeID: FormatSamples.storeID,
      keySequence: 4
    )
    try builder.scan(through: FormatSamples.end)
    let previous = [hash("account-1"): SegmentID(2), hash("order-7"): 1]
    let footer = try builder.encode { hash in previous[hash] ?? 0 }
    return footer.bytes.array
  }

  static let indexCheckpoint: Check = { bytes in
    let checkpoint = try IndexCheckpoint(
      Mapping.holding(bytes),
      storeID: FormatSamples.storeID,
      name: ""
    )
    #expect(checkpoint.checkAll().isEmpty)
    let header = checkpoint.header
    #expect(header.generation == 2)
    #expect(header.firstSegment == 2)
    #expect(header.lastSegment == 3)
    #expect(header.lastPosition == 1006)
    #expect(header.count == 2)
    let found = try checkpoint.keys.find(hash("order-7"))
    #expect(found == KeyEntry(hash: hash("order-7"), domain: 0, version: 300, segment: 3))
    let account = try checkpoint.keys.find(hash("account-1"))
    #expect(account?.version == 9)
    let merge = IndexMerge.Input(keys: checkpoint.keys, segment: nil)
    let file = try SimulatedFileSystem().openDirectory("/", create: true)
      .openFile("merged", .create)
    try IndexMerge.merge([merge], header: header, into: file)
    #expect(try file.read(try file.size(), at: 0) == bytes)
  }
}
