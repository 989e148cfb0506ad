/// The segments of a log at one moment: immutable, and kept alive by whoever reads through it.
///
/// A reader takes one view and sees it through: rolls, seals and compactions make a new view and
/// leave this one as it is.
package final class LogView: Sendable {
  /// In log order; the last may be in writing.
  package let segments: [Segment]
  package let directory: Directory
  /// The key tables of the newest segments, for who fetches from them in advance.
  package let newestTables: [SortedKeys]

  package init(segments: [Segment], directory: Directory) {
    self.segments = segments
    self.directory = directory
    newestTables = segments.suffix(Self.tablesMax).compactMap { $0.footer?.keys }
  }

  private static let tablesMax = 8

  /// The index of the segment that would hold `position`: the last that begins at or before it.
  package func segmentIndex(of position: UInt64) -> Int? {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].base.position <= position { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  /// The segment with the given id.
  package func segment(_ id: SegmentID) -> Segment? {
    // Ids rise in log order until compaction; look at the end first, where loads look most.
    segments.last { $0.id == id }
  }
}
