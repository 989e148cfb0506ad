/// How a frame ends, whatever stands in it: padding, length and checksum.
///
/// Specified in `Format.md`, section "Frame".
extension ByteBuffer {
  /// Ends the frame that begins at `start` and reaches to the end of the buffer: pads it, and
  /// stores its kind and its length, and its flags with the number of padding bytes.
  ///
  /// The frame begins with the eight bytes of its header and one of flags, which are stored here.
  @inline(__always)
  package mutating func endFrame(from start: Int, _ kind: FrameHeader.Kind, flags: UInt8 = 0) {
    let padding = -(count - start) & (FrameHeader.unit - 1)
    appendZeros(padding)
    store(flags | UInt8(padding), at: start + FrameHeader.Layout.byteCount)
    store(
      FrameHeader.lengthAndKind(count - start, kind),
      at: start + FrameHeader.Layout.lengthAndKind.lowerBound
    )
  }

  /// Stores the checksum of the frame that begins at `start`, reaches to the end of the buffer and
  /// is to stand at `offset` of its file; returns it.
  @discardableResult
  @inline(__always)
  package mutating func sealFrame(
    from start: Int,
    at offset: Int,
    _ checksum: FrameChecksum
  ) -> UInt32 {
    let sum = self.checksum(
      from: start + FrameHeader.checkedStart,
      continuing: checksum.seed(offset)
    )
    store(sum, at: start)
    return sum
  }
}
