/// A store that is being copied, as it is at one moment: what is durable of it, or everything
/// where no writer is at work.
///
/// Opened as a reader opens it, without the lock: a writer goes on beside it.
struct CopySource {
  let path: String
  let files: StoreFiles
  let core: LogCore
  let list: SegmentList
  let manifest: Manifest
  /// The segments with something in them, in log order.
  let pieces: [Piece]
  /// The two slots of every consumer that are whole, by their files' names.
  let consumers: [(name: String, bytes: [UInt8])]

  /// One segment, as far as it is to be copied.
  struct Piece {
    let segment: Segment
    /// Whether the store's list has it as sealed: then nobody writes its file any more.
    let isFinal: Bool
    let sum: SegmentSum
    /// The bytes of the file, preallocated space and all.
    let fileByteCount: Int
  }

  /// The last position.
  var lastPosition: UInt64 { pieces.last?.sum.lastPosition ?? 0 }

  /// Reads the store at `path`.
  ///
  /// Names may go between list and file beside a writer: then all is read again.
  static func open(_ path: String, _ options: LogOptions) throws(LogError) -> CopySource {
    let root = try StoreFiles.openRoot(path, options)
    guard try StoreCreation.isStore(root, try root.names()) else { throw .notAStore(path: path) }
    let log = try StoreFiles.openLog(root)
    let files = StoreFiles(path: path, root: root, log: log)
    return try StoreLayout.retrying(files) { () throws(LogError) in try read(path, files, options) }
  }

  /// Fails where a writer at work has published more than can be read.
  private static func checkReached(_ opener: LogOpener, _ last: Piece?) throws(LogError) {
    let reached = last?.sum.lastPosition ?? 0
    guard opener.isBesideWriter, reached < opener.through else { return }
    throw .corrupt(
      Corruption(
        file: last?.segment.name ?? StoreFile.logDirectory,
        offset: last?.sum.end ?? 0,
        positions: PositionRange(Position(reached + 1), Position(opener.through)),
        .malformed(.frame)
      )
    )
  }

  private static func read(
    _ path: String,
    _ files: StoreFiles,
    _ options: LogOptions
  ) throws(LogError) -> CopySource {
    // First: what a consumer has taken is durable then, and so in what is copied afterwards.
    let consumers = try ConsumerCopies.read(files.root)
    var options = options
    options.access = .readOnly
    options.visibility = .durable
    let opener = try EventLog.openerForReading(path, files, options)
    if let damage = opener.damages.first { throw .corrupt(damage) }
    var pieces: [Piece] = []
    for segment in opener.segments {
      let entry = segment.current.entry
      var sum = SegmentSum(
        lastPosition: entry.lastPosition,
        lastRecord: entry.lastRecord,
        keySequence: entry.keySequence
      )
      sum.end = Int(entry.end)
      sum.lastChecksum = entry.lastChecksum
      if !entry.isSealed {
        guard let tail = opener.tail, tail.segment === segment else { continue }
        sum.end = tail.scan.offset
        sum.lastPosition = tail.scan.lastPosition
        sum.lastRecord = tail.scan.lastRecord
        sum.keySequence = tail.scan.keySequence
        sum.lastChecksum = tail.scan.lastChecksum
      }
      if sum.end <= Segment.firstFrame { continue }
      pieces.append(
        Piece(
          segment: segment,
          isFinal: opener.sealedOnDisk.contains(segment.id),
          sum: sum,
          fileByteCount: segment.mapping.count
        )
      )
    }
    try checkReached(opener, pieces.last)
    return CopySource(
      path: path,
      files: files,
      core: opener.core,
      list: opener.list,
      manifest: opener.manifest,
      pieces: pieces,
      consumers: consumers
    )
  }
}
