internal import AnnalsLog
internal import ArgumentParser

/// `annals torture`.
struct TortureCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "torture",
    abstract: "Shows whether a disk and its file system keep what they are given.",
    discussion: """
      Looks first whether the file system does what a store rests on: syncs, renames, reserved \
      space, mappings, locks. Then lets other processes write events to a store in DIR, kills each \
      at a random moment, and looks for every event that it had acknowledged, byte for byte. \
      Everything is removed at the end, but for a store that is not as it must be.

      What it can not show is power loss: a disk that keeps in volatile memory what it says is \
      synced passes. A sync that takes less than some microseconds is a sign of that, and is told.

      --json prints one object: ok, kills, stores, acknowledged, staged (how many of these were \
      taken up from the staging file), violation (null if there is none), behaviours (name, ok, \
      complaint), syncMicroseconds, seed and seconds. Exits with 1 if anything is not as it must \
      be.

      Examples:
        annals torture /var/lib/shop
        annals torture /mnt/new --seconds 3600 --json
      """
  )

  @Argument(
    help: ArgumentHelp("A directory on the disk; what is in it is left alone.", valueName: "dir")
  )
  var directory: String

  @Option(help: "How long to go on, in seconds.")
  var seconds = 60

  @Option(help: "From which all random numbers come; by default another each time.")
  var seed: UInt64?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard seconds >= 0, seconds <= 1_000_000 else {
      throw ValidationError("--seconds must be from 0 to 1,000,000")
    }
  }

  func run(_ streams: StandardStreams) throws {
    // The directory is looked at first: what is made in one that is not there is told otherwise.
    _ = try SystemFileSystem.shared.openDirectory(directory, create: false)
    let scratch = try TemporaryDirectory(in: directory)
    Interruption.listen()
    let number = seed ?? .random(in: 0...(UInt64.max >> 16))
    var torture = Torture(seed: number, duration: .seconds(seconds))
    var bar = ProgressBar("torturing", unit: "acknowledged events", total: nil, json: output.json)
    do {
      try torture.run(in: scratch) { bar.update(Int(clamping: $0)) }
    } catch {
      scratch.remove()
      throw error
    }
    bar.finish()
    let report = torture.report
    if report.violation == nil { scratch.remove() }
    if output.json {
      var writer = JSONWriter()
      writer.report(report)
      try streams.output.write(taking: &writer)
    } else {
      for line in report.lines { try streams.output.writeLine(line.printable) }
    }
    guard report.isOK else { throw CommandFailure(.problems, nil) }
  }
}

extension Torture.Report {
  /// The report for a person.
  fileprivate var lines: [String] {
    var lines = behaviours.map { behaviour in
      behaviour.complaint.map { "problem: not so: \(behaviour.name): \($0)" }
        ?? "ok: \(behaviour.name)"
    }
    if syncMicroseconds < Torture.leastSyncMicroseconds {
      lines.append(
        "note: a page is synced in \(syncMicroseconds) µs: no disk is so fast, so that what is"
          + " synced is in memory and gone with the power"
      )
    }
    if let violation { lines.append("problem: \(violation)") }
    lines.append(
      "\(isOK ? "ok" : "damaged"): \(kills.grouped) writers killed, \(acknowledged.grouped) events"
        + " acknowledged\(isOK ? " and all there" : ""), a page synced in"
        + " \(syncMicroseconds.grouped) µs (median), seed \(seed)"
    )
    return lines
  }
}

extension JSONWriter {
  fileprivate mutating func report(_ report: Torture.Report) {
    object { writer in
      writer.member("ok", report.isOK)
      writer.member("kills", report.kills)
      writer.member("stores", report.stores)
      writer.member("acknowledged", report.acknowledged)
      writer.member("staged", report.stagedEvents)
      writer.member("violation", report.violation)
      writer.key("behaviours")
      writer.array { array in
        for behaviour in report.behaviours {
          array.object { writer in
            writer.member("name", behaviour.name)
            writer.member("ok", behaviour.complaint == nil)
            writer.member("complaint", behaviour.complaint)
          }
        }
      }
      writer.member("syncMicroseconds", report.syncMicroseconds)
      writer.member("seed", report.seed)
      writer.member("seconds", report.seconds)
    }
    endLine()
  }
}

/// What `annals torture` kills: a process that appends and says so.
struct TortureWriteCommand: Verb {
  static let name = "torture-write"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Appends until it is killed; the other process of torture.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument
  @Option(help: "What the events follow from.")
  var seed: UInt64
  @Option(help: "Close the log when it ends at this position or behind it.")
  var events: UInt64?
  @Flag(help: "Say only what survives power loss.")
  var saysDurable = false
  @Flag(help: "Keep only the newest events, and compact.")
  var soak = false
  @Flag(help: "Say when the disk is full, and go on when there is room.")
  var waitsForRoom = false

  func run(_ streams: StandardStreams) throws {
    let workload = TortureWorkload(seed: seed)
    try workload.write(
      to: store.path,
      through: events ?? .max,
      sayingDurable: saysDurable,
      isSoaked: soak,
      waitsForRoom: waitsForRoom,
      streams.output
    )
  }
}

/// What looks, after a power cut, for what such a process had said.
struct TortureCheckCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "torture-check",
    abstract: "Looks for what a process of torture-write had said.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument
  @Option(help: "What the events follow from.")
  var seed: UInt64
  @Option(help: "The last position that was said.")
  var acknowledged: UInt64

  func run(_ streams: StandardStreams) throws {
    let workload = TortureWorkload(seed: seed)
    // As the next writer does, which looks at what the disk holds and not at what is cached.
    let log = try EventLog(at: store.path, options: TortureWorkload.options(.readWrite))
    if let complaint = try workload.complaint(about: log, acknowledged: acknowledged) {
      throw CommandFailure(.problems, complaint)
    }
    try log.close()
    if let problem = try StoreVerifier.verify(store.path).problems.first {
      throw CommandFailure(.problems, "\(problem.file): \(problem.message)")
    }
  }
}

/// What reads beside a soaked writer.
struct TortureFollowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "torture-follow",
    abstract: "Follows a process of torture-write --soak, and says how far.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument
  @Option(help: "What the events follow from.")
  var seed: UInt64
  @Flag(help: "End when all there is was read.")
  var once = false
  @Flag(help: "Lose descriptors, to be found out.")
  var leaks = false

  func run(_ streams: StandardStreams) throws {
    var follower = TortureFollower(seed: seed, leaks: leaks)
    try follower.follow(store.path, once: once, streams.output)
  }
}

/// What `annals torture` asks whether a lock excludes it.
struct TortureLockCommand: Verb {
  static let name = "torture-lock"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Says whether a directory is locked; the other process of torture.",
    shouldDisplay: false
  )

  @OptionGroup var store: StoreArgument

  func run(_ streams: StandardStreams) throws {
    let directory = try SystemFileSystem.shared.openDirectory(store.path, create: false)
    let lock = try directory.lock("a", shared: false)
    try streams.output.writeLine(lock == nil ? "locked" : "free")
  }
}
