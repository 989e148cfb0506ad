/// Where the newest event of a key stands among the segments that have footers.
///
/// An immutable list of sorted key tables: the footers of segments not merged yet, and the index
/// checkpoints over all others. The number of tables grows with the logarithm of the segments.
package final class Directory: Sendable {
  /// One table, and what it covers.
  package enum Run: Sendable {
    case footer(Segment)
    case checkpoint(IndexCheckpoint)

    /// Whether it is one segment's own table.
    package var isFooter: Bool { if case .footer = self { true } else { false } }
  }

  /// Newest first.
  package let runs: [Run]

  /// A directory of `runs`, newest first.
  package init(_ runs: [Run] = []) {
    self.runs = runs
  }

  /// The newest version of a key, and the segment it stands in.
  package struct Answer: Sendable {
    package var version: UInt64
    package var segment: SegmentID
    /// The key's entry in that segment's footer, where the answer is from there.
    package var entry: KeyEntry?
    /// The footer the entry is from: in one that took its place since it leads astray.
    package var footer: Footer?
  }

  /// Where `hash` stands newest, among segments whose id is in the runs; nil if nowhere.
  package func newest(_ hash: KeyHash) throws(LogError) -> Answer? {
    for run in runs {
      switch run {
      case .footer(let segment):
        // Without its table the key may stand here or not: that is no answer.
        guard let footer = segment.footer else {
          throw .corrupt(Corruption(file: segment.footerName, offset: 0, .malformed(.footer)))
        }
        if let entry = try footer.keys.find(hash) {
          return Answer(
            version: entry.version,
            segment: segment.id,
            entry: entry,
            footer: footer
          )
        }
      case .checkpoint(let checkpoint):
        if let entry = try checkpoint.keys.find(hash) {
          return Answer(version: entry.version, segment: entry.segment)
        }
      }
    }
    return nil
  }
}
