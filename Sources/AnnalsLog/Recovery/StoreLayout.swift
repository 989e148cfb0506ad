/// What a store's small files say before any segment is read: manifest, segment list, types.
package struct StoreLayout: Sendable {
  package var manifest: Manifest
  package var list: SegmentList
  package var findings: [RecoveryReport.Finding] = []
  /// Whether manifest or list must be written anew before appending.
  package var isRebuilt = false

  /// Reads the layout of the store in `files`.
  ///
  /// Damaged manifests and lists are made anew from the segments' headers; a version or feature of
  /// the future is told and nothing is touched.
  ///
  /// Beside a writer, the list that a manifest led to may be gone when it is opened, and not be
  /// among the names yet: what was read counts only if the manifest stayed as it was.
  package static func read(_ files: StoreFiles) throws(LogError) -> StoreLayout {
    for _ in 0..<attemptsMax {
      let before = manifestBytes(files)
      let found: Result<StoreLayout, LogError>
      do throws(LogError) {
        found = .success(try readOnce(files))
      } catch {
        found = .failure(error)
      }
      if manifestBytes(files) == before { return try found.get() }
    }
    return try readOnce(files)
  }

  /// How often a manifest may change under who reads it: each time, a writer has synced two files.
  private static let attemptsMax = 100

  private static func manifestBytes(_ files: StoreFiles) -> [UInt8]? {
    try? files.root.openFile(StoreFile.manifest, .readOnly)
      .read(Manifest.Layout.byteCount * Manifest.Layout.slots, at: 0)
  }

  private static func readOnce(_ files: StoreFiles) throws(LogError) -> StoreLayout {
    let names = try files.root.names()
    var layout: StoreLayout?
    var newest: Manifest?
    var findings: [RecoveryReport.Finding] = []
    if names.contains(StoreFile.manifest) {
      let slots = try readManifest(files, &findings)
      newest = slots.first
      for var manifest in slots {
        guard let list = try readList(files, manifest.listGeneration, names),
          list.storeID == manifest.storeID, try !isForeign(list, files)
        else { continue }
        let isCertain = findings.isEmpty && manifest.generation == newest?.generation
        // A newer one may have named more segments, and have opened what this one closed.
        if !isCertain {
          if try hasBegunSegment(files, behind: list) { break }
          manifest.isClosed = false
        }
        layout = StoreLayout(manifest: manifest, list: list)
        break
      }
    }
    if var layout {
      layout.findings = findings
      return layout
    }
    findings.removeAll()
    var rebuilt = try rebuild(files, names)
    rebuilt.findings += findings
    if let newest {
      // Above what stands in either slot, whosesoever that is.
      rebuilt.manifest.generation = max(rebuilt.manifest.generation, newest.generation + 1)
    }
    if let newest, newest.storeID == rebuilt.list.storeID {
      rebuilt.manifest.historyID = newest.historyID
      rebuilt.manifest.historyStart = newest.historyStart
    }
    return rebuilt
  }

  /// Whether the manifest says, beyond doubt, that a writer closed the store, and the other slot
  /// holds what that writer had made durable before.
  ///
  /// The mark itself need not be durable: its writer may have been killed before its sync, or the
  /// sync have failed. In a copy both slots have it, and neither need be durable.
  package static func isClosed(_ files: StoreFiles) throws(LogError) -> Bool {
    guard try files.root.names().contains(StoreFile.manifest) else { return false }
    var findings: [RecoveryReport.Finding] = []
    let slots: [Manifest]
    do throws(LogError) {
      slots = try readManifest(files, &findings)
    } catch {
      // Who reads the layout says it.
      guard case .unsupportedVersion = error else { throw error }
      return false
    }
    guard findings.isEmpty, slots.count == 2 else { return false }
    return slots[0].isClosed && !slots[1].isClosed
      && slots[1].generation + 1 == slots[0].generation
      && slots[1].listGeneration == slots[0].listGeneration
  }

  /// The generation of the manifest that counts; nil if none does.
  ///
  /// Every opening for writing begins with a new one.
  package static func newestGeneration(_ files: StoreFiles) -> UInt64? {
    var findings: [RecoveryReport.Finding] = []
    return try? readManifest(files, &findings).first?.generation
  }

  /// How often what changes every time it is read is read again.
  private static let changesMax = 100

  /// Does `body`, and again where a writer at work may be why it failed.
  ///
  /// Between a list and the files it names compaction may put others in their places, and again
  /// while that is read.
  static func retrying<Value>(
    _ files: StoreFiles,
    _ body: () throws(LogError) -> Value
  ) throws(LogError) -> Value {
    var changes = 0
    var attempts = 0
    while true {
      let generation = newestGeneration(files)
      do throws(LogError) {
        return try body()
      } catch {
        if changes < changesMax, newestGeneration(files) != generation {
          changes += 1
          continue
        }
        attempts += 1
        guard attempts < 5, try files.isWriterAlive() else {
          throw error
        }
        SystemClock.sleep(nanoseconds: 5_000_000)
      }
    }
  }

  /// Whether `list` came here from another store: the segments say that they are not its own.
  ///
  /// Costs the reading of one header, unless that is another store's.
  private static func isForeign(
    _ list: SegmentList,
    _ files: StoreFiles
  ) throws(LogError) -> Bool {
    guard let first = list.segments.first,
      let file = try? files.log.openFile(StoreFile.segment(first.id), .readOnly),
      let bytes = try? file.read(HeaderBlock.byteCount, at: 0),
      let header = try? SegmentHeader.decode(bytes.span, file: file.name),
      header.storeID != list.storeID
    else { return false }
    return owner(try readHeaders(files)) != list.storeID
  }

  /// The store that most of the segments say they belong to; nil without segments.
  private static func owner(_ headers: [SegmentHeader]) -> StoreID? {
    let counts = Dictionary(headers.map { ($0.storeID, 1) }, uniquingKeysWith: +)
    let most = counts.values.max()
    return headers.first { counts[$0.storeID] == most }?.storeID
  }

  /// Whether a segment that `list` can not know holds something.
  private static func hasBegunSegment(
    _ files: StoreFiles,
    behind list: SegmentList
  ) throws(LogError) -> Bool {
    for name in try files.log.names() where name.hasSuffix(".segment") {
      guard let id = SegmentID(name.dropLast(8)), id >= list.nextSegment,
        let bytes = try? files.log.openFile(name, .readOnly).read(HeaderBlock.byteCount, at: 0),
        let header = try? SegmentHeader.decode(bytes.span, file: name)
      else { continue }
      // What compaction makes counts only once it is listed, and what it replaces is there until
      // then.
      if header.segmentID == id, header.storeID == list.storeID, header.rewrittenThrough == nil {
        return true
      }
    }
    return false
  }

  /// The valid slots of the manifest, the newest first.
  private static func readManifest(
    _ files: StoreFiles,
    _ findings: inout [RecoveryReport.Finding]
  ) throws(LogError) -> [Manifest] {
    let file = try files.root.openFile(StoreFile.manifest, .readOnly)
    let bytes = try file.read(Manifest.Layout.byteCount * Manifest.Layout.slots, at: 0)
    var slots: [Manifest] = []
    var unsupported: LogError?
    for slot in 0..<Manifest.Layout.slots {
      let start = slot * Manifest.Layout.byteCount
      let end = min(start + Manifest.Layout.byteCount, bytes.count)
      // A slot that was never written is no finding.
      if start < end, end - start == Manifest.Layout.byteCount, bytes.span.isZero(start..<end) {
        continue
      }
      do throws(LogError) {
        slots.append(try Manifest.decode(bytes.span, slot: slot))
      } catch {
        if case .unsupportedVersion = error { unsupported = error }
        findings.append(.init(StoreFile.manifest, .manifestSlotIgnored))
      }
    }
    if slots.isEmpty, let unsupported { throw unsupported }
    return slots.sorted { $0.generation > $1.generation }
  }

  private static func readList(
    _ files: StoreFiles,
    _ generation: UInt64,
    _ names: [String]
  ) throws(LogError) -> SegmentList? {
    let name = StoreFile.segmentList(generation)
    guard names.contains(name) else { return nil }
    do throws(LogError) {
      let file = try files.root.openFile(name, .readOnly)
      let bytes = try file.read(try file.size(), at: 0)
      let list = try SegmentList.decode(bytes.span, file: name)
      return list.generation == generation ? list : nil
    } catch {
      switch error {
      case .corrupt, .truncatedFile: return nil
      default: throw error
      }
    }
  }
}

