// Writing to a value behind which others were begun, and heads of more than one byte.
extension EncodingCore {
  /// Begins an item of a container that is not the innermost live value.
  mutating func beginItemElsewhere(_ place: Place) throws(EncodingFault) -> Item {
    try check(place)
    let end = values[place.index].end
    // What is inside a live value ends here; if it is not live itself, so does all that is.
    freeze(inside: end < 0 ? place.index : -1)
    return Item(start: buffer.count, target: end)
  }

  /// Begins the single item that replaces the empty map at `place`.
  mutating func beginReplacing(_ place: Place) -> Item {
    let end = values[place.index].end
    freeze(inside: -1)
    return Item(start: buffer.count, target: end)
  }

  /// Moves a single item where it belongs, and removes the empty map before it.
  mutating func endReplacing(_ item: Item, _ place: Place) {
    settle(item, place.index)
    let head = values[place.index].head
    buffer.remove(at: head)
    for other in 0..<values.count {
      if values[other].head > head { values[other].head -= 1 }
      if values[other].end > head { values[other].end -= 1 }
    }
  }

  /// Marks the end of all live values behind the place `index`.
  private mutating func freeze(inside index: Int) {
    var place = values.count - 1
    while place > index {
      if values[place].end < 0 { values[place].end = buffer.count }
      place -= 1
    }
    last = index
  }

  /// Moves what was written for `item` from the buffer's end to the end of the value at `index`.
  mutating func settle(_ item: Item, _ index: Int) {
    let (start, target) = (item.start, item.target)
    let length = buffer.count - start
    buffer.rotate(from: target, middle: start)
    for place in 0..<values.count {
      let end = values[place].end
      if values[place].head >= start {
        values[place].head -= start - target
        values[place].end = end < 0 ? target + length : end - start + target
      } else {
        if values[place].head >= target { values[place].head += length }
        if end > target { values[place].end += length }
      }
    }
    // Of what ended there, the value itself and those that hold it have grown.
    var place = index
    while place >= 0 {
      if values[place].end == target { values[place].end += length }
      place = values[place].parent
    }
    revive()
  }

  /// Makes live what ends where the buffer ends.
  private mutating func revive() {
    last = -1
    for place in 0..<values.count where values[place].end == buffer.count {
      values[place].end = -1
      last = place
    }
  }

  /// Writes a count of 24 or more into a container's head, and makes room where it needs more.
  mutating func widenHead(_ index: Int) {
    let count = values[index].count
    let head = values[index].head
    let (width, code) = Self.argumentWidth(count)
    let missing = width - Self.argumentWidth(count - 1).width
    if missing > 0 {
      buffer.insertGap(missing, at: head + 1)
      for place in 0..<values.count {
        if values[place].head > head { values[place].head += missing }
        if values[place].end > head { values[place].end += missing }
      }
    }
    buffer.store(values[index].kind.head | code, at: head)
    for byte in 0..<width {
      let shift = (width - 1 - byte) * 8
      buffer.store(UInt8(truncatingIfNeeded: count >> shift), at: head + 1 + byte)
    }
  }

  /// The bytes of a count behind the initial byte, and what that one says of them.
  private static func argumentWidth(_ count: Int) -> (width: Int, code: UInt8) {
    switch count {
    case ..<24: (0, 0)
    case ..<0x100: (1, 24)
    case ..<0x1_0000: (2, 25)
    case ..<0x1_0000_0000: (4, 26)
    default: (8, 27)
    }
  }
}
