/// The map of a payload that a container shows, and what all containers of a call share.
@safe
class DecodedMap: LentPlace {
  /// The state, the same always: alive while its call lasts, and then if `owned`.
  private let unowned: Unmanaged<DecodingState>
  private var owned: DecodingState?
  @exclusivity(unchecked) final private var mapFirst: Int
  @exclusivity(unchecked) final private var mapCount: Int
  private var mapPath: CodingPath?

  init(_ state: DecodingState, _ first: Int, _ count: Int, _ path: CodingPath?) {
    unsafe unowned = Unmanaged.passUnretained(state)
    unsafe mapFirst = first
    unsafe mapCount = count
    mapPath = path
  }

  /// The offset of the first key, which tells this map from all others.
  @inline(__always)
  final var first: Int { unsafe mapFirst }
  /// The number of pairs.
  @inline(__always)
  final var count: Int { unsafe mapCount }
  final var path: CodingPath? { mapPath }
  final var state: DecodingState { unsafe unowned.takeUnretainedValue() }

  /// Uses the state without owning it once more.
  @inline(__always)
  final func withState<T>(_ body: (DecodingState) throws -> T) rethrows -> T {
    try unsafe unowned._withUnsafeGuaranteedRef(body)
  }

  /// Shows another map.
  @inline(__always)
  final func set(_ first: Int, _ count: Int, _ path: CodingPath?) {
    unsafe mapFirst = first
    unsafe mapCount = count
    mapPath = path
  }

  final func leave() { owned = state }

  final func clear() {
    if mapPath != nil { mapPath = nil }
  }
}

/// A map whose keys are of a known type.
@safe
final class KeyedDecodedMap<Key: CodingKey>: DecodedMap {
  /// The keys of the last map of this type that had one key, and its name.
  private var lastKeys: [Key] = []
  private var lastName: String?

  /// The map's only key, of the name that `isName` accepts, if it is that of the last time.
  @inline(__always)
  func lastKeys(_ isName: (String) -> Bool) -> [Key]? {
    // Not whether the keys are empty: that looks up the type of their array.
    if let lastName, isName(lastName) { return lastKeys }
    return nil
  }

  /// Remembers the keys of a map that has one.
  func remember(_ keys: [Key], _ name: String) {
    lastKeys = keys
    lastName = name
  }
}
