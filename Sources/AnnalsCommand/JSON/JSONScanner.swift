/// A strict cursor over the bytes of one JSON text (RFC 8259).
///
/// It takes what the grammar takes and nothing else: no comments, no trailing commas, no byte order
/// mark, no lone surrogates, only UTF-8. Values are validated in place and named by their range;
/// only strings that are asked for are copied. Numbers are never converted, so none is too large.
package struct JSONScanner: ~Escapable {
  package let bytes: Span<UInt8>
  /// Where the next byte is read.
  package private(set) var offset = 0
  /// White space passed over so far; tells whether a value is compact as it stands.
  private var spaceCount = 0
  private var depth: Int

  /// Deeper nesting is refused: the scanner recurses, and hostile input must not end the stack.
  package static let depthMax = 512

  /// Creates a cursor at the start of `bytes`, which are read as if nested `enclosingDepth` deep.
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, enclosingDepth: Int = 0) {
    self.bytes = bytes
    depth = enclosingDepth
  }

  /// The kinds of value.
  package enum Kind: String, Hashable, Sendable {
    case object, array, string, number, boolean, null
  }

  /// A validated value and where it stands.
  package struct Value: Hashable, Sendable {
    /// What it is.
    package let kind: Kind
    /// Its bytes, without white space around them.
    package let range: Range<Int>
    /// The number of white-space bytes inside it that stand outside strings.
    package let spaceCount: Int
  }

  /// Validates the value that comes next, and moves behind it.
  package mutating func value() throws(JSONError) -> Value {
    let kind = try nextKind()
    let start = offset
    let spaceCountBefore = spaceCount
    switch kind {
    case .object:
      if try enterObject() {
        repeat {
          try skipKey()
          _ = try value()
        } while try nextMember()
      }
    case .array:
      if try enterArray() {
        repeat { _ = try value() } while try nextElement()
      }
    case .string: _ = try skipString()
    case .number: try skipNumber()
    case .boolean: try skipWord(peek() == UInt8(ascii: "t") ? "true" : "false")
    case .null: try skipWord("null")
    }
    return Value(
      kind: kind,
      range: start..<offset,
      spaceCount: spaceCount - spaceCountBefore
    )
  }

  /// Demands that only white space follows.
  package mutating func end() throws(JSONError) {
    skipSpace()
    guard offset == bytes.count else { throw JSONError(.trailingBytes, at: offset) }
  }

  /// Tells the value that comes next by its first byte, and moves to that.
  package mutating func nextKind() throws(JSONError) -> Kind {
    skipSpace()
    guard let byte = peek() else { throw unexpected() }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    default: throw unexpected()
    }
  }

  /// Moves to the next value or key, and demands that it is a string.
  package mutating func nextString() throws(JSONError) {
    skipSpace()
    guard peek() == UInt8(ascii: "\"") else { throw unexpected() }
  }

  /// Moves into an object; false when it is empty, and then the cursor stands behind it.
  package mutating func enterObject() throws(JSONError) -> Bool { try enter("{", "}") }

  /// Moves behind a member's value to the next key; false when the object has ended.
  package mutating func nextMember() throws(JSONError) -> Bool { try advance("}") }

  /// Moves into an array; false when it is empty, and then the cursor stands behind it.
  package mutating func enterArray() throws(JSONError) -> Bool { try enter("[", "]") }

  /// Moves behind an element to the next one; false when the array has ended.
  package mutating func nextElement() throws(JSONError) -> Bool { try advance("]") }

  /// Reads a member's key and the colon, and moves to its value.
  package mutating func key() throws(JSONError) -> String {
    try nextString()
    let key = try string()
    try expect(":")
    skipSpace()
    return key
  }

  private mutating func skipKey() throws(JSONError) {
    skipSpace()
    _ = try skipString()
    try expect(":")
  }

  private mutating func enter(
    _ open: Unicode.Scalar,
    _ close: Unicode.Scalar
  ) throws(JSONError) -> Bool {
    guard depth < Self.depthMax else { throw JSONError(.tooDeep, at: offset) }
    try expect(open)
    skipSpace()
    if peek() == UInt8(ascii: close) {
      offset += 1
      return false
    }
    depth += 1
    return true
  }

  private mutating func advance(_ close: Unicode.Scalar) throws(JSONError) -> Bool {
    skipSpace()
    if peek() == UInt8(ascii: ",") {
      offset += 1
      return true
    }
    try expect(close)
    depth -= 1
    return false
  }

  private mutating func expect(_ byte: Unicode.Scalar) throws(JSONError) {
    skipSpace()
    guard peek() == UInt8(ascii: byte) else { throw unexpected() }
    offset += 1
  }

  private mutating func skipSpace() {
    let start = offset
    while let byte = peek(), JSONScanner.isSpace(byte) { offset += 1 }
    spaceCount += offset - start
  }

  /// The four bytes that JSON calls white space.
  package static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }
}

extension JSONScanner {
  // The rest of the grammar, in `JSONScanner+Scalars.swift`, moves the cursor with these.

  /// The next byte, or nil at the end.
  func peek() -> UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  /// Moves over bytes that were looked at.
  mutating func skip(_ count: Int) { offset += count }

  /// The error for the byte at the cursor.
  func unexpected() -> JSONError {
    guard let byte = peek() else { return JSONError(.unexpectedEnd, at: offset) }
    return JSONError(.unexpectedByte(byte), at: offset)
  }
}
