/// One call through the file system seam, as a fault plan and a trace see it.
package struct Operation: Hashable, Sendable {
  /// The calls of the seam.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case openDirectory, makeDirectory, list, open, create, rename, link, remove, syncDirectory, lock
    case size, read, write, clone, sync, allocate, release, truncate, map, dropCache

    /// Whether the call can change what a crash leaves.
    package var isMutating: Bool {
      switch self {
      case .openDirectory, .list, .open, .size, .read, .map: false
      case .makeDirectory, .create, .rename, .link, .remove, .syncDirectory, .lock: true
      case .write, .clone, .sync, .allocate, .release, .truncate, .dropCache: true
      }
    }
  }

  /// The call.
  package let kind: Kind
  /// The file or directory it is made on.
  package let file: String
  /// Where in the file, or zero.
  package let offset: Int
  /// How many bytes, or zero; for `truncate` and `allocate` the size.
  package let count: Int

  /// Describes a call.
  package init(_ kind: Kind, _ file: String, offset: Int = 0, count: Int = 0) {
    self.kind = kind
    self.file = file
    self.offset = offset
    self.count = count
  }
}

extension Operation: CustomStringConvertible {
  /// One line of a trace.
  package var description: String {
    switch kind {
    case .read, .write: "\(kind.rawValue) \(file) \(offset)+\(count)"
    case .allocate, .truncate, .map: "\(kind.rawValue) \(file) \(count)"
    default: "\(kind.rawValue) \(file)"
    }
  }
}
