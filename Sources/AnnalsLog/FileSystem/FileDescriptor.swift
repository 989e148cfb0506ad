#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The sole owner of an open descriptor, which is never 0, 1 or 2.
package struct FileDescriptor: ~Copyable, Sendable {
  /// The number the kernel knows it by; valid while the owner lives.
  let rawValue: CInt

  /// Takes over an open descriptor.
  private init(adopting rawValue: CInt) { self.rawValue = rawValue }

  // Never repeated: after EINTR, Linux has closed it, and the number may be another thread's.
  deinit { _ = close(rawValue) }

  /// Opens `name` relative to a directory, or to the working directory with `AT_FDCWD`.
  ///
  /// Adds `O_CLOEXEC`, so that no program started meanwhile holds the file; `O_NONBLOCK`, so that a
  /// pipe in place of a file cannot block; and repeats an interrupted call. `label` stands in
  /// errors.
  static func open(
    _ name: String,
    in directory: CInt,
    _ flags: CInt,
    mode: mode_t = 0,
    label: String
  ) throws(LogError) -> FileDescriptor {
    let rawValue = try retryingInterrupts(.open, label) {
      unsafe openat(directory, name, flags | O_CLOEXEC | O_NONBLOCK, mode)
    }
    guard rawValue <= STDERR_FILENO else { return FileDescriptor(adopting: rawValue) }
    // A program that closed its standard streams would otherwise print into the store.
    defer { _ = close(rawValue) }
    let raised = try retryingInterrupts(.open, label) {
      fcntl(rawValue, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    }
    return FileDescriptor(adopting: raised)
  }

  /// What the kernel knows about the open file.
  func status(label: String) throws(LogError) -> stat {
    var status = stat()
    let descriptor = rawValue
    _ = try retryingInterrupts(.stat, label) { unsafe fstat(descriptor, &status) }
    return status
  }

  /// `fsync`: for directories, where there is nothing that `fdatasync` could leave out.
  func syncAll(label: String) throws(LogError) {
    let descriptor = rawValue
    _ = try retryingInterrupts(.sync, label) { fsync(descriptor) }
  }

  /// Gives up the ownership: the caller closes the descriptor.
  consuming func surrender() -> CInt {
    let surrendered = rawValue
    discard self
    return surrendered
  }
}

/// Which file something is, whatever its name.
struct FileIdentity: Hashable, Sendable {
  /// The file system's number.
  let device: UInt64
  /// The file's number there; used again only after the file is gone.
  let inode: UInt64

  /// Takes the identity out of what the kernel knows about a file.
  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}

/// Makes a system call until a signal no longer interrupts it; throws its errno if it returns less
/// than zero.
func retryingInterrupts<Value: SignedInteger>(
  _ call: SystemError.SystemCall,
  _ label: String,
  _ body: () -> Value
) throws(LogError) -> Value {
  while true {
    let result = body()
    if result >= 0 { return result }
    let reason = errno
    if reason != EINTR { throw .failed(call, file: label, errno: reason) }
  }
}

extension LogError {
  /// The error for a failed call: `.diskFull` where there was no room, `.system` for all else.
  ///
  /// A sync that found no room is not `.diskFull`: that case promises that appends work again, but
  /// after a failed sync nobody knows which bytes are on the disk.
  package static func failed(_ call: SystemError.SystemCall, file: String, errno: CInt) -> LogError
  {
    let error = SystemError(call, file: file, errno: errno)
    return error.isDiskFull && call != .sync ? .diskFull(error) : .system(error)
  }
}
