/// An array of a payload, as `Decodable` sees it.
struct CBORUnkeyedDecoding: UnkeyedDecodingContainer {
  private let state: DecodingState
  private let path: CodingPath?
  private let items: Int
  /// Where the next item begins.
  private var offset: Int
  private(set) var currentIndex = 0

  init(_ item: CBORDecoding) throws {
    (offset, items) = try item.state.open(
      CBORHead.Major.array,
      [Any].self,
      at: item.offset,
      item.path
    )
    state = item.state
    path = item.path
  }

  var codingPath: [any CodingKey] { CodingPath.keys(path) }
  var count: Int? { items }
  var isAtEnd: Bool { currentIndex >= items }

  mutating func decodeNil() throws -> Bool {
    let item = try next(Never?.self)
    guard item.decodeNil() else { return false }
    try advance(item)
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let item = try next(type)
    let value = try item.value(type)
    try advance(item)
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let item = try next([String: Any].self)
    let container = try item.container(keyedBy: type)
    try advance(item)
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let item = try next([Any].self)
    let container = try item.unkeyedContainer()
    try advance(item)
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let item = try next((any Decoder).self)
    try advance(item)
    return item
  }
}

extension CBORUnkeyedDecoding {
  /// The item to be read next.
  private func next(_ type: any Any.Type) throws -> CBORDecoding {
    let step = CodingPath(PlainKey.index(currentIndex), path)
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        type,
        DecodingError.Context(
          codingPath: CodingPath.keys(step),
          debugDescription: "The array has only \(items) items."
        )
      )
    }
    return CBORDecoding(state: state, offset: offset, path: step)
  }

  /// Goes on behind an item that was read.
  @inline(__always)
  private mutating func advance(_ item: CBORDecoding) throws {
    do throws(CBORError) {
      offset = try state.bytes.skippingItem(at: item.offset)
    } catch {
      throw state.decodingError(error, Any.self, item.path)
    }
    currentIndex += 1
  }

  /// Reads a primitive value; no step of the path is made unless it fails.
  @inline(__always)
  private mutating func primitive<P: CBORPrimitive>(_ type: P.Type) throws -> P {
    if isAtEnd { _ = try next(type) }
    do throws(CBORError) {
      let value = try P.read(state, offset)
      offset = try state.bytes.skippingItem(at: offset)
      currentIndex += 1
      return value
    } catch {
      throw state.decodingError(error, type, CodingPath(PlainKey.index(currentIndex), path))
    }
  }
}

extension CBORUnkeyedDecoding {
  mutating func decode(_ type: Bool.Type) throws -> Bool { try primitive(type) }
  mutating func decode(_ type: String.Type) throws -> String { try primitive(type) }
  mutating func decode(_ type: Double.Type) throws -> Double { try primitive(type) }
  mutating func decode(_ type: Float.Type) throws -> Float { try primitive(type) }
  mutating func decode(_ type: Int.Type) throws -> Int { try primitive(type) }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try primitive(type) }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try primitive(type) }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try primitive(type) }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try primitive(type) }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try primitive(type) }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try primitive(type) }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try primitive(type) }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try primitive(type) }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try primitive(type) }
}
