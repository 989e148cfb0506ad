internal import AnnalsLog

/// Appends the events of JSON lines to a store, batch by batch.
struct Import {
  private let log: EventLog
  private let batchCount: Int
  private let durability: Durability
  private let batch: EventBatch
  // Keyed 128-bit hashes, not the ids: the memory of an import is then bounded by the number of
  // aggregates and not by their names. No two names of a store can be made to share one.
  private var aggregates: Set<KeyHash> = []
  private(set) var summary = Summary()

  /// What the appends that returned have added.
  struct Summary {
    var eventCount = 0
    var aggregateCount = 0
    var firstPosition: Position?
    var lastPosition: Position?
  }

  /// Opens the store, or makes it; a `batchCount` of 0 makes all of the input one append.
  init(into path: String, batchCount: Int, _ durability: Durability) throws(CommandFailure) {
    self.batchCount = batchCount == 0 ? .max : batchCount
    self.durability = durability
    do throws(LogError) {
      log = try EventLog(at: path)
    } catch {
      throw CommandFailure(error, while: .creating)
    }
    // Whoever asks for a large batch gets it: the frame is the only limit.
    batch = EventBatch(limits: BatchLimits(appendBytesMax: Limits.appendBytesMax))
  }

  /// Reads all lines, and closes the store; `afterBatch` is called when an append has returned.
  mutating func run(
    _ reader: inout LineReader,
    afterBatch: (Summary) throws(SystemError) -> Void
  ) throws {
    while try reader.advance() {
      if reader.line.isEmpty {
        let blank = EventLineError(.json(.unexpectedEnd), column: 1)
        let number = reader.lineNumber
        // An empty last line ends a file; anywhere else an event is missing.
        guard try reader.advance() else { break }
        throw refusal(CommandFailure(blank, file: reader.name, line: number))
      }
      try add(reader)
      if batch.count == batchCount { try append(afterBatch) }
    }
    if batch.count > 0 { try append(afterBatch) }
    try log.close()
  }

  private func add(_ reader: borrowing LineReader) throws(CommandFailure) {
    let line: EventLine
    do throws(EventLineError) {
      line = try EventLine(parsing: reader.line)
    } catch {
      throw refusal(CommandFailure(error, file: reader.name, line: reader.lineNumber))
    }
    do throws(LogError) {
      try line.add(to: batch)
    } catch {
      let failure = CommandFailure(error, while: .reading)
      let place = "\(reader.name), line \(reader.lineNumber.grouped)"
      throw refusal(CommandFailure(failure.code, "\(place): \(error.sentence)"))
    }
  }

  /// A bad line's failure, which also tells what stays.
  private func refusal(_ failure: CommandFailure) -> CommandFailure {
    guard let message = failure.message else { return failure }
    let kept =
      summary.eventCount == 0
      ? "nothing was added" : "the \(summary.eventCount.grouped) events of earlier batches stay"
    return CommandFailure(failure.code, "\(message); \(kept)")
  }

  private mutating func append(_ afterBatch: (Summary) throws(SystemError) -> Void) throws {
    let receipt = try log.append(batch, durability: durability)
    aggregates.formUnion(batch.aggregateHashes)
    summary.eventCount += batch.count
    summary.aggregateCount = aggregates.count
    if summary.firstPosition == nil { summary.firstPosition = receipt.firstPosition }
    summary.lastPosition = receipt.lastPosition
    batch.removeAll()
    try afterBatch(summary)
  }
}
