internal import CAnnals

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
