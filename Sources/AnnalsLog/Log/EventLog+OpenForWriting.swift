extension EventLog {
  /// What opening gives.
  struct Parts {
    var core: LogCore
    var writer: Writer?
    var follower: Follower?
    var control: ControlPage?
    var report: RecoveryReport
  }

  static func openForWriting(
    _ path: String,
    _ options: LogOptions
  ) throws(LogError) -> Parts {
    let root = try openRoot(path, options, create: options.createsStore)
    var names = try root.names()
    let isVacant = try !StoreCreation.isStore(root, names)
    if isVacant {
      guard options.createsStore else { throw .notAStore(path: path) }
      guard StoreCreation.isVacant(names) else { throw .occupied(path: path) }
    }
    guard let directoryLock = try root.lock(StoreFile.lock, shared: false) else {
      throw .locked(path: path)
    }
    if isVacant {
      // Another process may have made the store before this one got the lock.
      names = try root.names()
      if try !StoreCreation.isStore(root, names) { try StoreCreation.create(path, root, options) }
    }
    let log = try root.openDirectory(StoreFile.logDirectory, create: false)
    let files = StoreFiles(path: path, root: root, log: log)
    // Whoever closed it had synced all of it.
    let isClosed = try StoreLayout.isClosed(files)
    if !isClosed { try files.settle() }
    var opener = try LogOpener(path, files, options, isWriting: true)
    try opener.run()
    opener.sweep()
    // All but the mark itself, perhaps: so the next one goes into the same slot. The other one is
    // durable, and must be until this one is.
    if isClosed { opener.manifest.generation += 1 }
    let (writer, control) = try startWriter(&opener, directoryLock)
    #if ANNALS_PLANTED_BUGS
    if PlantedBug.active == .lockDropped { writer.directoryLock.release() }
    #endif
    return Parts(
      core: opener.core,
      writer: writer,
      follower: nil,
      control: control,
      report: opener.report
    )
  }

  private static func openRoot(
    _ path: String,
    _ options: LogOptions,
    create: Bool
  ) throws(LogError) -> any LogDirectory {
    do throws(LogError) {
      return try options.fileSystem.openDirectory(path, create: create)
    } catch {
      guard case .system(let cause) = error else { throw error }
      if cause.isNotFound, !create { throw .notAStore(path: path) }
      if cause.isNotDirectory {
        throw create ? .occupied(path: path) : .notAStore(path: path)
      }
      throw error
    }
  }

  /// Makes the writer that goes on where the opener found the log to end.
  private static func startWriter(
    _ opener: inout LogOpener,
    _ directoryLock: any DirectoryLock
  ) throws(LogError) -> (Writer, ControlPage?) {
    let core = opener.core
    try opener.rewriteTail()
    var isTorn = false
    if let tail = opener.tail, case .torn = tail.scan.ending {
      // Never on top of stale bytes: a later frame that survived could verify again.
      isTorn = true
      opener.sealTail()
    }
    let scan = opener.tail?.scan
    let keySequence = scan?.keySequence ?? opener.segments.last?.current.entry.keySequence ?? 0
    let lastPosition = opener.lastPosition
    let maintenance = Maintenance(
      core: core,
      state: Maintenance.State(
        list: opener.list,
        manifest: opener.manifest,
        spare: opener.spare,
        lastSegmentBytes: opener.lastSegmentBytes,
        unfooted: opener.unfooted,
        isListChanged: opener.isListChanged,
        retentionFile: opener.retentionFile
      )
    )
    if opener.isListChanged {
      do throws(LogError) {
        try maintenance.withWork { () throws(LogError) in try maintenance.writeList() }
      } catch {
        // On a full disk the list stays as it was: that is what was found just now, and would be
        // found again. It is written at the next occasion.
        guard case .diskFull = error, !opener.isRebuilt else { throw error }
      }
    }
    let tail: WriterTail
    if let found = opener.tail, !isTorn {
      tail = WriterTail(
        segment: found.segment,
        file: found.file,
        offset: found.scan.offset,
        isHeaderWritten: true,
        durableEnd: found.scan.offset,
        lastChecksum: found.scan.lastChecksum,
        record: found.scan.lastRecord,
        lastPosition: found.scan.lastPosition,
        zeroedThrough: 0,
        typeCount: found.scan.typeCount,
        // On a full disk what was used, or a little more.
        reservedBytes: try Reserve.make(
          found.file,
          found.segment.mapping.count,
          used: found.scan.offset,
          in: core.files.log
        ),
        keySequence: keySequence,
        isBegunNoted: true,
        indexedThrough: max(
          Segment.firstFrame,
          Int(found.segment.footer?.header.end ?? 0)
        )
      )
    } else {
      tail = try beginSegment(
        opener,
        maintenance,
        lastPosition: lastPosition,
        keySequence: keySequence
      )
    }
    let typeFile = try openTypes(core)
    core.publish(written: lastPosition, durable: lastPosition)
    try maintenance.withWork { () throws(LogError) in
      try maintenance.writeManifest { manifest in
        manifest.isClosed = false
        if tail.isHeaderWritten { manifest.tail = tail.durableMark }
      }
    }
    let control = openControl(
      core,
      lastPosition,
      replacedCount: UInt64(maintenance.current.list.replaced.count)
    )
    let writer = Writer(
      core: core,
      directoryLock: HeldLock(directoryLock),
      tail: tail,
      typeFile: typeFile,
      keySequence: keySequence,
      maintenance: maintenance,
      control: control
    )
    if core.options.hasMaintenanceThread {
      try maintenance.start(
        intervalMilliseconds: core.options.writtenSyncMilliseconds
      ) { [unowned writer] in writer.syncWritten() }
    }
    do throws(LogError) {
      try writer.takeUpStaged(&opener.report)
    } catch {
      writer.giveUp()
      throw error
    }
    control?.publishTakenUp()
    maintenance.request()
    return (writer, control)
  }

  /// Begins a segment where there is none to go on in.
  private static func beginSegment(
    _ opener: LogOpener,
    _ maintenance: Maintenance,
    lastPosition: UInt64,
    keySequence: UInt64
  ) throws(LogError) -> WriterTail {
    let core = opener.core
    let (spare, mapping) = try maintenance.takeSpare(byteCount: 0)
    let before = opener.tail.map { ($0.segment.id, $0.scan.lastChecksum, UInt64($0.scan.offset)) }
    let sealed = opener.segments.last?.current.entry
    let record = opener.tail?.scan.lastRecord ?? sealed?.lastRecord ?? 0
    let header = SegmentHeader(
      storeID: core.storeID,
      segmentID: spare.entry.id,
      salt: spare.entry.salt,
      basePosition: lastPosition + 1,
      baseTime: spare.entry.baseTime,
      baseRecord: record,
      predecessorID: before?.0 ?? sealed?.id ?? 0,
      predecessorChecksum: before?.1 ?? sealed?.lastChecksum ?? 0,
      predecessorEnd: before?.2 ?? sealed?.end ?? 0
    )
    let segment = Segment(
      name: spare.file.name,
      in: core.files.log,
      mapping: mapping,
      header: header,
      entry: spare.entry
    )
    core.index.withState {
      $0.begin(segment.id, basePosition: lastPosition + 1, expecting: 0)
    }
    core.updateView { view in
      view.with(segments: view.segments + [segment])
    }
    return WriterTail(
      beginning: segment,
      in: spare,
      record: record,
      lastPosition: lastPosition,
      keySequence: keySequence
    )
  }

  /// Opens the types file for going on, mended if it does not hold what the log uses.
  private static func openTypes(_ core: LogCore) throws(LogError) -> TypeFile {
    let names = core.types.all
    let root = core.files.root
    if let file = try? root.openFile(StoreFile.types, .readWrite),
      let bytes = try? file.read(try file.size(), at: 0),
      let found = try? TypeFile.decode(bytes.span, storeID: core.storeID),
      found.isWhole, found.names == names
    {
      return TypeFile(file, end: found.end, count: names.count)
    }
    let bytes = TypeFile.encode(names, storeID: core.storeID)
    try core.files.replace(StoreFile.types, in: root, with: bytes.bytes)
    return TypeFile(
      try root.openFile(StoreFile.types, .readWrite),
      end: bytes.count,
      count: names.count
    )
  }

  /// The page that readers in other processes follow.
  ///
  /// Without it they see the store as it is when
  /// they open it.
  private static func openControl(
    _ core: LogCore,
    _ position: UInt64,
    replacedCount: UInt64
  ) -> ControlPage? {
    let root = core.files.root
    guard
      let file = (try? root.openFile(StoreFile.control, .readWrite))
        ?? (try? root.openFile(StoreFile.control, .create)),
      (try? file.allocate(ControlPage.byteCount)) != nil,
      let mapping = try? file.map(ControlPage.byteCount, writable: true),
      let control = ControlPage(mapping)
    else { return nil }
    control.begin(
      boot: core.bootNumber,
      epoch: .random(in: 1 ... .max),
      durable: position,
      written: position,
      record: core.retention.record,
      replacedCount: replacedCount
    )
    return control
  }
}

extension LogCore {
  /// A number that differs between two boots of the machine.
  package var bootNumber: UInt64 {
    let name = options.fileSystem.bootIdentifier()
    return KeyHasher(storeID).hash(name.utf8Span.span, .key).low
  }
}
