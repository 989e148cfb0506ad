/// One salvage that is being made.
struct SalvageRun {
  /// The damaged store, as far as a check of it finds its way.
  private var source: Verification
  private var files: [Verification.SegmentFiles] = []
  private let log: any LogDirectory
  private var sink: CopyProgressSink
  private let types = TypeTable()
  private(set) var report = SalvageReport()
  private var entries: [SegmentList.Entry] = []
  private var replaced: [SegmentID: SegmentID]
  private var nextID: SegmentID
  private let names = LostNames()
  private var target: CopyTarget?
  // Where the new log stands.
  private var position: UInt64 = 0
  private var record: UInt64 = 0
  private var keySequence: UInt64 = 0
  /// The rules of retention that verify, and how many there were.
  private var rules: Set<UInt64> = []
  private var ruleCount: UInt64 = 0

  init(
    _ path: String,
    _ options: LogOptions,
    _ progress: @escaping (CopyProgress) -> Void
  ) throws(LogError) {
    let root = try StoreFiles.openRoot(path, options)
    guard StoreCreation.isStore(try root.names()) else { throw .notAStore(path: path) }
    log = try root.openDirectory(StoreFile.logDirectory, create: false)
    source = Verification(path, root, options) { _ in }
    source.log = log
    try source.readLayout(log)
    guard let list = source.list else {
      throw .corrupt(Corruption(file: StoreFile.manifest, offset: 0, .malformed(.manifest)))
    }
    replaced = list.replaced
    nextID = list.nextSegment == .max ? 1 : list.nextSegment
    files = source.files
    var total = 0
    for file in files { total += (try? file.segment?.size()) ?? 0 }
    sink = CopyProgressSink(total: total, progress)
    try addHidden(list)
    for file in files { nextID = max(nextID, file.entry.id + 1) }
    let found = try Self.unlessWanting { () throws(LogError) in
      let file = try root.openFile(StoreFile.types, .readOnly)
      let bytes = try file.read(try file.size(), at: 0)
      return try TypeFile.decode(bytes.span, storeID: source.storeID)
    }
    if let found { _ = types.merge(first: 1, found.names) }
    for index in files.indices where files[index].segment == nil {
      files[index].segment = try Self.unlessWanting { () throws(LogError) in
        try log.openFile(StoreFile.segment(files[index].entry.id), .readOnly)
      }
    }
  }

  /// What `body` gives; nil where it fails for what the store has become.
  ///
  /// What could not be read for want of a right, of descriptors or of memory is not lost: then
  /// there is no salvage.
  private static func unlessWanting<Value>(
    _ body: () throws(LogError) -> Value
  ) throws(LogError) -> Value? {
    do throws(LogError) {
      return try body()
    } catch {
      if case .system(let cause) = error, cause.isWant { throw error }
      return nil
    }
  }

  /// Adds the segments that were begun behind those the list knows: a damaged manifest may have led
  /// to an older list.
  private mutating func addHidden(_ list: SegmentList) throws(LogError) {
    var hidden: [SegmentHeader] = []
    for name in (try? log.names()) ?? [] where name.hasSuffix(".segment") {
      guard let id = StoreFile.number(in: name, prefix: "", suffix: ".segment"),
        !files.contains(where: { UInt64($0.entry.id) == id }),
        let bytes = try Self.unlessWanting({ () throws(LogError) in
          try log.openFile(name, .readOnly).read(HeaderBlock.byteCount, at: 0)
        }), let header = try? SegmentHeader.decode(bytes.span, file: name),
        UInt64(header.segmentID) == id, header.storeID == source.storeID,
        header.rewrittenThrough == nil
      else { continue }
      hidden.append(header)
    }
    while let last = files.last(where: { isBegun($0) })?.entry.id,
      let next = hidden.first(where: { $0.predecessorID == last })
    {
      hidden.removeAll { $0.segmentID == next.segmentID }
      var entry = SegmentList.Entry(id: next.segmentID, isSealed: false)
      entry.salt = next.salt
      entry.baseTime = next.baseTime
      let file = try Self.unlessWanting { () throws(LogError) in
        try log.openFile(StoreFile.segment(next.segmentID), .readOnly)
      }
      files = files.filter { isBegun($0) }
      files.append(Verification.SegmentFiles(entry: entry, segment: file, footer: nil))
    }
  }

