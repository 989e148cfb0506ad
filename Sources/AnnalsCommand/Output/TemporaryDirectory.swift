internal import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A directory of the command's own, under `TMPDIR` or `/tmp` unless another place is named.
struct TemporaryDirectory {
  let path: String

  /// Makes the directory.
  init() throws(SystemError) {
    try self.init(in: unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp")
  }

  /// Makes the directory in another one.
  init(in parent: String) throws(SystemError) {
    // The call replaces the last six characters, which must be an X each.
    let pattern = parent + "/annals-" + String(repeating: "X", count: 6)
    var template = Array(pattern.utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw SystemError(.mkdir, file: parent, errno: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes it with what it holds, as far as that is possible.
  func remove() {
    Self.removeAll(path)
  }

  /// Removes a directory with what it holds, as far as that is possible.
  static func removeAll(_ path: String) {
    let directory = try? SystemFileSystem.shared.openDirectory(path, create: false)
    for name in (try? directory?.names()) ?? [] {
      let inner = path + "/" + name
      // Never through a symbolic link: that is removed itself, and only what remains is descended.
      if unsafe Glibc::remove(inner) != 0 { removeAll(inner) }
    }
    _ = unsafe rmdir(path)
  }
}
