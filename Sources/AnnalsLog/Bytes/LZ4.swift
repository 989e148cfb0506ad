internal import CLZ4

/// LZ4 blocks, without a frame: lengths and checksums are the business of whoever stores them.
package enum LZ4 {
  /// The most bytes one block can hold; the limit of the library's 32-bit lengths.
  package static let blockBytesMax = 0x7e00_0000

  /// No block says more than this many bytes per byte of its own: the longest runs cost one byte
  /// per 255.
  private static let expansionMax = 255

  /// The bytes as one block; nil when that would not be smaller.
  ///
  /// - Parameter acceleration: the library's: more looks less far for what repeats.
  package static func compress(_ bytes: Span<UInt8>, acceleration: Int = 1) -> [UInt8]? {
    guard bytes.count > 1, bytes.count <= blockBytesMax else { return nil }
    let capacity = bytes.count - 1
    let block = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      let written = unsafe bytes.withUnsafeBytes { source in
        unsafe LZ4_compress_fast(
          source.baseAddress,
          target.baseAddress,
          CInt(source.count),
          CInt(capacity),
          CInt(acceleration)
        )
      }
      // Zero: it did not fit.
      count = Int(max(0, written))
    }
    return block.isEmpty ? nil : block
  }

  /// The `count` bytes that a block holds; nil if it is malformed or holds another number of them.
  ///
  /// Safe for hostile blocks: reads and writes nothing outside, and allocates nothing for a `count`
  /// that no block of this size can reach.
  package static func decompress(_ block: Span<UInt8>, into count: Int) -> [UInt8]? {
    unsafe withCapacity(block, count) { target in
      unsafe block.withUnsafeBytes { source in
        unsafe LZ4_decompress_safe(
          source.baseAddress,
          target.baseAddress,
          CInt(source.count),
          CInt(count)
        )
      }
    }
  }

  /// Appends the `count` bytes that a block holds; false if it is malformed or holds another number
  /// of them: then some of them may have been appended.
  ///
  /// As safe for hostile blocks as `decompress(_:into:)`.
  package static func decompress(
    _ block: Span<UInt8>,
    _ count: Int,
    appendingTo buffer: inout ByteBuffer
  ) -> Bool {
    guard canHold(block, count) else { return false }
    return unsafe buffer.append(count) { target in
      unsafe block.withUnsafeBytes { source in
        unsafe LZ4_decompress_safe(
          source.baseAddress,
          target,
          CInt(source.count),
          CInt(count)
        ) == CInt(count)
      }
    }
  }

  /// Whether a block of this size can hold `count` bytes.
  private static func canHold(_ block: Span<UInt8>, _ count: Int) -> Bool {
    #if ANNALS_PLANTED_BUGS
    let expansionMax = PlantedBug.active == .expansionUncapped ? count : Self.expansionMax
    #endif
    return count > 0 && count <= blockBytesMax && block.count <= blockBytesMax
      && count <= block.count * expansionMax
  }

  /// What `decode` fills with `count` bytes, if `block` can hold so many, and does.
  package static func withCapacity(
    _ block: Span<UInt8>,
    _ count: Int,
    _ decode: (UnsafeMutableBufferPointer<UInt8>) -> CInt
  ) -> [UInt8]? {
    guard canHold(block, count) else { return nil }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      // Negative: malformed.
      filled = unsafe Int(max(0, decode(target)))
    }
    return bytes.count == count ? bytes : nil
  }
}
