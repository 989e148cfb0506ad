#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A system call that failed: which, on what, and the reason the kernel gave.
public struct SystemError: Error, Hashable, Sendable {
  /// The call.
  public let call: SystemCall
  /// The file or directory it was made on.
  public let file: String
  /// The `errno` it left.
  public let errno: CInt

  /// Creates an error from its parts.
  public init(_ call: SystemCall, file: String, errno: CInt) {
    self.call = call
    self.file = file
    self.errno = errno
  }

  /// The calls the engine makes.
  @nonexhaustive
  public enum SystemCall: String, Hashable, Sendable {
    case open, read, write, sync, allocate, truncate, map, rename, remove, list, lock, stat, mkdir
    case thread, link, clone
  }

  /// Whether the file system, a quota or a size limit had no room.
  public var isDiskFull: Bool {
    errno == ENOSPC || errno == EDQUOT || errno == EFBIG
  }

  /// Whether the caller lacks the right, or the medium is read-only.
  public var isPermission: Bool {
    errno == EACCES || errno == EPERM || errno == EROFS
  }

  /// Whether a right is missing, or descriptors or memory: what was asked for may be whole.
  package var isWant: Bool {
    isPermission || errno == EMFILE || errno == ENFILE || errno == ENOMEM
  }

  /// The `errno` of a device that can not read or write.
  package static var inputOutput: CInt { EIO }

  /// The `errno` of what this process may not do.
  package static var notPermitted: CInt { EPERM }

  /// The `errno` of who would wait for itself.
  package static var deadlock: CInt { EDEADLK }

  /// Whether the name does not exist.
  public var isNotFound: Bool { errno == ENOENT }

  /// Whether something that is not a directory stands in the path.
  public var isNotDirectory: Bool { errno == ENOTDIR }

  /// Whether the path leads to no directory, as it is written.
  package var leadsNowhere: Bool {
    isNotFound || isNotDirectory || errno == ELOOP || errno == ENAMETOOLONG
  }

  /// Whether the name exists already.
  public var isAlreadyThere: Bool { errno == EEXIST }

  /// Whether a file cannot have one more name there: another file system, or one without links.
  package var isLinkRefused: Bool {
    errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP || errno == ENOSYS
  }

  /// The system's own words for `errno`.
  public var reason: String {
    guard let text = unsafe strerror(errno) else { return "error \(errno)" }
    return unsafe String(cString: text)
  }
}

extension SystemError: CustomStringConvertible {
  /// One line: what failed on which file, and why.
  public var description: String { "\(call.rawValue) \(file): \(reason) (errno \(errno))" }
}