  private func isBegun(_ file: Verification.SegmentFiles) -> Bool {
    if file.entry.isSealed { return true }
    guard let bytes = try? file.segment?.read(HeaderBlock.byteCount, at: 0) else { return false }
    return !bytes.span.isZero(0..<bytes.count)
  }

  // MARK: Going through

  /// Saves what can be saved; what a complete store is made of beside that.
  @discardableResult
  mutating func go(_ target: CopyTarget?) throws(LogError) -> CopyTarget.Contents {
    self.target = target
    for index in files.indices { try salvage(index) }
    if let tail = source.manifest?.tail, source.through == .max, tail.position > position {
      try addGap(through: tail.position, StoreFile.manifest, nil, instead: nil)
    }
    addStaged()
    countRules()
    try resolveNames()
    report.segments = entries.count
    report.bytes = entries.reduce(0) { $0 + Int($1.end) }
    report.lastPosition = Position(position)
    let firstLost = report.lost.compactMap { $0.positions?.first.rawValue }.min()
    let historyID = StoreID.random()
    let historyStart = firstLost.map { $0 - 1 } ?? position
    let consumers = try Self.unlessWanting { () throws(LogError) in
      try ConsumerCopies.read(source.root)
    }
    return CopyTarget.Contents(
      storeID: source.storeID,
      historyID: historyID,
      historyStart: historyStart,
      nextSegment: nextID,
      segments: entries,
      replaced: replaced,
      types: types.all,
      consumers: ConsumerCopies.adopted(
        consumers ?? [],
        from: source.manifest?.historyID ?? historyID,
        to: historyID,
        through: historyStart
      )
    )
  }

  private mutating func salvage(_ index: Int) throws(LogError) {
    let file = files[index]
    let known = knownPosition(index)
    let mapping = try file.segment.flatMap { handle throws(LogError) in
      try Self.unlessWanting { () throws(LogError) in try Mapping.reading(handle).mapping }
    }
    guard let mapping, mapping.count > Segment.firstFrame,
      let segment = open(file, mapping, isKnown: known != nil)
    else {
      // Made ready and not begun, or gone.
      guard let known, known > position else { return }
      let name = StoreFile.logDirectory + "/" + StoreFile.segment(file.entry.id)
      let error: LogError? = file.segment == nil ? .missingFile(file: name, positions: nil) : nil
      try addGap(through: known, name, error, instead: file.entry.id)
      return
    }
    if segment.base.position > position + 1 {
      // Its header names the one that is gone.
      let before = segment.header.predecessorID
      let isGone = before != 0 && replaced[before] == nil && !entries.contains { $0.id == before }
      try addGap(
        through: segment.base.position - 1,
        StoreFile.logDirectory + (isGone ? "/" + StoreFile.segment(before) : ""),
        nil,
        instead: isGone ? before : nil
      )
    } else if segment.base.position <= position {
      // Positions that are there already: no segment of this log.
      return
    }
    noteReplaced(segment.header.predecessorID)
    var walk = self.walk(segment, known)
    try walk.run { _, _ in }
    sink.advance(mapping.count, segment.name)
    report.events += walk.sum.eventCount
    rules.formUnion(walk.rules)
    ruleCount = max(ruleCount, segment.header.baseRecord, walk.watermarkRecord)
    let isWhole = isHeaderWhole(segment) && walk.damages.isEmpty && walk.lost.isEmpty
    if isWhole {
      try copyWhole(segment, walk, file)
    } else {
      try rewrite(segment, walk, known, file)
    }
    if walk.tornBytes > 0 {
      report.lost.append(
        SalvageReport.Loss(
          file: segment.name,
          offset: UInt64(walk.end),
          byteCount: UInt64(walk.tornBytes)
        )
      )
    }
  }

