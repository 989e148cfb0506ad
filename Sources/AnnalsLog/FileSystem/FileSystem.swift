/// The one seam between the engine and the operating system.
///
/// Two implementations exist: `SystemFileSystem`, and the simulated one of `AnnalsTesting`, which
/// forgets unsynced bytes, reorders and tears them, and fails the n-th call. A call through the
/// seam is one dynamic dispatch per system call; nothing per event passes through it.
///
/// Every implementation MUST retry an interrupted call, MUST loop over short reads and writes, and
/// MUST report any other failure as a `LogError` that names call, file and errno.
package protocol FileSystem: AnyObject, Sendable {
  /// Opens the directory at `path`; with `create` it is made, with mode 0700, if nothing is there.
  ///
  /// With `create` it MUST make the name durable in its parent before it returns, also if the
  /// directory was there: its maker may have died before it came to that.
  func openDirectory(_ path: String, create: Bool) throws(LogError) -> any LogDirectory

  /// A text that differs between two boots of the machine; tells whether the page cache survived.
  func bootIdentifier() -> String

  /// The path as it is from the root, with nothing resolved.
  func absolutePath(_ path: String) -> String
}

/// One open directory; all names are relative to it and contain no slash.
package protocol LogDirectory: AnyObject, Sendable {
  /// The path, for messages only.
  var path: String { get }

  /// The names in the directory, sorted, without `.` and `..`.
  func names() throws(LogError) -> [String]

  /// Opens a regular file.
  ///
  /// MUST refuse symbolic links and anything that is not a regular file. `.create` MUST fail with
  /// `EEXIST` when the name is taken, and MUST NOT make the name durable: `sync()` does.
  func openFile(_ name: String, _ mode: FileMode) throws(LogError) -> any LogFile

  /// Opens the directory `name`, making it first (durably) if `create` and it is not there.
  func openDirectory(_ name: String, create: Bool) throws(LogError) -> any LogDirectory

  /// Replaces `target` by `source` in one step; durable only after `sync()`.
  func rename(_ source: String, to target: String) throws(LogError)

  /// Gives the file `name` a second name, `target`, in `directory`; durable only after that one's
  /// `sync()`.
  ///
  /// Both names then lead to one file. MUST fail with `EEXIST` when the name is taken, and with
  /// `EXDEV` where a link cannot be.
  func link(
    _ name: String,
    to directory: any LogDirectory,
    as target: String
  ) throws(LogError)

  /// Removes a name; durable only after `sync()`. Mappings and open files stay valid.
  func remove(_ name: String) throws(LogError)

  /// Has the system begin to read the file `name` from `offset` on, as for one who reads on from
  /// there, without waiting for it.
  ///
  /// Advice: promises nothing and reports nothing.
  func startScan(_ name: String, at offset: Int)

  /// Makes the names created, renamed and removed so far survive power loss (`fsync`).
  func sync() throws(LogError)

  /// How many bytes may still be written on the file system the directory is on.
  func availableBytes() throws(LogError) -> Int

  /// Takes the writer's lock, held until the value is released; nil if another holder has it.
  ///
  /// MUST exclude a second holder in this process, in another process and in a forked child. With
  /// `shared`, only tests whether a writer holds it.
  func lock(_ name: String, shared: Bool) throws(LogError) -> (any DirectoryLock)?
}

/// How a file is opened.
package enum FileMode: Sendable {
  case readOnly
  case readWrite
  /// For reading and writing; the name must not exist.
  case create
}

/// Holds a directory's lock until it is released.
package protocol DirectoryLock: AnyObject, Sendable {
  /// Whether the lock still protects the directory: the locked file is the one its name leads to,
  /// and this process is the one that took it.
  func isHeld() -> Bool

  /// Whether this process is the one that took the lock; costs one load.
  var isHeldByProcess: Bool { get }
}

/// One open regular file.
///
/// Reads and writes at different offsets may run concurrently. Releasing the last reference closes
/// the file; since nothing unsynced is ever relied upon, a failing close loses nothing.
package protocol LogFile: AnyObject, Sendable {
  /// The name relative to the store, for errors.
  var name: String { get }

  /// The size in bytes as the file system has it now.
  func size() throws(LogError) -> Int

  /// Reads up to `count` bytes at `offset`; fewer only where the file ends.
  func read(_ count: Int, at offset: Int) throws(LogError) -> [UInt8]

  /// Writes `head` and then `tail`, as one call where the system allows, at `offset`.
  ///
  /// After a failure any part of the bytes may have been written.
  func write(_ head: Span<UInt8>, _ tail: Span<UInt8>, at offset: Int) throws(LogError)

  /// Makes all bytes written before the call, and the file's size, survive power loss.
  ///
  /// After a failure the state of unsynced bytes is unknown for ever: MUST NOT be retried.
  func sync() throws(LogError)

  /// Has the system begin to make `range` durable, if it can, without waiting for it; a later
  /// `sync()` then has less to do. Advice: promises nothing and reports nothing.
  func startWriting(_ range: Range<Int>)

  /// Reserves real blocks for the first `byteCount` bytes and sets the size to at least that.
  func allocate(_ byteCount: Int) throws(LogError)

  /// Gives back the blocks that lie wholly behind `offset`, where the file reads as zeros; its size
  /// stays. Advice: a system that cannot keeps them.
  func releaseBlocks(behind offset: Int)

  /// Makes this file, which is empty, a copy of `source` that shares its blocks until either is
  /// written; false, and nothing is done, where the file system cannot.
  func clone(_ source: any LogFile) throws(LogError) -> Bool

  /// Sets the size. MUST NOT be used to cut bytes that a reader may look at.
  func truncate(_ byteCount: Int) throws(LogError)

  /// Maps the first `byteCount` bytes, shared with all writers of the file.
  func map(_ byteCount: Int, writable: Bool) throws(LogError) -> Mapping

  /// Maps the first `byteCount` bytes for writing, if a write there can neither run out of space
  /// nor wait for the disk: their blocks, which were reserved, are the file's own, and their pages
  /// stay in memory. Nil where the system does not promise both.
  func mapPinned(_ byteCount: Int) throws(LogError) -> Mapping?

  /// Drops clean cached pages from the one with `offset` on, so that the next read there shows what
  /// the device holds.
  func dropCache(from offset: Int)

  /// The offset behind the last byte at or behind `offset` that may be other than zero; `offset` if
  /// all are known to be zero.
  ///
  /// What the file system has never written is not read for that.
  func contentEnd(from offset: Int) throws(LogError) -> Int
}

extension LogDirectory {
  /// For systems that read when they are asked.
  package func startScan(_ name: String, at offset: Int) {}
}

extension LogFile {
  /// Drops all clean cached pages.
  package func dropCache() { dropCache(from: 0) }

  /// For systems that begin when they like.
  package func startWriting(_ range: Range<Int>) {}

  /// For systems that cannot.
  package func releaseBlocks(behind offset: Int) {}

  /// For systems that do not tell what was never written.
  package func contentEnd(from offset: Int) throws(LogError) -> Int {
    max(offset, try size())
  }

  /// Writes `bytes` at `offset`.
  package func write(_ bytes: Span<UInt8>, at offset: Int) throws(LogError) {
    let empty: [UInt8] = []
    try write(bytes, empty.span, at: offset)
  }
}
