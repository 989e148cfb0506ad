internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A directory of the operating system.
///
/// Names are looked up in the directory that was opened, even after it was itself renamed.
package final class SystemDirectory: LogDirectory {
  package let path: String
  let descriptor: FileDescriptor
  /// What stands before a name to make it relative to the store: empty, or it ends in a slash.
  private let prefix: String

  /// Takes over the descriptor of a directory.
  init(_ descriptor: consuming FileDescriptor, path: String, prefix: String) {
    self.descriptor = descriptor
    self.path = path
    self.prefix = prefix
  }

  package func names() throws(LogError) -> [String] {
    // A descriptor of its own: reading moves a position that all users of one would share.
    let opened = try FileDescriptor.open(
      ".",
      in: descriptor.rawValue,
      O_RDONLY | O_DIRECTORY,
      label: path
    )
    let rawValue = opened.surrender()
    guard let stream = unsafe fdopendir(rawValue) else {
      let reason = errno
      _ = close(rawValue)
      throw .failed(.list, file: path, errno: reason)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      // The only way to tell the end from a failure.
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let name = unsafe SystemDirectory.name(of: entry)
      if name != ".", name != ".." { names.append(name) }
    }
    let reason = errno
    guard reason == 0 else { throw .failed(.list, file: path, errno: reason) }
    return names.sorted()
  }

  /// The name in a directory entry, which is only as long as the name: it must not be read whole.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    let start = unsafe UnsafeRawPointer(entry) + offset
    return unsafe String(cString: start.assumingMemoryBound(to: CChar.self))
  }

  package func openFile(_ name: String, _ mode: FileMode) throws(LogError) -> any LogFile {
    let flags =
      switch mode {
      case .readOnly: O_RDONLY
      case .readWrite: O_RDWR
      case .create: O_RDWR | O_CREAT | O_EXCL
      }
    let file = try openRegular(name, flags)
    return SystemFile(file, name: prefix + name)
  }

  /// Opens a regular file and nothing else.
  ///
  /// Throws `ELOOP` for a symbolic link, `EISDIR` for a directory and `EINVAL` for pipes, sockets
  /// and devices.
  func openRegular(_ name: String, _ flags: CInt) throws(LogError) -> FileDescriptor {
    let label = try checked(name, .open)
    let opened = try FileDescriptor.open(
      name,
      in: descriptor.rawValue,
      flags | O_NOFOLLOW | O_NOCTTY,
      mode: 0o600,
      label: label
    )
    let type = try opened.status(label: label).st_mode & S_IFMT
    guard type == S_IFREG else {
      throw .failed(.open, file: label, errno: type == S_IFDIR ? EISDIR : EINVAL)
    }
    return opened
  }

  package func openDirectory(_ name: String, create: Bool) throws(LogError) -> any LogDirectory {
    let label = try checked(name, .open)
    if create {
      _ = try makeDirectory(name, in: descriptor.rawValue, label: label)
      // Also when it was there: its maker may have died before it came to this.
      try sync()
    }
    let opened = try FileDescriptor.open(
      name,
      in: descriptor.rawValue,
      O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
      label: label
    )
    return SystemDirectory(opened, path: "\(path)/\(name)", prefix: label + "/")
  }

  package func rename(_ source: String, to target: String) throws(LogError) {
    let label = try checked(source, .rename)
    _ = try checked(target, .rename)
    let directory = descriptor.rawValue
    _ = try retryingInterrupts(.rename, label) {
      unsafe renameat(directory, source, directory, target)
    }
  }

  package func link(
    _ name: String,
    to directory: any LogDirectory,
    as target: String
  ) throws(LogError) {
    let label = try checked(name, .link)
    guard let other = directory as? SystemDirectory else {
      throw .failed(.link, file: label, errno: EXDEV)
    }
    _ = try other.checked(target, .link)
    let (source, destination) = (descriptor.rawValue, other.descriptor.rawValue)
    _ = try retryingInterrupts(.link, label) {
      unsafe linkat(source, name, destination, target, 0)
    }
  }

  package func remove(_ name: String) throws(LogError) {
    let label = try checked(name, .remove)
    _ = try retryingInterrupts(.remove, label) { unsafe unlinkat(descriptor.rawValue, name, 0) }
  }

  package func startScan(_ name: String, at offset: Int) {
    // What cannot be opened is told by who reads it.
    guard let file = try? openRegular(name, O_RDONLY) else { return }
    annals_start_scan(file.rawValue, Int64(offset))
  }

  package func sync() throws(LogError) { try descriptor.syncAll(label: path) }

  package func availableBytes() throws(LogError) -> Int {
    var status = statvfs()
    let rawValue = descriptor.rawValue
    _ = try retryingInterrupts(.stat, path) { unsafe fstatvfs(rawValue, &status) }
    return Int(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
  }

  package func lock(_ name: String, shared: Bool) throws(LogError) -> (any DirectoryLock)? {
    shared
      ? try SystemDirectoryLock.probe(name, in: self)
      : try SystemDirectoryLock.acquire(name, in: self)
  }

  /// Which file the name leads to now; nil if to none.
  func identity(of name: String) throws(LogError) -> FileIdentity? {
    let label = try checked(name, .stat)
    var status = stat()
    do throws(LogError) {
      _ = try retryingInterrupts(.stat, label) {
        unsafe fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW)
      }
      return FileIdentity(status)
    } catch {
      guard case .system(let reason) = error, reason.isNotFound else { throw error }
      return nil
    }
  }

  /// The name relative to the store; throws `EINVAL` for one that could lead out of the directory.
  ///
  /// Not a precondition: names also come from files.
  func checked(_ name: String, _ call: SystemError.SystemCall) throws(LogError) -> String {
    let isPlain = !name.isEmpty && name != "." && name != ".."
    guard isPlain, !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") }) else {
      throw .failed(call, file: prefix + name, errno: EINVAL)
    }
    return prefix + name
  }
}
