/// Merges key tables into one index checkpoint.
package enum IndexMerge {
  /// One sorted input.
  package struct Input {
    package var keys: SortedKeys
    /// For a footer the segment its entries stand in; nil for a checkpoint, whose entries say.
    package var segment: SegmentID?

    package init(keys: SortedKeys, segment: SegmentID?) {
      self.keys = keys
      self.segment = segment
    }
  }

  /// How many pages are written by one call.
  private static let pagesPerWrite = 64

  /// Writes the file that answers for all of `inputs`, which are given oldest first.
  ///
  /// Takes four bytes of memory for each page of the file, however large that is.
  package static func merge(
    _ inputs: [Input],
    header: IndexCheckpointHeader,
    into file: any LogFile
  ) throws(LogError) {
    var cursors = inputs.map { _ in 0 }
    var heads: [KeyEntry?] = []
    for input in inputs { heads.append(input.keys.count > 0 ? try input.keys.entry(0) : nil) }
    var pages = CheckedPagesWriter(file)
    var header = header
    header.count = 0
    let pieceCount =
      UInt64(pagesPerWrite * KeyTableFormat.entriesPerPage(KeyTableFormat.checkpointEntry))
    while true {
      var least: KeyHash?
      for head in heads {
        if let hash = head?.hash, least.map({ hash < $0 }) ?? true { least = hash }
      }
      guard let hash = least else { break }
      // The newest input that has the key wins: it is the last.
      for index in inputs.indices.reversed() {
        guard var entry = heads[index], entry.hash == hash else { continue }
        if let segment = inputs[index].segment { entry.segment = segment }
        entry.encode(KeyTableFormat.checkpointEntry, into: &pages.body, tableStart: 0)
        break
      }
      header.count += 1
      if header.count % pieceCount == 0 { try pages.flush() }
      for index in inputs.indices where heads[index]?.hash == hash {
        cursors[index] += 1
        let keys = inputs[index].keys
        heads[index] = cursors[index] < keys.count ? try keys.entry(cursors[index]) : nil
      }
    }
    var fields = ByteBuffer(capacity: 128)
    header.encode(into: &fields)
    try pages.finish(header: fields)
  }
}
