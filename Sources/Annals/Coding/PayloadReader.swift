/// Reads a payload by hand, item by item, and allocates nothing but the strings it makes.
///
/// Total on hostile bytes: every read is a value or a ``CBORError``, after which the reader stands
/// where it stood. A map or an array gives the number of its pairs or items, which are then read
/// one after the other; what is of no interest is passed over with ``skip()``.
///
/// ```swift
/// var reader = try PayloadReader(payload)
/// for _ in 0..<(try reader.beginMap()) {
///   if try reader.readKey("amount") {
///     amount = try reader.readInt()
///   } else {
///     try reader.skipPair()
///   }
/// }
/// try reader.finish()
/// ```
public struct PayloadReader: ~Escapable {
  private let bytes: Span<UInt8>
  private var offset: Int

  /// Reads the payload `bytes`.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) throws(CBORError) {
    self.bytes = bytes
    offset = try bytes.payloadStart()
  }

  /// Whether everything has been read.
  public var isAtEnd: Bool { offset >= bytes.count }

  /// Ends the reading: throws `.trailingBytes` if anything is left.
  public func finish() throws(CBORError) {
    if offset != bytes.count { throw CBORError(.trailingBytes, offset: offset) }
  }

  /// Reads the head of an item of the kind `major`.
  @inline(__always)
  private func head(_ major: UInt8) throws(CBORError) -> CBORHead {
    let head = try bytes.untaggedHead(at: offset)
    if head.major != major { throw CBORError(.otherKind, offset: offset) }
    return head
  }

  /// Reads the head of a map, and returns the number of its pairs; each has at least two bytes.
  public mutating func beginMap() throws(CBORError) -> Int {
    let head = try head(CBORHead.Major.map)
    let count = try bytes.itemCount(head)
    offset = head.end
    return count
  }

  /// Reads the head of an array, and returns the number of its items; each has at least a byte.
  public mutating func beginArray() throws(CBORError) -> Int {
    let head = try head(CBORHead.Major.array)
    let count = try bytes.itemCount(head)
    offset = head.end
    return count
  }

  /// Reads an integer; `.outOfRange` if it is none of 64 bits with a sign.
  public mutating func readInt() throws(CBORError) -> Int { try readInteger(Int.self) }

  /// Reads an integer; `.outOfRange` if it is negative.
  public mutating func readUInt64() throws(CBORError) -> UInt64 { try readInteger(UInt64.self) }

  @inline(__always)
  private mutating func readInteger<T: FixedWidthInteger>(_ type: T.Type) throws(CBORError) -> T {
    let head = try bytes.untaggedHead(at: offset)
    guard let value = try head.integer(type, at: offset) else {
      throw CBORError(.otherKind, offset: offset)
    }
    offset = head.end
    return value
  }

  /// Reads a floating-point number of any width, or an integer that `Double` holds exactly.
  public mutating func readDouble() throws(CBORError) -> Double {
    let head = try bytes.untaggedHead(at: offset)
    let value = try head.number(Double.self, at: offset)
    offset = head.end
    return value
  }

  /// Reads a truth value.
  public mutating func readBool() throws(CBORError) -> Bool {
    let head = try bytes.untaggedHead(at: offset)
    let value = try head.bool(at: offset)
    offset = head.end
    return value
  }

  /// Reads a text.
  public mutating func readText() throws(CBORError) -> String {
    let range = try bytes.content(try head(CBORHead.Major.text))
    let text = try bytes.validText(range)
    offset = range.upperBound
    return text
  }

  /// Reads a byte string; the span is of the payload.
  @_lifetime(copy self)
  public mutating func readBytes() throws(CBORError) -> Span<UInt8> {
    let range = try bytes.content(try head(CBORHead.Major.bytes))
    offset = range.upperBound
    return bytes.extracting(range)
  }

  /// Whether the next item is null, which is then passed over.
  public mutating func readNil() throws(CBORError) -> Bool {
    let head = try bytes.untaggedHead(at: offset)
    if head.isNull { offset = head.end }
    return head.isNull
  }

  /// Whether the next item is the text `name`, which is then passed over.
  ///
  /// No string is made.
  public mutating func readKey(_ name: String) throws(CBORError) -> Bool {
    let head = try bytes.untaggedHead(at: offset)
    guard head.major == CBORHead.Major.text else { return false }
    let range = try bytes.content(head)
    guard bytes.equals(name, in: range) else { return false }
    offset = range.upperBound
    return true
  }

  /// Passes over the next item, whatever it holds.
  public mutating func skip() throws(CBORError) {
    offset = try bytes.skippingItem(at: offset)
  }

  /// Passes over a key and its value.
  public mutating func skipPair() throws(CBORError) {
    let value = try bytes.skippingItem(at: offset)
    offset = try bytes.skippingItem(at: value)
  }
}
