import AnnalsLog
import Testing

@Suite struct CompressedFrameTests {
  private static let base = FormatSamples.base

  /// An events frame that becomes smaller.
  static let draft = FrameDraft(
    position: 1,
    time: 2_000_000,
    events: (0..<4).map { number in
      FrameDraft.Event(
        aggregate: "account-1",
        version: UInt64(number + 8),
        type: 3,
        payload: "{\"amount\":5,\"currency\":\"EUR\"}"
      )
    },
    appends: [1, 1, 1, 1]
  )

  /// The compressed frame of an events frame, with its checksum.
  static func pack(_ plain: [UInt8], at offset: Int) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(plain.span)
    let isPacked = CompressedFrame.pack(&buffer, from: 0, base)
    #expect(isPacked)
    let rest = Array(buffer.bytes.array.dropFirst(4))
    return FrameDraft.seal(rest, at: offset, salt: FormatSamples.salt)
  }

  private static func isConsistent(_ frame: [UInt8]) -> Bool {
    CompressedFrame.isConsistent(frame.span, at: 0, byteCount: frame.count, base)
  }

  @Test func whatIsExpandedIsWhatWasThere() throws {
    let plain = Self.draft.encode(at: 4096, salt: FormatSamples.salt)
    let stored = Self.pack(plain, at: 4096)
    #expect(stored.count < plain.count)
    #expect(Self.isConsistent(stored))
    let count = stored.count
    let found = CompressedFrame.decode(stored.span, at: 0, byteCount: count, Self.base)
    #expect(found?.firstPosition == Self.base.position + 1)
    #expect(found?.lastPosition == Self.base.position + 4)
    var buffer = ByteBuffer()
    let frame = try #require(found)
    let isWhole = frame.expand(stored.span, into: &buffer)
    #expect(isWhole)
    // But for checksum, length and padding.
    let body = buffer.bytes.array.dropFirst(9)
    #expect(Array(body) == Array(plain[9..<9 + body.count]))
  }

  @Test func framesThatDoNotBecomeSmallerStayAsTheyAre() {
    let short = FrameDraft(
      isLone: true,
      events: [.init(aggregate: "a-1", version: 1, payload: "x")],
      appends: [1]
    )
    var buffer = ByteBuffer()
    buffer.append(short.encode(at: 4096, salt: FormatSamples.salt).span)
    let before = buffer.bytes.array
    let isPacked = CompressedFrame.pack(&buffer, from: 0, Self.base)
    #expect(!isPacked)
    #expect(buffer.bytes.array == before)
  }

  /// A frame whose numbers before the block are others than those that are true.
  private static func forged(
    flags: UInt8 = 8,
    position: UInt64 = 1,
    span: UInt64? = nil,
    raw: UInt64? = nil,
    dropping dropped: Int = 0
  ) throws -> [UInt8] {
    let plain = draft.encode(at: 4096, salt: FormatSamples.salt)
    let stored = pack(plain, at: 4096)
    let count = stored.count
    let decoded = CompressedFrame.decode(stored.span, at: 0, byteCount: count, base)
    let found = try #require(decoded)
    var body = ByteBuffer()
    body.appendVarint(position)
    body.appendZigzag(2_000_000)
    body.appendVarint(span ?? 3)
    body.appendVarint(raw ?? UInt64(found.rawByteCount))
    let block = found.block.lowerBound..<found.block.upperBound - dropped
    body.append(Array(stored[block]).span)
    return FrameDraft.frame(
      kind: 4,
      flags: flags,
      body.bytes.array,
      at: 4096,
      salt: FormatSamples.salt
    )
  }

  @Test func whatIsForgedIsNotBelieved() throws {
    #expect(Self.isConsistent(try Self.forged()))
    // A size that no block of this size can have is refused before memory is taken for it.
    for raw in [0, 1, 2, 1 << 20, 1 << 30, 1 << 40, UInt64.max] {
      #expect(!Self.isConsistent(try Self.forged(raw: raw)), "\(raw) bytes")
    }
    for span in [0, 2, 4, 1 << 56, UInt64.max] {
      #expect(!Self.isConsistent(try Self.forged(span: span)), "\(span) positions")
    }
    for dropped in [1, 2, 5] {
      #expect(!Self.isConsistent(try Self.forged(dropping: dropped)), "\(dropped) bytes less")
    }
    #expect(!Self.isConsistent(try Self.forged(position: .max)))
    #expect(!Self.isConsistent(try Self.forged(flags: 0)))
    #expect(!Self.isConsistent(try Self.forged(flags: 24)))
    #expect(!Self.isConsistent(try Self.forged(flags: 40)))
  }

  @Test func everyTruncationAndEveryChangedByteIsTaken() throws {
    let stored = try Self.forged()
    for count in 0..<stored.count {
      let cut = Array(stored.prefix(count))
      let isTaken = CompressedFrame.isConsistent(
        cut.span,
        at: 0,
        byteCount: stored.count,
        Self.base
      )
      #expect(!isTaken)
    }
    for index in 8..<stored.count {
      for bit in 0..<8 {
        var changed = stored
        changed[index] ^= 1 << UInt8(bit)
        _ = Self.isConsistent(changed)
      }
    }
  }

  @Test func anUnknownFeatureOfASegmentIsToldAndThisOneOnlyOfARewrittenOne() throws {
    var header = FormatSamples.segmentHeader
    header.rewrittenThrough = header.basePosition + 3
    header.hasCompressedFrames = true
    let bytes = FormatSamples.bytes { header.encode(into: &$0) }
    let decoded = try SegmentHeader.decode(bytes.span, file: "")
    #expect(decoded == header)
    #expect(bytes[FileHeader.Layout.incompatible.lowerBound] == 1)
    header.rewrittenThrough = nil
    let wrong = FormatSamples.bytes { header.encode(into: &$0) }
    #expect(throws: LogError.self) { try SegmentHeader.decode(wrong.span, file: "") }
    var other = FileHeader(.footer, storeID: FormatSamples.storeID)
    other.incompatible = 1
    let footer = FormatSamples.bytes { other.encode(into: &$0) }
    #expect(throws: LogError.self) {
      try FileHeader.decode(footer.span, .footer, file: "")
    }
  }
}
