/// A growing run of bytes that CBOR items are written to.
///
/// Uniquely owned memory behind a noncopyable value, so that writing a small item is a comparison
/// and a store.
@safe
struct CodingBuffer: ~Copyable, @unchecked Sendable {
  // Checked how: uniquely owned memory behind a noncopyable value.
  private var base: UnsafeMutableRawPointer
  /// The number of bytes there is room for.
  private(set) var capacity: Int
  /// The number of bytes written.
  private(set) var count = 0

  /// An empty buffer with room for `capacity` bytes.
  init(capacity: Int) {
    self.capacity = max(capacity, 16)
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 8)
  }

  deinit {
    unsafe base.deallocate()
  }

  /// The bytes written so far.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span<UInt8>(
        _unsafeStart: base.assumingMemoryBound(to: UInt8.self),
        count: count
      )
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Forgets all bytes behind the first `length`.
  mutating func truncate(to length: Int) {
    if length >= 0, length < count { count = length }
  }

  /// Makes room for `additional` more bytes.
  @inline(__always)
  mutating func reserve(_ additional: Int) {
    if additional > capacity &- count { grow(additional) }
  }

  @inline(never)
  private mutating func grow(_ additional: Int) {
    var larger = capacity * 2
    while larger - count < additional { larger *= 2 }
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
    unsafe moved.copyMemory(from: base, byteCount: count)
    unsafe base.deallocate()
    unsafe base = moved
    capacity = larger
  }

  /// Appends one byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  /// Appends bytes.
  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>) {
    let length = bytes.count
    reserve(length)
    unsafe bytes.withUnsafeBytes { source in
      if let from = source.baseAddress {
        unsafe (base + count).copyMemory(from: from, byteCount: length)
      }
    }
    count &+= length
  }

  /// Appends an integer, big-endian.
  @inline(__always)
  private mutating func append<T: FixedWidthInteger & BitwiseCopyable>(bigEndian value: T) {
    unsafe base.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
    count &+= MemoryLayout<T>.size
  }

  /// Appends the shortest head of the kind `major` with `argument`.
  @inline(__always)
  mutating func append(head major: UInt8, _ argument: UInt64) {
    reserve(9)
    if argument < 24 {
      let byte = major << 5 | UInt8(truncatingIfNeeded: argument)
      unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      count &+= 1
    } else {
      append(longHead: major << 5, argument)
    }
  }

  private mutating func append(longHead kind: UInt8, _ argument: UInt64) {
    if argument <= 0xff {
      append(bigEndian: UInt16(kind | 24) << 8 | UInt16(truncatingIfNeeded: argument))
    } else if argument <= 0xffff {
      append(bigEndian: kind | 25)
      append(bigEndian: UInt16(truncatingIfNeeded: argument))
    } else if argument <= 0xffff_ffff {
      append(bigEndian: kind | 26)
      append(bigEndian: UInt32(truncatingIfNeeded: argument))
    } else {
      append(bigEndian: kind | 27)
      append(bigEndian: argument)
    }
  }

  /// Appends an integer of at most 64 bits.
  @inline(__always)
  mutating func append<T: FixedWidthInteger>(integer value: T) {
    if T.isSigned, value < 0 {
      // -1 - n is n with all bits turned.
      append(head: CBORHead.Major.negative, UInt64(truncatingIfNeeded: ~value))
    } else {
      append(head: CBORHead.Major.unsigned, UInt64(truncatingIfNeeded: value))
    }
  }

  /// Appends a number of double precision.
  @inline(__always)
  mutating func append(_ value: Double) {
    reserve(9)
    append(bigEndian: CBORHead.Initial.double)
    append(bigEndian: value.bitPattern)
  }

  /// Appends a number of single precision.
  @inline(__always)
  mutating func append(_ value: Float) {
    reserve(9)
    append(bigEndian: CBORHead.Initial.single)
    append(bigEndian: value.bitPattern)
  }

  /// Appends a text.
  @inline(__always)
  mutating func append(_ text: String) {
    let utf8 = text.utf8Span.span
    append(head: CBORHead.Major.text, UInt64(truncatingIfNeeded: utf8.count))
    append(utf8)
  }

  /// Appends a byte string.
  mutating func append(byteString bytes: Span<UInt8>) {
    append(head: CBORHead.Major.bytes, UInt64(truncatingIfNeeded: bytes.count))
    append(bytes)
  }

  /// Overwrites a byte that was written.
  @inline(__always)
  mutating func store(_ byte: UInt8, at offset: Int) {
    precondition(offset >= 0 && offset < count, "only written bytes change")
    unsafe base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
  }

  /// Moves the bytes from `middle` on before those from `start` on.
  mutating func rotate(from start: Int, middle: Int) {
    precondition(start >= 0 && start <= middle && middle <= count, "only written bytes move")
    let moved = bytes.extracting(middle..<count).array
    let stay = bytes.extracting(start..<middle).array
    count = start
    append(moved.span)
    append(stay.span)
  }

  /// Removes the byte at `offset`.
  mutating func remove(at offset: Int) {
    precondition(offset >= 0 && offset < count, "only written bytes go")
    unsafe (base + offset).copyMemory(from: base + offset + 1, byteCount: count - offset - 1)
    count -= 1
  }

  /// Makes a gap of `length` bytes at `offset`.
  mutating func insertGap(_ length: Int, at offset: Int) {
    precondition(length >= 0 && offset >= 0 && offset <= count, "a gap within what was written")
    reserve(length)
    let place = unsafe base + offset
    unsafe (place + length).copyMemory(from: place, byteCount: count - offset)
    count += length
  }

  /// The bytes as an array, behind `prefix`.
  func array(behind prefix: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: prefix.count + count) { buffer, initialized in
      var target = UnsafeMutableRawPointer(buffer.baseAddress)
      for byte in prefix {
        unsafe target?.storeBytes(of: byte, as: UInt8.self)
        unsafe target = unsafe target.map { unsafe $0 + 1 }
      }
      unsafe target?.copyMemory(from: base, byteCount: count)
      initialized = prefix.count + count
    }
  }
}
