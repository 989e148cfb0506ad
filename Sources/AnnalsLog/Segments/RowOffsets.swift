/// Where the aggregate ids of a frame begin: found by few steps when reading in order, kept for
/// going back and forth.
struct RowOffsets {
  private var offsets: [Int] = []
  private var isComplete = false
  private var returns = 0
  // The row asked for last.
  private var row = 0
  private var offset = 0

  private static let returnsMax = 2

  /// The bytes of memory taken.
  var byteCount: Int { offsets.capacity * MemoryLayout<Int>.stride }

  /// Begins with another frame.
  mutating func begin(_ frame: borrowing EventsFrame) {
    begin(at: 0, frame.idsOffset)
  }

  /// Begins with another frame, at a row whose offset is known.
  @inline(__always)
  mutating func begin(at row: Int, _ offset: Int) {
    isComplete = false
    returns = 0
    self.row = row
    self.offset = offset
  }

  /// The offset of the id in row `row`.
  @inline(__always)
  mutating func offset(
    _ row: Int,
    _ frame: borrowing EventsFrame,
    _ bytes: Span<UInt8>
  ) -> Int {
    if frame.idLengths.width == .constant {
      return frame.idsOffset &+ row &* Int(truncatingIfNeeded: frame.idLengths.constant)
    }
    if row == self.row { return offset }
    if isComplete { return offsets[row] }
    return seek(row, frame, bytes)
  }

  private mutating func seek(
    _ row: Int,
    _ frame: borrowing EventsFrame,
    _ bytes: Span<UInt8>
  ) -> Int {
    if row < self.row {
      returns += 1
      if returns > Self.returnsMax {
        complete(frame, bytes)
        return offsets[row]
      }
      self.row = 0
      offset = frame.idsOffset
    }
    offset &+= Int(truncatingIfNeeded: frame.idLengths.sum(self.row..<row, in: bytes))
    self.row = row
    return offset
  }

  private mutating func complete(_ frame: borrowing EventsFrame, _ bytes: Span<UInt8>) {
    offsets.removeAll(keepingCapacity: true)
    var offset = frame.idsOffset
    for row in 0..<frame.aggregateCount {
      offsets.append(offset)
      offset += Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
    }
    isComplete = true
  }
}
