/// The content of a control frame of removal: what is missing in a rewritten segment, and why.
///
/// Specified in `Format.md`, section "Control frame".
package struct Removal: Equatable, Sendable {
  /// The positions that one rule removed.
  package struct Group: Equatable, Sendable {
    /// The record whose rule it was; 0: they were lost to damage.
    package var record: UInt64
    /// Rising, apart from each other.
    package var runs: [ClosedRange<UInt64>]

    package init(record: UInt64, runs: [ClosedRange<UInt64>]) {
      self.record = record
      self.runs = runs
    }
  }

  /// The version of an aggregate whose newest event in the segment left.
  package struct LastVersion: Equatable, Sendable {
    package var hash: KeyHash
    package var version: UInt64

    package init(hash: KeyHash, version: UInt64) {
      self.hash = hash
      self.version = version
    }
  }

  package var groups: [Group] = []
  /// Rising by hash.
  package var versions: [LastVersion] = []

  package init() {}

  /// Half a byte of a run that tells that a varint follows with the rest of its number.
  private static let escape: UInt64 = 15

  /// Appends the content of a frame of a segment that begins at `base`.
  package func encode(base: UInt64, into buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(groups.count))
    for group in groups {
      buffer.appendVarint(group.record)
      buffer.appendVarint(UInt64(group.runs.count))
      var end = base
      for run in group.runs {
        let gap = run.lowerBound - end
        let more = run.upperBound - run.lowerBound
        buffer.append(UInt8(min(gap, Self.escape)) | UInt8(min(more, Self.escape)) << 4)
        if gap >= Self.escape { buffer.appendVarint(gap - Self.escape) }
        if more >= Self.escape { buffer.appendVarint(more - Self.escape) }
        end = run.upperBound + 1
      }
    }
    buffer.appendVarint(UInt64(versions.count))
    for entry in versions {
      buffer.append(entry.hash.low)
      buffer.append(entry.hash.high)
      buffer.appendVarint(entry.version)
    }
  }

  /// Reads the content of a frame; nil where the bytes are not what a writer makes.
  package static func decode(_ bytes: Span<UInt8>, base: UInt64) -> Removal? {
    var reader = ByteReader(bytes)
    var removal = Removal()
    guard let groupCount = reader.readCount(maximum: bytes.count) else { return nil }
    for _ in 0..<groupCount {
      guard let record = reader.readVarint(), record <= Limits.ordinalMax,
        let runCount = reader.readCount(maximum: reader.remaining), runCount > 0
      else { return nil }
      var group = Group(record: record, runs: [])
      var end = base
      for index in 0..<runCount {
        guard let packed = reader.read(UInt8.self),
          let gap = Self.number(packed & 0xf, &reader),
          let more = Self.number(packed >> 4, &reader),
          index == 0 || gap > 0
        else { return nil }
        let (first, overflow) = end.addingReportingOverflow(gap)
        let (last, tooFar) = first.addingReportingOverflow(more)
        guard !overflow, !tooFar, last <= Limits.ordinalMax else { return nil }
        group.runs.append(first...last)
        end = last + 1
      }
      removal.groups.append(group)
    }
    guard let versionCount = reader.readCount(maximum: reader.remaining / 16 + 1) else {
      return nil
    }
    for _ in 0..<versionCount {
      guard let low = reader.read(UInt64.self), let high = reader.read(UInt64.self),
        let version = reader.readVarint(), version > 0, version <= Limits.ordinalMax
      else { return nil }
      let hash = KeyHash(high: high, low: low)
      if let before = removal.versions.last, hash <= before.hash { return nil }
      removal.versions.append(LastVersion(hash: hash, version: version))
    }
    return reader.remaining == 0 ? removal : nil
  }

  private static func number(_ half: UInt8, _ reader: inout ByteReader) -> UInt64? {
    if half < escape { return UInt64(half) }
    guard let rest = reader.readVarint(), rest <= Limits.ordinalMax else { return nil }
    return escape + rest
  }
}
