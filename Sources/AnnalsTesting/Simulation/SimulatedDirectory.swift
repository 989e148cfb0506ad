internal import AnnalsLog

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// An open directory of a simulated disk.
final class SimulatedDirectory: LogDirectory {
  let path: String
  /// The directory's index on the disk.
  let index: Int
  private let disk: SimulatedFileSystem
  private let prefix: String

  /// Creates a handle; `prefix` stands before the names of files in errors and traces.
  init(_ disk: SimulatedFileSystem, _ index: Int, path: String, prefix: String) {
    self.disk = disk
    self.index = index
    self.path = path
    self.prefix = prefix
  }

  func availableBytes() throws(LogError) -> Int {
    try disk.perform(Operation(.size, path)) { (state) throws(Refusal) in
      state.capacity.map { max(0, $0 - state.usedByteCount) } ?? Int.max / 2
    }
  }

  func names() throws(LogError) -> [String] {
    try disk.perform(Operation(.list, path)) { (state) throws(Refusal) in
      state.directories[index].cached.keys.sorted()
    }
  }

  func openFile(_ name: String, _ mode: FileMode) throws(LogError) -> any LogFile {
    let file: Int
    switch mode {
    case .create: file = try create(name)
    case .readOnly, .readWrite: file = try find(name)
    }
    let isWritable = if case .readOnly = mode { false } else { true }
    return SimulatedFile(disk, file, name: prefix + name, isWritable: isWritable)
  }

  func openDirectory(_ name: String, create: Bool) throws(LogError) -> any LogDirectory {
    try child(name, create: create)
  }

  func rename(_ source: String, to target: String) throws(LogError) {
    checkName(source)
    checkName(target)
    try disk.perform(operation(.rename, source)) { (state) throws(Refusal) in
      guard let entry = state.entry(source, in: index) else { throw Refusal(ENOENT) }
      guard source != target else { return }
      if let replaced = state.entry(target, in: index) {
        try Self.checkReplacement(of: replaced, by: entry, state)
      }
      state.perform(.rename(source: source, target: target, entry), in: index)
    }
  }

  func link(
    _ name: String,
    to directory: any LogDirectory,
    as target: String
  ) throws(LogError) {
    checkName(name)
    checkName(target)
    let other = (directory as? SimulatedDirectory)?.index
    try disk.perform(operation(.link, name)) { (state) throws(Refusal) in
      guard let other else { throw Refusal(EXDEV) }
      guard case .file(let file)? = state.entry(name, in: index) else { throw Refusal(ENOENT) }
      guard state.entry(target, in: other) == nil else { throw Refusal(EEXIST) }
      guard state.hasRoom(DiskState.nameByteCount) else { throw Refusal(ENOSPC) }
      state.linkFile(file, target, in: other)
    }
  }

  func remove(_ name: String) throws(LogError) {
    checkName(name)
    try disk.perform(operation(.remove, name)) { (state) throws(Refusal) in
      guard let entry = state.entry(name, in: index) else { throw Refusal(ENOENT) }
      guard case .file = entry else { throw Refusal(EISDIR) }
      state.perform(.unlink(name, entry), in: index)
    }
  }

  func sync() throws(LogError) {
    // A failing one leaves the names pending: they live in the journal, not in a page.
    try disk.perform(Operation(.syncDirectory, path)) { (state) throws(Refusal) in
      state.directories[index].sync()
    }
  }

  func lock(_ name: String, shared: Bool) throws(LogError) -> (any DirectoryLock)? {
    checkName(name)
    let holding = try disk.perform(operation(.lock, name)) {
      (state) throws(Refusal) -> SimulatedLock.Holding? in
      let file: Int
      switch state.entry(name, in: index) {
      case .file(let existing): file = existing
      case .directory: throw Refusal(EISDIR)
      case nil where shared: return .init(directory: index, name: name, file: nil, token: nil)
      case nil:
        guard state.hasRoom(DiskState.nameByteCount) else { throw Refusal(ENOSPC) }
        file = state.createFile(name, in: index)
      }
      if shared {
        let isFree = state.locks[file] == nil
        return isFree ? .init(directory: index, name: name, file: file, token: nil) : nil
      }
      return state.takeLock(file).map {
        .init(directory: index, name: name, file: file, token: $0)
      }
    }
    return holding.map { SimulatedLock(disk, $0) }
  }

