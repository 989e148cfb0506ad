internal import AnnalsLog
internal import ArgumentParser

/// `annals bench`.
struct BenchCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures what a store costs on this disk, beside the disk itself.",
    discussion: """
      Makes stores in the directory, measures workloads on them and removes everything. Beside \
      each stands the same work by system calls alone, done in turn in the same run: a pwrite of \
      as many bytes, a pwrite and fdatasync, sums over a mapped file. The ratio is Annals' rate to \
      that; take it, and not the rates, where the machine does other things too.

        append-written     one event a call, survives the process
        append-batch       100 events of one aggregate a call, survives the process
        append-durable-1   one event a call, survives power loss, one caller
        append-durable-16  the same by 16 tasks at a time; beside it one write and sync for all 16
        load               all events of one of the aggregates, which have 20 each
        replay             all events in order
        open               opening a store that was closed

      Reads are of memory the kernel holds, and sum every byte. Percentiles are of single calls. \
      The directory is made and removed; one that is there must be empty, and stays. It should be \
      on the disk in question: in memory (tmpfs) the figures say little.

      --json prints one line a workload: name, unit, calls, count, perSecond, p50Microseconds, \
      p99Microseconds, p999Microseconds, raw (name and the same, or null), ratio.

      Examples:
        annals bench /var/lib/bench
        annals bench /var/lib/bench append-durable-1 append-durable-16 --seconds 10
      """
  )

  @Argument(help: ArgumentHelp("Where to measure.", valueName: "directory"))
  var directory: String

  @Argument(help: ArgumentHelp("What to measure; by default everything.", valueName: "workload"))
  var workloads: [BenchWorkload] = []

  @Option(help: ArgumentHelp("The bytes of a payload.", valueName: "bytes"))
  var payload = 256

  @Option(help: ArgumentHelp("The events of the store that is read.", valueName: "count"))
  var events = 200_000

  @Option(help: ArgumentHelp("How long each side of a workload is measured.", valueName: "seconds"))
  var seconds = 2.0

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...1 << 20).contains(payload) else {
      throw ValidationError("--payload is 1 to \((1 << 20).grouped) bytes.")
    }
    guard (BenchEvents.perAggregate...10_000_000).contains(events) else {
      throw ValidationError("--events is \(BenchEvents.perAggregate) to 10,000,000.")
    }
    guard payload * events <= 16 << 30 else {
      throw ValidationError("--payload times --events is at most 16 GiB.")
    }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds is above 0 and at most 3,600.")
    }
  }

  func run(_ streams: StandardStreams) throws {
    Interruption.listen()
    let place = try BenchDirectory(directory)
    defer { place.remove() }
    let aggregates = events / BenchEvents.perAggregate
    let bench = Bench(
      directory: place,
      events: BenchEvents(aggregates: aggregates, payloadBytes: payload),
      eventCount: aggregates * BenchEvents.perAggregate,
      nanoseconds: UInt64(seconds * 1e9),
      isJSON: output.json
    )
    var table = Table(BenchFigure.columns)
    do {
      for workload in workloads.isEmpty ? BenchWorkload.allCases : workloads {
        if Interruption.isAsked { break }
        let figure = try bench.run(workload)
        try tell(figure, &table, streams)
      }
    } catch let error as LogError {
      throw CommandFailure(error, while: .creating)
    }
    if output.json { return }
    for line in table.lines { try streams.output.writeLine(line) }
    try streams.output.writeLine()
    try streams.output.writeLine(
      "payloads of \(payload.grouped) bytes, \(bench.eventCount.grouped) events of"
        + " \(aggregates.grouped) aggregates, in \(directory.printable)"
    )
  }

  /// Below this a sync has met no disk.
  private static let syncMicrosecondsMin = 5.0

  private func tell(
    _ figure: BenchFigure,
    _ table: inout Table,
    _ streams: StandardStreams
  ) throws {
    if output.json {
      var writer = JSONWriter()
      figure.write(&writer)
      writer.endLine()
      try streams.output.write(taking: &writer)
      // A line for each that is done: a later failure takes none of them away.
      try streams.output.flush()
    } else {
      table.addRow(figure.cells)
    }
    if figure.name == BenchWorkload.appendDurable.rawValue,
      let sync = figure.raw?.times.percentiles(), sync.p50 < Self.syncMicrosecondsMin
    {
      streams.note(
        "a pwrite and fdatasync take \(BenchFigure.time(sync.p50)) in \(directory): it is in"
          + " memory, or its disk does not flush"
      )
    }
  }
}

extension BenchWorkload: ExpressibleByArgument {}
