/// A bounds-checked little-endian cursor over borrowed bytes.
///
/// Every read returns nil, and moves nothing, where the bytes end before the value does; a parser
/// that checks each read is therefore total over any input.
package struct ByteReader: ~Escapable {
  private let bytes: Span<UInt8>
  /// The offset of the next byte to be read.
  package private(set) var offset: Int

  /// Reads `bytes` from `offset` on.
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  /// The number of bytes not read yet.
  @inline(__always) package var remaining: Int { bytes.count &- offset }

  /// Reads one fixed-width little-endian integer.
  @inline(__always)
  package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T? {
    guard remaining >= MemoryLayout<T>.size, offset >= 0 else { return nil }
    let value = bytes.load(type, at: offset)
    offset &+= MemoryLayout<T>.size
    return value
  }

  /// Reads an unsigned LEB128 integer of at most ten bytes.
  @inline(__always)
  package mutating func readVarint() -> UInt64? {
    guard offset >= 0, offset < bytes.count else { return nil }
    let first = bytes[offset]
    if first < 0x80 {
      offset &+= 1
      return UInt64(first)
    }
    if remaining >= 8 {
      let word = bytes.load(UInt64.self, at: offset)
      if word & 0x8000 == 0 {
        offset &+= 2
        return word & 0x7f | word >> 1 & 0x3f80
      }
      let found = Varint.decode(word)
      if found.byteCount > 0 {
        offset &+= found.byteCount
        return found.value
      }
    }
    return readLongVarint(first)
  }

  /// Reads the rest of an integer of more than one byte.
  private mutating func readLongVarint(_ first: UInt8) -> UInt64? {
    var cursor = offset
    var value = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    cursor += 1
    while cursor < bytes.count {
      let byte = bytes[cursor]
      cursor += 1
      // The tenth byte holds the top bit only: more would not fit 64 bits.
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 {
        offset = cursor
        return value
      }
      shift += 7
      if shift > 63 { return nil }
    }
    return nil
  }

  /// Reads a zigzag-coded signed integer.
  @inline(__always)
  package mutating func readZigzag() -> Int64? {
    guard let raw = readVarint() else { return nil }
    return Zigzag.decode(raw)
  }

  /// Reads a varint that must be an `Int` not above `maximum`; there is none if that is negative.
  @inline(__always)
  package mutating func readCount(maximum: Int) -> Int? {
    let start = offset
    guard maximum >= 0, let raw = readVarint(), raw <= UInt64(maximum) else {
      offset = start
      return nil
    }
    return Int(raw)
  }

  /// Skips `count` bytes and returns the range they had.
  @inline(__always)
  package mutating func skip(_ count: Int) -> Range<Int>? {
    guard count >= 0, count <= remaining else { return nil }
    let range = offset..<offset + count
    offset &+= count
    return range
  }
}

/// Unsigned LEB128 integers.
package enum Varint {
  /// The integer that the lowest bytes of `word` are, and how many of them; none if it is longer.
  ///
  /// All bytes at once: their top bits tell where the integer ends, and are closed up after.
  @inline(__always)
  package static func decode(_ word: UInt64) -> (value: UInt64, byteCount: Int) {
    let ends = ~word & 0x8080_8080_8080_8080
    if ends == 0 { return (0, 0) }
    var value = word & (ends ^ (ends &- 1)) & 0x7f7f_7f7f_7f7f_7f7f
    value = value & 0x007f_007f_007f_007f | (value & 0x7f00_7f00_7f00_7f00) >> 1
    value = value & 0x0000_3fff_0000_3fff | (value & 0x3fff_0000_3fff_0000) >> 2
    value = value & 0x0fff_ffff | (value & 0x0fff_ffff_0000_0000) >> 4
    return (value, ends.trailingZeroBitCount >> 3 &+ 1)
  }
}

/// The mapping of signed to unsigned integers that keeps small magnitudes small.
package enum Zigzag {
  /// The unsigned form: 0, -1, 1, -2 … become 0, 1, 2, 3 ….
  package static func encode(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
  }

  /// The signed form.
  package static func decode(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}

extension Span where Element == UInt8 {
  /// The little-endian integer at `offset`; traps where the bytes end before it does.
  package func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    precondition(
      offset >= 0 && offset &+ MemoryLayout<T>.size <= count,
      "the value lies in the bytes"
    )
    // Unaligned: frames start on 8-byte boundaries, the fields inside do not. In bounds: above.
    let raw = unsafe bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: offset,
      as: type
    )
    return T(littleEndian: raw)
  }

  /// Whether all bytes of the range are zero.
  package func isZero(_ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index + 32 <= range.upperBound {
      let words =
        load(UInt64.self, at: index) | load(UInt64.self, at: index + 8)
        | load(UInt64.self, at: index + 16) | load(UInt64.self, at: index + 24)
      if words != 0 { return false }
      index += 32
    }
    while index + 8 <= range.upperBound {
      if load(UInt64.self, at: index) != 0 { return false }
      index += 8
    }
    while index < range.upperBound {
      if self[index] != 0 { return false }
      index += 1
    }
    return true
  }

  /// Whether both spans hold the same bytes.
  package func equals(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    let last = count &- 8
    if last < 0 {
      for index in indices where self[index] != other[index] { return false }
      return true
    }
    var index = 0
    while index < last {
      if word(index) != other.word(index) { return false }
      index &+= 8
    }
    // The last eight bytes, some of which may have been compared.
    return word(last) == other.word(last)
  }

  /// Adds length and bytes to a hash, eight bytes at a time.
  func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    let last = count &- 8
    if last < 0 {
      var rest: UInt64 = 0
      for index in indices { rest = rest << 8 | UInt64(self[index]) }
      hasher.combine(rest)
      return
    }
    var index = 0
    while index < last {
      hasher.combine(word(index))
      index &+= 8
    }
    hasher.combine(word(last))
  }

  /// The eight bytes at `offset`, which must not be beyond the last of them.
  @inline(__always)
  private func word(_ offset: Int) -> UInt64 {
    unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
  }

  /// An owned copy.
  package var array: [UInt8] {
    if count == 0 { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe withUnsafeBufferPointer { source in
        if let from = source.baseAddress, let to = buffer.baseAddress {
          unsafe to.update(from: from, count: source.count)
        }
      }
      initialized = count
    }
  }

  /// Whether any byte is zero.
  package var containsZero: Bool {
    for index in indices where self[index] == 0 { return true }
    return false
  }

  /// Whether all bytes are ASCII characters and none is zero.
  package var isASCIIWithoutZero: Bool {
    let last = count &- 8
    if last < 0 {
      for index in indices where self[index] &- 1 >= 0x7f { return false }
      return true
    }
    var index = 0
    while index < last {
      if Self.isOther(word(index)) { return false }
      index &+= 8
    }
    return !Self.isOther(word(last))
  }

  /// Whether any of eight bytes is zero or has its high bit: the lowest zero borrows.
  @inline(__always)
  private static func isOther(_ word: UInt64) -> Bool {
    (word | (word &- 0x0101_0101_0101_0101)) & highBits != 0
  }

  private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

  /// Whether the bytes are valid UTF-8.
  package var isUTF8: Bool {
    unsafe withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) != nil }
  }

  /// The bytes as text, with invalid sequences replaced.
  package var text: String {
    unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
