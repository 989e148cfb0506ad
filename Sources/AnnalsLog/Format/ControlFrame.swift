/// A frame that holds no events: a watermark, a part of the type table, a retention record.
///
/// Specified in `Format.md`, section "Control frame". Control frames take no position; those that
/// change what readers see are counted by the record number.
package struct ControlFrame: Sendable, BitwiseCopyable {
  /// What a control frame is about.
  package enum Subject: UInt8, Sendable, BitwiseCopyable {
    /// Nothing but the watermark; stands at the tail only, where the next frame replaces it.
    case watermark = 1
    /// Names of event types and their numbers.
    case types = 2
    /// A rule of retention or deletion.
    case retention = 3
    /// What compaction or salvage left out of a rewritten segment.
    case removal = 4
  }

  /// The position the next event takes.
  package var nextPosition: UInt64 = 0
  /// The number of records through this frame.
  package var record: UInt64 = 0
  /// The bytes before the frame, in units, that were not durable when it was written.
  package var undurableUnits: UInt64 = 0
  package var subject: Subject = .watermark
  package var contentOffset = 0
  package var contentEnd = 0

  package init() {}

  /// Reads the frame at `start`; nil where the bytes are not what a writer makes.
  package static func decode(
    _ bytes: Span<UInt8>,
    at start: Int,
    byteCount: Int,
    _ base: SegmentBase
  ) -> ControlFrame? {
    let end = start + byteCount
    guard end <= bytes.count else { return nil }
    var frame = ControlFrame()
    var reader = ByteReader(
      bytes.extracting(0..<end),
      at: start + FrameHeader.Layout.byteCount
    )
    guard let flags = reader.read(UInt8.self),
      flags & ~(EventsFrame.Flags.paddingMask | EventsFrame.Flags.durableBefore) == 0,
      let raw = reader.read(UInt8.self), let subject = Subject(rawValue: raw),
      let position = reader.readVarint(), let record = reader.readVarint()
    else { return nil }
    let (next, overflow) = base.position.addingReportingOverflow(position)
    guard !overflow, next >= 1, next <= Limits.ordinalMax + 1, record <= Limits.ordinalMax else {
      return nil
    }
    frame.subject = subject
    frame.nextPosition = next
    frame.record = record
    if flags & EventsFrame.Flags.durableBefore == 0 {
      guard let distance = reader.readVarint(), distance <= UInt64(start) / 8 || start == 0 else {
        return nil
      }
      frame.undurableUnits = distance
    }
    frame.contentOffset = reader.offset
    frame.contentEnd = end - Int(flags & EventsFrame.Flags.paddingMask)
    guard frame.contentOffset <= frame.contentEnd, bytes.isZero(frame.contentEnd..<end) else {
      return nil
    }
    return frame
  }

  /// Appends a whole frame but for its checksum, and returns the offset it starts at in `buffer`.
  ///
  /// - Parameter nextPosition: the position the next event takes, less the segment's base.
  package static func encode(
    _ subject: Subject,
    nextPosition: UInt64,
    record: UInt64,
    undurableUnits: UInt64,
    content: Span<UInt8>,
    into buffer: inout ByteBuffer
  ) -> Int {
    let start = buffer.count
    buffer.append(UInt64(0))
    buffer.append(UInt8(0))
    buffer.append(subject.rawValue)
    buffer.appendVarint(nextPosition)
    buffer.appendVarint(record)
    if undurableUnits != 0 { buffer.appendVarint(undurableUnits) }
    buffer.append(content)
    let flags = undurableUnits == 0 ? EventsFrame.Flags.durableBefore : 0
    buffer.endFrame(from: start, .control, flags: flags)
    return start
  }
}

/// The content of a control frame of types: a run of names with consecutive numbers.
package enum TypeNames {
  /// Appends the names that have the numbers from `first` on.
  package static func encode(_ names: ArraySlice<String>, into buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(names.startIndex + 1))
    buffer.appendVarint(UInt64(names.count))
    for name in names {
      buffer.appendVarint(UInt64(name.utf8.count))
      buffer.append(name.utf8Span.span)
    }
  }

  /// Reads the first number and the names; nil where the bytes are not what a writer makes.
  package static func decode(_ bytes: Span<UInt8>) -> (first: Int, names: [String])? {
    var reader = ByteReader(bytes)
    guard let first = reader.readCount(maximum: Limits.typesMax), first >= 1,
      let count = reader.readCount(maximum: Limits.typesMax - first + 1)
    else { return nil }
    var names: [String] = []
    for _ in 0..<count {
      guard let length = reader.readCount(maximum: Limits.typeBytesMax), length > 0,
        let range = reader.skip(length)
      else { return nil }
      names.append(bytes.extracting(range).text)
    }
    return reader.remaining == 0 ? (first, names) : nil
  }
}
