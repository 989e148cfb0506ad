/// The event types that a batch has named, each with a row.
///
/// They outlive the batch's events: who uses a batch again names the same types again, and in any
/// order, so that each event's type is found without a hash of its name.
package struct BatchTypes: ~Copyable {
  package private(set) var names: [String] = []
  // The names once more, as bytes: comparing strings counts references.
  private var bytes = ByteBuffer(capacity: 256)
  private var ranges: [Range<Int>] = []
  private var hashes: [KeyHash] = []
  /// Finds the rows of names by their hashes.
  private var rows = RowTable()
  /// The strings of `names`, which are kept there.
  private var identities: [TextIdentity] = []
  /// By the mark of a string, and behind those by that of a name, the row found last for it, plus
  /// one; 0 for none.
  private var recent = [UInt32](repeating: 0, count: Self.recentCount * 2)
  /// Types are hashed only to be found within the batch, whichever log it goes to.
  private let hasher = KeyHasher(StoreID(high: 0x616e, low: 0x6e61))

  private static let recentBits: UInt64 = 6
  private static let recentCount = 1 << Int(recentBits)

  /// No types.
  package init() {}

  /// The row of `type`, which gets the next one if it is new.
  ///
  /// - Throws: `.invalidName`, `.limitExceeded`.
  @inline(__always)
  package mutating func row(of type: String) throws(LogError) -> Int {
    // Whoever names a type has its name in a constant, as a rule: then nothing of it is looked at.
    let identity = TextIdentity(type)
    let mark = identity.mark(bits: Self.recentBits)
    let row = Int(recent[mark]) - 1
    if row >= 0, identities[row] == identity { return row }
    let found = try find(type)
    recent[mark] = UInt32(found + 1)
    return found
  }

  private mutating func find(_ type: String) throws(LogError) -> Int {
    let name = type.utf8Span.span
    let mark = Self.recentCount + Self.mark(name)
    let row = Int(recent[mark]) - 1
    if row >= 0, bytes.equals(name, in: ranges[row]) { return row }
    let found = try search(type, name)
    recent[mark] = UInt32(found + 1)
    return found
  }

  private mutating func search(_ type: String, _ name: Span<UInt8>) throws(LogError) -> Int {
    // A batch that is used for ever may come to know very many.
    let hash = hasher.hash(name, .event)
    var search = rows.search(hash)
    while let row = rows.next(&search) {
      if hashes[row] == hash, bytes.equals(name, in: ranges[row]) { return row }
    }
    try BatchContents.checkName(name, .type, maximum: Limits.typeBytesMax, .typeBytes)
    let row = names.count
    names.append(type)
    identities.append(TextIdentity(type))
    ranges.append(bytes.count..<bytes.count + name.count)
    bytes.append(name)
    hashes.append(hash)
    rows.insert(row, hash) { hashes[$0] }
    return row
  }

  /// A number below `recentCount` from the length and the ends of a name: names that share it are
  /// only found more slowly.
  @inline(__always)
  private static func mark(_ name: Span<UInt8>) -> Int {
    let count = name.count
    var word = UInt64(truncatingIfNeeded: count)
    if count >= 8 {
      let first = name.load(UInt64.self, at: 0)
      let last = name.load(UInt64.self, at: count - 8)
      word ^= first ^ (last << 21 | last >> 43)
    } else {
      for index in 0..<count { word = word << 8 ^ UInt64(name[index]) }
    }
    return Int(truncatingIfNeeded: (word &* 0x9e37_79b9_7f4a_7c15) >> (64 - recentBits))
  }
}
