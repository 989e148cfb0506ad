import AnnalsLog
import Glibc

/// An empty directory that is removed, with what it holds, when the value goes.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/annals-XXXXXX".utf8CString)
    let isMade = unsafe mkdtemp(&template) != nil
    precondition(isMade, "a temporary directory can be made")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { TemporaryDirectory.removeAll(path) }

  private static func removeAll(_ path: String) {
    let directory = try? SystemFileSystem.shared.openDirectory(path, create: false)
    for name in (try? directory?.names()) ?? [] {
      // Never through a symbolic link; and `remove` fails for a directory that is not yet empty.
      let inner = path + "/" + name
      if unsafe remove(inner) != 0 { removeAll(inner) }
    }
    unsafe rmdir(path)
  }
}
