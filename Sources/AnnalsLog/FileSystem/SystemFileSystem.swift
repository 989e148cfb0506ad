#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The file system of the operating system.
package final class SystemFileSystem: FileSystem {
  /// The one instance; it has no state.
  package static let shared = SystemFileSystem()

  private init() {}

  package func openDirectory(
    _ path: String,
    create: Bool
  ) throws(LogError) -> any LogDirectory {
    if path.isEmpty { throw .failed(.open, file: path, errno: ENOENT) }
    if path.utf8.contains(0) { throw .failed(.open, file: path, errno: EINVAL) }
    let isNew = create ? try makeDirectory(path, in: AT_FDCWD, label: path) : false
    // Symbolic links are followed here, and only here: the path is the user's, all below is ours.
    let descriptor = try FileDescriptor.open(
      path,
      in: AT_FDCWD,
      O_RDONLY | O_DIRECTORY,
      label: path
    )
    let directory = SystemDirectory(descriptor, path: path, prefix: "")
    if create {
      // Its maker may have died before it came to this; not where there is something in it, which
      // came after.
      let isVacant = try directory.names().isEmpty
      if isVacant { try syncParent(of: path, isNew: isNew) }
    }
    return directory
  }

  package func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let current = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(current) }
    return unsafe String(cString: current) + "/" + path
  }

  package func bootIdentifier() -> String {
    do throws(LogError) {
      let path = "/proc/sys/kernel/random/boot_id"
      let descriptor = try FileDescriptor.open(path, in: AT_FDCWD, O_RDONLY, label: path)
      // 36 characters and a newline.
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = try retryingInterrupts(.read, path) {
        unsafe read(descriptor.rawValue, &bytes, bytes.count)
      }
      return String(decoding: bytes[..<count].filter { $0 > 0x20 }, as: UTF8.self)
    } catch {
      // Without the file no two boots are told apart by it; the empty text equals no true one.
      return ""
    }
  }

  /// Makes the name of `path` durable.
  ///
  /// Where it was there before, a parent that may be searched but not read is no obstacle.
  private func syncParent(of path: String, isNew: Bool) throws(LogError) {
    do throws(LogError) {
      let parent = try FileDescriptor.open(
        parentPath(of: path),
        in: AT_FDCWD,
        O_RDONLY | O_DIRECTORY,
        label: path
      )
      try parent.syncAll(label: path)
    } catch {
      guard !isNew, case .system(let reason) = error, reason.isPermission else { throw error }
    }
  }

  /// The path of the directory that holds the name of `path`.
  private func parentPath(of path: String) -> String {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "." }
    return slash == rest.startIndex ? "/" : String(rest[..<slash])
  }
}

/// Makes a directory with mode 0700; false if the name is taken, by whatever it may be.
func makeDirectory(_ name: String, in directory: CInt, label: String) throws(LogError) -> Bool {
  do throws(LogError) {
    _ = try retryingInterrupts(.mkdir, label) { unsafe mkdirat(directory, name, 0o700) }
    return true
  } catch {
    guard case .system(let reason) = error, reason.isAlreadyThere else { throw error }
    return false
  }
}
