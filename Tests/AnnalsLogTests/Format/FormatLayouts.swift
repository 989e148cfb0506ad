import AnnalsLog

/// The layouts in the code, by the sections of the format document that have them as tables.
enum FormatLayouts {
  private typealias Row = FormatTable.Row

  static let all: [String: [FormatTable.Row]] = [
    "File header": fileHeader, "Header block": headerBlock, "Manifest": manifest,
    "Segment list": segmentList, "Segment entry": segmentEntry,
    "Checkpoint entry": checkpointEntry, "Segment header": segmentHeader, "Frame": frame,
    "Checked pages": checkedPages, "Key table entry": keyTableEntry, "Footer": footer,
    "Index checkpoint": indexCheckpoint, "Retention file": retentionFile, "Staging": staging,
    "Consumer slot": consumerSlot, "Backup catalog": backupCatalog,
    "Catalog entry": catalogEntry,
    "Snapshot file": snapshotFile,
    "Snapshot index": snapshotIndex, "Snapshot index entry": snapshotIndexEntry,
    "Snapshot dictionary": snapshotDictionary,
  ]

  /// Rows that follow each other, for structures that code reads in sequence; their end is checked
  /// against the code, their order by the vectors.
  private static func sequence(
    from start: Int,
    to end: Int,
    _ fields: [(String, Int)]
  ) -> [FormatTable.Row] {
    var offset = start
    var rows: [FormatTable.Row] = []
    for (field, size) in fields {
      rows.append(Row(field: field, range: offset..<offset + size))
      offset += size
    }
    precondition(offset == end, "the fields fill the structure")
    return rows
  }

  private static let fileHeader = [
    Row(field: "magic", range: FileHeader.Layout.magic),
    Row(field: "major", range: FileHeader.Layout.major),
    Row(field: "minor", range: FileHeader.Layout.minor),
    Row(field: "incompatible", range: FileHeader.Layout.incompatible),
    Row(field: "readOnlyCompatible", range: FileHeader.Layout.readOnlyCompatible),
    Row(field: "compatible", range: FileHeader.Layout.compatible),
    Row(field: "storeID", range: FileHeader.Layout.storeID),
  ]

  private static let start = Row(field: "fileHeader", range: 0..<FileHeader.Layout.byteCount)
  private static let checksum = Row(field: "checksum", range: HeaderBlock.checksum)

  private static func fields(from offset: Int) -> Row {
    Row(field: "fields", range: offset..<HeaderBlock.checksum.lowerBound)
  }

  private static let headerBlock = [start, fields(from: start.range.upperBound), checksum]

  private static let manifest = [
    Row(field: "generation", range: Manifest.Layout.generation),
    Row(field: "listGeneration", range: Manifest.Layout.listGeneration),
    Row(field: "historyID", range: Manifest.Layout.historyID),
    Row(field: "historyStart", range: Manifest.Layout.historyStart),
    Row(field: "tailSegment", range: Manifest.Layout.tailSegment),
    Row(field: "tailChecksum", range: Manifest.Layout.tailChecksum),
    Row(field: "tailEnd", range: Manifest.Layout.tailEnd),
    Row(field: "tailPosition", range: Manifest.Layout.tailPosition),
    Row(field: "tailRecord", range: Manifest.Layout.tailRecord),
    Row(field: "keySequence", range: Manifest.Layout.keySequence),
    Row(field: "closed", range: Manifest.Layout.closed),
    Row(field: "reserved", range: Manifest.Layout.reserved),
  ]

  private static let segmentList = [
    start,
    Row(field: "generation", range: SegmentList.Layout.generation),
    Row(field: "segmentCount", range: SegmentList.Layout.segmentCount),
    Row(field: "checkpointCount", range: SegmentList.Layout.checkpointCount),
    Row(field: "nextSegment", range: SegmentList.Layout.nextSegment),
    Row(field: "replacedCount", range: SegmentList.Layout.replacedCount),
  ]

