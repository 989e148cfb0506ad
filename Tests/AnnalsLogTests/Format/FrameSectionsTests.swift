import AnnalsLog
import Testing

/// Extras and keys of events frames.
@Suite struct FrameSectionsTests {
  private func isValid(extras: [UInt8], length: UInt64? = nil) -> Bool {
    var frame = RawFrame()
    frame.word = RawFrame.hasExtras
    frame.extras = extras
    frame.sectionLength = length
    return frame.isValid
  }

  private func isValid(keys: [UInt8], appends: UInt64 = 1) -> Bool {
    var frame = RawFrame()
    frame.word = RawFrame.hasKeys
    frame.events = appends
    frame.appends = appends
    frame.columns[3] = 0
    frame.tail = Array("a-1".utf8)
    frame.keys = keys
    return frame.isValid
  }

  private func key(append: UInt64 = 0, length: UInt64 = 1, sequence: UInt64 = 1) -> [UInt8] {
    FormatSamples.bytes {
      $0.appendVarint(append)
      $0.appendVarint(length)
      $0.append(UInt8(ascii: "k"))
      $0.appendZeros(16)
      $0.appendVarint(sequence)
      $0.append(UInt8(0))
    }
  }

  private func varint(_ number: UInt64) -> [UInt8] {
    FormatSamples.bytes { $0.appendVarint(number) }
  }

  @Test func aReferenceNeedsATag() {
    // A tag table of none, and a reference to its row 0: this trapped.
    #expect(!isValid(extras: [2, 0, 1, 0]))
    #expect(isValid(extras: [2, 1, 1, 65, 1, 0]))
    #expect(!isValid(extras: [2, 1, 1, 65, 1, 1]))
    #expect(!isValid(extras: [2, 1, 1, 65, 0]))
    #expect(!isValid(extras: [2, 1, 0, 1, 0]))
  }

  @Test func partsAreWhole() {
    #expect(isValid(extras: [0, 0]))
    #expect(isValid(extras: [1] + Array(repeating: 7, count: 16) + [0]))
    #expect(!isValid(extras: [1, 7, 7, 0]))
    #expect(!isValid(extras: []))
    #expect(!isValid(extras: [0]))
    #expect(!isValid(extras: [0, 0, 0]))
    #expect(!isValid(extras: [8, 0]))
  }

  @Test func metadataIsPairs() {
    #expect(isValid(extras: [4, 0, 4, 1, 65, 1, 66]))
    #expect(isValid(extras: [4, 0, 2, 0, 0]))
    #expect(!isValid(extras: [4, 0, 2, 1, 65]))
    #expect(!isValid(extras: [4, 0, 3, 1, 65, 9]))
    #expect(!isValid(extras: [4, 0, 1]))
  }

  @Test(arguments: HostileNumber.all)
  func hostileLengthsOfExtrasDoNotTrap(number: UInt64) {
    #expect(isValid(extras: [0, 0], length: number) == (number == 2))
    #expect(isValid(extras: [2] + varint(number)) == false)
    #expect(!isValid(extras: [2, 1] + varint(number)))
    #expect(!isValid(extras: [2, 1, 1, 65] + varint(number)))
    #expect(isValid(extras: [2, 1, 1, 65, 1] + varint(number)) == (number == 0))
    #expect(isValid(extras: [4, 0] + varint(number)) == (number == 0))
    #expect(!isValid(extras: [4, 0, 1] + varint(number)) || number == 0)
  }

  @Test(arguments: HostileNumber.all)
  func hostileNumbersOfKeysDoNotTrap(number: UInt64) {
    #expect(isValid(keys: varint(number) + key()) == (number == 1))
    #expect(isValid(keys: [1] + key(append: number)) == (number == 0))
    #expect(isValid(keys: [1] + key(length: number)) == (number == 1))
    #expect(isValid(keys: [1] + key(sequence: number)) == (number < 1 << 56))
  }

  @Test func keysFollowTheirAppends() {
    #expect(isValid(keys: [2] + key(append: 0) + key(append: 1), appends: 2))
    #expect(isValid(keys: [1] + key(append: 1), appends: 2))
    #expect(!isValid(keys: [2] + key(append: 1) + key(append: 0), appends: 2))
    #expect(!isValid(keys: [2] + key(append: 1) + key(append: 1), appends: 2))
    #expect(!isValid(keys: [1] + key() + [0]))
    #expect(!isValid(keys: []))
  }

  @Test func manyKeysAndTagsComeBack() {
    var draft = FrameDraft(events: [], appends: [])
    for index in 0..<200 {
      draft.events.append(
        .init(
          aggregate: "a-\(index % 7)",
          version: UInt64(index / 7 + 1),
          type: UInt64(index + 1),
          time: Int64(index * 1000 - 50_000),
          payload: String(repeating: "p", count: index * 3),
          id: index % 3 == 0 ? [UInt8](repeating: UInt8(index), count: 16) : nil,
          tags: (0..<index % 5).map { "tag \($0 + index % 2)" },
          metadata: index % 4 == 1 ? [.init(name: "n", value: "\(index)")] : []
        )
      )
      draft.appends.append(1)
      draft.keys.append(
        .init(
          append: index,
          key: "key \(index)",
          digest: FormatSamples.digest,
          sequence: UInt64(index),
          time: Int64(-index)
        )
      )
    }
    draft.distance = 3
    let bytes = [UInt8](repeating: 0, count: 64) + draft.encode(at: 64, salt: 1)
    #expect(FrameDraft.decode(bytes, at: 64, FormatSamples.base) == draft)
  }
}
