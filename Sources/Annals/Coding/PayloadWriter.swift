/// Writes a payload by hand, item by item: what `Codable` would write, at a tenth of its cost.
///
/// A payload is one item. A map or an array is begun with the number of its pairs or items, and
/// these are then written one after the other; a pair is a key and a value. Keep a writer and empty
/// it with ``removeAll()``: it then allocates nothing.
///
/// ```swift
/// writer.beginMap(2)
/// writer.write("amount")
/// writer.write(5)
/// writer.write("currency")
/// writer.write("EUR")
/// ```
public struct PayloadWriter: ~Copyable, Sendable {
  private var buffer: CodingBuffer
  /// The number of items that must follow.
  private var missing = 1

  /// An empty writer with room for `capacity` bytes; it grows as needed.
  public init(capacity: Int = 240) {
    buffer = CodingBuffer(capacity: capacity)
  }

  /// The bytes written so far: a payload if ``isComplete``.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { buffer.bytes }
  }

  /// The number of bytes written so far.
  public var count: Int { buffer.count }

  /// A copy of the bytes written so far.
  public func array() -> [UInt8] { buffer.array(behind: []) }

  /// Appends the bytes written so far.
  func append(to payload: inout [UInt8]) {
    payload.append(buffer.bytes)
  }

  /// Whether as many items were written as were begun.
  public var isComplete: Bool { missing == 0 }

  /// Forgets what was written, and keeps the memory.
  public mutating func removeAll() {
    buffer.truncate(to: 0)
    missing = 1
  }

  /// Counts an item, and writes the mark before a payload that is not a map.
  @inline(__always)
  private mutating func beginItem() {
    if buffer.count == 0 {
      let mark = CBORHead.selfDescribed
      buffer.append(mark.span)
    }
    missing &-= 1
  }

  /// Begins a map of so many pairs, each a key and a value.
  public mutating func beginMap(_ pairs: Int) {
    precondition(pairs >= 0, "a map has no fewer than 0 pairs")
    missing += 2 * pairs - 1
    buffer.append(head: CBORHead.Major.map, UInt64(pairs))
  }

  /// Begins an array of so many items.
  public mutating func beginArray(_ items: Int) {
    precondition(items >= 0, "an array has no fewer than 0 items")
    beginItem()
    missing += items
    buffer.append(head: CBORHead.Major.array, UInt64(items))
  }

  /// Writes an integer.
  public mutating func write(_ value: Int) {
    beginItem()
    buffer.append(integer: value)
  }

  /// Writes an integer.
  public mutating func write(_ value: UInt64) {
    beginItem()
    buffer.append(integer: value)
  }

  /// Writes a floating-point number.
  public mutating func write(_ value: Double) {
    beginItem()
    buffer.append(value)
  }

  /// Writes a truth value.
  public mutating func write(_ value: Bool) {
    beginItem()
    buffer.append(value ? CBORHead.Initial.yes : CBORHead.Initial.no)
  }

  /// Writes a text.
  public mutating func write(_ text: String) {
    beginItem()
    buffer.append(text)
  }

  /// Writes a byte string.
  public mutating func write(_ bytes: Span<UInt8>) {
    beginItem()
    buffer.append(byteString: bytes)
  }

  /// Writes null.
  public mutating func writeNil() {
    beginItem()
    buffer.append(CBORHead.Initial.null)
  }
}
