/// An array of a payload, as `Encodable` sees it.
struct CBORUnkeyedEncoding: UnkeyedEncodingContainer {
  let state: EncodingState
  let place: EncodingCore.Place
  let path: CodingPath?

  var codingPath: [any CodingKey] { CodingPath.keys(path) }
  var count: Int { state.core.itemCount(place) }

  func encodeNil() throws { try primitive(CBORNull()) }

  func encode<T: Encodable>(_ value: T) throws {
    do throws(EncodingFault) {
      if try state.core.add(native: value, to: place) { return }
    } catch {
      throw error.error(value, CodingPath(PlainKey.index(count), path))
    }
    try state.add(value, PlainKey.index(count), nil, to: place, path)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    nested().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }

  func superEncoder() -> any Encoder { nested() }

  private func nested() -> CBOREncoding {
    state.addNested(PlainKey.index(count), nil, to: place, path)
  }

  @inline(__always)
  private func primitive<P: CBORPrimitive>(_ value: P) throws {
    do throws(EncodingFault) {
      try state.core.add(value, to: place)
    } catch {
      throw error.error(value, CodingPath(PlainKey.index(count), path))
    }
  }
}

extension CBORUnkeyedEncoding {
  func encode(_ value: Bool) throws { try primitive(value) }
  func encode(_ value: String) throws { try primitive(value) }
  func encode(_ value: Double) throws { try primitive(value) }
  func encode(_ value: Float) throws { try primitive(value) }
  func encode(_ value: Int) throws { try primitive(value) }
  func encode(_ value: Int8) throws { try primitive(value) }
  func encode(_ value: Int16) throws { try primitive(value) }
  func encode(_ value: Int32) throws { try primitive(value) }
  func encode(_ value: Int64) throws { try primitive(value) }
  func encode(_ value: UInt) throws { try primitive(value) }
  func encode(_ value: UInt8) throws { try primitive(value) }
  func encode(_ value: UInt16) throws { try primitive(value) }
  func encode(_ value: UInt32) throws { try primitive(value) }
  func encode(_ value: UInt64) throws { try primitive(value) }
}
