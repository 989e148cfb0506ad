internal import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The place where a measurement writes: one it made, an empty one, or one that an interrupted
/// measurement left.
struct BenchDirectory {
  let path: String
  /// Whether it was made here, and is removed with the rest.
  private let isOwn: Bool
  /// Held while it is used, so that two measurements never share one.
  private let lock: any DirectoryLock

  /// The file that tells whose place it is.
  private static let marker = "annals-bench.lock"
  static let store = "store"
  static let raw = "raw"

  /// Takes the place, emptying what an interrupted measurement left there.
  ///
  /// - Throws: `CommandFailure` where anything else stands.
  init(_ path: String) throws {
    self.path = path
    let isThere = (try? SystemFileSystem.shared.openDirectory(path, create: false)) != nil
    let directory: any LogDirectory
    do throws(LogError) {
      directory = try SystemFileSystem.shared.openDirectory(path, create: !isThere)
      let names = try directory.names()
      let isLeft = names.contains(Self.marker)
      guard names.allSatisfy({ isLeft && Self.isKnown($0) }) else {
        throw .occupied(path: path)
      }
      guard let lock = try directory.lock(Self.marker, shared: false) else {
        throw .locked(path: path)
      }
      self.lock = lock
    } catch .occupied {
      throw CommandFailure(
        .cannotCreate,
        "\(path) is not empty; bench writes only where nothing stands that is not its own"
      )
    } catch {
      throw CommandFailure(error, while: .creating)
    }
    isOwn = !isThere
    removeWork()
  }

  private static func isKnown(_ name: String) -> Bool { [marker, store, raw].contains(name) }

  /// The path of a name in it.
  func path(_ name: String) -> String { path + "/" + name }

  /// Removes what the measurements wrote.
  func removeWork() {
    _ = unsafe unlink(path(Self.raw))
    TemporaryDirectory.removeAll(path(Self.store))
  }

  /// Leaves the place as it was found.
  func remove() {
    removeWork()
    _ = unsafe unlink(path(Self.marker))
    if isOwn { _ = unsafe rmdir(path) }
  }
}
