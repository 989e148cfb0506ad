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
  /// What the page cache has large units for.
  package var pages = PreparedPages()
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
  /// Shorter frames are not worth a preparation of pages.
  private static let preparedFrameMin = 8 << 10

  /// Has the page cache prepared for a frame up to `end`, if it is a long one.
  mutating func preparePages(through end: Int, now: Int64) {
    if end - offset < Self.preparedFrameMin { return }
    // Behind the last frame, and a watermark that may follow it.
    let used = offset + Self.watermarkBytesMax
    pages.prepare(file, behind: used, through: end, limit: reservedBytes) { now }
  }

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
