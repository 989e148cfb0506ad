/// Reads the numbers and columns that a frame begins with, one after the other, without asking
/// after each whether there was one.
///
/// What does not fit makes `isWhole` false for good, and nothing that was read then means
/// anything. No read leaves the bytes, so one question at the end is as safe as one a number.
package struct ColumnReader: ~Escapable {
  private let bytes: Span<UInt8>
  /// The offset of the next byte to be read; behind the bytes where a column does not fit.
  package private(set) var offset: Int
  private var hasFailed = false

  /// Reads `bytes` from `offset` on, which must not be negative.
  @_lifetime(copy bytes)
  @inline(__always)
  package init(_ bytes: Span<UInt8>, at offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  /// Whether everything that was read stands in the bytes.
  package var isWhole: Bool { @inline(__always) get { !hasFailed && offset <= bytes.count } }

  /// Reads one byte.
  @inline(__always)
  package mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return fail() }
    defer { offset &+= 1 }
    return bytes[offset]
  }

  /// Reads a `u32`.
  @inline(__always)
  package mutating func word() -> UInt32 {
    guard offset &+ 4 <= bytes.count else { return fail() }
    defer { offset &+= 4 }
    return bytes.load(UInt32.self, at: offset)
  }

  /// Reads a varint, one of one or two bytes nearly always.
  @inline(__always)
  package mutating func varint() -> UInt64 {
    if let word = next {
      if word & 0x80 == 0 {
        offset &+= 1
        return word & 0x7f
      }
      if word & 0x8000 == 0 {
        offset &+= 2
        return word & 0x7f | word >> 1 & 0x3f80
      }
    }
    return take(Self.rareVarint(bytes, at: offset))
  }

  /// Reads a varint, one of more bytes than two nearly always.
  @inline(__always)
  package mutating func wideVarint() -> UInt64 {
    if let word = next {
      let found = Varint.decode(word)
      if found.byteCount > 0 {
        offset &+= found.byteCount
        return found.value
      }
    }
    return take(Self.rareVarint(bytes, at: offset))
  }

  /// The next eight bytes, if there are as many.
  private var next: UInt64? {
    @inline(__always)
    get {
      if offset &+ 8 > bytes.count { return nil }
      // In bounds: above, and offsets only rise.
      let word = unsafe bytes.bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: offset,
        as: UInt64.self
      )
      return UInt64(littleEndian: word)
    }
  }

  @inline(__always)
  private mutating func take(_ found: (value: UInt64, end: Int, isMalformed: Bool)) -> UInt64 {
    offset = found.end
    hasFailed = hasFailed || found.isMalformed
    return found.value
  }

  // Static, so that a reader need not have an address: it stays in registers.
  @inline(never)
  private static func rareVarint(
    _ bytes: Span<UInt8>,
    at offset: Int
  ) -> (value: UInt64, end: Int, isMalformed: Bool) {
    var reader = ByteReader(bytes, at: offset)
    guard let value = reader.readVarint() else { return (0, offset, true) }
    return (value, reader.offset, false)
  }

  /// Reads a varint that must not be above `maximum`.
  @inline(__always)
  package mutating func count(maximum: Int) -> Int {
    let value = varint()
    guard value <= UInt64(truncatingIfNeeded: maximum) else { return fail() }
    return Int(truncatingIfNeeded: value)
  }

  /// Passes `count` bytes, of which there are fewer than a file can have, and returns where they
  /// begin.
  @inline(__always)
  package mutating func skip(_ count: Int) -> Int {
    defer { offset &+= count }
    return offset
  }

  /// Reads a column whose width stands in the lowest three bits of `word`: its constant, or where
  /// its `rows` values begin, of which there are fewer than the frame has bytes.
  @inline(__always)
  package mutating func column(_ word: UInt32, rows: Int) -> Column {
    let code = word & 7
    guard code != 0, let width = ColumnWidth(rawValue: UInt8(truncatingIfNeeded: code)) else {
      return Column(constant: code == 0 ? varint() : fail())
    }
    return Column(width: width, offset: skip(rows &<< Int(truncatingIfNeeded: code &- 1)))
  }

  @inline(__always)
  private mutating func fail<T: FixedWidthInteger>() -> T {
    hasFailed = true
    return 0
  }
}
