import AnnalsLog
import Testing

@Suite struct EventsFrameTests {
  static let samples = FormatSamples.frames.keys.sorted()

  private func bytes(_ name: String) -> (bytes: [UInt8], offset: Int) {
    let sample = FormatSamples.frames[name]
    return (
      sample?.draft.encode(at: sample?.offset ?? 0, salt: FormatSamples.salt) ?? [],
      sample?.offset ?? 0
    )
  }

  private func decode(_ bytes: [UInt8], byteCount: Int, base: SegmentBase) -> Bool {
    let span = bytes.span
    guard let frame = EventsFrame.decode(span, at: 0, byteCount: byteCount, base) else {
      return false
    }
    return frame.isConsistent(span)
  }

  @Test(arguments: samples)
  func everyPrefixIsRefused(name: String) {
    let frame = bytes(name).bytes
    #expect(decode(frame, byteCount: frame.count, base: FormatSamples.base))
    for count in 0..<frame.count {
      let prefix = Array(frame.prefix(count))
      #expect(!decode(prefix, byteCount: frame.count, base: FormatSamples.base))
    }
    // Cut inside its bytes, the payloads or ids are short.
    for count in stride(from: 8, to: frame.count, by: 8) {
      #expect(!decode(frame, byteCount: count, base: FormatSamples.base) || name == "frame-lone")
    }
  }

  @Test(arguments: samples)
  func everyByteMayBeAnythingWithoutATrap(name: String) {
    var frame = bytes(name).bytes
    for index in 4..<frame.count {
      let before = frame[index]
      for value in UInt8.min...UInt8.max {
        frame[index] = value
        _ = FrameDraft.decode(frame, at: 0, FormatSamples.base)
      }
      frame[index] = before
    }
  }

  @Test(arguments: samples)
  func everyChangedByteBreaksTheChecksum(name: String) {
    var (frame, offset) = bytes(name)
    let checksum = FrameChecksum(salt: FormatSamples.salt)
    for index in frame.indices {
      for bits: UInt8 in [0x01, 0x10, 0x80, 0xff] {
        frame[index] ^= bits
        let computed = checksum.checksum(frame.span, 0..<frame.count, at: offset)
        let stored = frame.span.load(UInt32.self, at: 0)
        #expect(stored != computed, "byte \(index)")
        frame[index] ^= bits
      }
    }
  }

  private typealias Change = @Sendable (inout RawFrame, UInt64) -> Void

  /// Each field, with the values that are valid there.
  private static let fields: [(name: String, valid: Set<UInt64>, change: Change)] = [
    ("events", [1], { $0.events = $1 }),
    ("aggregates", [1], { $0.aggregates = $1 }),
    ("appends", [1], { $0.appends = $1 }),
    ("id length", [], { $0.columns[0] = $1 }),
    ("payload length", [1], { $0.columns[3] = $1 }),
    ("append length", [1], { $0.columns[4] = $1 }),
    ("ids length", [], { $0.idsLength = $1 }),
    ("distance", Set(HostileNumber.all), { ($0.flags, $0.distance) = (0, $1) }),
    ("time", Set(HostileNumber.all), { $0.time = $1 }),
    (
      "first version", Set(HostileNumber.all.filter { $0 >= 1 && $0 < 1 << 56 }),
      { $0.columns[1] = $1 }
    ),
    (
      "type", Set(HostileNumber.all.filter { $0 >= 1 && $0 <= 1 << 20 }),
      { $0.columns[2] = $1 }
    ),
    ("position", Set(HostileNumber.all.filter { $0 < 1 << 56 - 1001 }), { $0.position = $1 }),
  ]

  @Test(arguments: fields.indices)
  func hostileNumbersAreRefusedWithoutATrap(index: Int) {
    let field = Self.fields[index]
    #expect(RawFrame().isValid)
    for number in HostileNumber.all {
      var frame = RawFrame()
      field.change(&frame, number)
      #expect(frame.isValid == field.valid.contains(number), "\(field.name) \(number)")
    }
  }

  @Test func aDistanceBeyondTheFileIsRefused() {
    var frame = RawFrame()
    (frame.flags, frame.distance) = (0, 512)
    let bytes = [UInt8](repeating: 0, count: 4096) + frame.bytes
    #expect(FrameDraft.decode(bytes, at: 4096, FormatSamples.base)?.distance == 512)
    frame.distance = 513
    let beyond = [UInt8](repeating: 0, count: 4096) + frame.bytes
    #expect(FrameDraft.decode(beyond, at: 4096, FormatSamples.base) == nil)
  }

  @Test func unknownFlagsAndWidthsAreRefused() {
    for bit: UInt8 in [0x20, 0x40, 0x80] {
      var frame = RawFrame()
      frame.flags |= bit
      #expect(!frame.isValid)
    }
    for column: UInt32 in 0..<9 {
      for width: UInt32 in 5...7 {
        var frame = RawFrame()
        frame.word = width << (column * 3)
        #expect(!frame.isValid)
      }
    }
  }

  @Test func anAbsentColumnHasNoWidth() {
    for column: UInt32 in [2, 3, 6, 8] {
      var frame = RawFrame()
      frame.word = 1 << (column * 3)
      #expect(!frame.isValid)
    }
  }

  @Test func positionsNeitherWrapNorFall() {
    func isValid(_ positions: [UInt64]) -> Bool {
      var frame = RawFrame()
      frame.events = 2
      frame.word = RawFrame.hasAggregates | RawFrame.hasPositions | 4 << 24
      frame.columns = [3, 1, 0, 0, 1, 0, 2]
      frame.idsLength = 3
      frame.tail = Array("a-1".utf8)
      let columns = FormatSamples.bytes { buffer in
        for position in positions { buffer.append(position) }
      }
      // The positions stand behind the constant columns and before the ids.
      let whole = FormatSamples.bytes { buffer in
        let head = frame.bytes.prefix(9 + 2 + 3 + 4 + 7)
        buffer.append(Array(head).span)
        buffer.append(columns.span)
        buffer.append(UInt8(3))
        buffer.append(Array("a-1".utf8).span)
        let padding = -buffer.count & 7
        buffer.appendZeros(padding)
        buffer.store(UInt8(8 | padding), at: 8)
        buffer.store(UInt32(buffer.count / 8) | 1 << 28, at: 4)
      }
      return FrameDraft.decode(whole, at: 0, FormatSamples.base) != nil
    }
    #expect(isValid([0, 1]))
    #expect(isValid([0, 1 << 40]))
    #expect(!isValid([0, 0]))
    #expect(!isValid([1, 2]))
    #expect(!isValid([0, 1 << 56]))
    #expect(!isValid([0, .max]))
    #expect(!isValid([0, UInt64.max - 1000]))
  }

  @Test func aFrameHasAByteForEachEvent() {
    var frame = RawFrame()
    frame.columns = [3, 1, 1, 0, 0]
    frame.tail = Array("a-1".utf8)
    for count: UInt64 in [1, 24, 25, 1000] {
      frame.events = count
      frame.columns[4] = count
      #expect(frame.isValid == (count <= UInt64(frame.bytes.count)), "\(count)")
    }
  }

  @Test func paddingMustBeZero() {
    var frame = RawFrame().bytes
    #expect(frame[8] & 7 > 0)
    frame[frame.count - 1] = 1
    #expect(FrameDraft.decode(frame, at: 0, FormatSamples.base) == nil)
  }
}
