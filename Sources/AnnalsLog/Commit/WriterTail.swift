/// Where the next frame goes, and what of the log before it is durable.
///
/// Belongs to whoever leads a commit; nobody else looks at it meanwhile.
package struct WriterTail {
  package var segment: Segment
  /// The segment's file, open for writing.
  package var file: any LogFile
  /// Where the next frame goes.
  package var offset: Int
  /// Whether the segment's header is in the file; it goes with the first frame.
  package var isHeaderWritten: Bool
  /// Everything in this segment before this offset is durable, and all earlier segments are.
  package var durableEnd: Int
  /// The system was asked to write everything before this offset.
  package var askedThrough = 0
  package var lastChecksum: UInt32
  package var record: UInt64
  package var lastPosition: UInt64
  /// Zeros were written up to here.
  package var zeroedThrough: Int
  /// The page cache has large units for what comes before here.
  package var preparedThrough = 0
  /// When that was looked after.
  package var preparedAt: Int64 = 0
  /// How many type names the log holds.
  package var typeCount: Int
  /// How much of the file has blocks of its own, for sure: frames are written only there.
  package var reservedBytes: Int
  /// The greatest sequence number of an idempotency key in the log.
  package var keySequence: UInt64
  /// Whether a manifest was asked for that says that the segment was begun.
  package var isBegunNoted = false
  /// How far a footer was asked for.
  package var indexedThrough = Segment.firstFrame

  /// Whether something was written that is not durable yet.
  package var isDirty: Bool { durableEnd < offset }

  /// The bytes left in the segment.
  package var room: Int { reservedBytes - offset }

  /// The tail as the manifest notes it, at what is durable.
  package var durableMark: Manifest.Tail {
    Manifest.Tail(
      segment: segment.id,
      end: UInt64(offset),
      position: lastPosition,
      record: record,
      checksum: lastChecksum,
      keySequence: keySequence
    )
  }
}

extension WriterTail {
  /// More than a watermark takes.
  static let watermarkBytesMax = 64
  /// How much is written at a time where pages are prepared: from here on a sync of a little would
  /// have to look at much, and a small write costs more.
  private static let preparedUnit = 128 << 10
  /// Shorter frames are not worth it, nor is it if so many microseconds go by from unit to unit:
  /// the zeros would come to the disk before what is written over them.
  private static let preparedFrameMin = 8 << 10
  private static let preparedIntervalMax = 1_000_000

  /// Has the page cache make its units of what a frame up to `end` will be written to in larger
  /// steps than by the frame's own write, which is not aligned to them: each costs about the same,
  /// whatever its size, and so does each when it is first read through a mapping.
  ///
  /// Writes zeros where there are zeros. Advice: if that fails, the frame's write will tell why.
  mutating func preparePages(through end: Int, now: Int64) {
    let unit = Self.preparedUnit
    let through = (end + unit - 1) & -unit
    guard end > preparedThrough, end - offset >= Self.preparedFrameMin, through <= reservedBytes
    else { return }
    // Behind the last frame, and a watermark that may follow it.
    var start = max(preparedThrough, (offset + Self.watermarkBytesMax + unit - 1) & -unit)
    let isSlow = now &- preparedAt > Self.preparedIntervalMax
    while start < through, !isSlow {
      try? file.write(Self.zeros.span, at: start)
      start += unit
    }
    preparedThrough = through
    preparedAt = now
  }

  private static let zeros = [UInt8](repeating: 0, count: preparedUnit)

  /// The tail before the first frame of `segment`, whose file is that of `spare`.
  init(
    beginning segment: Segment,
    in spare: Maintenance.Spare,
    record: UInt64,
    lastPosition: UInt64,
    keySequence: UInt64
  ) {
    self.init(
      segment: segment,
      file: spare.file,
      offset: Segment.firstFrame,
      isHeaderWritten: false,
      durableEnd: Segment.firstFrame,
      lastChecksum: 0,
      record: record,
      lastPosition: lastPosition,
      zeroedThrough: 0,
      typeCount: 0,
      reservedBytes: spare.reservedBytes,
      keySequence: keySequence
    )
  }
}
