#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A growing run of bytes that is written once, read as a span, and emptied for reuse.
///
/// What an append is encoded into: it never shrinks its memory, so that in the steady state no call
/// allocates.
@safe
package struct ByteBuffer: ~Copyable, @unchecked Sendable {
  // Checked how: uniquely owned memory behind a noncopyable value.
  private var base: UnsafeMutableRawPointer
  private var capacity: Int
  /// The number of bytes written.
  package private(set) var count: Int

  /// An empty buffer with room for `capacity` bytes; without any it takes no memory before bytes
  /// are written.
  package init(capacity: Int = 256) {
    count = 0
    if capacity == 0, let nowhere = unsafe UnsafeMutableRawPointer(bitPattern: Self.alignment) {
      unsafe base = nowhere
      self.capacity = 0
      return
    }
    let room = max(capacity, Self.roomMin)
    unsafe base = .allocate(byteCount: room, alignment: Self.alignment)
    self.capacity = room
  }

  deinit {
    if capacity > 0 { unsafe base.deallocate() }
  }

  private static let alignment = 16
  private static let roomMin = 16

  /// The bytes written so far.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let raw = unsafe UnsafeRawBufferPointer(start: base, count: count)
      let span = unsafe Span<UInt8>(_unsafeBytes: raw)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The bytes written so far, where they stand until the buffer is changed.
  @unsafe
  package var memory: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Replaces the bytes by `length` others that `fill` writes where it is told to; by none if it
  /// says that it did not.
  @unsafe
  package mutating func refill(_ length: Int, _ fill: (UnsafeMutableRawPointer) -> Bool) -> Bool {
    removeAll()
    if length > capacity {
      // Nothing is kept, so nothing is moved; and not more than asked for, which may be much.
      if capacity > 0 { unsafe base.deallocate() }
      capacity = max(length, capacity * 2)
      unsafe base = .allocate(byteCount: capacity, alignment: Self.alignment)
    }
    guard unsafe fill(base) else { return false }
    count = length
    return true
  }

  /// Appends `length` bytes that `fill` writes where it is told to; none if it says it did not.
  @unsafe
  package mutating func append(
    _ length: Int,
    _ fill: (UnsafeMutablePointer<CChar>) -> Bool
  ) -> Bool {
    reserve(length)
    let target = unsafe (base + count).assumingMemoryBound(to: CChar.self)
    guard unsafe fill(target) else { return false }
    count += length
    return true
  }

  /// Whether the bytes of `range` are those of `other`.
  @inline(__always)
  package borrowing func equals(_ other: Span<UInt8>, in range: Range<Int>) -> Bool {
    bytes.extracting(range).equals(other)
  }

  /// Whether the bytes are those of `other`.
  package borrowing func equals(_ other: Span<UInt8>) -> Bool { bytes.equals(other) }

  /// Forgets the bytes and keeps the memory.
  package mutating func removeAll() {
    count = 0
  }

  /// Forgets all bytes behind the first `length`.
  package mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count, "a buffer is only cut")
    count = length
  }

  /// Makes room for `additional` more bytes.
  @inline(__always)
  package mutating func reserve(_ additional: Int) {
    if additional > capacity - count { grow(count + additional) }
  }

  @inline(never)
  private mutating func grow(_ needed: Int) {
    var larger = max(capacity * 2, Self.roomMin)
    while larger < needed { larger *= 2 }
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: Self.alignment)
    unsafe moved.copyMemory(from: base, byteCount: count)
    if capacity > 0 { unsafe base.deallocate() }
    unsafe base = moved
    capacity = larger
  }

  /// Appends bytes.
  package mutating func append(_ bytes: Span<UInt8>) {
    let length = bytes.count
    if length == 0 { return }
    reserve(length)
    unsafe bytes.withUnsafeBytes { source in
      if let from = source.baseAddress {
        unsafe (base + count).copyMemory(from: from, byteCount: source.count)
      }
    }
    count += length
  }

  /// Appends the bytes of another buffer.
  package mutating func append(_ other: borrowing ByteBuffer) {
    append(other.bytes)
  }

  /// Appends a range of the bytes of another buffer.
  package mutating func append(_ other: borrowing ByteBuffer, _ range: Range<Int>) {
    append(other.bytes.extracting(range))
  }

  /// The checksum of the bytes from `start` on.
  package borrowing func checksum(from start: Int = 0, continuing seed: UInt32 = 0) -> UInt32 {
    CRC32C.checksum(bytes.extracting(start..<count), continuing: seed)
  }

  /// The hash of a range of the bytes.
  package borrowing func hash(
    _ range: Range<Int>,
    _ domain: KeyHash.Domain,
    _ hasher: KeyHasher
  ) -> KeyHash {
    hasher.hash(bytes.extracting(range), domain)
  }

  /// A range of the bytes as text.
  package borrowing func text(_ range: Range<Int>) -> String {
    bytes.extracting(range).text
  }

  /// Appends one fixed-width integer, little-endian.
  package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size)
    unsafe (base + count).storeBytes(of: value.littleEndian, as: T.self)
    count += MemoryLayout<T>.size
  }

  /// Appends `length` fixed-width integers, little-endian, that `value` gives by their numbers.
  @inline(__always)
  package mutating func append<T: FixedWidthInteger & BitwiseCopyable>(
    _ length: Int,
    _ value: (Int) -> T
  ) {
    let size = MemoryLayout<T>.size
    reserve(length * size)
    for index in 0..<length {
      unsafe (base + count).storeBytes(of: value(index).littleEndian, as: T.self)
      count += size
    }
  }

  /// Appends an unsigned LEB128 integer.
  @inline(__always)
  package mutating func appendVarint(_ value: UInt64) {
    reserve(10)
    if value < 0x80 {
      unsafe (base + count).storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      count += 1
    } else {
      appendLongVarint(value)
    }
  }

  @inline(never)
  private mutating func appendLongVarint(_ value: UInt64) {
    var rest = value
    if value < 1 << 56 {
      // All at once: the groups of seven bits are moved to a byte each, and all bytes but the last
      // get the bit that says that one follows.
      let byteCount = (70 - value.leadingZeroBitCount) / 7
      rest = rest & 0xfff_ffff | (rest & 0xff_ffff_f000_0000) << 4
      rest = rest & 0x3fff_0000_3fff | (rest & 0xfff_c000_0fff_c000) << 2
      rest = rest & 0x7f_007f_007f_007f | (rest & 0x3f80_3f80_3f80_3f80) << 1
      rest |= 0x8080_8080_8080_8080 & (1 << UInt64(byteCount * 8 - 8) &- 1)
      unsafe (base + count).storeBytes(of: rest.littleEndian, as: UInt64.self)
      count += byteCount
      return
    }
    while rest >= 0x80 {
      unsafe (base + count).storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
      count += 1
      rest >>= 7
    }
    unsafe (base + count).storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    count += 1
  }

  /// Appends a zigzag-coded signed integer.
  package mutating func appendZigzag(_ value: Int64) {
    appendVarint(Zigzag.encode(value))
  }

  /// Appends `length` zero bytes.
  package mutating func appendZeros(_ length: Int) {
    if length <= 0 { return }
    reserve(length)
    unsafe memset(base + count, 0, length)
    count += length
  }

  /// Overwrites one integer already written.
  package mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count, "only written bytes change")
    unsafe (base + offset).storeBytes(of: value.littleEndian, as: T.self)
  }
}
