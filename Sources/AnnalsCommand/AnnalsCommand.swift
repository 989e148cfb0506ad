internal import ArgumentParser

/// The root of the command `annals`.
struct AnnalsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "annals",
    abstract: "Keeps events in an append-only store, and everything one does with them.",
    discussion: """
      A store is a directory. Events are facts in one total order; each belongs to an aggregate, \
      such as account-1, and is never changed. Import and export speak JSON lines:

        {"aggregate":"account-1","type":"Deposited","data":{"cents":500}}

      With --json a verb prints one JSON object, or JSON lines for lists, on standard output and \
      nothing else there. Progress and errors go to standard error.

      Exit codes: 0 done; 1 problems found, corruption met, or refused by retention or a \
      conflict; 64 usage; 65 bad input data, or a newer version's store; 66 no such store or \
      file; 69 store is locked; 73 cannot create; 74 input/output error or disk full; 77 no \
      permission.
      """,
    version: "0.1.0",
    subcommands: [
      ImportCommand.self, ExportCommand.self, EventsCommand.self, AggregatesCommand.self,
      DeleteCommand.self, TruncateCommand.self, RedactCommand.self, RetainCommand.self,
      CompactCommand.self, InspectCommand.self, VerifyCommand.self, BackupCommand.self,
      RestoreCommand.self, ForkCommand.self, SalvageCommand.self, TraceCommand.self,
      ConsumersCommand.self, SnapshotsCommand.self, TortureCommand.self, BenchCommand.self,
      DemoCommand.self,
      DemoCrashCommand.self, DemoProjectCommand.self, TortureWriteCommand.self,
      TortureCheckCommand.self, TortureFollowCommand.self, TortureLockCommand.self,
    ]
  )
}
