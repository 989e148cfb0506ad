import Annals
import Foundation
import Testing

@Suite struct CBORCodingTests {
  private func roundTrip<T: Codable & Equatable>(_ value: T) throws {
    let bytes = try CBOREncoder().encode(value)
    #expect(try CBORDecoder().decode(T.self, from: bytes) == value)
    let isMap = bytes[0] >> 5 == 5
    #expect(isMap || bytes.starts(with: [0xd9, 0xd9, 0xf7]))
    // Never what JSON may begin with.
    #expect((0xa0...0xbb).contains(bytes[0]) || bytes[0] == 0xd9)
  }

  @Test func primitivesComeBack() throws {
    try roundTrip(Primitives())
    try roundTrip([Primitives(), Primitives()])
    for value in [0, 23, 24, 255, 256, 65_535, 65_536, 1 << 32, Int.max, -1, -24, -25, Int.min] {
      try roundTrip(value)
    }
    for value in [0, -0.0, 1.5, .infinity, -.infinity, .greatestFiniteMagnitude, 1e-300] {
      try roundTrip(value)
    }
    try roundTrip("")
    try roundTrip(String(repeating: "ß", count: 70_000))
    try roundTrip(Int?.none)
    try roundTrip([true, false])
    try roundTrip(Level.high)
  }

  @Test func notANumberStaysNone() throws {
    let bytes = try CBOREncoder().encode(Double.nan)
    #expect(try CBORDecoder().decode(Double.self, from: bytes).isNaN)
  }

  @Test func typesOfFoundationComeBack() throws {
    try roundTrip(Things())
    try roundTrip(Data([1, 2, 3]))
    try roundTrip([Data(), Data([0])])
  }

  @Test func containersComeBack() throws {
    try roundTrip(Nested())
    try roundTrip(Nested(optional: Nested.Line(name: "o", counts: [0])))
    try roundTrip([String: Int]())
    try roundTrip([Int]())
  }

  @Test(arguments: [0, 1, 22, 23, 24, 25, 255, 256, 257, 65_535, 65_536, 65_537])
  func headsOfAllLengthsAreShortest(count: Int) throws {
    let list = [Int](repeating: 1, count: count)
    try roundTrip(list)
    let map = Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", $0) })
    try roundTrip(map)
    let bytes = try CBOREncoder().encode(list)
    let width = count < 24 ? 0 : count < 256 ? 1 : count < 65_536 ? 2 : 4
    #expect(bytes.count == 3 + 1 + width + count)
  }

  @Test func bytesAreByteStrings() throws {
    struct Holder: Codable, Equatable { var raw: [UInt8] }
    let bytes = try CBOREncoder().encode(Holder(raw: [1, 2]))
    #expect(bytes == [0xa1, 0x63, 0x72, 0x61, 0x77, 0x42, 1, 2])
    let asArray: [UInt8] = [0xa1, 0x63, 0x72, 0x61, 0x77, 0x82, 1, 2]
    #expect(try CBORDecoder().decode(Holder.self, from: asArray) == Holder(raw: [1, 2]))
  }

  @Test func nilIsAbsent() throws {
    struct Holder: Codable, Equatable { var value: Int? }
    #expect(try CBOREncoder().encode(Holder()) == [0xa0])
    let null: [UInt8] = [0xa1, 0x65, 0x76, 0x61, 0x6c, 0x75, 0x65, 0xf6]
    #expect(try CBORDecoder().decode(Holder.self, from: null) == Holder())
  }

  @Test func subclassesComeBack() throws {
    let value = Derived()
    value.name = "changed"
    value.extra = 9
    let bytes = try CBOREncoder().encode(value)
    let decoded = try CBORDecoder().decode(Derived.self, from: bytes)
    #expect(decoded.name == "changed")
    #expect(decoded.extra == 9)
  }

  @Test(arguments: 0..<120)
  func containersMayBeWrittenInAnyOrder(seed: Int) throws {
    try roundTrip(Interleaved(seed: seed))
    try roundTrip([Interleaved(seed: seed), Interleaved(seed: seed + 1)])
  }

