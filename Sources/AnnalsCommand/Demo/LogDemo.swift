internal import AnnalsLog

/// What the demo shows of the log alone, chapter by chapter.
struct LogDemo {
  let path: String
  let page: DemoPage

  private static let approved: AggregateID = "application-174105"
  private static let cancelled: AggregateID = "application-173703"

  func run() throws {
    let log = try EventLog(at: path)
    try fill(log)
    try showHistory(log)
    try showConflict(log)
    try showRetry(log)
    try showTypes(log)
    try showBackwards(log)
    try showDurability(log)
    try log.close()
    try showReopen()
  }

  private func fill(_ log: EventLog) throws {
    try page.title(
      "Facts go in",
      "40 real events of four loan applications, appended as one batch."
    )
    let batch = EventBatch()
    let lines = PackageResources.loan_applications_jsonl.split(separator: UInt8(ascii: "\n"))
    for line in lines {
      try EventLine(parsing: Array(line).span).add(to: batch)
    }
    let receipt = try log.append(batch)
    try page.say(
      "positions \(receipt.firstPosition) to \(receipt.lastPosition), \(receipt.durability)"
    )
    try page.say("All of the batch is in the store or nothing of it, whatever happens.")
  }

  private func showHistory(_ log: EventLog) throws {
    try page.title("The history of one", "What happened to \(Self.approved), version by version.")
    var table = Table([.number("version"), .number("position"), .text("time"), .text("type")])
    var cursor = try log.cursor(.aggregate(Self.approved))
    while let event = try cursor.next() {
      table.addRow(["\(event.version)", "\(event.position)", "\(event.time)", event.type])
    }
    try page.print(table)
  }

  private func showConflict(_ log: EventLog) throws {
    let version = try log.version(of: Self.cancelled)
    try page.title(
      "Two clerks, one application",
      "Both have read \(Self.cancelled) at version \(version); both want to add to it."
    )
    let receipt = try log.append(
      [event("ApplicationReopened", #"{"resource":"10912"}"#)],
      to: Self.cancelled,
      expecting: .exactly(version)
    )
    try page.say(
      "the first, expecting version \(version): added, now at version \(receipt.version)"
    )
    do throws(LogError) {
      try log.append(
        [event("ApplicationArchived", #"{"resource":"10939"}"#)],
        to: Self.cancelled,
        expecting: .exactly(version)
      )
    } catch .versionConflict(let conflict) {
      try page.say("the second: \(LogError.versionConflict(conflict).sentence)")
      for event in try conflict.missedEvents(in: log) {
        try page.say("  what it missed: version \(event.version), \(event.type)")
      }
    }
  }

  private func showRetry(_ log: EventLog) throws {
    try page.title(
      "A retry that does no harm",
      "The answer got lost on the way, so the same append with the same key is sent again."
    )
    let offer = [event("OfferSent", #"{"amount":5000}"#)]
    let key = Array("offer-7f3a".utf8)
    for attempt in ["first", "again"] {
      let receipt = try log.append(offer, to: Self.approved, key: key)
      let outcome = receipt.isRepeated ? "already there, nothing added" : "added"
      try page.say("\(attempt): position \(receipt.lastPosition), \(outcome)")
    }
    do throws(LogError) {
      try log.append([event("OfferSent", #"{"amount":9000}"#)], to: Self.approved, key: key)
    } catch {
      try page.say("another amount under that key: \(error.sentence)")
    }
  }

  private func showTypes(_ log: EventLog) throws {
    try page.title("Counted by type", "One pass over the whole log.")
    var counts: [String: Int] = [:]
    var cursor = try log.cursor()
    while let event = try cursor.next() { counts[event.type, default: 0] += 1 }
    var table = Table([.number("events"), .text("type")])
    for (type, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      table.addRow(["\(count)", type])
    }
    try page.print(table)
  }

  private func showBackwards(_ log: EventLog) throws {
    try page.title("Backwards", "The five newest events, newest first.")
    var request = ReadRequest()
    request.isReversed = true
    request.limit = 5
    var rows = EventRows(head: log.head())
    var cursor = try log.cursor(request)
    while let event = try cursor.next() { try page.say(rows.line(event)) }
  }

  private func showDurability(_ log: EventLog) throws {
    try page.title(
      "Written and durable",
      "Written survives the end of the process; durable, the default, survives power loss."
    )
    try log.append(
      [event("OfferRead", "{}")],
      to: Self.approved,
      durability: .written
    )
    try page.say("one more, only written:  \(watermarks(log))")
    try log.sync()
    try page.say("after sync:              \(watermarks(log))")
  }

  private func showReopen() throws {
    try page.title("Opened again", "What a new process finds.")
    let log = try EventLog(at: path)
    let report = log.recovery
    let end = report.wasClosed ? "was closed properly" : "was not closed"
    try page.say(
      "The store \(end); \(report.scannedEvents) events had to be scanned, in"
        + " \((Double(report.microseconds) / 1_000_000).seconds)."
    )
    let version = try log.version(of: Self.approved)
    try page.say("It ends at position \(log.head()); \(Self.approved) is at version \(version).")
    try log.close()
  }

  private func watermarks(_ log: EventLog) -> String {
    "written \(log.writtenThrough), durable \(log.durableThrough)"
  }

  private func event(_ type: String, _ data: String) -> NewEvent {
    NewEvent(type: type, payload: Array(data.utf8))
  }
}