  private static let segmentEntry = sequence(
    from: 0,
    to: SegmentList.Layout.segmentEntry,
    [
      ("id", 4), ("flags", 4), ("basePosition", 8), ("lastPosition", 8), ("lastRecord", 8),
      ("end", 8), ("keySequence", 8), ("lastChecksum", 4), ("salt", 4), ("baseTime", 8),
    ]
  )

  private static let checkpointEntry = sequence(
    from: 0,
    to: SegmentList.Layout.checkpointEntry,
    [("generation", 8), ("firstSegment", 4), ("lastSegment", 4), ("keyCount", 8), ("reserved", 8)]
  )

  private static let segmentHeader = [
    Row(field: "segmentID", range: SegmentHeader.Layout.segmentID),
    Row(field: "salt", range: SegmentHeader.Layout.salt),
    Row(field: "basePosition", range: SegmentHeader.Layout.basePosition),
    Row(field: "baseTime", range: SegmentHeader.Layout.baseTime),
    Row(field: "baseRecord", range: SegmentHeader.Layout.baseRecord),
    Row(field: "predecessorID", range: SegmentHeader.Layout.predecessorID),
    Row(field: "predecessorChecksum", range: SegmentHeader.Layout.predecessorChecksum),
    Row(field: "predecessorEnd", range: SegmentHeader.Layout.predecessorEnd),
    Row(field: "flags", range: SegmentHeader.Layout.flags),
    Row(field: "lastPosition", range: SegmentHeader.Layout.lastPosition),
    Row(field: "reserved", range: SegmentHeader.Layout.reserved),
  ]

  private static let frame = [
    Row(field: "checksum", range: FrameHeader.Layout.checksum),
    Row(field: "lengthAndKind", range: FrameHeader.Layout.lengthAndKind),
  ]

  private static let checkedPages = [
    start,
    Row(field: "pageCount", range: CheckedPages.pageCount),
    Row(field: "tableChecksum", range: CheckedPages.tableChecksum),
    fields(from: CheckedPages.fields), checksum,
  ]

  private static let keyTableEntry = sequence(
    from: 0,
    to: KeyTableFormat.footerEntry,
    [
      ("hash", 16), ("version", 7), ("domain", 1), ("segment", 4), ("count", 4), ("postings", 4),
    ]
  )

  private static let footer = sequence(
    from: CheckedPages.fields,
    to: encodedFooterByteCount,
    [
      ("segmentID", 4), ("salt", 4), ("basePosition", 8), ("lastPosition", 8), ("eventCount", 8),
      ("end", 8), ("lastRecord", 8), ("keySequence", 8), ("leastTime", 8), ("greatestTime", 8),
      ("liveBytes", 8), ("aggregateCount", 8), ("lastChecksum", 4), ("reserved", 4), ("keys", 24),
      ("postings", 24), ("samples", 24), ("types", 24), ("categories", 24),
    ]
  )

  private static let indexCheckpoint = sequence(
    from: CheckedPages.fields,
    to: encodedCheckpointByteCount,
    [
      ("generation", 8), ("firstSegment", 4), ("lastSegment", 4), ("lastPosition", 8),
      ("count", 8),
    ]
  )

  private static let retentionFile = sequence(
    from: CheckedPages.fields,
    to: encodedRetentionByteCount,
    [("historyID", 16), ("record", 8), ("ruleCount", 8), ("byteCount", 8)]
  )

  private static var encodedRetentionByteCount: Int {
    let id = FormatSamples.storeID
    let file = RetentionFile(storeID: id, historyID: id, record: 0, rules: [])
    return FormatSamples.bytes { file.encodeHeader(byteCount: 0, into: &$0) }.count
  }

  private static let zeros = [UInt8](repeating: 0, count: HeaderBlock.byteCount)

  private static var encodedFooterByteCount: Int {
    let header = FooterHeader.decode(zeros.span, storeID: FormatSamples.storeID)
    return FormatSamples.bytes { header?.encode(into: &$0) }.count
  }

  private static var encodedCheckpointByteCount: Int {
    let header = IndexCheckpointHeader.decode(zeros.span, storeID: FormatSamples.storeID)
    return FormatSamples.bytes { header?.encode(into: &$0) }.count
  }

