import AnnalsLog
import Testing

@Suite struct ControlFrameTests {
  private func decode(_ bytes: [UInt8], byteCount: Int? = nil) -> ControlFrame? {
    ControlFrame.decode(
      bytes.span,
      at: 0,
      byteCount: byteCount ?? bytes.count,
      FormatSamples.base
    )
  }

  /// A frame whose numbers may be anything.
  private func frame(
    flags: UInt8 = 8,
    subject: UInt8 = 1,
    next: UInt64 = 0,
    record: UInt64 = 0,
    distance: UInt64? = nil
  ) -> [UInt8] {
    let body = FormatSamples.bytes {
      $0.append(subject)
      $0.appendVarint(next)
      $0.appendVarint(record)
      if let distance { $0.appendVarint(distance) }
    }
    return FrameDraft.frame(kind: 2, flags: flags, body, at: 0, salt: 0)
  }

  @Test(arguments: [0, 1, 7, 8, 100, 5000])
  func contentOfAnyLengthComesBack(count: Int) throws {
    let content = noise(count)
    let bytes = FormatSamples.bytes {
      _ = ControlFrame.encode(
        .retention,
        nextPosition: 500,
        record: 77,
        undurableUnits: 3,
        content: content.span,
        into: &$0
      )
    }
    #expect(bytes.count % 8 == 0)
    let found = try #require(decode(bytes))
    #expect(found.subject == .retention)
    #expect(found.nextPosition == 1501)
    #expect(found.record == 77)
    #expect(found.undurableUnits == 3)
    #expect(Array(bytes[found.contentOffset..<found.contentEnd]) == content)
    for shorter in 0..<min(bytes.count, 100) {
      #expect(decode(Array(bytes.prefix(shorter)), byteCount: bytes.count) == nil)
    }
  }

  @Test(arguments: HostileNumber.all)
  func hostileNumbersAreRefusedWithoutATrap(number: UInt64) {
    #expect((decode(frame(next: number)) != nil) == (number <= 1 << 56 - 1001))
    #expect((decode(frame(record: number)) != nil) == (number < 1 << 56))
    #expect(decode(frame(flags: 0, distance: number))?.undurableUnits == number)
    let placed = [UInt8](repeating: 0, count: 64) + frame(flags: 0, distance: number)
    let found = ControlFrame.decode(
      placed.span,
      at: 64,
      byteCount: placed.count - 64,
      FormatSamples.base
    )
    #expect((found != nil) == (number <= 8))
  }

  @Test func unknownSubjectsAndFlagsAreRefused() {
    for subject in UInt8.min...UInt8.max {
      #expect((decode(frame(subject: subject)) != nil) == (1...4).contains(subject))
    }
    for bit: UInt8 in [0x10, 0x20, 0x40, 0x80] { #expect(decode(frame(flags: 8 | bit)) == nil) }
  }

  @Test func paddingMustBeZero() {
    var bytes = frame()
    bytes[bytes.count - 1] = 1
    #expect(decode(bytes) == nil)
  }

  @Test func everyByteMayBeAnythingWithoutATrap() {
    var bytes = FormatSamples.control(
      .types,
      next: 0,
      content: FormatSamples.typesContent(FormatSamples.typeNames),
      at: 0
    )
    for index in 8..<bytes.count {
      let before = bytes[index]
      for value in UInt8.min...UInt8.max {
        bytes[index] = value
        guard let found = decode(bytes) else { continue }
        let content = Array(bytes[found.contentOffset..<found.contentEnd])
        _ = TypeNames.decode(content.span)
      }
      bytes[index] = before
    }
  }
}

@Suite struct TypeNamesTests {
  private func decode(_ bytes: [UInt8]) -> [String]? { TypeNames.decode(bytes.span)?.names }

  @Test func aSliceOfNamesKeepsItsNumbers() throws {
    let names = (0..<300).map { "type \($0)" }
    let bytes = FormatSamples.bytes { TypeNames.encode(names[7...], into: &$0) }
    let decoded = TypeNames.decode(bytes.span)
    let found = try #require(decoded)
    #expect(found.first == 8)
    #expect(found.names == Array(names[7...]))
  }

  @Test func everyPrefixIsRefused() {
    let bytes = FormatSamples.typesContent(FormatSamples.typeNames)
    for count in 0..<bytes.count { #expect(decode(Array(bytes.prefix(count))) == nil) }
    #expect(decode(bytes + [0]) == nil)
  }

  @Test(arguments: HostileNumber.all)
  func hostileNumbersAreRefusedWithoutATrap(number: UInt64) {
    let varint = FormatSamples.bytes { $0.appendVarint(number) }
    #expect((decode(varint + [1, 1, 65]) != nil) == (number >= 1 && number <= 1 << 20))
    #expect((decode([1] + varint + [1, 65]) != nil) == (number == 1))
    #expect((decode([1, 1] + varint + [65]) != nil) == (number == 1))
  }

  @Test func numbersStayInTheTable() {
    let last = FormatSamples.bytes { $0.appendVarint(1 << 20) }
    #expect(decode(last + [1, 1, 65]) == ["A"])
    #expect(decode(last + [2, 1, 65, 1, 66]) == nil)
  }
}