  /// Opens the directory `name`, made durably first if it has to be.
  func child(_ name: String, create: Bool) throws(LogError) -> SimulatedDirectory {
    checkName(name)
    let found = try disk.perform(operation(.openDirectory, name)) {
      (state) throws(Refusal) -> Int? in
      switch state.entry(name, in: index) {
      case .directory(let directory): return directory
      case .file: throw Refusal(ENOTDIR)
      case nil where create: return nil
      case nil: throw Refusal(ENOENT)
      }
    }
    let directory: Int
    if let found { directory = found } else { directory = try makeChild(name) }
    // Also when it was there: its maker may have died before it came to this.
    if create { try sync() }
    return SimulatedDirectory(
      disk,
      directory,
      path: path.hasSuffix("/") ? path + name : "\(path)/\(name)",
      prefix: "\(prefix)\(name)/"
    )
  }

  private func makeChild(_ name: String) throws(LogError) -> Int {
    try disk.perform(operation(.makeDirectory, name)) { (state) throws(Refusal) in
      guard state.hasRoom(DiskState.nameByteCount) else { throw Refusal(ENOSPC) }
      return state.createDirectory(name, in: index)
    }
  }

  private func create(_ name: String) throws(LogError) -> Int {
    checkName(name)
    return try disk.perform(operation(.create, name)) { (state) throws(Refusal) in
      guard state.entry(name, in: index) == nil else { throw Refusal(EEXIST) }
      guard state.hasRoom(DiskState.nameByteCount) else { throw Refusal(ENOSPC) }
      return state.createFile(name, in: index)
    }
  }

  private func find(_ name: String) throws(LogError) -> Int {
    checkName(name)
    return try disk.perform(operation(.open, name)) { (state) throws(Refusal) in
      switch state.entry(name, in: index) {
      case .file(let file): return file
      case .directory: throw Refusal(EISDIR)
      case nil: throw Refusal(ENOENT)
      }
    }
  }

  private func operation(_ kind: Operation.Kind, _ name: String) -> Operation {
    Operation(kind, prefix + name)
  }

  private func checkName(_ name: String) {
    precondition(
      !name.isEmpty && !name.contains("/") && name != "." && name != "..",
      "a name is one component of a path"
    )
  }

  private static func checkReplacement(
    of target: NameTable.Entry,
    by source: NameTable.Entry,
    _ state: DiskState
  ) throws(Refusal) {
    switch (source, target) {
    case (.file, .file): return
    case (.file, .directory): throw Refusal(EISDIR)
    case (.directory, .file): throw Refusal(ENOTDIR)
    case (.directory, .directory(let directory)):
      guard state.directories[directory].cached.isEmpty else { throw Refusal(ENOTEMPTY) }
    }
  }
}

/// A lock on a simulated directory; given back with its last reference.
final class SimulatedLock: DirectoryLock {
  /// What is held; nothing but the answer "nobody writes" if there is no token.
  struct Holding: Sendable {
    /// The directory the lock file is in.
    let directory: Int
    /// The name of the lock file.
    let name: String
    /// The lock file, if there is one.
    let file: Int?
    /// The proof of holding the lock.
    let token: Int?
  }

  private let disk: SimulatedFileSystem
  private let holding: Holding

  /// Takes charge of a lock that was taken.
  init(_ disk: SimulatedFileSystem, _ holding: Holding) {
    self.disk = disk
    self.holding = holding
  }

  deinit {
    guard let file = holding.file, let token = holding.token else { return }
    disk.withState { state in
      if state.locks[file] == token { state.locks[file] = nil }
    }
  }

  var isHeldByProcess: Bool { true }

  func isHeld() -> Bool {
    guard let file = holding.file, let token = holding.token else { return false }
    return disk.withState { state in
      state.locks[file] == token
        && state.entry(holding.name, in: holding.directory) == .file(file)
    }
  }
}
