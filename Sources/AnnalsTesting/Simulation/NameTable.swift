/// A directory of the simulated disk: its names as programs see them, and as the platter has them.
struct NameTable: Sendable {
  /// What a name leads to, by its index on the disk.
  enum Entry: Hashable, Sendable {
    case file(Int)
    case directory(Int)
  }

  /// A change of names; each happens whole or not at all.
  enum Change: Sendable {
    case link(String, Entry)
    case unlink(String, Entry)
    case rename(source: String, target: String, Entry)
  }

  /// The names programs see.
  private(set) var cached: [String: Entry] = [:]
  /// The names a power cut leaves for sure.
  private(set) var durable: [String: Entry] = [:]
  /// The changes since the last sync, oldest first, with their place in the disk's order.
  private(set) var pending: [(sequence: Int, change: Change)] = []

  /// Creates a table whose names are all durable.
  init(durable: [String: Entry] = [:]) {
    cached = durable
    self.durable = durable
  }

  /// Performs a change in the cache.
  mutating func perform(_ change: Change, sequence: inout Int) {
    Self.apply(change, to: &cached)
    pending.append((sequence, change))
    sequence += 1
  }

  /// Makes all names durable.
  mutating func sync() {
    durable = cached
    pending.removeAll()
  }

  /// Performs `change` on `names`.
  ///
  /// A removal whose name leads elsewhere, because an earlier change was lost, does nothing.
  static func apply(_ change: Change, to names: inout [String: Entry]) {
    switch change {
    case .link(let name, let entry):
      names[name] = entry
    case .unlink(let name, let entry):
      if names[name] == entry { names[name] = nil }
    case .rename(let source, let target, let entry):
      if names[source] == entry { names[source] = nil }
      names[target] = entry
    }
  }
}
