extension Array where Element: BitwiseCopyable {
  /// Forgets the elements and keeps the memory.
  ///
  /// `removeAll(keepingCapacity:)` costs a hundred instructions whatever there is to remove: too
  /// much for an array that holds nothing, or one element, in each append.
  @inline(__always)
  package mutating func empty() {
    if count == 1 {
      removeLast()
    } else if count > 0 {
      removeAll(keepingCapacity: true)
    }
  }

  /// Adds `count` copies of `element`, to be set one by one through a span, which checks once who
  /// else holds the array.
  @inline(__always)
  package mutating func extend(by count: Int, _ element: Element) {
    append(contentsOf: repeatElement(element, count: count))
  }
}
