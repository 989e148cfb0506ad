/// The segments of a log at one moment: immutable, and kept alive by whoever reads through it.
///
/// A reader takes one view and sees it through: rolls, seals and compactions make a new view and
/// leave this one as it is.
package final class LogView: Sendable {
  /// In log order; the last may be in writing.
  package let segments: [Segment]
  package let directory: Directory
  /// Segments that are no longer there, and the rewritten ones in their places.
  package let replaced: [SegmentID: SegmentID]
  /// The ids of `segments`: to find one by its id without a look at each, nor a reference to it.
  private let ids: [SegmentID]
  /// The key tables of the newest segments, for who fetches from them in advance.
  package let newestTables: [SortedKeys]

  package init(
    segments: [Segment],
    directory: Directory,
    replaced: [SegmentID: SegmentID] = [:]
  ) {
    self.segments = segments
    self.replaced = replaced
    self.directory = directory
    ids = segments.map(\.id)
    newestTables = segments.suffix(Self.tablesMax).compactMap { $0.footer?.keys }
  }

  private static let tablesMax = 8

  /// This view with other segments or another directory.
  package func with(segments: [Segment]? = nil, directory: Directory? = nil) -> LogView {
    LogView(
      segments: segments ?? self.segments,
      directory: directory ?? self.directory,
      replaced: replaced
    )
  }

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

  /// The segment with the given id, or the one that took its place.
  package func segment(_ id: SegmentID) -> Segment? {
    let order = order(of: id)
    return order < segments.count ? segments[order] : nil
  }

  /// Where `id`, or what took its place, stands in log order; behind all others if the view does
  /// not have it yet.
  package func order(of id: SegmentID) -> Int {
    if let found = place(of: id) { return found }
    guard !replaced.isEmpty, let rewritten = replaced[id] else { return ids.count }
    return place(of: rewritten) ?? ids.count
  }

  /// Ids rise in log order until compaction: looked for from the end, where loads look most.
  private func place(of id: SegmentID) -> Int? {
    var place = ids.count
    while place > 0 {
      place -= 1
      if ids[place] == id { return place }
    }
    return nil
  }
}
