import AnnalsLog
import Testing

@Suite struct ManifestTests {
  private let sample = FormatSamples.manifest(generation: 7, isClosed: false)

  private func decode(_ bytes: [UInt8], slot: Int = 0) throws(LogError) -> Manifest {
    try Manifest.decode(bytes.span, slot: slot)
  }

  private func encode(_ manifest: Manifest) -> [UInt8] {
    FormatSamples.bytes { manifest.encode(into: &$0) }
  }

  @Test func eachSlotIsReadByItself() throws {
    var damaged = encode(sample)
    damaged[50] ^= 1
    let bytes = damaged + encode(sample)
    #expect(Verdict { () throws(LogError) in _ = try decode(bytes) } == .corrupt)
    #expect(try decode(bytes, slot: 1) == sample)
    #expect(Verdict { () throws(LogError) in _ = try decode(bytes, slot: 2) } == .truncated)
  }

  @Test func theGreatestNumbersComeBack() throws {
    var manifest = sample
    manifest.generation = Limits.generationMax
    manifest.listGeneration = Limits.generationMax
    manifest.historyStart = Limits.ordinalMax
    manifest.tail = Manifest.Tail(
      segment: Limits.segmentIDMax,
      end: UInt64(Int64.max),
      position: Limits.ordinalMax,
      record: Limits.ordinalMax,
      checksum: .max,
      keySequence: Limits.ordinalMax
    )
    manifest.isClosed = true
    #expect(try decode(encode(manifest)) == manifest)
  }

  private typealias Change = @Sendable (inout Manifest) -> Void

  private static let changes: [Change] = [
    { $0.generation = 1 << 63 }, { $0.generation = .max }, { $0.listGeneration = 1 << 63 },
    { $0.historyStart = 1 << 56 }, { $0.tail.segment = .max }, { $0.tail.end = 1 << 63 },
    { $0.tail.position = 1 << 56 }, { $0.tail.record = .max }, { $0.tail.keySequence = .max },
  ]

  @Test(arguments: changes.indices)
  func numbersBeyondTheLimitsAreMalformed(index: Int) {
    var manifest = sample
    Self.changes[index](&manifest)
    let malformed = LogError.corrupt(
      Corruption(file: StoreFile.manifest, offset: 0, .malformed(.manifest))
    )
    #expect(throws: malformed) { try decode(encode(manifest)) }
  }

  @Test func closedIsZeroOrOne() {
    var bytes = encode(sample)
    bytes[120] = 2
    #expect(HeadedFile.manifest.decode(HeadedFile.resealed(bytes)) == .corrupt)
  }
}
