import Annals
import Testing

/// Containers are handed out again when nobody holds them: what a value keeps, what it asks for
/// twice, and what it throws changes nothing that others read or write.
@Suite struct CBORReuseTests {
  private struct Pair: Codable, Equatable {
    var a: Int
    var b: String
  }

  private indirect enum Tree: Codable, Equatable {
    case leaf(Int)
    case fork(left: Tree, right: Tree, label: String)

    init(depth: Int, _ number: Int) {
      self =
        depth == 0
        ? .leaf(number)
        : .fork(
          left: Tree(depth: depth - 1, 2 * number),
          right: Tree(depth: depth - 1, 2 * number + 1),
          label: "fork \(number)"
        )
    }
  }

  private func roundTrip<T: Codable & Equatable>(_ value: T) throws {
    let bytes = try CBOREncoder().encode(value)
    #expect(try CBORDecoder().decode(T.self, from: bytes) == value)
  }

  @Test func valuesOfOneTypeInsideEachOther() throws {
    for depth in 0..<8 { try roundTrip(Tree(depth: depth, 1)) }
    try roundTrip([Tree(depth: 3, 1), .leaf(0), Tree(depth: 2, 7)])
    try roundTrip(["x": Pair(a: 1, b: "one"), "y": Pair(a: 2, b: "two")])
  }

