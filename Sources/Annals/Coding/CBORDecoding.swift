internal import FoundationEssentials

/// One item of a payload, as `Decodable` sees it: any container, or a single value.
struct CBORDecoding: Decoder {
  let state: DecodingState
  /// Where the item begins.
  let offset: Int
  let path: CodingPath?

  var codingPath: [any CodingKey] { CodingPath.keys(path) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try state.container(keyedBy: type, at: offset, path)
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try CBORUnkeyedDecoding(self) }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  /// The primitive value that stands here.
  @inline(__always)
  func primitive<P: CBORPrimitive>(_ type: P.Type) throws -> P {
    do throws(CBORError) {
      return try P.read(state, offset)
    } catch {
      throw state.decodingError(error, type, path)
    }
  }

  /// A value of any type.
  ///
  /// Bytes have a form of their own. For the commonest primitives a comparison of types costs a
  /// nanosecond, and the way through their own `Decodable` fifty.
  func value<T: Decodable>(_ type: T.Type) throws -> T {
    if type == String.self { return unsafe unsafeBitCast(try primitive(String.self), to: type) }
    if type == Int.self { return unsafe unsafeBitCast(try primitive(Int.self), to: type) }
    if type == Double.self { return unsafe unsafeBitCast(try primitive(Double.self), to: type) }
    if type == [UInt8].self { return unsafe unsafeBitCast(try byteString(), to: type) }
    if type == Data.self { return unsafe unsafeBitCast(Data(try byteString()), to: type) }
    return try T(from: self)
  }

  private func byteString() throws -> [UInt8] {
    do throws(CBORError) {
      return try [UInt8].read(state, offset)
    } catch {
      throw state.decodingError(error, [UInt8].self, path)
    }
  }
}

extension CBORDecoding: SingleValueDecodingContainer {
  func decodeNil() -> Bool { (try? state.isNull(at: offset)) ?? false }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(type) }
  func decode(_ type: Bool.Type) throws -> Bool { try primitive(type) }
  func decode(_ type: String.Type) throws -> String { try primitive(type) }
  func decode(_ type: Double.Type) throws -> Double { try primitive(type) }
  func decode(_ type: Float.Type) throws -> Float { try primitive(type) }
  func decode(_ type: Int.Type) throws -> Int { try primitive(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try primitive(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try primitive(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try primitive(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try primitive(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try primitive(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try primitive(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try primitive(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try primitive(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try primitive(type) }
}
