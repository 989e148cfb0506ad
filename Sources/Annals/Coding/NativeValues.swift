internal import FoundationEssentials

/// Null, as an item.
struct CBORNull: CBORPrimitive {
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> CBORNull {
    if try state.isNull(at: offset) { return CBORNull() }
    throw CBORError(.otherKind, offset: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) { buffer.append(CBORHead.Initial.null) }
}

extension [UInt8]: CBORPrimitive {
  /// Reads the byte string at `offset`, or the array of small integers.
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> [UInt8] {
    let bytes = state.bytes
    let head = try bytes.untaggedHead(at: offset)
    if head.major == CBORHead.Major.bytes { return bytes.extracting(try bytes.content(head)).array }
    guard head.major == CBORHead.Major.array else { throw CBORError(.otherKind, offset: offset) }
    var array: [UInt8] = []
    var next = head.end
    for _ in 0..<(try bytes.itemCount(head)) {
      array.append(try state.integer(UInt8.self, at: next))
      next = try bytes.skippingItem(at: next)
    }
    return array
  }

  func write(to buffer: inout CodingBuffer) { buffer.append(byteString: span) }
}

// The commonest types and those with a form of their own, met where only a generic type is known.
// A comparison of types costs a nanosecond, and the way through their own `Codable` thirty.
extension EncodingCore {
  /// Adds a pair to the map at `place`; false, and nothing is done, if the value writes itself.
  @inline(__always)
  mutating func add<T>(
    _ name: String,
    native value: T,
    to place: Place
  ) throws(EncodingFault) -> Bool {
    if T.self == String.self {
      try add(name, unsafe unsafeBitCast(value, to: String.self), to: place)
    } else if T.self == Int.self {
      try add(name, unsafe unsafeBitCast(value, to: Int.self), to: place)
    } else if T.self == Double.self {
      try add(name, unsafe unsafeBitCast(value, to: Double.self), to: place)
    } else if T.self == [UInt8].self {
      try add(name, unsafe unsafeBitCast(value, to: [UInt8].self), to: place)
    } else if T.self == Data.self {
      try add(name, [UInt8](unsafe unsafeBitCast(value, to: Data.self)), to: place)
    } else {
      return false
    }
    return true
  }

  /// Adds an item to the array at `place`; false, and nothing is done, if the value writes itself.
  @inline(__always)
  mutating func add<T>(native value: T, to place: Place) throws(EncodingFault) -> Bool {
    if T.self == String.self {
      try add(unsafe unsafeBitCast(value, to: String.self), to: place)
    } else if T.self == Int.self {
      try add(unsafe unsafeBitCast(value, to: Int.self), to: place)
    } else if T.self == Double.self {
      try add(unsafe unsafeBitCast(value, to: Double.self), to: place)
    } else if T.self == [UInt8].self {
      try add(unsafe unsafeBitCast(value, to: [UInt8].self), to: place)
    } else if T.self == Data.self {
      try add([UInt8](unsafe unsafeBitCast(value, to: Data.self)), to: place)
    } else {
      return false
    }
    return true
  }

  /// Makes the value at `place` a single item; false, and nothing is done, if it writes itself.
  mutating func writeSingle<T>(native value: T, at place: Place) throws(EncodingFault) -> Bool {
    if T.self == String.self {
      try writeSingle(unsafe unsafeBitCast(value, to: String.self), at: place)
    } else if T.self == Int.self {
      try writeSingle(unsafe unsafeBitCast(value, to: Int.self), at: place)
    } else if T.self == Double.self {
      try writeSingle(unsafe unsafeBitCast(value, to: Double.self), at: place)
    } else if T.self == [UInt8].self {
      try writeSingle(unsafe unsafeBitCast(value, to: [UInt8].self), at: place)
    } else if T.self == Data.self {
      try writeSingle([UInt8](unsafe unsafeBitCast(value, to: Data.self)), at: place)
    } else {
      return false
    }
    return true
  }
}
