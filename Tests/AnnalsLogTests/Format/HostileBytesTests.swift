import AnnalsLog
import AnnalsTesting
import Testing

/// Random and randomly damaged bytes in every decoder: they give values or refusals, never a trap.
@Suite struct HostileBytesTests {
  private static let inputs = 100_000

  private static func random(_ random: inout SplitMix64) -> [UInt8] {
    let count = Int(random.next() % 64)
    var bytes: [UInt8] = []
    while bytes.count < count {
      // Small numbers pass more checks.
      let word = random.next()
      bytes.append(UInt8(truncatingIfNeeded: word & 1 == 0 ? word >> 8 & 3 : word >> 8))
    }
    return bytes
  }

  /// One of `samples`, with up to four of its bytes changed.
  private static func damaged(_ samples: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = samples[Int(random.next() % UInt64(samples.count))]
    for _ in 0...random.next() % 4 {
      let index = Int(random.next() % UInt64(bytes.count))
      let word = random.next()
      bytes[index] = UInt8(truncatingIfNeeded: word & 1 == 0 ? word >> 8 & 7 : word >> 8)
    }
    return bytes
  }

  private static func each(
    _ seed: UInt64,
    _ samples: [[UInt8]],
    _ body: ([UInt8]) -> Void
  ) {
    var random = SplitMix64(seed: seed)
    for number in 0..<inputs {
      body(number % 4 == 0 ? Self.random(&random) : damaged(samples, &random))
    }
  }

  @Test func eventsFramesAndTheirSections() {
    let samples = FormatSamples.frames.values.map { $0.draft.encode(at: 0, salt: 0) }
    var accepted = 0
    Self.each(1, samples.sorted { $0.count < $1.count }) { bytes in
      if FrameDraft.decode(bytes, at: 0, FormatSamples.base) != nil { accepted += 1 }
      var frame = EventsFrame()
      (frame.eventCount, frame.appendCount) = (bytes.count % 5 + 1, bytes.count % 3 + 1)
      (frame.extrasEnd, frame.keysEnd) = (bytes.count, bytes.count)
      _ = frame.extrasAreConsistent(bytes.span)
      _ = frame.keysAreConsistent(bytes.span)
    }
    #expect(accepted > 100)
  }

  @Test func eventsFramesAtTheEndsOfTheNumbers() {
    let samples = FormatSamples.frames.values.map { $0.draft.encode(at: 0, salt: 0) }
    let greatest = SegmentBase(position: Limits.ordinalMax + 1, time: .max)
    Self.each(2, samples.sorted { $0.count < $1.count }) { bytes in
      _ = FrameDraft.decode(bytes, at: 0, greatest)
    }
  }

  @Test func indexingWhatWasAccepted() {
    let samples = FormatSamples.frames.values.map { $0.draft.encode(at: 0, salt: 0) }
    let hasher = KeyHasher(FormatSamples.storeID)
    var indexer = FrameIndexer()
    Self.each(3, samples.sorted { $0.count < $1.count }) { bytes in
      let span = bytes.span
      guard
        let frame = EventsFrame.decode(
          span,
          at: 0,
          byteCount: span.count,
          FormatSamples.base
        ), frame.isConsistent(span),
        frame.lastPosition(span) < FormatSamples.base.position + 1000
          || frame.lastPosition(span) > FormatSamples.base.position + 10_000_000
      else { return }
      var state = KeyIndex.State()
      state.begin(3, basePosition: FormatSamples.base.position, expecting: 0)
      indexer.hash(frame, span, hasher)
      _ = indexer.add(frame, span, to: &state)
    }
  }

  @Test func controlFramesAndTypeNames() {
    let content = FormatSamples.typesContent(FormatSamples.typeNames)
    let frame = FormatSamples.control(.types, next: 0, content: content, at: 0)
    Self.each(4, [frame, content]) { bytes in
      _ = TypeNames.decode(bytes.span)
      _ = ControlFrame.decode(bytes.span, at: 0, byteCount: bytes.count, FormatSamples.base)
      _ = FrameHeader.probe(bytes.span, at: 0, limit: bytes.count)
    }
  }

  @Test func snapshotFrames() {
    Self.each(5, [FormatSamples.snapshotFrame(at: 0)]) { bytes in
      _ = SnapshotFrame.decode(bytes.span, at: 0, byteCount: bytes.count)
    }
  }

  @Test func metadata() {
    let pairs = Metadata([.init(name: "correlation", value: "c1"), .init(name: "", value: "é")])
    Self.each(6, [FormatSamples.bytes { pairs.encode(into: &$0) }]) { bytes in
      let found = Metadata.decode(bytes.span)
      let isWellFormed = Metadata.isWellFormed(bytes.span)
      if (found != nil) != isWellFormed { Issue.record("\(bytes)") }
    }
  }

  @Test func lists() {
    Self.each(7, [HeadedFile.segmentList.bytes]) { _ = HeadedFile.segmentList.decode($0) }
  }

  @Test func manifests() {
    let start = Array(HeadedFile.manifest.bytes.prefix(64))
    Self.each(8, [start]) { _ = HeadedFile.manifest.decode($0) }
  }

  @Test func footerHeaders() {
    let block = Array(FooterHeaderTests.vector.prefix(264))
    Self.each(9, [block]) { bytes in
      _ = FooterHeader.decode(bytes.span, storeID: FormatSamples.storeID)
      _ = IndexCheckpointHeader.decode(bytes.span, storeID: FormatSamples.storeID)
    }
  }

  /// Damage under checksums that fit: only the checks of content stand in its way.
  @Test(arguments: [HeadedFile.manifest, .segmentHeader, .staging])
  func blocksWithValidChecksums(file: HeadedFile) {
    var random = SplitMix64(seed: 10)
    for _ in 0..<5_000 {
      var bytes = file.bytes
      for _ in 0...random.next() % 8 {
        bytes[Int(random.next() % 128)] = UInt8(truncatingIfNeeded: random.next())
      }
      _ = file.decode(HeadedFile.resealed(bytes))
    }
  }

  @Test func checkedFilesWithValidChecksums() {
    let vector = FooterHeaderTests.vector
    let body = Array(vector[4096..<vector.count - 8])
    var random = SplitMix64(seed: 11)
    for _ in 0..<5_000 {
      var fields = Array(vector[CheckedPages.fields..<264])
      var content = body
      for _ in 0...random.next() % 4 {
        let byte = UInt8(truncatingIfNeeded: random.next() & 0x8181)
        switch random.next() % 3 {
        case 0: fields[96 + Int(random.next() % UInt64(fields.count - 96))] = byte
        case 1: content[Int(random.next() % 108)] = byte
        default: content[4096 + Int(random.next() % 64)] = byte
        }
      }
      _ = FooterHeaderTests.open(
        CheckedSample.file(.footer, fields: fields, body: content)
      )
    }
  }
}
