/// Opening a log for reading, beside a writer or without one.
extension EventLog {
  static func openForReading(
    _ path: String,
    _ options: LogOptions
  ) throws(LogError) -> Parts {
    let root = try StoreFiles.openRoot(path, options)
    guard try StoreCreation.isStore(root, try root.names()) else { throw .notAStore(path: path) }
    let log = try StoreFiles.openLog(root)
    let files = StoreFiles(path: path, root: root, log: log)
    return try openForReading(path, files, options)
  }

  /// As it is now; the layout may change while it is read beside a writer: then it is read again.
  static func openForReading(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions
  ) throws(LogError) -> Parts {
    try StoreLayout.retrying(files) { () throws(LogError) in
      try openOnceForReading(path, files, options)
    }
  }

  private static func openOnceForReading(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions
  ) throws(LogError) -> Parts {
    let control = openControl(files.root)
    var (opener, epoch, durable) = try openerForReading(path, files, options, control)
    if opener.report.stagedEvents > 0, options.visibility == .written { try opener.showStaged() }
    let core = opener.core
    let reached = opener.lastPosition
    var staged = opener.staged
    core.publish(
      written: max(reached, staged?.scan.lastPosition ?? 0),
      durable: min(durable, reached)
    )
    core.noteDamages(opener.damages)
    if let last = staged?.scan.lastPosition {
      staged?.digest = try core.storedDigest(at: Position(last))
    }
    let follower = Follower(
      core,
      control,
      epoch: epoch,
      replacedCount: UInt64(opener.list.replaced.count),
      scan: opener.tail?.scan,
      segment: opener.tail?.segment ?? opener.segments.last,
      staged: staged
    )
    return Parts(
      core: core,
      writer: nil,
      follower: follower,
      control: nil,
      report: opener.report
    )
  }

  /// What is there to be read: through what a writer at work has published, or all of it.
  static func openerForReading(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions
  ) throws(LogError) -> LogOpener {
    try openerForReading(path, files, options, openControl(files.root)).opener
  }

  /// As above, with the epoch of the writer that is at work, or was, and how far all is durable.
  private static func openerForReading(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions,
    _ control: ControlPage?
  ) throws(LogError) -> (opener: LogOpener, epoch: UInt64, durable: UInt64) {
    var attempts = 0
    while true {
      let generation = StoreLayout.newestGeneration(files)
      let found = try openerForReadingOnce(path, files, options, control)
      attempts += 1
      // What a writer has written that came meanwhile need not be durable.
      if found.opener.isBesideWriter || attempts == 5
        || StoreLayout.newestGeneration(files) == generation
      {
        return found
      }
    }
  }

  private static func openerForReadingOnce(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions,
    _ control: ControlPage?
  ) throws(LogError) -> (opener: LogOpener, epoch: UInt64, durable: UInt64) {
    let isAlive = try files.isWriterAlive()
    var opener = try LogOpener(path, files, options, isWriting: false)
    // Before the positions: what stood before a rule is then published, too.
    let record = control?.record ?? 0
    let found = control?.read(boot: opener.core.bootNumber)
    let page = isAlive ? found : nil
    if let page {
      let through = options.visibility == .durable ? page.durable : page.written
      opener = try LogOpener(
        path,
        files,
        options,
        isWriting: false,
        through: through,
        throughRecord: record
      )
    }
    try opener.run()
    if !isAlive { opener.countStaged() }
    return (opener, found?.epoch ?? 0, page?.durable ?? .max)
  }

  /// The page of the writer; nil where none has been at work, or has not made it yet.
  static func openControl(_ root: any LogDirectory) -> ControlPage? {
    guard let file = try? root.openFile(StoreFile.control, .readOnly),
      // What is mapped of a file that is not so long yet cannot be read.
      let size = try? file.size(), size >= ControlPage.byteCount,
      let mapping = try? file.map(ControlPage.byteCount, writable: false)
    else { return nil }
    return ControlPage(mapping)
  }
}
