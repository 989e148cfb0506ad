/// Whatever a payload may hold, in both codecs.
indirect enum AnyPayload: Equatable, Codable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case text(String)
  case array([AnyPayload])
  case map([String: AnyPayload])

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let map = try? decoder.container(keyedBy: Key.self) {
      var values: [String: AnyPayload] = [:]
      for key in map.allKeys {
        values[key.stringValue] = try map.decode(AnyPayload.self, forKey: key)
      }
      self = .map(values)
    } else if var array = try? decoder.unkeyedContainer() {
      var values: [AnyPayload] = []
      while !array.isAtEnd { values.append(try array.decode(AnyPayload.self)) }
      self = .array(values)
    } else {
      let single = try decoder.singleValueContainer()
      if single.decodeNil() {
        self = .null
      } else if let value = try? single.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? single.decode(Int64.self) {
        self = .int(value)
      } else if let value = try? single.decode(Double.self) {
        self = .double(value)
      } else {
        self = .text(try single.decode(String.self))
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .map(let values):
      var map = encoder.container(keyedBy: Key.self)
      for (name, value) in values {
        switch value {
        case .int(let number): try map.encode(number, forKey: Key(name))
        case .text(let text): try map.encode(text, forKey: Key(name))
        case .null: try map.encodeNil(forKey: Key(name))
        default: try map.encode(value, forKey: Key(name))
        }
      }
    case .array(let values):
      var array = encoder.unkeyedContainer()
      for value in values { try array.encode(value) }
    case .null:
      var single = encoder.singleValueContainer()
      try single.encodeNil()
    case .bool(let value):
      var single = encoder.singleValueContainer()
      try single.encode(value)
    case .int(let value):
      var single = encoder.singleValueContainer()
      try single.encode(value)
    case .double(let value):
      var single = encoder.singleValueContainer()
      try single.encode(value)
    case .text(let value):
      var single = encoder.singleValueContainer()
      try single.encode(value)
    }
  }

  static func random(_ depth: Int, _ random: inout FixedRandom) -> AnyPayload {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .int(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...60))
    // Never a whole number, which would come back as an integer.
    case 3: return .double(Double(Int.random(in: -99...99, using: &random)) + 0.3)
    case 4: return .text(text(&random))
    case 5, 6:
      let count = Int.random(in: 0...(depth > 3 ? 30 : 4), using: &random)
      return .array((0..<count).map { _ in Self.random(depth - 1, &random) })
    default:
      var values: [String: AnyPayload] = [:]
      for _ in 0..<Int.random(in: 0...(depth > 3 ? 30 : 4), using: &random) {
        values[text(&random)] = Self.random(depth - 1, &random)
      }
      return .map(values)
    }
  }

  private static func text(_ random: inout FixedRandom) -> String {
    let letters: [Character] = ["a", "b", "z", "0", " ", "\"", "\\", "\n", "ä", "€", "🜁"]
    let count = Int.random(in: 0...Int.random(in: 0...40, using: &random), using: &random)
    return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "?" })
  }
}
