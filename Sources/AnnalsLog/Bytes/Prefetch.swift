internal import CAnnals

/// Has the processor fetch what is about to be read.
package enum Prefetch {
  /// Fetches the line of `bytes` that `offset` stands in, if it stands there.
  @unsafe
  @inline(__always)
  package static func fetch(_ bytes: UnsafeRawBufferPointer, _ offset: Int) {
    if offset >= 0, offset < bytes.count, let base = bytes.baseAddress {
      unsafe annals_prefetch(base + offset)
    }
  }
}

extension Span<UInt8> {
  /// Has the processor fetch the bytes, or the first of many: the rest it finds out by itself.
  @inline(__always)
  package func prefetch() {
    unsafe withUnsafeBytes { bytes in
      var offset = 0
      while offset < Swift.min(bytes.count, 512) {
        unsafe Prefetch.fetch(bytes, offset)
        offset &+= 64
      }
    }
  }
}

extension Array where Element: BitwiseCopyable {
  /// Has the processor fetch the element at `index`, which is about to be read.
  @inline(__always)
  package func prefetch(_ index: Int) {
    // No address is read: one beyond the array would do no harm either.
    unsafe withUnsafeBufferPointer { elements in
      if index >= 0, index < elements.count, let base = elements.baseAddress {
        unsafe annals_prefetch(base + index)
      }
    }
  }
}
