/// The first 4,096 bytes of a segment.
///
/// Specified in `Format.md`, section "Segment header". Written together with the segment's first
/// frame, under one sync, so that a header that is there proves its predecessor was whole: that was
/// synced before.
package struct SegmentHeader: Equatable, Sendable {
  package enum Layout {
    package static let segmentID = 40..<44
    package static let salt = 44..<48
    package static let basePosition = 48..<56
    package static let baseTime = 56..<64
    package static let baseRecord = 64..<72
    package static let predecessorID = 72..<76
    package static let predecessorChecksum = 76..<80
    package static let predecessorEnd = 80..<88
    package static let flags = 88..<96
    package static let lastPosition = 96..<104
    package static let reserved = 104..<4092
    package static let byteCount = HeaderBlock.byteCount
  }

  package var storeID: StoreID
  package var segmentID: SegmentID
  /// Random; part of every frame's checksum, so that no frame of another file verifies in this one.
  package var salt: UInt32
  /// The position of the first event the segment may hold.
  package var basePosition: UInt64
  /// The time that frames count theirs from, in microseconds.
  package var baseTime: Int64
  /// The number of control records before the segment.
  package var baseRecord: UInt64
  /// The segment before this one, or zero.
  package var predecessorID: SegmentID
  package var predecessorChecksum: UInt32
  package var predecessorEnd: UInt64
  /// Of a rewritten segment, whose positions may have gaps, the last position it stands for; nil
  /// in all others.
  package var rewrittenThrough: UInt64?
  /// Whether frames in it may be compressed; only in a rewritten segment.
  package var hasCompressedFrames = false

  private static let rewrittenFlag: UInt64 = 1

  /// A header to be written.
  package init(
    storeID: StoreID,
    segmentID: SegmentID,
    salt: UInt32,
    basePosition: UInt64,
    baseTime: Int64,
    baseRecord: UInt64,
    predecessorID: SegmentID,
    predecessorChecksum: UInt32,
    predecessorEnd: UInt64
  ) {
    self.storeID = storeID
    self.segmentID = segmentID
    self.salt = salt
    self.basePosition = basePosition
    self.baseTime = baseTime
    self.baseRecord = baseRecord
    self.predecessorID = predecessorID
    self.predecessorChecksum = predecessorChecksum
    self.predecessorEnd = predecessorEnd
  }

  /// Appends the block.
  package func encode(into buffer: inout ByteBuffer) {
    let start = buffer.count
    var file = FileHeader(.segment, storeID: storeID)
    if hasCompressedFrames { file.incompatible = FormatVersion.compressedFrames }
    file.encode(into: &buffer)
    buffer.append(segmentID)
    buffer.append(salt)
    buffer.append(basePosition)
    buffer.append(baseTime)
    buffer.append(baseRecord)
    buffer.append(predecessorID)
    buffer.append(predecessorChecksum)
    buffer.append(predecessorEnd)
    buffer.append(rewrittenThrough == nil ? 0 : Self.rewrittenFlag)
    buffer.append(rewrittenThrough ?? 0)
    HeaderBlock.finish(&buffer, from: start)
  }

  /// Reads the block; nil where it was never written.
  package static func decode(
    _ bytes: Span<UInt8>,
    file: String
  ) throws(LogError) -> SegmentHeader? {
    guard bytes.count >= Layout.byteCount else {
      throw .truncatedFile(
        file: file,
        expected: UInt64(Layout.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let block = bytes.extracting(0..<Layout.byteCount)
    if block.isZero(0..<Layout.byteCount) { return nil }
    let header = try HeaderBlock.header(block, .segment, file: file)
    var found = SegmentHeader(
      storeID: header.storeID,
      segmentID: block.load(UInt32.self, at: Layout.segmentID.lowerBound),
      salt: block.load(UInt32.self, at: Layout.salt.lowerBound),
      basePosition: block.load(UInt64.self, at: Layout.basePosition.lowerBound),
      baseTime: block.load(Int64.self, at: Layout.baseTime.lowerBound),
      baseRecord: block.load(UInt64.self, at: Layout.baseRecord.lowerBound),
      predecessorID: block.load(UInt32.self, at: Layout.predecessorID.lowerBound),
      predecessorChecksum: block.load(UInt32.self, at: Layout.predecessorChecksum.lowerBound),
      predecessorEnd: block.load(UInt64.self, at: Layout.predecessorEnd.lowerBound)
    )
    let flags = block.load(UInt64.self, at: Layout.flags.lowerBound)
    let last = block.load(UInt64.self, at: Layout.lastPosition.lowerBound)
    if flags & rewrittenFlag != 0 { found.rewrittenThrough = last }
    found.hasCompressedFrames = header.incompatible & FormatVersion.compressedFrames != 0
    guard
      !header.hasZeroReserve
        || block.isZero(Layout.reserved) && flags <= rewrittenFlag && (flags != 0 || last == 0),
      found.isInBounds, !found.hasCompressedFrames || found.rewrittenThrough != nil
    else {
      throw .corrupt(Corruption(file: file, offset: 0, .malformed(.segmentHeader)))
    }
    return found
  }

  /// Whether `bytes`, which should begin with this block, are what is left of it where the machine
  /// stopped while it was written for the first time: some of its sectors, and zeros.
  package func isLeft(in bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= Layout.byteCount else { return false }
    var buffer = ByteBuffer(capacity: Layout.byteCount)
    encode(into: &buffer)
    var start = 0
    while start < Layout.byteCount {
      let sector = start..<start + Self.sectorByteCount
      let isThere = bytes.extracting(sector).equals(buffer.bytes.extracting(sector))
      if !isThere, !bytes.isZero(sector) { return false }
      start = sector.upperBound
    }
    return true
  }

  /// What a disk writes whole or not at all, at the least.
  private static let sectorByteCount = 512

  /// Whether all numbers are in the ranges that the rest of the format can name.
  private var isInBounds: Bool {
    segmentID >= 1 && segmentID <= Limits.segmentIDMax
      && predecessorID <= Limits.segmentIDMax && predecessorEnd <= UInt64(Int64.max)
      && basePosition >= 1 && basePosition <= Limits.ordinalMax + 1
      && baseRecord <= Limits.ordinalMax
      && rewrittenThrough.map { $0 <= Limits.ordinalMax && $0 + 1 >= basePosition } ?? true
  }
}

/// The number of a segment file; unique in its store for ever, and its file's name.
package typealias SegmentID = UInt32

/// File names of a store.
package enum StoreFile {
  package static let lock = "LOCK"
  package static let manifest = "MANIFEST"
  package static let control = "control"
  package static let types = "types"
  package static let staging = "staging"
  package static let copies = "copies"
  package static let logDirectory = "log"
  package static let snapshotsDirectory = "snapshots"
  package static let consumersDirectory = "consumers"
  package static let temporarySuffix = ".tmp"

  /// The name of a segment's file in `log`.
  package static func segment(_ id: SegmentID) -> String { "\(digits(UInt64(id), 8)).segment" }
  /// The name of a footer's file in `log`.
  package static func footer(_ id: SegmentID) -> String { "\(digits(UInt64(id), 8)).footer" }
  /// The name of a segment list's file.
  package static func segmentList(_ generation: UInt64) -> String {
    "segments-\(digits(generation, 12))"
  }
  /// The name of the file with the rules of retention through a record.
  package static func retention(_ record: UInt64) -> String {
    "retention-\(digits(record, 12))"
  }
  /// The name of a file of the snapshots' log in `snapshots`.
  package static func snapshots(_ number: UInt32) -> String {
    "\(digits(UInt64(number), 8))\(snapshotsSuffix)"
  }
  /// The name of the index of such a file.
  package static func snapshotIndex(_ number: UInt32) -> String {
    "\(digits(UInt64(number), 8))\(snapshotIndexSuffix)"
  }
  /// The name of a dictionary in `snapshots`.
  package static func snapshotDictionary(_ number: UInt32) -> String {
    "\(digits(UInt64(number), 10))\(snapshotDictionarySuffix)"
  }
  package static let snapshotsSuffix = ".snapshots"
  package static let snapshotIndexSuffix = ".index"
  package static let snapshotDictionarySuffix = ".dictionary"
  /// The name of an index checkpoint's file.
  package static func indexCheckpoint(_ generation: UInt64) -> String {
    "index-\(digits(generation, 12))"
  }
  /// The name of the catalog of a backup.
  package static func backupCatalog(_ generation: UInt64) -> String {
    "backup-\(digits(generation, 12))"
  }
  /// The name that `log` has in a copy that is not complete.
  package static let unfinishedLogDirectory = "log.tmp"

  /// The number in a name of the form `<prefix><digits><suffix>`.
  package static func number(in name: String, prefix: String, suffix: String = "") -> UInt64? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    let digits = name.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
    guard !digits.isEmpty, digits.count <= 19 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= 48, digit <= 57 else { return nil }
      value = value * 10 + UInt64(digit - 48)
    }
    return value
  }

  private static func digits(_ value: UInt64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
