internal import AnnalsLog
internal import ArgumentParser

/// `annals restore`.
struct RestoreCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Makes a store from a backup, or from the beginning of one.",
    discussion: """
      Every frame is verified as it is copied, and compared with the checksums the backup has. The \
      destination must not be there, or be an empty directory.

      --to takes a position or a time. A time means all events before the first one that is later. \
      Both round down to the end of an append, as an append is whole or absent, and the output \
      says where that is. Where compaction has removed an event before that point by a rule that \
      came after it, the restore is refused with exit code 1: an older backup may have the event.

      The store begins a history of its own behind its last event. Projections and reactors that \
      had taken no later event go on; one that had is stopped with an error, as it knows of events \
      that no longer are, and must be rebuilt or reset.

      --json prints one object: events, bytes and lastPosition of the store, segments, \
      bytesCopied, bytesShared and roundedFrom (the position asked for, if it was inside an \
      append, or null).

      Examples:
        annals restore /backups/shop shop
        annals restore /backups/shop shop --to 2026-01-31T12:00:00Z
        annals restore /backups/shop shop --to 104200 --dry-run
      """
  )

  @Argument(help: ArgumentHelp("The backup's directory.", valueName: "backup"))
  var backup: String

  @Argument(help: ArgumentHelp("Where the store is made.", valueName: "destination"))
  var destination: String

  @Option(
    help: ArgumentHelp("Only up to this position, or this time.", valueName: "position|time"),
    transform: CopyVerb.end
  )
  var to: CopyEnd?

  @Flag(help: "Write nothing; tell what would be restored, and up to where.")
  var dryRun = false

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let report = try CopyVerb.run("restoring", json: output.json) { progress throws(LogError) in
      try StoreCopier.restore(
        backup,
        to: destination,
        through: to,
        isDryRun: dryRun,
        progress: progress
      )
    }
    try report.write(dryRun ? "would restore" : "restored", json: output.json, streams)
  }
}
