/// The header block of a footer: what one segment holds, and where the footer's sections stand.
///
/// Specified in `Format.md`, section "Footer". A footer is derived from its segment: lost or
/// damaged it is made anew. It is a file of its own, so that a sealed segment is never written
/// again, and so that making it and making it anew are the same thing.
package struct FooterHeader: Equatable, Sendable {
  package var storeID: StoreID
  package var segmentID: SegmentID
  package var salt: UInt32
  package var basePosition: UInt64
  /// The last position covered.
  package var lastPosition: UInt64
  /// The number of events covered; fewer than the positions where compaction removed some.
  package var eventCount: UInt64
  /// The offset behind the last frame covered.
  ///
  /// Less than the segment's end only while the segment
  /// is in writing.
  package var end: UInt64
  package var lastRecord: UInt64
  package var keySequence: UInt64
  package var leastTime: Int64
  package var greatestTime: Int64
  package var lastChecksum: UInt32
  /// The bytes of the segment that compaction would keep, as of sealing.
  package var liveBytes: UInt64
  /// The distinct aggregates in the segment.
  package var aggregateCount: UInt64
  package var keys: Section
  package var postings: Section
  package var samples: Section
  package var types: Section
  package var categories: Section

  /// A part of the body.
  package struct Section: Equatable, Sendable, BitwiseCopyable {
    /// The offset in the body.
    package var offset: UInt64
    /// The length in bytes.
    package var byteCount: UInt64
    /// The number of entries.
    package var count: UInt64

    package init(offset: Int = 0, byteCount: Int = 0, count: Int = 0) {
      self.offset = UInt64(offset)
      self.byteCount = UInt64(byteCount)
      self.count = UInt64(count)
    }

    /// The section as a range of the body, if it lies within `limit` bytes.
    package func range(within limit: Int) -> Range<Int>? {
      let (end, overflow) = offset.addingReportingOverflow(byteCount)
      guard !overflow, end <= UInt64(limit) else { return nil }
      return Int(offset)..<Int(end)
    }
  }

  /// Appends the header block's fields, without checksum.
  package func encode(into buffer: inout ByteBuffer) {
    FileHeader(.footer, storeID: storeID).encode(into: &buffer)
    buffer.appendZeros(CheckedPages.fields - buffer.count)
    buffer.append(segmentID)
    buffer.append(salt)
    buffer.append(basePosition)
    buffer.append(lastPosition)
    buffer.append(eventCount)
    buffer.append(end)
    buffer.append(lastRecord)
    buffer.append(keySequence)
    buffer.append(leastTime)
    buffer.append(greatestTime)
    buffer.append(liveBytes)
    buffer.append(aggregateCount)
    buffer.append(lastChecksum)
    buffer.append(UInt32(0))
    for section in [keys, postings, samples, types, categories] {
      buffer.append(section.offset)
      buffer.append(section.byteCount)
      buffer.append(section.count)
    }
  }

  /// Reads a header block whose checksum was checked.
  package static func decode(_ block: Span<UInt8>, storeID: StoreID) -> FooterHeader? {
    var reader = ByteReader(block, at: CheckedPages.fields)
    func word(_ reader: inout ByteReader) -> UInt64 { reader.read(UInt64.self) ?? 0 }
    func section(_ reader: inout ByteReader) -> Section {
      var section = Section()
      section.offset = word(&reader)
      section.byteCount = word(&reader)
      section.count = word(&reader)
      return section
    }
    guard let segmentID = reader.read(UInt32.self), let salt = reader.read(UInt32.self) else {
      return nil
    }
    let basePosition = word(&reader)
    let lastPosition = word(&reader)
    let eventCount = word(&reader)
    let end = word(&reader)
    let lastRecord = word(&reader)
    let keySequence = word(&reader)
    let leastTime = Int64(bitPattern: word(&reader))
    let greatestTime = Int64(bitPattern: word(&reader))
    let liveBytes = word(&reader)
    let aggregateCount = word(&reader)
    guard let lastChecksum = reader.read(UInt32.self), reader.read(UInt32.self) == 0 else {
      return nil
    }
    return FooterHeader(
      storeID: storeID,
      segmentID: segmentID,
      salt: salt,
      basePosition: basePosition,
      lastPosition: lastPosition,
      eventCount: eventCount,
      end: end,
      lastRecord: lastRecord,
      keySequence: keySequence,
      leastTime: leastTime,
      greatestTime: greatestTime,
      lastChecksum: lastChecksum,
      liveBytes: liveBytes,
      aggregateCount: aggregateCount,
      keys: section(&reader),
      postings: section(&reader),
      samples: section(&reader),
      types: section(&reader),
      categories: section(&reader)
    )
  }
}
