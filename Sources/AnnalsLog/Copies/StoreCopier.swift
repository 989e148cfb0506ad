/// Copies whole stores: backup, restore and fork.
///
/// All three read the source as a reader does, without its lock, so that a writer goes on beside
/// them, and take what is durable of it in whole appends. What they make is an ordinary store,
/// properly closed, and it is one only when it is complete.
///
/// Taken along are the segments with their footers, the names of types, and what consumers have
/// saved: how far a reactor has come cannot be made anew from the log. Left out are snapshots and,
/// but for forks, index checkpoints: they are caches, which a backup would copy again and again as
/// they are merged.
public enum StoreCopier {
  /// Makes a backup of the store at `path`, or carries on the one that is at `destination`.
  ///
  /// Hot and incremental: copies the segments, and the part of the last one, that the backup does
  /// not have, and verifies every frame that it copies. What was copied before is not read again;
  /// `StoreVerifier` does that. An attempt that is interrupted leaves the backup that was there, or
  /// none.
  ///
  /// - Parameters:
  ///   - path: the store's directory.
  ///   - destination: the backup's; made if nothing is there.
  ///   - options: how the backup is made.
  ///   - opening: how both are opened; access, limits and sizes do not matter.
  ///   - progress: called now and then with how far it has come.
  /// - Throws: `.notAStore`; `.corrupt`, `.truncatedFile` and `.missingFile` if the store is
  ///   damaged; `.occupied` and `.backupMismatch` if something else stands at the destination,
  ///   or it is inside a store;
  ///   `.locked` if another backup is being made there; `.diskFull`, `.system`.
  @discardableResult
  public static func backup(
    _ path: String,
    to destination: String,
    options: BackupOptions = BackupOptions(),
    opening: LogOptions = LogOptions(),
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> BackupReport {
    try withoutActuallyEscaping(progress) { progress throws(LogError) in
      let source = try CopySource.open(path, opening)
      if options.isDryRun {
        let existing = try CopyTarget.look(destination, opening, isBackup: true)
        return try BackupRun.plan(source, existing, destination)
      }
      var target = try CopyTarget.take(destination, opening, isBackup: true)
      return try retrying(source, opening) { source throws(LogError) in
        var run = BackupRun(source, target, options, progress)
        let contents = try run.copy(opening.clock())
        try target.complete(contents)
        run.copyLateFooters()
        KnownCopies.note(destination, source.files, opening.fileSystem)
        return run.report
      }
    }
  }

  /// Makes a store at `destination` from a backup, or from any store, up to `end`.
  ///
  /// Verifies every frame that it copies, and the checksums that the backup has of its files. The
  /// store keeps its identity and gets a new history, which begins behind its last position: a
  /// consumer that has taken events beyond is told so when it starts.
  ///
  /// - Parameters:
  ///   - path: the backup's directory.
  ///   - destination: where the store is made; nothing may be there, or an empty directory,
  ///     and it may not be inside a store.
  ///   - end: up to where; nil for all of it.
  ///   - isDryRun: whether nothing is written, and the report tells what would be.
  ///   - opening: how both are opened; access, limits and sizes do not matter.
  ///   - progress: called now and then with how far it has come.
  /// - Throws: as `backup`, and `.positionBeyondHead`.
  @discardableResult
  public static func restore(
    _ path: String,
    to destination: String,
    through end: CopyEnd? = nil,
    isDryRun: Bool = false,
    opening: LogOptions = LogOptions(),
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> CopyReport {
    try copy(path, destination, end, .copy, isDryRun, opening, progress)
  }

  /// Makes an independent store at `destination` that begins as the one at `path`, up to `end`.
  ///
  /// Sealed segments are shared: by blocks where the file system can, else by a second name for the
  /// same file, else they are copied. Neither store ever writes them again; compaction of one of
  /// them writes new files and leaves the other's. Costs the number of segments and the copy of the
  /// last one. Shared segments are not read: `StoreVerifier` tells whether they are whole.
  ///
  /// - Parameters: as those of `restore`.
  /// - Throws: as `restore`.
  @discardableResult
  public static func fork(
    _ path: String,
    to destination: String,
    at end: CopyEnd? = nil,
    isDryRun: Bool = false,
    opening: LogOptions = LogOptions(),
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> CopyReport {
    try copy(path, destination, end, .share, isDryRun, opening, progress)
  }

  private static func copy(
    _ path: String,
    _ destination: String,
    _ end: CopyEnd?,
    _ method: CopyMethod,
    _ isDryRun: Bool,
    _ opening: LogOptions,
    _ progress: (CopyProgress) -> Void
  ) throws(LogError) -> CopyReport {
    try withoutActuallyEscaping(progress) { progress throws(LogError) in
      let source = try CopySource.open(path, opening)
      let cut = try CopyCut.find(end, in: source)
      if isDryRun {
        if try CopyTarget.look(destination, opening, isBackup: false) != nil {
          throw .occupied(path: destination)
        }
        return CopyRun.plan(source, cut, method)
      }
      var target = try CopyTarget.take(destination, opening, isBackup: false)
      return try retrying(source, opening) { source throws(LogError) in
        let cut = try CopyCut.find(end, in: source)
        var run = CopyRun(source, target, method, progress)
        let contents = try run.copy(cut)
        try target.complete(contents)
        if case .share = method {
          KnownCopies.note(destination, source.files, opening.fileSystem)
        }
        return run.report
      }
    }
  }

  /// How often a copy is begun again.
  private static let attemptsMax = 20

  /// Does `body` with the source, and again with a new look at it where compaction beside it has
  /// removed a file that it was about to copy.
  private static func retrying<Report>(
    _ source: CopySource,
    _ opening: LogOptions,
    _ body: (CopySource) throws(LogError) -> Report
  ) throws(LogError) -> Report {
    var source = source
    var attempts = 0
    while true {
      do throws(LogError) {
        return try body(source)
      } catch {
        attempts += 1
        guard case .missingFile = error, attempts < attemptsMax else { throw error }
        let newer = try CopySource.open(source.path, opening)
        if newer.list.generation == source.list.generation { throw error }
        source = newer
      }
    }
  }
}
