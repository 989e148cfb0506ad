internal import FoundationEssentials

/// A place where two states differ.
public struct StateDifference: Hashable, Sendable {
  /// The keys and indexes that lead there, as `orders.order-7.total` or `items.3`.
  public let path: String
  /// What stands there in the old state, as JSON; nil if there is nothing.
  public let old: String?
  /// What stands there in the new state, as JSON; nil if there is nothing.
  public let new: String?

  /// The differences between two states, by their encodings; at most `countMax` of them.
  package static func between<State: Encodable>(
    _ old: State,
    _ new: State,
    countMax: Int = 1000
  ) throws(ConsumerError) -> [StateDifference] {
    do {
      var differences: [StateDifference] = []
      compare(try StateTree(old), try StateTree(new), [], &differences, countMax)
      return differences
    } catch {
      throw .handler(position: .start, error)
    }
  }

  private static func compare(
    _ old: StateTree?,
    _ new: StateTree?,
    _ path: [String],
    _ differences: inout [StateDifference],
    _ countMax: Int
  ) {
    if old == new || differences.count >= countMax { return }
    switch (old, new) {
    case (.object(let old)?, .object(let new)?):
      for key in Set(old.keys).union(new.keys).sorted() {
        compare(old[key], new[key], path + [key], &differences, countMax)
      }
    case (.array(let old)?, .array(let new)?):
      for index in 0..<max(old.count, new.count) {
        compare(
          index < old.count ? old[index] : nil,
          index < new.count ? new[index] : nil,
          path + ["\(index)"],
          &differences,
          countMax
        )
      }
    default:
      differences.append(
        StateDifference(
          path: path.joined(separator: "."),
          old: old?.text,
          new: new?.text
        )
      )
    }
  }
}

/// A state as a tree of JSON values.
private enum StateTree: Codable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case array([StateTree])
  case object([String: StateTree])

  init<State: Encodable>(_ state: State) throws {
    self = try JSONDecoder().decode(StateTree.self, from: JSONEncoder().encode(state))
  }

  init(from decoder: any Decoder) throws {
    if let keyed = try? decoder.container(keyedBy: Key.self) {
      var members: [String: StateTree] = [:]
      for key in keyed.allKeys {
        members[key.stringValue] = try keyed.decode(StateTree.self, forKey: key)
      }
      self = .object(members)
      return
    }
    if var unkeyed = try? decoder.unkeyedContainer() {
      var elements: [StateTree] = []
      while !unkeyed.isAtEnd { elements.append(try unkeyed.decode(StateTree.self)) }
      self = .array(elements)
      return
    }
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      self = .null
    } else if let value = try? single.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? single.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? single.decode(Double.self) {
      self = .number(value)
    } else {
      self = .text(try single.decode(String.self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .null:
      var single = encoder.singleValueContainer()
      try single.encodeNil()
    case .bool(let value): try value.encode(to: encoder)
    case .integer(let value): try value.encode(to: encoder)
    case .number(let value): try value.encode(to: encoder)
    case .text(let value): try value.encode(to: encoder)
    case .array(let values): try values.encode(to: encoder)
    case .object(let members): try members.encode(to: encoder)
    }
  }

  /// The value as JSON text.
  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { return "?" }
    return String(decoding: data, as: UTF8.self)
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
