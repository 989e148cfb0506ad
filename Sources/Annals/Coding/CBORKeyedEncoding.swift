/// A map of a payload, as `Encodable` sees it.
struct CBORKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  private let map: EncodedMap

  init(_ map: EncodedMap) { self.map = map }

  private var place: EncodingCore.Place { map.place }
  private var path: CodingPath? { map.path }

  var codingPath: [any CodingKey] { CodingPath.keys(path) }

  func encodeNil(forKey key: Key) throws { try primitive(CBORNull(), key) }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    let name = key.stringValue
    try map.withState { state in
      do throws(EncodingFault) {
        if try state.core.add(name, native: value, to: place) { return }
      } catch {
        throw error.error(value, CodingPath(key, path))
      }
      try state.add(value, key, name, to: place, path)
    }
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type,
    forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    map.withState { state in
      let nested = state.addNested(key, key.stringValue, to: place, path)
      return state.container(keyedBy: type, at: nested.place, nested.path)
    }
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { nested(PlainKey.superclass) }

  func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func nested(_ key: some CodingKey) -> CBOREncoding {
    map.withState { $0.addNested(key, key.stringValue, to: place, path) }
  }

  @inline(__always)
  private func primitive<P: CBORPrimitive>(_ value: P, _ key: Key) throws {
    let name = key.stringValue
    try map.withState { state in
      do throws(EncodingFault) {
        try state.core.add(name, value, to: place)
      } catch {
        throw error.error(value, CodingPath(key, path))
      }
    }
  }
}

extension CBORKeyedEncoding {
  func encode(_ value: Bool, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: String, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Double, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Float, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Int, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Int8, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Int16, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Int32, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: Int64, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: UInt, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: UInt8, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: UInt16, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: UInt32, forKey key: Key) throws { try primitive(value, key) }
  func encode(_ value: UInt64, forKey key: Key) throws { try primitive(value, key) }
}
