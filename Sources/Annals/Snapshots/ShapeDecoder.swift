/// Has a value for everything it is asked for, and notes what that is.
struct ShapeDecoder: Decoder {
  let notes: ShapeNotes
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// There is no value to be had: the type holds itself, or refused what it was given.
  struct NoValue: Error {}

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    notes.note("keyed")
    return KeyedDecodingContainer(Keyed<Key>(notes: notes))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    notes.note("unkeyed")
    return Unkeyed(notes: notes)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    Single(notes: notes)
  }

  /// A value of a type that is not made of others, else one that the type makes of such.
  static func value<Value: Decodable>(_ type: Value.Type, _ notes: ShapeNotes) throws -> Value {
    guard let value = notes.look(at: type) else { throw NoValue() }
    return value
  }
}

extension ShapeDecoder {
  struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: ShapeNotes
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    private func key(_ key: Key, _ how: String) { notes.note("\(how) \(key.stringValue)") }

    func contains(_ key: Key) -> Bool {
      self.key(key, "asks")
      return true
    }

    func decodeNil(forKey key: Key) throws -> Bool {
      self.key(key, "nil")
      return false
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
      self.key(key, "Bool")
      return false
    }

    func decode(_ type: String.Type, forKey key: Key) throws -> String {
      self.key(key, "String")
      return ""
    }

    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
      self.key(key, "Double")
      return 0
    }

    func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
      self.key(key, "Float")
      return 0
    }

    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(type, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(type, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(type, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(type, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(type, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(type, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(type, key) }

    private func integer<Value: FixedWidthInteger>(_ type: Value.Type, _ key: Key) throws -> Value {
      self.key(key, "\(type)")
      return 0
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
      self.key(key, "value")
      return try ShapeDecoder.value(type, notes)
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type,
      forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      self.key(key, "keyed")
      return KeyedDecodingContainer(Keyed<Nested>(notes: notes))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      self.key(key, "unkeyed")
      return Unkeyed(notes: notes)
    }

    func superDecoder() throws -> any Decoder { ShapeDecoder(notes: notes) }

    func superDecoder(forKey key: Key) throws -> any Decoder {
      self.key(key, "super")
      return ShapeDecoder(notes: notes)
    }
  }

  /// One element, so that its type is looked at.
  struct Unkeyed: UnkeyedDecodingContainer {
    let notes: ShapeNotes
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }
    var currentIndex = 0

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      currentIndex += 1
      return try ShapeDecoder.value(type, notes)
    }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      currentIndex += 1
      return KeyedDecodingContainer(Keyed<Nested>(notes: notes))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      currentIndex += 1
      return Unkeyed(notes: notes)
    }

    mutating func superDecoder() throws -> any Decoder { ShapeDecoder(notes: notes) }
  }

  struct Single: SingleValueDecodingContainer {
    let notes: ShapeNotes
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) throws -> Bool { false }
    func decode(_ type: String.Type) throws -> String { "" }
    func decode(_ type: Double.Type) throws -> Double { 0 }
    func decode(_ type: Float.Type) throws -> Float { 0 }
    func decode(_ type: Int.Type) throws -> Int { 0 }
    func decode(_ type: Int8.Type) throws -> Int8 { 0 }
    func decode(_ type: Int16.Type) throws -> Int16 { 0 }
    func decode(_ type: Int32.Type) throws -> Int32 { 0 }
    func decode(_ type: Int64.Type) throws -> Int64 { 0 }
    func decode(_ type: UInt.Type) throws -> UInt { 0 }
    func decode(_ type: UInt8.Type) throws -> UInt8 { 0 }
    func decode(_ type: UInt16.Type) throws -> UInt16 { 0 }
    func decode(_ type: UInt32.Type) throws -> UInt32 { 0 }
    func decode(_ type: UInt64.Type) throws -> UInt64 { 0 }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try ShapeDecoder.value(type, notes)
    }
  }
}