  /// Notes that compaction has put another in the place of the segment before: without the list,
  /// only the header behind it tells.
  private mutating func noteReplaced(_ before: SegmentID) {
    guard before != 0, replaced[before] == nil, let last = entries.last, last.isRewritten,
      !entries.contains(where: { $0.id == before })
    else { return }
    replaced[before] = last.id
  }

  private func walk(_ segment: Segment, _ known: UInt64?) -> SalvageWalk {
    let entry = segment.current.entry
    return SalvageWalk(
      segment,
      knownEnd: entry.isSealed ? Int(clamping: entry.end) : nil,
      knownPosition: known,
      through: source.through,
      record: record,
      keySequence: keySequence
    )
  }

  /// The last position that the segment is known to have held; nil if nothing tells.
  private func knownPosition(_ index: Int) -> UInt64? {
    let entry = files[index].entry
    if entry.isSealed { return entry.lastPosition }
    for next in files[(index + 1)...] {
      if let bytes = try? next.segment?.read(HeaderBlock.byteCount, at: 0),
        let header = try? SegmentHeader.decode(bytes.span, file: ""),
        header.segmentID == next.entry.id, header.salt == next.entry.salt
      {
        // One between the two may be gone.
        let before = header.predecessorID
        let follows = before == entry.id || before == 0 || replaced[before] == entry.id
        return follows ? header.basePosition - 1 : nil
      }
      if next.entry.isSealed { return next.entry.basePosition - 1 }
    }
    if source.through == .max, let tail = source.manifest?.tail, tail.segment == entry.id {
      return tail.position
    }
    return nil
  }

  /// The segment, by its header or by what the list knows of it; nil if it was never begun.
  private func open(
    _ file: Verification.SegmentFiles,
    _ mapping: Mapping,
    isKnown: Bool
  ) -> Segment? {
    let entry = file.entry
    let name = StoreFile.logDirectory + "/" + StoreFile.segment(entry.id)
    var header = (try? SegmentHeader.decode(mapping.bytes, file: name)).flatMap { $0 }
    if header?.segmentID != entry.id || header?.salt != entry.salt
      || header?.storeID != source.storeID
    {
      header = nil
    }
    if header == nil {
      if !isKnown, mapping.bytes.isZero(0..<HeaderBlock.byteCount),
        mapping.bytes.isZero(HeaderBlock.byteCount..<mapping.count)
      {
        return nil
      }
      var restored = SegmentHeader(
        storeID: source.storeID,
        segmentID: entry.id,
        salt: entry.salt,
        basePosition: entry.isSealed ? entry.basePosition : position + 1,
        baseTime: entry.baseTime,
        baseRecord: record,
        predecessorID: 0,
        predecessorChecksum: 0,
        predecessorEnd: 0
      )
      if entry.isRewritten { restored.rewrittenThrough = entry.lastPosition }
      header = restored
    }
    guard let header, header.basePosition > 0 else { return nil }
    return Segment(name: name, in: log, mapping: mapping, header: header, entry: entry)
  }

  private func isHeaderWhole(_ segment: Segment) -> Bool {
    let mapping = segment.mapping
    let found = try? SegmentHeader.decode(mapping.bytes, file: segment.name)
    return found == segment.header
  }

  // MARK: Writing

