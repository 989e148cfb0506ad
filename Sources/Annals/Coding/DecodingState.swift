internal import AnnalsLog

/// What the containers of one call of a decoder share: the bytes, and where in a map the next key
/// is expected.
///
/// Containers of `Codable` may be kept by whoever gets them, and so cannot hold a span. This holds
/// the pointer instead and forgets it when the call ends.
///
/// When the call ends, its thread keeps the state for the next call, unless somebody kept a
/// container. Where accesses of properties are not checked for overlaps at run time, nothing they
/// call could reach the state.
@safe
final class DecodingState {
  /// The states that wait for their threads' next calls.
  private static let idle = ThreadSlot()

  @exclusivity(unchecked) private var buffer = unsafe UnsafeBufferPointer<UInt8>(
    start: nil,
    count: 0
  )

  /// The containers that were handed out and may be again.
  @exclusivity(unchecked) var containers = ContainerCache<DecodedMap>()

  /// The last map a key was found in, and where: keys that come in the expected order are found
  /// without a search.
  var cursor: MapCursor {
    @inline(__always)
    get { unsafe mapCursor }
    @inline(__always)
    set { unsafe mapCursor = newValue }
  }
  @exclusivity(unchecked) private var mapCursor = MapCursor()

  /// The one key that stands around the payload, where there is one.
  var wrapper: Wrapper?

  /// A key that is not in the bytes, and where its value begins.
  struct Wrapper {
    let name: String
    let start: Int
  }

  /// The offset of the map that the wrapper is, and of its first key.
  static let wrapped = -2

  /// Does the work of one call, on the bytes of a payload.
  static func reading<Value>(
    _ bytes: Span<UInt8>,
    _ body: (DecodingState) throws -> Value
  ) throws -> Value {
    try unsafe bytes.withUnsafeBufferPointer { buffer in
      var state: DecodingState
      if let idle = idle.take() {
        state = unsafe unsafeDowncast(idle, to: DecodingState.self)
      } else {
        state = DecodingState()
      }
      unsafe state.buffer = unsafe buffer
      defer {
        state.endCall()
        if isKnownUniquelyReferenced(&state) {
          idle.put(state)
        } else {
          unsafe state.containers.close()
        }
      }
      return try body(state)
    }
  }

  /// Forgets the payload: whoever kept a container finds no bytes in it afterwards.
  private func endCall() {
    unsafe buffer = UnsafeBufferPointer(start: nil, count: 0)
    cursor = MapCursor()
    wrapper = nil
    unsafe containers.endCall()
  }

  /// The bytes of the payload.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      let span = unsafe Span(_unsafeElements: buffer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Where the payload's item begins, after a look at the form of all of it.
  func checkedStart() throws -> Int {
    do throws(CBORError) {
      let bytes = self.bytes
      let start = try bytes.payloadStart()
      let end = try bytes.checkItem(at: start, depth: 0)
      if end != bytes.count { throw CBORError(.trailingBytes, offset: end) }
      return start
    } catch {
      throw DecodingState.corrupted(error, nil)
    }
  }

  /// Where the value of the key `name` begins, in the map of `count` pairs whose first key stands
  /// at `first`; nil if it does not have it.
  ///
  /// The search begins behind the key that was found last, if that was in this map, and goes round.
  @inline(__always)
  func find(_ name: String, _ first: Int, _ count: Int) throws(CBORError) -> Int? {
    if first == Self.wrapped {
      if let wrapper, wrapper.name == name { return wrapper.start }
      return nil
    }
    let bytes = self.bytes
    var place = cursor
    if place.map != first { place = MapCursor(map: first, offset: first) }
    var left = count
    while left > 0 {
      left &-= 1
      if place.isBeforeValue {
        place.offset = try bytes.skippingItem(at: place.offset)
        place.isBeforeValue = false
      }
      if place.index == count { (place.index, place.offset) = (0, first) }
      let head = try bytes.untaggedHead(at: place.offset)
      place.index &+= 1
      if head.major == CBORHead.Major.text {
        let range = try bytes.content(head)
        place.offset = range.upperBound
        place.isBeforeValue = true
        if bytes.equals(name, in: range) {
          cursor = place
          return range.upperBound
        }
      } else {
        // A key of another kind, which no property has.
        place.offset = try bytes.skippingItem(at: place.offset)
        place.isBeforeValue = true
      }
    }
    return nil
  }

  /// A `DecodingError` for malformed bytes.
  static func corrupted(_ error: CBORError, _ path: CodingPath?) -> DecodingError {
    .dataCorrupted(
      DecodingError.Context(
        codingPath: CodingPath.keys(path),
        debugDescription: "The payload is malformed at byte \(error.offset): \(error.reason).",
        underlyingError: error
      )
    )
  }
}

/// A place in a map: the next key to be looked at.
struct MapCursor {
  /// The offset of the map's first key, which tells it from all others; -1 for none.
  var map = -1
  /// The offset of an item to be passed over before the key; or that of the key itself.
  var offset = 0
  /// The number of the key among those of its map.
  var index = 0
  /// Whether `offset` is that of a value which stands before the key.
  var isBeforeValue = false
}
