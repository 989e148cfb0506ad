import Annals
import Foundation
import Testing

@Suite struct CBORRoundTripTests {
  /// That a value comes back from its bytes, alone and as it does in JSON.
  private func expectRoundTrip<T: Codable & Equatable>(
    _ value: T,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let encoded = try CBOREncoder().encode(value)
    let first = encoded[0]
    #expect((0xa0...0xbb).contains(first) || first == 0xd9, sourceLocation: location)
    #expect(try CBORDecoder().decode(T.self, from: encoded) == value, sourceLocation: location)
    let array = try CBOREncoder().encode([value, value])
    #expect(
      try CBORDecoder().decode([T].self, from: array) == [value, value],
      sourceLocation: location
    )
    let map = try CBOREncoder().encode(["x": value])
    #expect(
      try CBORDecoder().decode([String: T].self, from: map) == ["x": value],
      sourceLocation: location
    )
  }

  @Test func integersComeBack() throws {
    func all<T: FixedWidthInteger & Codable>(_ type: T.Type) throws {
      var values: [T] = [.min, .max, 0, 1, 23, 24]
      for shift in 0..<T.bitWidth - 1 {
        let power: T = 1 << shift
        values += [power, power - 1, ~power]
      }
      for value in values { try expectRoundTrip(value) }
    }
    try all(Int.self)
    try all(Int8.self)
    try all(Int16.self)
    try all(Int32.self)
    try all(Int64.self)
    try all(UInt.self)
    try all(UInt8.self)
    try all(UInt16.self)
    try all(UInt32.self)
    try all(UInt64.self)
  }

  @Test func numbersTextsAndBytesComeBack() throws {
    for value in [0.0, -0.0, 1.5, .pi, .infinity, -.infinity, .leastNonzeroMagnitude, 1e300] {
      try expectRoundTrip(value)
      try expectRoundTrip(Float(value))
    }
    let bytes = try CBOREncoder().encode(Double.nan)
    #expect(try CBORDecoder().decode(Double.self, from: bytes).isNaN)
    for count in [0, 1, 15, 16, 23, 24, 255, 256, 65_535, 65_536] {
      try expectRoundTrip(String(repeating: "x", count: count))
      try expectRoundTrip([UInt8](repeating: 7, count: count))
      try expectRoundTrip(Data(repeating: 7, count: count))
    }
    try expectRoundTrip("Grüße, 世界 🜁\u{0}\u{10ffff}")
    try expectRoundTrip(true)
    try expectRoundTrip(Int?.none)
    try expectRoundTrip(Int?.some(5))
    try expectRoundTrip([Int?.none, 3, nil])
  }

  @Test func containersOfAllSizesComeBack() throws {
    for count in [0, 1, 23, 24, 25, 255, 256, 257, 65_535, 65_536, 65_537] {
      try expectRoundTrip(Array(0..<count))
      let names = (0..<min(count, 300)).map { ("key \($0)", $0) }
      try expectRoundTrip(Dictionary(uniqueKeysWithValues: names))
    }
    try expectRoundTrip([[Int]](repeating: Array(0..<30), count: 30))
    try expectRoundTrip([1: "a", 2: "b"])
    try expectRoundTrip(Set([1, 2, 3]))
  }

  @Test func foundationsTypesComeBack() throws {
    try expectRoundTrip(Date(timeIntervalSinceReferenceDate: 12_345.678))
    try expectRoundTrip(UUID())
    try expectRoundTrip(URL(string: "https://example.com/a?b=c"))
    try expectRoundTrip(Decimal(string: "123456789.123456789"))
    try expectRoundTrip(1..<5)
  }

  private struct Order: Codable, Equatable {
    enum State: String, Codable { case open, paid }
    struct Line: Codable, Equatable {
      var product: String
      var count: UInt8
      var price: Double?
    }
    var number: Int
    var state: State
    var lines: [Line]
    var notes: [String: [Int]]
    var paid: Bool?
    var weight: Float
    var picture: Data
    var digest: [UInt8]
  }

  private enum Step: Codable, Equatable {
    case begun
    case moved(to: Int, Double)
    case named(Order)
    indirect case both(Step, Step)
  }

  @Test func structsAndEnumsComeBack() throws {
    let order = Order(
      number: 7,
      state: .paid,
      lines: [.init(product: "tea", count: 2), .init(product: "pot", count: 1, price: 18.95)],
      notes: ["a": [1, 2], "b": []],
      weight: 1.25,
      picture: Data([1, 2]),
      digest: [3]
    )
    try expectRoundTrip(order)
    let steps: [Step] = [.begun, .moved(to: 5, 2.5), .named(order), .both(.begun, .named(order))]
    for step in steps { try expectRoundTrip(step) }
  }

  private class Base: Codable {
    var a = 1
  }

  private final class Derived: Base {
    var b = 2

    override init() { super.init() }

    private enum Keys: CodingKey { case b }

    required init(from decoder: any Decoder) throws {
      let map = try decoder.container(keyedBy: Keys.self)
      b = try map.decode(Int.self, forKey: .b)
      try super.init(from: map.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
      var map = encoder.container(keyedBy: Keys.self)
      try super.encode(to: map.superEncoder())
      try map.encode(b, forKey: .b)
    }
  }

  @Test func aSuperclassComesBack() throws {
    let value = Derived()
    value.a = 30
    value.b = 40
    let back = try CBORDecoder().decode(Derived.self, from: try CBOREncoder().encode(value))
    #expect(back.a == 30)
    #expect(back.b == 40)
  }

  /// Goes on with containers when others behind them were begun.
  private struct Interleaved: Codable, Equatable {
    var numbers: [Int]
    var names: [String]

    private enum Keys: CodingKey { case numbers, inner, names, count }

    init(_ count: Int) {
      numbers = Array(0..<count)
      names = numbers.map { "name \($0)" }
    }

    func encode(to encoder: any Encoder) throws {
      var map = encoder.container(keyedBy: Keys.self)
      var first = map.nestedUnkeyedContainer(forKey: .numbers)
      var inner = map.nestedContainer(keyedBy: Keys.self, forKey: .inner)
      var second = inner.nestedUnkeyedContainer(forKey: .names)
      for index in numbers.indices {
        try first.encode(numbers[index])
        try second.encode(names[index])
      }
      try inner.encode(numbers.count, forKey: .count)
      var again = encoder.container(keyedBy: Keys.self)
      try again.encode(numbers.count, forKey: .count)
    }

    init(from decoder: any Decoder) throws {
      let map = try decoder.container(keyedBy: Keys.self)
      numbers = try map.decode([Int].self, forKey: .numbers)
      let inner = try map.nestedContainer(keyedBy: Keys.self, forKey: .inner)
      names = try inner.decode([String].self, forKey: .names)
      #expect(try inner.decode(Int.self, forKey: .count) == numbers.count)
      #expect(try map.decode(Int.self, forKey: .count) == numbers.count)
    }
  }

  @Test func containersWrittenInTurnsComeBack() throws {
    for count in [0, 1, 2, 23, 24, 25, 300] { try expectRoundTrip(Interleaved(count)) }
  }

  @Test func randomValuesComeBackAsFromJSON() throws {
    var random = FixedRandom(state: 2026)
    for _ in 0..<1500 {
      let value = AnyPayload.random(5, &random)
      let bytes = try CBOREncoder().encode(value)
      let back = try CBORDecoder().decode(AnyPayload.self, from: bytes)
      #expect(back == value)
      let text = try JSONEncoder().encode(value)
      #expect(try JSONDecoder().decode(AnyPayload.self, from: text) == back)
    }
  }

  private struct Empty: Encodable {
    func encode(to encoder: any Encoder) throws {}
  }

  private struct Twice: Encodable {
    func encode(to encoder: any Encoder) throws {
      var single = encoder.singleValueContainer()
      try single.encode(1)
      try single.encode(2)
    }
  }

  @Test func misuseIsAnError() throws {
    #expect(throws: EncodingError.self) { try CBOREncoder().encode(Empty()) }
    #expect(throws: EncodingError.self) { try CBOREncoder().encode(Twice()) }
  }
}
