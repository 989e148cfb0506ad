extension StoreCopier {
  /// Makes a store at `destination` of all that verifies in the damaged one at `path`.
  ///
  /// Positions and versions stay what they were; what is missing is named in the report, and in the
  /// new store, so that its positions are never given again. The new store keeps its identity and
  /// gets a history of its own, which begins before the first loss: consumers that had gone beyond
  /// are told so. The damaged store is not changed.
  ///
  /// Keeps every frame that verifies and continues, also behind damage and in a tail that may never
  /// have been acknowledged. Costs the reading of the store; memory for one segment.
  ///
  /// - Parameters:
  ///   - path: the damaged store's directory.
  ///   - destination: where the store is made; nothing may be there, or an empty directory.
  ///   - isDryRun: whether nothing is written, and the report tells what would be saved.
  ///   - opening: how both are opened; access, limits and sizes do not matter.
  ///   - progress: called now and then with how far it has come.
  /// - Throws: `.notAStore`; `.corrupt` if neither the manifest nor any segment tells what the
  ///   store was; `.unsupportedVersion` where a newer version made it; `.occupied`, `.locked`,
  ///   `.diskFull`, `.system`.
  @discardableResult
  public static func salvage(
    _ path: String,
    to destination: String,
    isDryRun: Bool = false,
    opening: LogOptions = LogOptions(),
    progress: (CopyProgress) -> Void = { _ in }
  ) throws(LogError) -> SalvageReport {
    try withoutActuallyEscaping(progress) { progress throws(LogError) in
      var run = try SalvageRun(path, opening, progress)
      if isDryRun {
        if try CopyTarget.look(destination, opening, isBackup: false) != nil {
          throw .occupied(path: destination)
        }
        try run.go(nil)
        return run.report
      }
      var target = try CopyTarget.take(destination, opening, isBackup: false)
      let contents = try run.go(target)
      try target.complete(contents)
      return run.report
    }
  }
}
