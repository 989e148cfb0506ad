import Annals
import Foundation
import Testing

/// What `Codable` allows and few types do, and what it forbids and nobody stops.
@Suite struct CBORMisuseTests {
  private func roundTrip<T: Codable & Equatable>(_ value: T) throws {
    let bytes = try CBOREncoder().encode(value)
    #expect(try CBORDecoder().decode(T.self, from: bytes) == value)
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

  @Test func theDepthOfAValueIsBounded() throws {
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

/// Writes to its containers in an order that is not theirs.
struct Interleaved: Codable, Equatable {
  var first: [Int]
  var second: [String: Int]
  var third: [[Int]]
  var single: String

  enum Keys: CodingKey { case first, second, third, single, superclass, count }

  init(seed: Int) {
    first = (0..<seed % 40).map { $0 * seed }
    second = Dictionary(uniqueKeysWithValues: (0..<seed % 30).map { ("k\($0)", $0) })
    third = (0..<seed % 5).map { [Int](repeating: $0, count: seed % 26) }
    single = String(repeating: "s", count: seed % 300)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    var first = container.nestedUnkeyedContainer(forKey: .first)
    var second = container.nestedContainer(keyedBy: AnyKey.self, forKey: .second)
    let single = container.superEncoder(forKey: .single)
    var third = container.nestedUnkeyedContainer(forKey: .third)
    let unused = container.superEncoder()
    for index in 0..<max(self.first.count, self.second.count) {
      if index < self.first.count { try first.encode(self.first[index]) }
      if let value = self.second["k\(index)"] {
        try second.encode(value, forKey: AnyKey("k\(index)"))
      }
      if index == 3 {
        var value = single.singleValueContainer()
        try value.encode(self.single)
      }
    }
    var inner = self.third.map { _ in third.nestedUnkeyedContainer() }
    for (index, list) in self.third.enumerated().reversed() {
      for value in list { try inner[index].encode(value) }
    }
    if max(self.first.count, self.second.count) <= 3 {
      var value = single.singleValueContainer()
      try value.encode(self.single)
    }
    try container.encode(self.first.count, forKey: .count)
    var later = unused.container(keyedBy: AnyKey.self)
    try later.encode(1, forKey: AnyKey("one"))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    single = try container.decode(String.self, forKey: .single)
    third = try container.decode([[Int]].self, forKey: .third)
    first = try container.decode([Int].self, forKey: .first)
    second = try container.decode([String: Int].self, forKey: .second)
    let one = try container.superDecoder().container(keyedBy: AnyKey.self)
    guard try one.decode(Int.self, forKey: AnyKey("one")) == 1,
      try container.decode(Int.self, forKey: .count) == first.count
    else { throw CocoaError(.coderReadCorrupt) }
  }
}

struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
