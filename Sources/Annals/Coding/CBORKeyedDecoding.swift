/// A map of a payload, as `Decodable` sees it.
///
/// Keys are compared as bytes: no text is made of them. Where the type asks in the order in which
/// the map was written, each key is found at once.
struct CBORKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
  private let map: KeyedDecodedMap<Key>

  init(_ map: KeyedDecodedMap<Key>) { self.map = map }

  private var state: DecodingState { map.state }
  private var first: Int { map.first }
  private var count: Int { map.count }
  private var path: CodingPath? { map.path }

  var codingPath: [any CodingKey] { CodingPath.keys(path) }

  var allKeys: [Key] {
    if first == DecodingState.wrapped {
      guard let wrapper = state.wrapper else { return [] }
      return onlyKey(wrapper.name)
    }
    if count == 1, let keys = try? onlyKey() { return keys }
    return severalKeys()
  }

  /// The keys of a map of one pair.
  private func onlyKey() throws(CBORError) -> [Key] {
    let bytes = state.bytes
    let head = try bytes.untaggedHead(at: first)
    guard head.major == CBORHead.Major.text else { return [] }
    let range = try bytes.content(head)
    if let keys = map.lastKeys({ bytes.equals($0, in: range) }) { return keys }
    return onlyKey(try bytes.validText(range))
  }

  // Apart, as it looks up types at its beginning.
  @inline(never)
  private func severalKeys() -> [Key] {
    var keys: [Key] = []
    let bytes = state.bytes
    var offset = first
    do throws(CBORError) {
      for _ in 0..<count {
        let head = try bytes.untaggedHead(at: offset)
        if head.major == CBORHead.Major.text {
          let range = try bytes.content(head)
          if let key = Key(stringValue: try bytes.validText(range)) { keys.append(key) }
        }
        offset = try bytes.skippingItem(at: try bytes.skippingItem(at: offset))
      }
    } catch {
      // A key that is no text names no property.
    }
    return keys
  }

  /// The keys of a map whose one key is `name`: the case of an enum.
  ///
  /// Without `map` of optionals, which would look up the type of each step at run time.
  private func onlyKey(_ name: String) -> [Key] {
    map.lastKeys { $0 == name } ?? newKey(name)
  }

  @inline(never)
  private func newKey(_ name: String) -> [Key] {
    guard let key = Key(stringValue: name) else { return [] }
    map.remember([key], name)
    return [key]
  }

  func contains(_ key: Key) -> Bool {
    let cursor = state.cursor
    defer { state.cursor = cursor }
    return (try? state.find(key.stringValue, first, count)) != nil
  }

  func decodeNil(forKey key: Key) throws -> Bool {
    let cursor = state.cursor
    defer { state.cursor = cursor }
    return try state.isNull(at: try offset(key))
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try value(type, key, at: try offset(key))
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    guard let offset = try offsetIfPresent(key) else { return nil }
    return try value(type, key, at: offset)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type,
    forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    let offset = try offset(key)
    let step = CodingPath(key, path)
    return try map.withState { try $0.container(keyedBy: type, at: offset, step) }
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try item(key, at: try offset(key)).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    try superDecoder(PlainKey.superclass)
  }

  func superDecoder(forKey key: Key) throws -> any Decoder {
    try superDecoder(key)
  }

  private func superDecoder(_ key: some CodingKey) throws -> any Decoder {
    do throws(CBORError) {
      if let offset = try state.find(key.stringValue, first, count) {
        return CBORDecoding(state: state, offset: offset, path: CodingPath(key, path))
      }
    } catch {
      throw state.decodingError(error, Key.self, path)
    }
    throw missing(key)
  }
}

extension CBORKeyedDecoding {
  /// Where the value of `key` begins; nil if the map does not have it.
  @inline(__always)
  private func find(_ key: Key) throws -> Int? {
    let name = key.stringValue
    return try map.withState { state in
      do throws(CBORError) {
        return try state.find(name, first, count)
      } catch {
        throw state.decodingError(error, Key.self, path)
      }
    }
  }

  /// Where the value of `key` begins.
  @inline(__always)
  private func offset(_ key: Key) throws -> Int {
    if let offset = try find(key) { return offset }
    throw missing(key)
  }

  /// Where the value of `key` begins; nil if the map does not have it, or null under it.
  @inline(__always)
  private func offsetIfPresent(_ key: Key) throws -> Int? {
    guard let offset = try find(key), try !map.withState({ try $0.isNull(at: offset) }) else {
      return nil
    }
    return offset
  }

  private func missing(_ key: some CodingKey) -> DecodingError {
    .keyNotFound(
      key,
      DecodingError.Context(
        codingPath: codingPath,
        debugDescription: "The map has no key \"\(key.stringValue)\"."
      )
    )
  }

  private func item(_ key: Key, at offset: Int) -> CBORDecoding {
    CBORDecoding(state: state, offset: offset, path: CodingPath(key, path))
  }

  /// A value of any type, after which the search goes on in this map.
  private func value<T: Decodable>(_ type: T.Type, _ key: Key, at offset: Int) throws -> T {
    let cursor = state.cursor
    defer { state.cursor = cursor }
    return try item(key, at: offset).value(type)
  }

  @inline(__always)
  private func read<P: CBORPrimitive>(_ type: P.Type, _ key: Key, at offset: Int) throws -> P {
    try map.withState { state in
      do throws(CBORError) {
        return try P.read(state, offset)
      } catch {
        throw state.decodingError(error, type, CodingPath(key, path))
      }
    }
  }

  @inline(__always)
  private func primitive<P: CBORPrimitive>(_ type: P.Type, _ key: Key) throws -> P {
    let offset = try offset(key)
    return try read(type, key, at: offset)
  }

  @inline(__always)
  private func primitiveIfPresent<P: CBORPrimitive>(_ type: P.Type, _ key: Key) throws -> P? {
    guard let offset = try offsetIfPresent(key) else { return nil }
    return try read(type, key, at: offset)
  }
}

extension CBORKeyedDecoding {
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try primitive(type, key) }
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try primitive(type, key) }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try primitive(type, key) }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try primitive(type, key) }
  func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try primitive(type, key) }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try primitive(type, key) }
  func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try primitive(type, key) }
  func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try primitive(type, key) }
  func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try primitive(type, key) }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try primitive(type, key) }
  func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try primitive(type, key) }
  func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try primitive(type, key) }
  func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try primitive(type, key) }
  func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
    try primitiveIfPresent(type, key)
  }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try primitive(type, key) }
  func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
    try primitiveIfPresent(type, key)
  }
}
