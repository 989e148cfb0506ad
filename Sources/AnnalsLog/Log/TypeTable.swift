internal import Synchronization

/// The names of event types by their numbers, which frames hold instead.
///
/// Only grows; number 1 is the first name. A name is durable in the file `types`, and stands in the
/// log as a control frame, before a frame uses its number.
package final class TypeTable: @unchecked Sendable {
  // Checked how: `names` and `numbers` are touched only under `lock`.
  private let lock = Lock()
  private var names: [String] = []
  private var numbers: [Key: Int] = [:]
  /// The number of names, for who asks often and needs no name.
  private let published = Atomic<Int>(0)
  /// Tells the table from every other that this process had or will have, as its address does not.
  package let id = TypeTable.made.wrappingAdd(1, ordering: .relaxed).newValue

  private static let made = Atomic<UInt64>(0)

  /// Compares names by their bytes: two spellings Unicode holds equal are two types.
  private struct Key: Hashable {
    let name: String
    static func == (lhs: Self, rhs: Self) -> Bool {
      lhs.name.utf8.elementsEqual(rhs.name.utf8)
    }
    func hash(into hasher: inout Hasher) {
      for byte in name.utf8 { hasher.combine(byte) }
    }
  }

  /// A table of `names`, in the order of their numbers.
  package init(_ names: [String] = []) {
    for name in names { _ = insert(name) }
  }

  /// The number of names.
  package var count: Int { published.load(ordering: .acquiring) }

  /// All names, in the order of their numbers.
  package var all: [String] { lock.withLock { names } }

  /// The name of `number`.
  package func name(_ number: Int) -> String? {
    lock.withLock { number >= 1 && number <= names.count ? names[number - 1] : nil }
  }

  /// The number of `name`.
  package func number(_ name: String) -> Int? {
    lock.withLock { numbers[Key(name: name)] }
  }

  /// The number of `name`, which gets the next one if it is new.
  package func insert(_ name: String) -> Int {
    lock.withLock {
      let key = Key(name: name)
      if let number = numbers[key] { return number }
      names.append(name)
      numbers[key] = names.count
      published.store(names.count, ordering: .releasing)
      return names.count
    }
  }

  /// Takes up names read from the log; false if one contradicts what is known.
  package func merge(first: Int, _ found: [String]) -> Bool {
    lock.withLock {
      for (index, name) in found.enumerated() {
        let number = first + index
        if number <= names.count {
          if !names[number - 1].utf8.elementsEqual(name.utf8) { return false }
        } else if number == names.count + 1 {
          names.append(name)
          numbers[Key(name: name)] = number
          published.store(names.count, ordering: .releasing)
        } else {
          return false
        }
      }
      return true
    }
  }
}
