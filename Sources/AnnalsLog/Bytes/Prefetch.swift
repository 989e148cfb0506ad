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

  /// Fetches the lines of `bytes` that `byteCount` of them from `offset` on stand in, if they do.
  @unsafe
  @inline(__always)
  package static func fetch(_ bytes: UnsafeRawBufferPointer, _ offset: Int, byteCount: Int) {
    guard offset >= 0, byteCount >= 0, offset <= bytes.count &- byteCount,
      let base = bytes.baseAddress
    else { return }
    var line = unsafe base + offset
    let end = unsafe line + byteCount
    while unsafe line < end {
      unsafe annals_prefetch(line)
      unsafe line += 64
    }
  }
}

extension Prefetch {
  /// Fetches the lines of a run that is read in order, which `position` is a place of, as far ahead
  /// as it takes for them to come.
  ///
  /// Processors find out such a run by themselves, but look ahead of it too little, and not into
  /// the next page: with a hundred instructions between the lines of one event and those of the
  /// next, reading took 17 ns an event of 256 bytes without this, and 10 with it. 3 KiB ahead is
  /// too little, and 1 KiB worse than nothing.
  ///
  /// Never reads, so that it may lead behind what can be read.
  @unsafe
  @inline(__always)
  package static func ahead(of position: UnsafeRawPointer, byteCount: Int) {
    if byteCount > fetchedMax { return }
    var line = unsafe position + distance
    let end = unsafe line + byteCount
    while unsafe line < end {
      unsafe annals_prefetch(line)
      unsafe line += 64
    }
  }

  private static var distance: Int { 6 << 10 }
  /// Within longer pieces than this the processor has the time to find out by itself.
  private static var fetchedMax: Int { 2 << 10 }
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
