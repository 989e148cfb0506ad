/// How the integers of one column of a frame are stored.
///
/// Specified in `Format.md`, section "Columns". Fixed widths, so that any event of a frame is found
/// without reading those before it.
package enum ColumnWidth: UInt8, Sendable, BitwiseCopyable {
  /// All values are the same; it is stored once.
  case constant = 0
  case one = 1
  case two = 2
  case four = 3
  case eight = 4

  /// The bytes one value takes.
  @inline(__always)
  package var byteCount: Int {
    switch self {
    case .constant: 0
    case .one: 1
    case .two: 2
    case .four: 4
    case .eight: 8
    }
  }

  /// The narrowest width that holds every value up to `maximum`.
  package init(holding maximum: UInt64) {
    self =
      if maximum <= 0xff { .one } else if maximum <= 0xffff { .two } else if maximum <= 0xffff_ffff
      { .four } else { .eight }
  }
}

/// Where one column stands in a frame.
package struct Column: BitwiseCopyable, Sendable {
  package let width: ColumnWidth
  /// The value of a constant column, the offset of a stored one's first value.
  private let word: UInt64

  /// A column of one value.
  @inline(__always)
  package init(constant: UInt64) {
    width = .constant
    word = constant
  }

  /// A column of stored values.
  @inline(__always)
  package init(width: ColumnWidth, offset: Int) {
    self.width = width
    word = UInt64(truncatingIfNeeded: offset)
  }

  /// The value, for constant columns.
  @inline(__always) package var constant: UInt64 { width == .constant ? word : 0 }

  /// The offset of the first value, for stored columns.
  @inline(__always) package var offset: Int { Int(truncatingIfNeeded: word) }

  /// The value of one row.
  ///
  /// The column's bytes must lie within `bytes`.
  @inline(__always)
  package func value(_ row: Int, in bytes: Span<UInt8>) -> UInt64 {
    switch width {
    case .constant: word
    case .one: UInt64(bytes[offset &+ row])
    case .two: UInt64(bytes.load(UInt16.self, at: offset &+ row &* 2))
    case .four: UInt64(bytes.load(UInt32.self, at: offset &+ row &* 4))
    case .eight: bytes.load(UInt64.self, at: offset &+ row &* 8)
    }
  }

  /// The sum of the values of some rows, wrapping.
  package func sum(_ rows: Range<Int>, in bytes: Span<UInt8>) -> UInt64 {
    let start = offset
    switch width {
    case .constant: return word &* UInt64(rows.count)
    case .one:
      return bytes.sumOfBytes(at: start &+ rows.lowerBound, count: rows.count)
    case .two:
      return bytes.sumOfPairs(at: start &+ rows.lowerBound &* 2, count: rows.count)
    case .four:
      return bytes.sum(UInt32.self, at: start &+ rows.lowerBound &* 4, count: rows.count)
    case .eight:
      return bytes.sum(UInt64.self, at: start &+ rows.lowerBound &* 8, count: rows.count)
    }
  }

  /// The sum of the first `rows` values, wrapping.
  package func sum(_ rows: Int, in bytes: Span<UInt8>) -> UInt64 {
    sum(0..<rows, in: bytes)
  }
}

extension ByteBuffer {
  /// Appends a column in the narrowest form.
  ///
  /// - Parameters:
  ///   - isStored: whether the values stand there even if they are all the same.
  ///   - value: the value of a row.
  @inline(__always)
  package mutating func appendColumn<Row: BitwiseCopyable>(
    _ rows: Span<Row>,
    isStored: Bool = false,
    _ value: (Row) -> UInt64
  ) -> ColumnWidth {
    let first = value(rows[0])
    // The widest value has the highest bit of all of them together.
    var all = first
    var different: UInt64 = 0
    for row in rows.indices {
      let next = value(rows[row])
      all |= next
      different |= next ^ first
    }
    if different == 0, !isStored {
      appendVarint(first)
      return .constant
    }
    let width = ColumnWidth(holding: all)
    switch width {
    case .constant: break
    case .one: append(rows.count) { UInt8(truncatingIfNeeded: value(rows[$0])) }
    case .two: append(rows.count) { UInt16(truncatingIfNeeded: value(rows[$0])) }
    case .four: append(rows.count) { UInt32(truncatingIfNeeded: value(rows[$0])) }
    case .eight: append(rows.count) { value(rows[$0]) }
    }
    return width
  }
}
