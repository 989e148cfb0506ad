internal import AnnalsLog

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// All that a simulated disk and the process on it remember, as one value under one lock.
///
/// Files and directories are known by their index for ever, so that open handles outlive names.
struct DiskState: Sendable {
  /// The index of the root directory.
  static let root = 0
  /// What one name uses up of a limited capacity: an inode and its place in the directory.
  static let nameByteCount = 512

  /// Every file there ever was.
  var files: [SimulatedInode] = []
  /// Every directory there ever was; the first is the root.
  var directories = [NameTable()]
  /// The locked files, by index, with the holder's token.
  var locks: [Int: Int] = [:]
  /// What fails and what is counted.
  var faults = FaultPlan()
  /// How many bytes there is room for; nil for no limit.
  var capacity: Int?
  /// Whether files can share blocks.
  var canClone = false
  /// Counts the starts of the machine.
  var boot = 1
  /// Numbers changes in the order in which they were made.
  var sequence = 0
  private var tokens = 0

  /// Looks up a name.
  func entry(_ name: String, in directory: Int) -> NameTable.Entry? {
    directories[directory].cached[name]
  }

  /// Creates an empty file; its name is not durable.
  mutating func createFile(_ name: String, in directory: Int) -> Int {
    files.append(SimulatedInode())
    let index = files.count - 1
    directories[directory].perform(.link(name, .file(index)), sequence: &sequence)
    return index
  }

  /// Creates an empty directory; its name is not durable.
  mutating func createDirectory(_ name: String, in directory: Int) -> Int {
    directories.append(NameTable())
    let index = directories.count - 1
    directories[directory].perform(.link(name, .directory(index)), sequence: &sequence)
    return index
  }

  /// Gives a file one more name, which is not durable.
  mutating func linkFile(_ file: Int, _ name: String, in directory: Int) {
    directories[directory].perform(.link(name, .file(file)), sequence: &sequence)
  }

  /// Changes names.
  mutating func perform(_ change: NameTable.Change, in directory: Int) {
    directories[directory].perform(change, sequence: &sequence)
  }

  /// Writes as many of the bytes as there is room for; whether all had room.
  mutating func write(_ bytes: [UInt8], at offset: Int, to file: Int) -> Bool {
    let range = offset..<offset + bytes.count
    let budget = capacity.map { max(0, $0 - usedByteCount) / BlockMap.byteCount } ?? Int.max
    let end = files[file].blocks.claim(range, budget: budget)
    let isComplete = end == range.upperBound
    let fitting = isComplete ? bytes : [UInt8](bytes.prefix(end - offset))
    files[file].write(fitting, at: offset, sequence: &sequence)
    return isComplete
  }

  /// Reserves blocks and sets the size to at least `byteCount`, if there is room.
  mutating func allocate(_ byteCount: Int, of file: Int) -> Bool {
    let needed = files[file].blocks.missing(byteCount) * BlockMap.byteCount
    guard hasRoom(needed) else { return false }
    files[file].blocks.reserve(byteCount)
    if byteCount > files[file].size { files[file].resize(byteCount, sequence: &sequence) }
    return true
  }

  /// Sets the size.
  mutating func truncate(_ byteCount: Int, of file: Int) {
    files[file].blocks.release(from: byteCount)
    files[file].resize(byteCount, sequence: &sequence)
  }

  /// Gives back the blocks behind the first `byteCount` bytes; what stood there is zeros then.
  mutating func release(behind byteCount: Int, of file: Int) {
    files[file].blocks.release(from: byteCount)
    files[file].clear(from: byteCount, sequence: &sequence)
  }

  /// Takes the lock of `file`; nil if someone has it.
  mutating func takeLock(_ file: Int) -> Int? {
    guard locks[file] == nil else { return nil }
    tokens += 1
    locks[file] = tokens
    return tokens
  }

  /// Whether `byteCount` more bytes fit.
  func hasRoom(_ byteCount: Int) -> Bool {
    guard let capacity, byteCount > 0 else { return true }
    return usedByteCount + byteCount <= capacity
  }

  /// What the names and the files they lead to take up.
  var usedByteCount: Int {
    var result = 0
    for directory in directories {
      for entry in directory.cached.values {
        result += Self.nameByteCount
        if case .file(let index) = entry {
          result += files[index].blocks.count * BlockMap.byteCount
        }
      }
    }
    return result
  }

  /// The disk as a new process finds it after the old one died.
  func killed() -> DiskState {
    var copy = self
    copy.files = files.map { $0.copied(sequence: &copy.sequence) }
    copy.locks = [:]
    copy.faults = FaultPlan()
    return copy
  }
}

extension SystemError {
  /// The error as the seam reports it: a lack of room has a case of its own.
  ///
  /// Not when it comes out of a sync: then bytes may be lost, and room does not bring them back.
  var asLogError: LogError {
    isDiskFull && call != .sync ? .diskFull(self) : .system(self)
  }
}

extension Operation.Kind {
  /// The system call an error of this operation names.
  var systemCall: SystemError.SystemCall {
    switch self {
    case .openDirectory, .open, .create: .open
    case .makeDirectory: .mkdir
    case .list: .list
    case .rename: .rename
    case .remove: .remove
    case .link: .link
    case .clone: .clone
    case .sync, .syncDirectory: .sync
    case .lock: .lock
    case .size: .stat
    case .read, .dropCache: .read
    case .write: .write
    case .allocate: .allocate
    case .truncate: .truncate
    case .release: .allocate
    case .map: .map
    }
  }
}
