/// A value of any shape.
enum AnyItem: Codable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case large(UInt64)
  case double(Double)
  case text(String)
  case bytes([UInt8])
  case list([AnyItem])
  case map([String: AnyItem])

  init(from decoder: any Decoder) throws {
    if let keyed = try? decoder.container(keyedBy: AnyKey.self) {
      var map: [String: AnyItem] = [:]
      for key in keyed.allKeys {
        map[key.stringValue] = try keyed.decode(AnyItem.self, forKey: key)
      }
      self = .map(map)
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var items: [AnyItem] = []
      while !list.isAtEnd { items.append(try list.decode(AnyItem.self)) }
      self = .list(items)
      return
    }
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      self = .null
    } else if let value = try? single.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? single.decode(Int64.self) {
      self = .int(value)
    } else if let value = try? single.decode(UInt64.self) {
      self = .large(value)
    } else if let value = try? single.decode(Double.self) {
      self = .double(value)
    } else if let value = try? single.decode(String.self) {
      self = .text(value)
    } else {
      self = .bytes(try single.decode([UInt8].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .list(let items):
      var container = encoder.unkeyedContainer()
      for item in items { try container.encode(item) }
    case .map(let map):
      var container = encoder.container(keyedBy: AnyKey.self)
      for (key, item) in map { try container.encode(item, forKey: AnyKey(key)) }
    default:
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .int(let value): try container.encode(value)
      case .large(let value): try container.encode(value)
      case .double(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .bytes(let value): try container.encode(value)
      default: try container.encodeNil()
      }
    }
  }

  /// A value that JSON can say too, at most `depth` levels deep.
  static func random(_ depth: Int, _ numbers: inout some RandomNumberGenerator) -> AnyItem {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &numbers) {
    case 0: .null
    case 1: .bool(.random(using: &numbers))
    case 2: .int(.random(in: -300...300, using: &numbers))
    case 3: .int(.random(in: -1 << 53...1 << 53, using: &numbers))
    // Never whole, as JSON does not tell those from integers.
    case 4: .double(Double(Int.random(in: -9_999...9_999, using: &numbers)) + 0.5)
    case 5: .text(text(&numbers))
    case 6:
      .list((0..<Int.random(in: 0..<30, using: &numbers)).map { _ in random(depth - 1, &numbers) })
    default:
      .map(
        Dictionary(
          (0..<Int.random(in: 0..<30, using: &numbers)).map { _ in
            (text(&numbers), random(depth - 1, &numbers))
          },
          uniquingKeysWith: { first, _ in first }
        )
      )
    }
  }

  private static func text(_ numbers: inout some RandomNumberGenerator) -> String {
    let scalars = ["a", "\"", "\\", "ß", "水", "😀", "\u{0}", " ", "/", "\n"]
    return (0..<Int.random(in: 0..<40, using: &numbers)).map { _ in
      scalars.randomElement(using: &numbers) ?? ""
    }.joined()
  }
}