  @Test func severalContainersWithTheSameKeys() throws {
    struct Both: Decodable, Equatable {
      var sums: [Int] = []
      init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: AnyKey.self)
        let again = try decoder.container(keyedBy: AnyKey.self)
        let left = try outer.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("left"))
        let right = try again.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("right"))
        for name in ["a", "b"] {
          sums.append(try left.decode(Int.self, forKey: AnyKey(name)))
          sums.append(try right.decode(Int.self, forKey: AnyKey(name)))
        }
        let keys = (outer.allKeys + left.allKeys + right.allKeys).map(\.stringValue)
        #expect(keys == ["left", "right", "a", "b", "b", "a", "c"])
      }
    }
    let bytes = try CBOREncoder().encode(Nested())
    #expect(try CBORDecoder().decode(Both.self, from: bytes).sums == [1, 3, 2, 4])
  }

  private struct Nested: Encodable {
    func encode(to encoder: any Encoder) throws {
      var outer = encoder.container(keyedBy: AnyKey.self)
      var left = outer.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("left"))
      var right = outer.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("right"))
      try right.encode(4, forKey: AnyKey("b"))
      try left.encode(1, forKey: AnyKey("a"))
      try right.encode(3, forKey: AnyKey("a"))
      try left.encode(2, forKey: AnyKey("b"))
      try right.encode(0, forKey: AnyKey("c"))
    }
  }

  private final class Keeper: Decodable {
    let decoder: any Decoder
    let container: KeyedDecodingContainer<AnyKey>
    let nested: KeyedDecodingContainer<AnyKey>

    init(from decoder: any Decoder) throws {
      self.decoder = decoder
      container = try decoder.container(keyedBy: AnyKey.self)
      nested = try container.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("left"))
    }
  }

  @Test func whatWasKeptSeesNoLaterPayload() throws {
    let bytes = try CBOREncoder().encode(Nested())
    var keepers: [Keeper] = []
    for _ in 0..<5 {
      keepers.append(try CBORDecoder().decode(Keeper.self, from: bytes))
      try roundTrip(["left": 1, "right": 2])
    }
    for keeper in keepers {
      #expect(keeper.container.allKeys.isEmpty && keeper.nested.allKeys.isEmpty)
      #expect(keeper.nested.codingPath.map(\.stringValue) == ["left"])
      #expect(throws: DecodingError.self) {
        try keeper.nested.decode(Int.self, forKey: AnyKey("a"))
      }
      #expect(throws: DecodingError.self) { try keeper.decoder.container(keyedBy: AnyKey.self) }
    }
  }

  @Test func aDecoderThatWasKeptMakesContainersThatOutliveIt() throws {
    final class Late: Decodable {
      let decoder: any Decoder
      init(from decoder: any Decoder) { self.decoder = decoder }
    }
    var payload: [UInt8] = []
    _ = try CBOREventCodec().encodeCase(of: Tree.leaf(1), among: ["leaf"], into: &payload)
    var kept: [KeyedDecodingContainer<AnyKey>] = []
    for _ in 0..<3 {
      let late = try CBOREventCodec().decode(Late.self, case: "leaf", from: payload.span)
      kept.append(try late.decoder.container(keyedBy: AnyKey.self))
    }
    try roundTrip(Tree(depth: 3, 1))
    for container in kept {
      #expect(container.allKeys.isEmpty)
      #expect(throws: DecodingError.self) {
        try container.decode(Int.self, forKey: AnyKey("leaf"))
      }
    }
  }

  private final class WritingKeeper: Encodable {
    var encoder: (any Encoder)?
    var container: KeyedEncodingContainer<AnyKey>?

    func encode(to encoder: any Encoder) throws {
      self.encoder = encoder
      container = encoder.container(keyedBy: AnyKey.self)
      try container?.encode(1, forKey: AnyKey("a"))
    }
  }

  @Test func whatWasKeptWritesToNoLaterPayload() throws {
    let expected = try CBOREncoder().encode(["x": 1])
    for _ in 0..<5 {
      let keeper = WritingKeeper()
      #expect(try CBOREncoder().encode(keeper) == [0xa1, 0x61, 0x61, 1])
      struct Value: Encodable {
        let keeper: WritingKeeper
        func encode(to encoder: any Encoder) throws {
          var container = encoder.container(keyedBy: AnyKey.self)
          try? keeper.container?.encode(2, forKey: AnyKey("b"))
          var late = keeper.encoder?.container(keyedBy: AnyKey.self)
          keeper.encoder = nil
          keeper.container = nil
          try? late?.encode(3, forKey: AnyKey("c"))
          try container.encode(1, forKey: AnyKey("x"))
        }
      }
      #expect(try CBOREncoder().encode(Value(keeper: keeper)) == expected)
    }
  }

  @Test func anErrorInTheMiddleLeavesNothing() throws {
    struct Stop: Error {}
    struct Stopping: Codable {
      init() {}
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        _ = try container.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("left"))
        throw Stop()
      }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        try container.encode(1, forKey: AnyKey("lost"))
        throw Stop()
      }
    }
    let bytes = try CBOREncoder().encode(Nested())
    for _ in 0..<3 {
      #expect(throws: Stop.self) { try CBOREncoder().encode(Stopping()) }
      #expect(throws: Stop.self) { try CBORDecoder().decode(Stopping.self, from: bytes) }
      #expect(try CBOREncoder().encode(Nested()) == bytes)
      try roundTrip(Tree(depth: 2, 1))
    }
  }

  @Test func callsInsideOfCalls() throws {
    struct Inner: Codable, Equatable {
      var pair: Pair
      init(_ pair: Pair) { self.pair = pair }
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        let bytes = try container.decode([UInt8].self, forKey: AnyKey("bytes"))
        pair = try CBORDecoder().decode(Pair.self, from: bytes)
        #expect(try container.decode(Int.self, forKey: AnyKey("a")) == pair.a)
      }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        try container.encode(try CBOREncoder().encode(pair), forKey: AnyKey("bytes"))
        try container.encode(pair.a, forKey: AnyKey("a"))
      }
    }
    for number in 0..<3 { try roundTrip([Inner(Pair(a: number, b: "b"))]) }
  }

  @Test func moreTypesOfKeysThanAreKept() throws {
    func go<T>(_ type: T.Type, _ left: Int) throws {
      try roundTrip(Tagged<T>(number: left))
      if left > 0 { try go([T].self, left - 1) }
      try roundTrip(Tagged<T>(number: -left))
    }
    try go(Int.self, 150)
  }

  /// A value whose keys have a type of their own for each `T`.
  private struct Tagged<T>: Codable, Equatable {
    struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    let number: Int
    init(number: Int) { self.number = number }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      guard container.allKeys.count == 1, let key = container.allKeys.first else {
        throw DecodingError.valueNotFound(
          T.self,
          DecodingError.Context(codingPath: container.codingPath, debugDescription: "no key")
        )
      }
      number = try container.decode(Int.self, forKey: key)
      #expect(key.stringValue == "number \(number)")
    }

    func encode(to encoder: any Encoder) throws {
      guard let key = Key(stringValue: "number \(number)") else { return }
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(number, forKey: key)
    }
  }

  @Test func manyTasksAtOnce() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for number in 0..<200 {
            try roundTrip(Tree(depth: number % 5, task))
            if number % 50 == 0 { await Task.yield() }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func errorsOfCasesTellTheWay() throws {
    // {"fork": {"left": {"leaf": {"_0": "x"}}, …}}, whole and without its name.
    let content = bytes("a1646c656674a1646c656166a1625f306178")
    let whole = bytes("a164666f726b") + content
    let way = ["fork", "left", "leaf", "_0"]
    for _ in 0..<3 {
      for attempt in [
        { _ = try CBORDecoder().decode(Tree.self, from: whole) },
        { _ = try CBOREventCodec().decode(Tree.self, case: "fork", from: content.span) },
      ] {
        do {
          try attempt()
          Issue.record("a text is no integer")
        } catch DecodingError.typeMismatch(_, let context) {
          #expect(context.codingPath.map(\.stringValue) == way)
        }
      }
      do {
        _ = try CBORDecoder().decode(Tree.self, from: bytes("a164726f6f74a0"))
        Issue.record("there is no such case")
      } catch DecodingError.typeMismatch(_, let context) {
        #expect(context.codingPath.isEmpty)
      }
    }
  }
}
