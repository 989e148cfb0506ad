internal import AnnalsLog
internal import ArgumentParser

/// `annals fork`.
struct ForkCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "fork",
    abstract: "Makes an independent store that begins as this one.",
    discussion: """
      To try something on the events of a live store: a migration, a new projection, a question. \
      Sealed segments are shared, by blocks or by a second name for the same file, so that a fork \
      of any size takes milliseconds and no room; only the last segment is copied. Neither store \
      ever writes a shared segment again. Works beside a writer.

      --at takes a position and rounds down to the end of an append; the output says where that \
      is. The fork begins a history of its own there, as a restored store does.

      Files are shared only inside one file system; elsewhere they are copied. A fork is no \
      backup: one bad disk block hits both.

      --json prints one object: events, bytes and lastPosition of the fork, segments, bytesCopied, \
      bytesShared and roundedFrom (the position asked for, if it was inside an append, or null).

      Examples:
        annals fork shop shop-experiment
        annals fork shop shop-before --at 104200
      """
  )

  @OptionGroup var store: StoreArgument

  @Argument(help: ArgumentHelp("Where the fork is made.", valueName: "destination"))
  var destination: String

  @Option(help: ArgumentHelp("Only up to this position.", valueName: "position"))
  var at: UInt64?

  @Flag(help: "Write nothing; tell what would be shared and copied, and up to where.")
  var dryRun = false

  @OptionGroup var output: OutputOptions

  func run(_ streams: StandardStreams) throws {
    let report = try CopyVerb.run("forking", json: output.json) { progress throws(LogError) in
      try StoreCopier.fork(
        store.path,
        to: destination,
        at: at.map { .position(Position($0)) },
        isDryRun: dryRun,
        progress: progress
      )
    }
    try report.write(dryRun ? "would fork" : "forked", json: output.json, streams)
  }
}