  /// Copies a segment in which all is well, as it is.
  private mutating func copyWhole(
    _ segment: Segment,
    _ walk: SalvageWalk,
    _ file: Verification.SegmentFiles
  ) throws(LogError) {
    if walk.end <= Segment.firstFrame { return }
    note(segment)
    if let target {
      let name = StoreFile.segment(segment.id)
      let output = try target.files.begin(name, in: target.log)
      var offset = 0
      while offset < walk.end {
        let next = min(walk.end, offset + FrameStream.chunk)
        let mapping = segment.mapping
        try output.write(mapping.bytes.extracting(offset..<next), at: offset)
        offset = next
      }
      try target.files.finish(output, name, in: target.log)
    }
    var sum = walk.sum
    if segment.current.entry.isSealed {
      sum.lastPosition = max(sum.lastPosition, segment.current.entry.lastPosition)
      sum.lastRecord = max(sum.lastRecord, segment.current.entry.lastRecord)
      sum.keySequence = max(sum.keySequence, segment.current.entry.keySequence)
    }
    append(SegmentCopy.entry(segment, sum))
  }

  /// Makes a new segment of the frames that verify.
  private mutating func rewrite(
    _ segment: Segment,
    _ walk: SalvageWalk,
    _ known: UInt64?,
    _ file: Verification.SegmentFiles
  ) throws(LogError) {
    note(segment)
    let last = max(known ?? 0, walk.sum.lastPosition)
    let lost = walk.lost
    var removal = walk.removal
    if !lost.isEmpty { removal.groups.insert(Removal.Group(record: 0, runs: lost), at: 0) }
    report.lost += losses(segment, walk, lost)
    let versions = names.add(lost, of: segment, file.footer, source.storeID, report)
    removal.versions += versions
    removal.unite()
    let entry = segment.current.entry
    let id = nextID
    nextID += 1
    replace(segment.id, by: id)
    guard let target else {
      var entry = SegmentCopy.entry(segment, walk.sum)
      entry.lastPosition = last
      append(entry)
      return
    }
    var output = try RewrittenSegment(
      id,
      storeID: source.storeID,
      base: segment.base,
      record: segment.header.baseRecord,
      keySequence: keySequence,
      in: target.files
    )
    var again = self.walk(segment, known)
    try again.run { header, offset throws(LogError) in
      try output.add(header, segment.bytes.extracting(offset..<offset + header.byteCount))
    }
    append(
      try output.finish(
        removal,
        through: last,
        record: entry.isSealed ? entry.lastRecord : 0,
        keySequence: entry.isSealed ? entry.keySequence : 0
      )
    )
  }

  /// Names the written events that a killed process had not framed: opening the store for writing,
  /// where that is possible, takes them up; a salvage does not.
  private mutating func addStaged() {
    guard source.through == .max,
      let found = try? StagedEvent.waiting(in: source.root, source.storeID, behind: position),
      let first = found.events.first, let last = found.events.last
    else { return }
    report.lost.append(
      SalvageReport.Loss(
        positions: PositionRange(Position(first.position), Position(last.position)),
        file: StoreFile.staging,
        unnamedEvents: UInt64(found.events.count)
      )
    )
  }

  /// Counts the rules that are lost: they are numbered, and the last number is known from what
  /// stands behind the damage, from the manifest, or from the file with the rules.
  private mutating func countRules() {
    ruleCount = max(ruleCount, record)
    // Beside a writer there may be later ones than were looked for.
    if source.through == .max, let manifest = source.manifest {
      ruleCount = max(ruleCount, manifest.tail.record)
      for name in (try? source.root.names()) ?? [] {
        guard StoreFile.number(in: name, prefix: "retention-") != nil,
          let file = try? source.root.openFile(name, .readOnly),
          let mapping = try? Mapping.reading(file).mapping,
          let found = try? RetentionFile.decode(mapping, storeID: source.storeID, name: name),
          found.historyID == manifest.historyID
        else { continue }
        ruleCount = max(ruleCount, found.record)
      }
    }
    report.rulesLost = ruleCount - UInt64(rules.count { $0 <= ruleCount })
  }

