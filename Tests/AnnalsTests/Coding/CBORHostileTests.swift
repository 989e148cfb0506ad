import Annals
import Testing

/// Bytes that nobody wrote: a value or a `DecodingError`, never anything else.
@Suite struct CBORHostileTests {
  private struct Line: Codable, Equatable {
    var product: String
    var count: UInt8
    var price: Double?
    var tags: [String]
  }

  private struct Order: Codable, Equatable {
    var number: Int
    var lines: [Line]
    var totals: [String: Int32]
    var digest: [UInt8]
    var paid: Bool?
  }

  private enum Step: Codable, Equatable {
    case begun
    case ordered(Order, at: Int)
  }

  private static let order = Order(
    number: -70_000,
    lines: [
      Line(product: "tea", count: 200, price: 1.5, tags: ["ä", "b"]),
      Line(product: "pot", count: 1, tags: []),
    ],
    totals: ["eur": 1 << 20],
    digest: [1, 2, 3],
    paid: true
  )

  /// Decodes by every way there is.
  private func attack(_ payload: [UInt8], _ location: SourceLocation = #_sourceLocation) {
    func attempt(_ body: () throws -> Void) {
      do {
        try body()
      } catch is DecodingError {
        // What is promised.
      } catch {
        Issue.record("\(hex(payload)): \(error)", sourceLocation: location)
      }
    }
    attempt { _ = try CBORDecoder().decode(Order.self, from: payload) }
    attempt { _ = try CBORDecoder().decode(Step.self, from: payload) }
    attempt { _ = try CBORDecoder().decode(AnyPayload.self, from: payload) }
    attempt { _ = try CBORDecoder().decode([UInt8].self, from: payload) }
    attempt { _ = try CBOREventCodec().decode(Step.self, case: "ordered", from: payload.span) }
    do throws(CBORError) {
      var reader = try PayloadReader(payload.span)
      while !reader.isAtEnd { try reader.skip() }
      reader = try PayloadReader(payload.span)
      for _ in 0..<(try reader.beginMap()) {
        if try reader.readKey("number") { _ = try reader.readInt() } else { try reader.skipPair() }
      }
      try reader.finish()
    } catch {
      // Typed.
    }
  }

  @Test func everyPrefixIsRefused() throws {
    let payload = try CBOREncoder().encode(Step.ordered(Self.order, at: 5))
    for count in 0..<payload.count {
      let prefix = Array(payload[..<count])
      attack(prefix)
      #expect(throws: DecodingError.self) { try CBORDecoder().decode(Step.self, from: prefix) }
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decode(Step.self, from: payload + [0])
    }
  }

  @Test func everyChangedByteIsAValueOrAnError() throws {
    let payload = try CBOREncoder().encode(Self.order)
    for index in payload.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = payload
        changed[index] = byte
        attack(changed)
      }
    }
  }

  @Test func randomBytesAreAValueOrAnError() {
    var random = FixedRandom(state: 99)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<40, using: &random)
      attack((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
    // Of bytes that mostly begin containers and short texts.
    let likely: [UInt8] = [0x81, 0x82, 0x83, 0xa1, 0xa2, 0xa3, 0x61, 0x41, 0x62, 0xc1, 0xf6, 0x01]
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<40, using: &random)
      attack((0..<count).map { _ in likely.randomElement(using: &random) ?? 0 })
    }
  }

  @Test func depthIsBounded() throws {
    for head: UInt8 in [0x81, 0xa1, 0xc1] {
      attack([UInt8](repeating: head, count: 1_000_000))
      attack([UInt8](repeating: head, count: 1_000_000) + [0x00])
    }
    attack([UInt8](repeating: 0xa1, count: 1_000_000).flatMap { [$0, 0x60] } + [0x00])
    let deepest = [UInt8](repeating: 0x81, count: CBORDecoder.depthMax) + [0x00]
    #expect(throws: Never.self) { try CBORDecoder().decode(AnyPayload.self, from: deepest) }
    do {
      _ = try CBORDecoder().decode(AnyPayload.self, from: [0x81] + deepest)
      Issue.record("one level more must be refused")
    } catch DecodingError.dataCorrupted(let context) {
      #expect((context.underlyingError as? CBORError)?.reason == .tooDeep)
    }
  }

  @Test func claimsBeyondTheBytesAllocateNothing() {
    for head in ["9b", "bb", "5b", "7b"] {
      for count in ["00000000ffffffff", "7fffffffffffffff", "ffffffffffffffff"] {
        attack(bytes(head + count))
        attack(bytes(head + count + "00000000"))
        attack(bytes("a1656c696e6573" + head + count))
      }
    }
  }

  @Test func anErrorTellsTheWayAndTheByte() throws {
    let payload = bytes("a2666e756d62657201656c696e657381a16770726f6475637405")
    do {
      _ = try CBORDecoder().decode(Order.self, from: payload)
      Issue.record("a number is no text")
    } catch DecodingError.typeMismatch(_, let context) {
      #expect(context.codingPath.map(\.stringValue) == ["lines", "Index 0", "product"])
      #expect((context.underlyingError as? CBORError)?.offset == payload.count - 1)
    }
    do {
      _ = try CBORDecoder().decode([UInt8].self, from: bytes("8118ff"))
    } catch {
      Issue.record("255 is a byte: \(error)")
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decode([UInt8].self, from: bytes("81190100"))
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decode(String.self, from: [0x61, 0xff])
    }
  }
}
