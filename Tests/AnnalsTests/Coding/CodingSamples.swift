import Foundation

/// A value of every primitive type.
struct Primitives: Codable, Equatable {
  var truth = true
  var text = "größe"
  var int = -42
  var int8 = Int8.min
  var int16 = Int16.min
  var int32 = Int32.min
  var int64 = Int64.min
  var uint = UInt.max
  var uint8 = UInt8.max
  var uint16 = UInt16.max
  var uint32 = UInt32.max
  var uint64 = UInt64.max
  var float = Float.pi
  var double = -0.1
}

/// Types of Foundation, through their own `Codable` but for `Data`.
struct Things: Codable, Equatable {
  var date = Date(timeIntervalSinceReferenceDate: 812_345_678.123456)
  var uuid = UUID(uuidString: "5F0C61A2-0A5B-4A10-9A55-1F1A9B2D3C4E")
  var url = URL(string: "https://example.org/a?b=c")
  var decimal = Decimal(string: "12345.678901234567890")
  var data = Data([0, 1, 2, 255])
  var bytes: [UInt8] = [9, 8, 7]
  var none: Data?
  var some: [UInt8]? = []
}

/// Containers in containers.
struct Nested: Codable, Equatable {
  var lines: [Line] = [Line(name: "a", counts: [1, 2, 3]), Line(name: "", counts: [])]
  var byName: [String: Line] = ["x": Line(name: "X", counts: [24, 255, 256])]
  var byNumber: [Int: String] = [-7: "minus", 8: "eight"]
  var optional: Line?
  var deep: [[[Int?]]] = [[[1, nil], []], []]
  var set: Set<Int> = [5]
  var pairs: [Double: Bool] = [1.5: true]

  struct Line: Codable, Equatable {
    var name: String
    var counts: [Int]
  }
}

/// An event as an enum, with the coding the compiler makes.
enum SampleEvent: Codable, Equatable {
  case opened(owner: String, limit: Int?)
  case deposited(amount: Int)
  case moved(Transfer)
  case renamed(String, by: String)
  case closed

  struct Transfer: Codable, Equatable {
    var to: String
    var amount: Int
  }

  static let all: [SampleEvent] = [
    .opened(owner: "Ada", limit: nil), .opened(owner: "", limit: 5), .deposited(amount: -1),
    .moved(Transfer(to: "b", amount: 7)), .renamed("x", by: "y"), .closed,
  ]
  static let names = ["opened", "deposited", "moved", "renamed", "closed"]
}

/// An event whose raw value stands in a single value container.
enum Level: String, Codable { case low, high }

class Base: Codable, Equatable {
  var name = "base"
  init() {}
  static func == (left: Base, right: Base) -> Bool { left.name == right.name }
}

/// A subclass that writes into the container of its superclass, and one for itself.
final class Derived: Base {
  var extra = 3

  override init() { super.init() }

  enum Keys: CodingKey { case extra, inner }

  required init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    extra = try container.decode(Int.self, forKey: .extra)
    try super.init(from: try container.superDecoder(forKey: .inner))
  }

  override func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    let inner = container.superEncoder(forKey: .inner)
    try container.encode(extra, forKey: .extra)
    // Behind what was written after it was begun.
    try super.encode(to: inner)
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
