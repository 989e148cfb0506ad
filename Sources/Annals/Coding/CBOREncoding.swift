internal import FoundationEssentials

/// The place of one value of a payload, as `Encodable` sees it: any container, or a single value.
struct CBOREncoding: Encoder {
  // Three words: what is larger would be allocated for every `any Encoder`.
  let state: EncodingState
  let place: EncodingCore.Place
  let path: CodingPath?

  var codingPath: [any CodingKey] { CodingPath.keys(path) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    state.container(keyedBy: type, at: place, path)
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    CBORUnkeyedEncoding(state: state, place: state.opened(place, as: .array), path: path)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension CBOREncoding: SingleValueEncodingContainer {
  func encodeNil() throws { try primitive(CBORNull()) }

  func encode<T: Encodable>(_ value: T) throws {
    do throws(EncodingFault) {
      if try state.core.writeSingle(native: value, at: place) { return }
    } catch {
      throw error.error(value, path)
    }
    try value.encode(to: self)
  }

  @inline(__always)
  private func primitive<P: CBORPrimitive>(_ value: P) throws {
    do throws(EncodingFault) {
      try state.core.writeSingle(value, at: place)
    } catch {
      throw error.error(value, path)
    }
  }
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

extension EncodingState {
  /// Adds an item that writes itself to the container at `place`.
  func add<T: Encodable>(
    _ value: T,
    _ key: some CodingKey,
    _ name: String?,
    to place: EncodingCore.Place,
    _ path: CodingPath?
  ) throws {
    let step = CodingPath(key, path)
    let (item, child): (EncodingCore.Item, EncodingCore.Place)
    do throws(EncodingFault) {
      (item, child) = try core.beginItem(name, of: place)
    } catch {
      throw error.error(value, step)
    }
    do {
      try value.encode(to: CBOREncoding(state: self, place: child, path: step))
    } catch {
      core.cancelItem(item, child, of: place)
      throw error
    }
    core.endValue(child, in: place)
    core.endItem(item, of: place)
  }

  /// Adds an item to the container at `place` that is written later.
  func addNested(
    _ key: some CodingKey,
    _ name: String?,
    to place: EncodingCore.Place,
    _ path: CodingPath?
  ) -> CBOREncoding {
    var child = EncodingCore.Place.none
    do throws(EncodingFault) {
      let begun = try core.beginItem(name, of: place)
      core.endItem(begun.item, of: place)
      child = begun.value
    } catch {
      core.remember(error)
    }
    return CBOREncoding(state: self, place: child, path: CodingPath(key, path))
  }
}
