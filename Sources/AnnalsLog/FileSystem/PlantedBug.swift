#if ANNALS_PLANTED_BUGS
internal import Synchronization

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// Faults put into the engine on purpose, to prove that the harnesses of its tests can fail.
///
/// Compiled only when the environment variable `ANNALS_PLANTED_BUGS` is set at build time. At most
/// one is active in a process: the one that `ANNALS_BUG` names when it starts, or the one set
/// since.
package enum PlantedBug: String, CaseIterable, Sendable {
  /// A sync is left out and its group acknowledged all the same.
  case acknowledgedBeforeSync
  /// New names of files are not made durable.
  case noDirectorySync
  /// A failed sync is tried again, and the second answer believed.
  case retryAfterFailedSync
  /// Recovery does not ask whether a damaged place was durable once.
  case watermarkIgnored
  /// The checksum of a frame is that of its bytes alone, wherever they stand.
  case checksumWithoutSaltAndOffset
  /// Readers of durable events are shown written ones.
  case readerBeyondWatermark
  /// The checksum of a frame does not cover its length and kind.
  case headerOutsideChecksum
  /// Recovery goes by the length of a frame that does not verify.
  case lengthTrusted
  /// A footer that covers less than its segment holds is taken for a whole one.
  case staleIndexTrusted
  /// Opening leaves what interrupted writes left.
  case temporaryFilesNotSwept
  /// The writer's lock is given back as soon as the log is open.
  case lockDropped
  /// The size that a compressed block claims is not held against the block's own.
  case expansionUncapped

  /// The index of the active bug in `allCases`, or -1.
  private static let current = Atomic<Int>(named)

  /// The bug that is active in this process.
  package static var active: PlantedBug? {
    get {
      let index = current.load(ordering: .relaxed)
      return allCases.indices.contains(index) ? allCases[index] : nil
    }
    set {
      let index = newValue.flatMap { allCases.firstIndex(of: $0) } ?? -1
      current.store(index, ordering: .relaxed)
    }
  }

  /// The index of the bug that the environment names, or -1.
  private static var named: Int {
    guard let text = unsafe getenv("ANNALS_BUG") else { return -1 }
    let name = unsafe String(cString: text)
    return allCases.firstIndex { $0.rawValue == name } ?? -1
  }
}
#endif