// MARK: Making the layout anew

extension StoreLayout {
  /// The layout that the segments' own headers tell.
  private static func rebuild(
    _ files: StoreFiles,
    _ names: [String]
  ) throws(LogError) -> StoreLayout {
    // The newest list that verifies knows more than headers do; segments begun after it was
    // written are found by their headers.
    let generations = names.compactMap { StoreFile.number(in: $0, prefix: "segments-") }
    let found = try readHeaders(files)
    let owner = owner(found)
    var newest: SegmentList?
    for generation in generations.sorted(by: >) where newest == nil {
      newest = try readList(files, generation, names)
      if let owner, newest?.storeID != owner { newest = nil }
    }
    // What compaction makes counts only once it is listed.
    let listed = Set(newest?.segments.map(\.id) ?? [])
    let headers = found.filter { $0.rewrittenThrough == nil || listed.contains($0.segmentID) }
    guard let storeID = owner ?? newest?.storeID else {
      throw .corrupt(Corruption(file: StoreFile.manifest, offset: 0, .malformed(.manifest)))
    }
    var list = SegmentList(
      storeID: storeID,
      generation: (generations.max() ?? 0) + 1,
      nextSegment: 1,
      segments: [],
      checkpoints: []
    )
    if let newest {
      list.segments = newest.segments
      list.nextSegment = newest.nextSegment
      list.replaced = newest.replaced
    }
    for header in headers where header.storeID == storeID {
      if list.replaced[header.segmentID] == nil,
        !list.segments.contains(where: { $0.id == header.segmentID })
      {
        var entry = SegmentList.Entry(id: header.segmentID, isSealed: false)
        entry.salt = header.salt
        entry.baseTime = header.baseTime
        entry.basePosition = header.basePosition
        list.segments.append(entry)
      }
      list.nextSegment = max(list.nextSegment, header.segmentID + 1)
    }
    try seal(&list, headers)
    let manifest = Manifest(
      storeID: storeID,
      generation: UInt64(list.generation) * 2,
      listGeneration: list.generation,
      historyID: storeID,
      historyStart: 0,
      tail: Manifest.Tail(
        segment: 0,
        end: 0,
        position: 0,
        record: 0,
        checksum: 0,
        keySequence: 0
      ),
      isClosed: false
    )
    var layout = StoreLayout(manifest: manifest, list: list)
    layout.isRebuilt = true
    layout.findings = [
      .init(StoreFile.manifest, newest == nil ? .manifestRebuilt : .segmentListRebuilt)
    ]
    return layout
  }

