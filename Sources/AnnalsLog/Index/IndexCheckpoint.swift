/// An index checkpoint on disk: for a run of segments, every key's newest version and segment.
package final class IndexCheckpoint: Sendable {
  package let header: IndexCheckpointHeader
  package let keys: SortedKeys
  private let file: CheckedFile

  /// Checks the header of `mapping`; pages of entries are checked when touched.
  package init(_ mapping: Mapping, storeID: StoreID, name: String) throws(LogError) {
    let file = try CheckedFile(mapping, .indexCheckpoint, storeID: storeID, name: name)
    guard let header = IndexCheckpointHeader.decode(file.header, storeID: storeID),
      KeyTableFormat.fits(
        header.count,
        KeyTableFormat.checkpointEntry,
        in: UInt64(file.byteCount)
      )
    else { throw .corrupt(Corruption(file: name, offset: 0, .malformed(.indexCheckpoint))) }
    self.file = file
    self.header = header
    keys = SortedKeys(
      file,
      start: 0,
      count: Int(header.count),
      entrySize: KeyTableFormat.checkpointEntry
    )
  }

  /// The file, for errors.
  package var name: String { file.name }

  /// Whether it answers for `segment`.
  package func covers(_ segment: SegmentID) -> Bool {
    header.firstSegment <= segment && segment <= header.lastSegment
  }

  /// The size of the file.
  package var fileBytes: Int { file.mapping.count }

  /// Checks every page, and returns what is wrong with those that do not verify.
  package func checkAll() -> [LogError] { file.checkAll() }
}

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

  /// The file that answers for all of `inputs`, which are given oldest first.
  package static func merge(
    _ inputs: [Input],
    header: IndexCheckpointHeader
  ) throws(LogError) -> ByteBuffer {
    var cursors = inputs.map { _ in 0 }
    var heads: [KeyEntry?] = []
    for input in inputs { heads.append(input.keys.count > 0 ? try input.keys.entry(0) : nil) }
    var body = ByteBuffer(capacity: inputs.reduce(0) { $0 + $1.keys.count } * 29 + 4096)
    var header = header
    header.count = 0
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
        entry.encode(KeyTableFormat.checkpointEntry, into: &body, tableStart: 0)
        break
      }
      header.count += 1
      for index in inputs.indices where heads[index]?.hash == hash {
        cursors[index] += 1
        let keys = inputs[index].keys
        heads[index] = cursors[index] < keys.count ? try keys.entry(cursors[index]) : nil
      }
    }
    var fields = ByteBuffer(capacity: 128)
    header.encode(into: &fields)
    var file = ByteBuffer(capacity: body.count + body.count / 512 + 16 << 10)
    CheckedPages.finish(header: fields, body: &body, into: &file)
    return file
  }
}
