import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct SegmentVerificationTests {
  /// A frame with bytes 8 behind its start that look like the header of a long frame.
  private func segment() throws -> Segment {
    let draft = FrameDraft(
      isLone: true,
      events: [
        .init(
          aggregate: "\0\u{10}",
          version: 4,
          type: 1,
          payload: String(repeating: "p", count: 2100)
        )
      ],
      appends: [1]
    )
    let frame = draft.encode(at: 4096, salt: FormatSamples.salt)
    let directory = try SimulatedFileSystem().openDirectory("/store", create: true)
    let file = try directory.openFile("segment", .create)
    try file.write(frame, at: 4096)
    return Segment(
      name: file.name,
      in: directory,
      mapping: try file.map(4096 + frame.count, writable: false),
      header: FormatSamples.segmentHeader,
      entry: SegmentList.Entry(id: 3, isSealed: true)
    )
  }

  @Test func aVerifiedFrameVouchesForNoOtherPlace() throws {
    let segment = try segment()
    let limit = segment.mapping.count
    let inside = FrameHeader.probe(segment.bytes, at: 4104, limit: limit)
    guard case .frame(let header) = inside else {
      Issue.record("the bytes inside look like a frame")
      return
    }
    #expect(header.knownKind == .events)
    _ = try segment.frame(at: 4096, limit: limit)
    let verdict = Verdict { () throws(LogError) in _ = try segment.frame(at: 4104, limit: limit) }
    #expect(verdict == .corrupt)
    _ = try segment.frame(at: 4096, limit: limit)
  }
}