  /// Names positions that are lost with a whole file.
  private mutating func addGap(
    through last: UInt64,
    _ file: String,
    _ cause: LogError?,
    instead id: SegmentID?
  ) throws(LogError) {
    report.lost.append(
      SalvageReport.Loss(
        positions: PositionRange(Position(position + 1), Position(last)),
        file: file,
        cause: cause,
        unnamedEvents: last - position
      )
    )
    var old = id
    while position < last {
      let end = min(last, position + UInt64(Limits.segmentEventsMax))
      let new = nextID
      nextID += 1
      if let id = old { replace(id, by: new) }
      old = nil
      guard let target else {
        position = end
        continue
      }
      var output = try RewrittenSegment(
        new,
        storeID: source.storeID,
        base: SegmentBase(position: position + 1, time: 0),
        record: record,
        keySequence: keySequence,
        in: target.files
      )
      var removal = Removal()
      removal.groups = [Removal.Group(record: 0, runs: [position + 1...end])]
      append(
        try output.finish(removal, through: end, record: record, keySequence: keySequence)
      )
    }
  }

  /// Notes that `new` stands where `id` did, and what `id` itself stood for.
  private mutating func replace(_ id: SegmentID, by new: SegmentID) {
    for (old, current) in replaced where current == id { replaced[old] = new }
    replaced[id] = new
  }

  private mutating func append(_ entry: SegmentList.Entry) {
    entries.append(entry)
    position = entry.lastPosition
    record = max(record, entry.lastRecord)
    keySequence = max(keySequence, entry.keySequence)
  }

  /// What is lost of a segment, with the damage that is the reason.
  private func losses(
    _ segment: Segment,
    _ walk: SalvageWalk,
    _ lost: [ClosedRange<UInt64>]
  ) -> [SalvageReport.Loss] {
    var losses: [SalvageReport.Loss] = []
    var rest = lost
    for damage in walk.damages {
      var loss = SalvageReport.Loss(
        file: segment.name,
        offset: UInt64(damage.range.lowerBound),
        byteCount: UInt64(damage.range.count),
        cause: damage.error
      )
      if let index = rest.firstIndex(where: { $0.lowerBound == damage.after + 1 }) {
        let run = rest.remove(at: index)
        loss.positions = PositionRange(Position(run.lowerBound), Position(run.upperBound))
      }
      losses.append(loss)
    }
    for run in rest {
      losses.append(
        SalvageReport.Loss(
          positions: PositionRange(Position(run.lowerBound), Position(run.upperBound)),
          file: segment.name
        )
      )
    }
    return losses
  }

  /// Takes up the names of types in a segment.
  private func note(_ segment: Segment) {
    var walk = SalvageWalk(
      segment,
      knownEnd: nil,
      knownPosition: nil,
      through: .max,
      record: 0,
      keySequence: 0
    )
    let types = types
    try? walk.run { header, offset in
      guard header.knownKind == .control,
        let frame = ControlFrame.decode(
          segment.bytes,
          at: offset,
          byteCount: header.byteCount,
          segment.base
        ), frame.subject == .types,
        let (first, names) = TypeNames.decode(
          segment.bytes.extracting(frame.contentOffset..<frame.contentEnd)
        )
      else { return }
      _ = types.merge(first: first, names)
    }
  }

  // MARK: Names

  /// Puts names to the aggregates that lost events, by looking for other events of theirs.
  private mutating func resolveNames() throws(LogError) {
    let hasher = KeyHasher(source.storeID)
    for file in files {
      if names.isResolved { break }
      guard let handle = file.segment, let reading = try? Mapping.reading(handle),
        reading.mapping.count > Segment.firstFrame,
        let segment = open(file, reading.mapping, isKnown: true)
      else { continue }
      var walk = self.walk(segment, nil)
      let names = names
      let content = FrameContent()
      try? walk.run { header, offset in
        guard let frame = content.events(segment, at: offset, header) else { return }
        names.take(frame, content.bytes, hasher)
      }
    }
    names.tell(&report)
  }
}
