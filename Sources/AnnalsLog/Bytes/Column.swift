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
  package var width: ColumnWidth
  /// The offset of the first value, for stored columns.
  package var offset: Int
  /// The value, for constant columns.
  package var constant: UInt64

  /// A column of one value.
  package init(constant: UInt64) {
    width = .constant
    offset = 0
    self.constant = constant
  }

  /// A column of stored values.
  package init(width: ColumnWidth, offset: Int) {
    self.width = width
    self.offset = offset
    constant = 0
  }

  /// The value of one row.
  ///
  /// The column's bytes must lie within `bytes`.
  @inline(__always)
  package func value(_ row: Int, in bytes: Span<UInt8>) -> UInt64 {
    switch width {
    case .constant: constant
    case .one: UInt64(bytes[offset &+ row])
    case .two: UInt64(bytes.load(UInt16.self, at: offset &+ row &* 2))
    case .four: UInt64(bytes.load(UInt32.self, at: offset &+ row &* 4))
    case .eight: bytes.load(UInt64.self, at: offset &+ row &* 8)
    }
  }

  /// The sum of the first `rows` values, wrapping.
  package func sum(_ rows: Int, in bytes: Span<UInt8>) -> UInt64 {
    var total: UInt64 = 0
    switch width {
    case .constant: return constant &* UInt64(rows)
    case .one: for row in 0..<rows { total &+= UInt64(bytes[offset &+ row]) }
    default: for row in 0..<rows { total &+= value(row, in: bytes) }
    }
    return total
  }

  /// The greatest of the first `rows` values.
  package func maximum(_ rows: Int, in bytes: Span<UInt8>) -> UInt64 {
    if width == .constant { return constant }
    var greatest: UInt64 = 0
    for row in 0..<rows { greatest = max(greatest, value(row, in: bytes)) }
    return greatest
  }
}

extension ByteReader {
  /// Reads a column's place: its constant, or the range of `rows` stored values.
  package mutating func readColumn(_ width: ColumnWidth, rows: Int) -> Column? {
    if width == .constant {
      guard let value = readVarint() else { return nil }
      return Column(constant: value)
    }
    let (size, overflow) = rows.multipliedReportingOverflow(by: width.byteCount)
    guard !overflow, let range = skip(size) else { return nil }
    return Column(width: width, offset: range.lowerBound)
  }
}

extension ByteBuffer {
  /// Appends one value in the given width.
  package mutating func append(_ value: UInt64, width: ColumnWidth) {
    switch width {
    case .constant: break
    case .one: append(UInt8(truncatingIfNeeded: value))
    case .two: append(UInt16(truncatingIfNeeded: value))
    case .four: append(UInt32(truncatingIfNeeded: value))
    case .eight: append(value)
    }
  }
}
