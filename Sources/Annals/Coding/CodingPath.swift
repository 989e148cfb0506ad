/// One step of the way from a payload's root to a container; a list towards the root, so that a
/// step costs the same at any depth.
final class CodingPath: Sendable {
  private let key: any CodingKey & Sendable
  private let parent: CodingPath?
  let depth: Int

  init(_ key: some CodingKey, _ parent: CodingPath?) {
    self.key = key
    self.parent = parent
    depth = (parent?.depth ?? 0) + 1
  }

  /// The keys from the root to `path`.
  static func keys(_ path: CodingPath?) -> [any CodingKey] {
    var keys: [any CodingKey] = []
    var node = path
    while let step = node {
      keys.append(step.key)
      node = step.parent
    }
    keys.reverse()
    return keys
  }
}

/// The key of an element of an array, and of the container of a superclass.
enum PlainKey: CodingKey {
  case index(Int)
  case superclass

  init?(stringValue: String) { nil }
  init?(intValue: Int) { self = .index(intValue) }

  var stringValue: String {
    switch self {
    case .index(let index): "Index \(index)"
    case .superclass: "super"
    }
  }

  var intValue: Int? {
    if case .index(let index) = self { index } else { nil }
  }
}
