/// Opens a store: reads its layout, opens its segments, walks the unsealed tail, and decides what
/// to do about what it finds.
package struct LogOpener {
  package let core: LogCore
  package var report = RecoveryReport()
  package var list: SegmentList
  package var manifest: Manifest
  package var isListChanged: Bool
  /// Whether manifest or list were made anew.
  package let isRebuilt: Bool
  package var unfooted: [Segment] = []
  package var spare: Maintenance.Spare?
  package var lastSegmentBytes = 0
  /// The segment the log ends in, and how; nil in a store without frames.
  package var tail: (segment: Segment, file: any LogFile, scan: TailScan)?
  /// Damage to events that no footer leads to, for readers who go on.
  package var damages: [Corruption] = []
  /// Whether frames of an unsealed segment were walked.
  var isTailWalked = false
  private let isWriting: Bool
  private(set) var segments: [Segment] = []
  /// How far a live writer lets readers look; `.max` without one.
  let through: UInt64
  /// … and, behind that, for the rules up to this record.
  let throughRecord: UInt64
  /// The greatest number of a type that the walked events have.
  var typeMax = 0
  /// The record of the retention file that was read; 0 if there is none.
  var retentionFile: UInt64 = 0

  /// What is shown of the staging file; nil if nothing is.
  var staged: StagedTail?

  /// The segments that the list has as sealed, if it could be read: their files never change.
  let sealedOnDisk: Set<SegmentID>

  /// Whether what is found may be mended.
  var isWritingAllowed: Bool { isWriting }
  /// Whether a writer is at work on the store.
  var isBesideWriter: Bool { through != .max }

  /// The position of the last event that was found so far; 0 if there is none.
  var lastPosition: UInt64 {
    tail?.scan.lastPosition ?? segments.last?.current.entry.lastPosition ?? 0
  }

  mutating func appendSegment(_ segment: Segment) { segments.append(segment) }

  /// Reads the store in `files`.
  ///
  /// - Parameters:
  ///   - through: for a reader beside a writer, the last position published.
  package init(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions,
    isWriting: Bool,
    through: UInt64 = .max,
    throughRecord: UInt64 = 0
  ) throws(LogError) {
    let layout = try StoreLayout.read(files)
    var report = RecoveryReport()
    let names = try LogOpener.readTypes(files, layout.list.storeID, &report)
    core = LogCore(
      path: path,
      files: files,
      storeID: layout.list.storeID,
      historyID: layout.manifest.historyID,
      historyStart: layout.manifest.historyStart,
      types: TypeTable(names),
      options: options
    )
    self.isWriting = isWriting
    self.through = through
    self.throughRecord = throughRecord
    list = layout.list
    manifest = layout.manifest
    isListChanged = layout.isRebuilt
    isRebuilt = layout.isRebuilt
    sealedOnDisk = Set(
      layout.isRebuilt ? [] : layout.list.segments.filter(\.isSealed).map(\.id)
    )
    report.findings += layout.findings
    self.report = report
  }

  /// Fails if a file was written with features that a writer must know and this build does not.
  func checkWritable(
    _ bytes: Span<UInt8>,
    _ magic: FileHeader.Magic,
    _ file: String
  ) throws(LogError) {
    guard isWriting, bytes.count >= HeaderBlock.byteCount,
      let header = try? HeaderBlock.header(
        bytes.extracting(0..<HeaderBlock.byteCount),
        magic,
        file: file
      ),
      !header.isWritable
    else { return }
    throw .unsupportedVersion(
      file: file,
      UnsupportedVersion(major: FormatVersion.major, features: header.readOnlyCompatible)
    )
  }

  /// Opens everything and walks the tail.
  package mutating func run() throws(LogError) {
    // A manifest that is gone was made anew from the segments.
    if let manifest = try? core.files.root.openFile(StoreFile.manifest, .readOnly) {
      for slot in 0..<Manifest.Layout.slots {
        let bytes = try manifest.read(
          HeaderBlock.byteCount,
          at: slot * Manifest.Layout.byteCount
        )
        try checkWritable(bytes.span, .manifest, StoreFile.manifest)
      }
    }
    readRetention()
    let sealed = list.segments.prefix { $0.isSealed }
    let unsealed = Array(list.segments.dropFirst(sealed.count))
    try openSealed(Array(sealed))
    let (runs, unindexed) = try openDirectory()
    core.updateView { [segments, list] _ in
      LogView(segments: segments, directory: Directory(runs), replaced: list.replaced)
    }
    mergeTypes()
    for segment in segments { try takeRules(segment) }
    for segment in unindexed { try indexSealed(segment) }
    try walk(unsealed)
    if areTypesShort() { collectTypes() }
    if isWriting { try checkTypes() }
    // Tables made in memory are to be written as well.
    unfooted =
      segments.filter { segment in
        segment.current.isFooterRebuilt && !unfooted.contains { $0 === segment }
      } + unfooted
    core.retention.share()
    report.wasClosed = manifest.isClosed && !isTailWalked
  }

  /// Takes up the type names that stand at the starts of segments.
  ///
  /// Each begins with all names there were: together with those first used in the last segment
  /// they are all the log has, whatever became of the types file.
  private func mergeTypes() {
    for segment in segments {
      guard
        let header = try? segment.frame(at: Segment.firstFrame, limit: segment.mapping.count)
      else { continue }
      mergeTypes(segment, at: Segment.firstFrame, header)
    }
  }

  private func mergeTypes(_ segment: Segment, at offset: Int, _ header: FrameHeader) {
    guard header.knownKind == .control,
      let frame = ControlFrame.decode(
        segment.bytes,
        at: offset,
        byteCount: header.byteCount,
        segment.base
      ),
      frame.subject == .types,
      let (first, names) = TypeNames.decode(
        segment.bytes.extracting(frame.contentOffset..<frame.contentEnd)
      )
    else { return }
    _ = core.types.merge(first: first, names)
  }

  /// Whether names may be missing: the types file was damaged, or ends before those in use.
  private func areTypesShort() -> Bool {
    if report.findings.contains(where: { $0.kind == .typesRebuilt }) { return true }
    return greatestType > core.types.count
  }

  /// The greatest number of a type that events have: those that were walked, and those that the
  /// last segment's footer knows.
  private var greatestType: Int {
    let footed = (try? segments.last?.footer?.types()) ?? []
    return max(typeMax, footed.map(\.number).max() ?? 0)
  }

  /// Fails if events have types without a name: the next new name would get the number of one.
  private func checkTypes() throws(LogError) {
    if greatestType <= core.types.count { return }
    throw .corrupt(Corruption(file: StoreFile.types, offset: 0, .erased))
  }

  /// Takes up the names first used in the last segment, which is not walked if a footer covers it.
  private func collectTypes() {
    guard let segment = segments.last else { return }
    let limit = tail.map(\.scan.offset) ?? Int(segment.current.entry.end)
    var offset = Segment.firstFrame
    while offset < limit {
      guard let header = try? segment.frame(at: offset, limit: limit) else {
        // What stands behind damage counts as well.
        guard let next = segment.resync(from: offset + FrameHeader.unit, limit: limit, after: 0)
        else { return }
        offset = next.offset
        continue
      }
      mergeTypes(segment, at: offset, header)
      offset += header.byteCount
    }
  }

  private static func readTypes(
    _ files: StoreFiles,
    _ storeID: StoreID,
    _ report: inout RecoveryReport
  ) throws(LogError) -> [String] {
    do throws(LogError) {
      let file = try files.root.openFile(StoreFile.types, .readOnly)
      let bytes = try file.read(try file.size(), at: 0)
      let found = try TypeFile.decode(bytes.span, storeID: storeID)
      if !found.isWhole { report.findings.append(.init(StoreFile.types, .typesRebuilt)) }
      return found.names
    } catch {
      switch error {
      case .corrupt, .truncatedFile: break
      case .system(let cause) where cause.isNotFound: break
      default: throw error
      }
      report.findings.append(.init(StoreFile.types, .typesRebuilt))
      return []
    }
  }
}