  private static let staging = [
    Row(field: "salt", range: StagingHeader.Layout.salt),
    Row(field: "capacity", range: StagingHeader.Layout.capacity),
    Row(field: "reserved", range: StagingHeader.Layout.reserved),
  ]

  private static let backupCatalog = [
    start,
    Row(field: "generation", range: BackupCatalog.Layout.generation),
    Row(field: "position", range: BackupCatalog.Layout.position),
    Row(field: "time", range: BackupCatalog.Layout.time),
    Row(field: "typesByteCount", range: BackupCatalog.Layout.typesByteCount),
    Row(field: "typesChecksum", range: BackupCatalog.Layout.typesChecksum),
    Row(field: "segmentCount", range: BackupCatalog.Layout.segmentCount),
  ]

  private static let catalogEntry = sequence(
    from: 0,
    to: BackupCatalog.Layout.entry,
    [("id", 4), ("checksum", 4), ("byteCount", 8), ("eventCount", 8)]
  )

  private static let snapshotFile = [
    start,
    Row(field: "number", range: SnapshotFileHeader.Layout.number),
    Row(field: "salt", range: SnapshotFileHeader.Layout.salt),
    Row(field: "reserved", range: SnapshotFileHeader.Layout.reserved),
    checksum,
  ]

  private static let snapshotIndex = [
    start,
    Row(field: "number", range: SnapshotIndexFile.Layout.number),
    Row(field: "salt", range: SnapshotIndexFile.Layout.salt),
    Row(field: "end", range: SnapshotIndexFile.Layout.end),
    Row(field: "entryCount", range: SnapshotIndexFile.Layout.entryCount),
    Row(field: "entryChecksum", range: SnapshotIndexFile.Layout.entryChecksum),
    Row(field: "reserved", range: SnapshotIndexFile.Layout.reserved),
    checksum,
  ]

  private static let snapshotIndexEntry = sequence(
    from: 0,
    to: SnapshotIndexFile.Layout.entry,
    [
      ("hash", 16), ("version", 8), ("offset", 4), ("length", 4), ("dictionary", 4),
      ("reserved", 4),
    ]
  )

  private static let snapshotDictionary = [
    start,
    Row(field: "sequence", range: SnapshotDictionaryFile.Layout.sequence),
    Row(field: "fingerprint", range: SnapshotDictionaryFile.Layout.fingerprint),
    Row(field: "number", range: SnapshotDictionaryFile.Layout.number),
    Row(field: "contentByteCount", range: SnapshotDictionaryFile.Layout.contentByteCount),
    Row(field: "sourceCount", range: SnapshotDictionaryFile.Layout.sourceCount),
    Row(field: "zero", range: SnapshotDictionaryFile.Layout.zero),
    Row(field: "sources", range: SnapshotDictionaryFile.Layout.sources),
    Row(field: "reserved", range: SnapshotDictionaryFile.Layout.reserved),
    checksum,
  ]

  private static let consumerSlot = [
    start,
    Row(field: "sequence", range: ConsumerHeader.Layout.sequence),
    Row(field: "position", range: ConsumerHeader.Layout.position),
    Row(field: "historyID", range: ConsumerHeader.Layout.historyID),
    Row(field: "eventDigest", range: ConsumerHeader.Layout.eventDigest),
    Row(field: "fingerprint", range: ConsumerHeader.Layout.fingerprint),
    Row(field: "rawByteCount", range: ConsumerHeader.Layout.rawByteCount),
    Row(field: "storedByteCount", range: ConsumerHeader.Layout.storedByteCount),
    Row(field: "stateChecksum", range: ConsumerHeader.Layout.stateChecksum),
    Row(field: "kind", range: ConsumerHeader.Layout.kind),
    Row(field: "compressed", range: ConsumerHeader.Layout.compressed),
    Row(field: "nameByteCount", range: ConsumerHeader.Layout.nameByteCount),
    Row(field: "name", range: ConsumerHeader.Layout.name),
    Row(field: "reserved", range: ConsumerHeader.Layout.reserved),
    Row(field: "checksum", range: ConsumerHeader.Layout.checksum),
  ]
}