  @Test func whatFailsToEncodeLeavesNothing() throws {
    struct Failing: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        try container.encode(1, forKey: AnyKey("lost"))
        throw CocoaError(.coderInvalidValue)
      }
    }
    struct Forgiving: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        try container.encode(1, forKey: AnyKey("a"))
        try? container.encode(Failing(), forKey: AnyKey("b"))
        try container.encode(2, forKey: AnyKey("c"))
      }
    }
    let bytes = try CBOREncoder().encode(Forgiving())
    #expect(bytes == [0xa2, 0x61, 0x61, 1, 0x61, 0x63, 2])
  }

  @Test func misuseIsAnErrorAndNoTrap() {
    struct Nothing: Encodable { func encode(to encoder: any Encoder) {} }
    struct Twice: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(1)
        try container.encode(2)
      }
    }
    struct Mixed: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(1)
        var other = encoder.container(keyedBy: AnyKey.self)
        try? other.encode(1, forKey: AnyKey("a"))
      }
    }
    final class Keeper: Encodable {
      var kept: KeyedEncodingContainer<AnyKey>?
      func encode(to encoder: any Encoder) throws {
        if kept == nil { kept = encoder.container(keyedBy: AnyKey.self) }
        try kept?.encode(1, forKey: AnyKey("a"))
        var own = encoder.container(keyedBy: AnyKey.self)
        try own.encode(2, forKey: AnyKey("b"))
      }
    }
    struct Endless: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(Endless())
      }
    }
    for value in [Nothing(), Twice(), Mixed(), Endless()] as [any Encodable] {
      #expect(throws: EncodingError.self) { try CBOREncoder().encode(value) }
    }
    let keeper = Keeper()
    #expect(throws: EncodingError.self) { try CBOREncoder().encode([keeper, keeper]) }
  }

  @Test func depthIsBounded() throws {
    final class Chain: Codable {
      var next: Chain?
      init(_ length: Int) { next = length > 1 ? Chain(length - 1) : nil }
    }
    let bytes = try CBOREncoder().encode(Chain(CBORDecoder.depthMax))
    _ = try CBORDecoder().decode(Chain.self, from: bytes)
    #expect(throws: EncodingError.self) {
      try CBOREncoder().encode(Chain(CBORDecoder.depthMax + 1))
    }
  }

  @Test func fieldsMayComeAndGo() throws {
    struct Old: Codable { var a = 1, b = "two", gone = [1, 2, 3] }
    struct New: Codable, Equatable { var c: Int?, b: String, a: Double }
    let bytes = try CBOREncoder().encode(Old())
    #expect(try CBORDecoder().decode(New.self, from: bytes) == New(c: nil, b: "two", a: 1))

    struct Missing: Codable { var b: String, d: Int }
    #expect {
      try CBORDecoder().decode([String: Missing].self, from: try CBOREncoder().encode(["x": Old()]))
    } throws: { error in
      guard case DecodingError.keyNotFound(let key, let context) = error else { return false }
      return key.stringValue == "d" && context.codingPath.map(\.stringValue) == ["x"]
    }
  }

  @Test func errorsSayWhere() throws {
    let bytes = try CBOREncoder().encode(["a": [1, 300]])
    #expect {
      try CBORDecoder().decode([String: [Int8]].self, from: bytes)
    } throws: { error in
      guard case DecodingError.dataCorrupted(let context) = error else { return false }
      return context.codingPath.map(\.stringValue) == ["a", "Index 1"]
        && context.underlyingError as? CBORError == CBORError(.outOfRange, offset: 5)
    }
    #expect {
      try CBORDecoder().decode([String: [String]].self, from: bytes)
    } throws: { error in
      guard case DecodingError.typeMismatch(let type, let context) = error else { return false }
      return type == String.self && context.codingPath.map(\.stringValue) == ["a", "Index 0"]
    }
  }

  @Test func aContainerThatWasKeptFindsNothing() throws {
    final class Keeper: Decodable {
      let kept: KeyedDecodingContainer<AnyKey>
      init(from decoder: any Decoder) throws { kept = try decoder.container(keyedBy: AnyKey.self) }
    }
    let bytes = try CBOREncoder().encode(["a": 1])
    let keeper = try CBORDecoder().decode(Keeper.self, from: bytes)
    #expect(throws: DecodingError.self) { try keeper.kept.decode(Int.self, forKey: AnyKey("a")) }
    #expect(keeper.kept.allKeys.isEmpty)
  }
}