  /// A successor's header tells how its predecessor ended.
  private static func seal(
    _ list: inout SegmentList,
    _ headers: [SegmentHeader]
  ) throws(LogError) {
    for header in headers {
      guard
        let index = list.segments.firstIndex(where: { $0.id == header.predecessorID }),
        !list.segments[index].isSealed
      else { continue }
      list.segments[index].isSealed = true
      list.segments[index].lastPosition = header.basePosition - 1
      list.segments[index].lastRecord = header.baseRecord
      list.segments[index].end = header.predecessorEnd
      list.segments[index].lastChecksum = header.predecessorChecksum
    }
    let bases = Dictionary(
      headers.map { ($0.segmentID, $0.basePosition) },
      uniquingKeysWith: { first, _ in first }
    )
    list.segments.sort {
      let left = bases[$0.id] ?? ($0.basePosition == 0 ? .max : $0.basePosition)
      let right = bases[$1.id] ?? ($1.basePosition == 0 ? .max : $1.basePosition)
      return left != right ? left < right : $0.id < $1.id
    }
    for header in headers {
      guard let index = list.segments.firstIndex(where: { $0.id == header.segmentID }) else {
        continue
      }
      list.segments[index].basePosition = header.basePosition
      list.segments[index].salt = header.salt
      list.segments[index].baseTime = header.baseTime
    }
    // A header that can not be read: the segment begins where the one before it ends.
    var before: UInt64 = 0
    for index in list.segments.indices {
      if list.segments[index].isSealed, list.segments[index].basePosition == 0 {
        list.segments[index].basePosition = before + 1
      }
      before = list.segments[index].lastPosition
    }
    // Positions that no segment begins with are lost with a segment that is gone.
    var expected: UInt64 = 1
    for index in list.segments.indices {
      guard let base = bases[list.segments[index].id] else { continue }
      if base > expected {
        throw .missingFile(
          file: StoreFile.logDirectory,
          positions: PositionRange(Position(expected), Position(base - 1))
        )
      }
      expected = list.segments[index].isSealed ? list.segments[index].lastPosition + 1 : .max
    }
  }

  private static func readHeaders(_ files: StoreFiles) throws(LogError) -> [SegmentHeader] {
    var headers: [SegmentHeader] = []
    for name in try files.log.names() where name.hasSuffix(".segment") {
      let file = try files.log.openFile(name, .readOnly)
      let bytes = try file.read(HeaderBlock.byteCount, at: 0)
      do throws(LogError) {
        guard let header = try SegmentHeader.decode(bytes.span, file: file.name),
          StoreFile.segment(header.segmentID) == name
        else { continue }
        headers.append(header)
      } catch {
        if case .unsupportedVersion = error { throw error }
      }
    }
    return headers.sorted { $0.basePosition < $1.basePosition }
  }
}
