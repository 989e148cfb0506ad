/// A dictionary that is cheap to copy and add to: a new version shares all but a little with the
/// one before, which readers keep.
///
/// Levels of rising size, the newest first; a level that is not much larger than what is added is
/// merged with it. So adding costs a logarithm of the whole, and looking up asks a logarithm of
/// dictionaries.
package struct RuleLevels<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private var levels: [[Key: Value]] = []

  package init() {}

  /// Whether there is nothing.
  package var isEmpty: Bool { levels.isEmpty }

  /// The value of `key`, if it has one.
  package subscript(key: Key) -> Value? {
    for level in levels {
      if let value = level[key] { return value }
    }
    return nil
  }

  /// Gives `key` a value.
  ///
  /// - Parameter isShared: whether others may hold this version; else it is changed in place.
  package mutating func set(_ key: Key, _ value: Value, isShared: Bool) {
    if !isShared, levels.count == 1 {
      levels[0][key] = value
      return
    }
    var added = [key: value]
    while let next = levels.first, next.count <= 2 * added.count {
      added = next.merging(added) { _, newer in newer }
      levels.removeFirst()
    }
    levels.insert(added, at: 0)
  }

  /// Every key once, in no order.
  package var all: [Key: Value] {
    levels.reversed().reduce(into: [:]) { all, level in
      all.merge(level) { _, newer in newer }
    }
  }
}
