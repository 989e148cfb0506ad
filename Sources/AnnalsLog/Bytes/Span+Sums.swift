extension Span where Element == UInt8 {
  /// The sum of `count` little-endian integers from `offset` on, wrapping; traps where the bytes
  /// end before they do.
  package func sum<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: T.Type,
    at offset: Int,
    count: Int
  ) -> UInt64 {
    let size = MemoryLayout<T>.size
    precondition(
      offset >= 0 && count >= 0 && offset <= self.count && count <= (self.count - offset) / size,
      "the values lie in the bytes"
    )
    let source = unsafe bytes
    var total: UInt64 = 0
    var at = offset
    for _ in 0..<count {
      // In bounds: above.
      let raw = unsafe source.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: type)
      total &+= UInt64(truncatingIfNeeded: T(littleEndian: raw))
      at &+= size
    }
    return total
  }

  /// As `sum(UInt8.self …)`, sixteen bytes a step.
  ///
  /// Written out, as the next one is: from a loop of one a step the compiler makes one of few a
  /// step, which widens each to 64 bits by itself.
  package func sumOfBytes(at offset: Int, count: Int) -> UInt64 {
    precondition(
      offset >= 0 && count >= 0 && offset <= self.count && count <= self.count - offset,
      "the values lie in the bytes"
    )
    let source = unsafe bytes
    var total: UInt64 = 0
    var at = offset
    let end = offset &+ count
    while at &+ 16 <= end {
      // No lane overflows: at most 128 steps of two bytes each.
      let stop = Swift.min(at &+ 2048, end)
      var lanes = SIMD8<UInt16>()
      while at &+ 16 <= stop {
        // In bounds: above.
        let pairs = unsafe source.unsafeLoadUnaligned(
          fromUncheckedByteOffset: at,
          as: SIMD8<UInt16>.self
        )
        lanes &+= (pairs & 0xff) &+ (pairs &>> 8)
        at &+= 16
      }
      for lane in lanes.indices { total &+= UInt64(lanes[lane]) }
    }
    if at < end, at &+ 16 <= self.count {
      // The last few, without a step for each, which the processor would guess the number of: what
      // stands behind them is masked.
      let left = end &- at
      let first = load(UInt64.self, at: at) & Self.firstBytes(left)
      let second = load(UInt64.self, at: at &+ 8) & Self.firstBytes(left &- 8)
      let even: UInt64 = 0x00ff_00ff_00ff_00ff
      let sums = (first & even) &+ (first >> 8 & even) &+ (second & even) &+ (second >> 8 & even)
      // The top lane of the product is the sum of all four.
      return total &+ (sums &* 0x0001_0001_0001_0001) >> 48
    }
    while at < end {
      total &+= UInt64(self[at])
      at &+= 1
    }
    return total
  }

  /// As `sum(UInt16.self …)`, eight integers a step.
  package func sumOfPairs(at offset: Int, count: Int) -> UInt64 {
    precondition(
      offset >= 0 && count >= 0 && offset <= self.count && count <= (self.count - offset) / 2,
      "the values lie in the bytes"
    )
    let source = unsafe bytes
    var total: UInt64 = 0
    var at = offset
    let end = offset &+ count &* 2
    while at &+ 16 <= end {
      // No lane overflows: at most 2^15 steps of two integers each.
      let stop = Swift.min(at &+ 16 << 15, end)
      var lanes = SIMD4<UInt32>()
      while at &+ 16 <= stop {
        // In bounds: above.
        let words = unsafe source.unsafeLoadUnaligned(
          fromUncheckedByteOffset: at,
          as: SIMD4<UInt32>.self
        )
        lanes &+= (words & 0xffff) &+ (words &>> 16)
        at &+= 16
      }
      for lane in lanes.indices { total &+= UInt64(lanes[lane]) }
    }
    if at < end, at &+ 16 <= self.count {
      // As above.
      let left = end &- at
      let first = load(UInt64.self, at: at) & Self.firstBytes(left)
      let second = load(UInt64.self, at: at &+ 8) & Self.firstBytes(left &- 8)
      let even: UInt64 = 0x0000_ffff_0000_ffff
      let sums = (first & even) &+ (first >> 16 & even) &+ (second & even) &+ (second >> 16 & even)
      return total &+ (sums & 0xffff_ffff) &+ (sums >> 32)
    }
    while at < end {
      total &+= UInt64(load(UInt16.self, at: at))
      at &+= 2
    }
    return total
  }

  /// The bits of the first `count` of eight bytes.
  @inline(__always)
  private static func firstBytes(_ count: Int) -> UInt64 {
    if count >= 8 { return ~0 }
    return count <= 0 ? 0 : 1 &<< UInt64(truncatingIfNeeded: count &* 8) &- 1
  }
}
