/// The map of a payload that a container writes to, and what all containers of a call share.
@safe
final class EncodedMap: LentPlace {
  /// The state, the same always: alive while its call lasts, and then if `owned`.
  private let unowned: Unmanaged<EncodingState>
  private var owned: EncodingState?
  @exclusivity(unchecked) private var mapPlace: EncodingCore.Place
  private var mapPath: CodingPath?

  init(_ state: EncodingState, _ place: EncodingCore.Place, _ path: CodingPath?) {
    unsafe unowned = Unmanaged.passUnretained(state)
    unsafe mapPlace = place
    mapPath = path
  }

  /// Where the map stands among the values that are being written.
  @inline(__always)
  var place: EncodingCore.Place { unsafe mapPlace }
  var path: CodingPath? { mapPath }

  /// Uses the state without owning it once more.
  @inline(__always)
  func withState<T>(_ body: (EncodingState) throws -> T) rethrows -> T {
    try unsafe unowned._withUnsafeGuaranteedRef(body)
  }

  /// Shows another map.
  @inline(__always)
  func set(_ place: EncodingCore.Place, _ path: CodingPath?) {
    unsafe mapPlace = place
    mapPath = path
  }

  func leave() { owned = unsafe unowned.takeUnretainedValue() }

  func clear() {
    if mapPath != nil { mapPath = nil }
  }
}
