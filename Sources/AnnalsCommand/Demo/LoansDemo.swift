internal import Annals
internal import AnnalsExamples

/// The figures of real loan applications, folded from their events.
struct LoansDemo {
  let path: String
  let page: DemoPage
  /// JSON lines to import; nil takes those that come with the command.
  let events: String?

  func run(_ streams: StandardStreams) throws {
    try page.title("Applications", "What a Dutch bank's system wrote down, taken in as it is.")
    try fill()
    let store = try EventStore(at: path)
    try page.say("\(store.head) events")
    try page.title(
      "What became of them",
      "A projection over four of the event types; the others are passed over."
    )
    let figures = try store.start(LoanFigures())
    try figures.reached(store.head, within: .seconds(60))
    let result = figures.read { $0 }
    var table = Table([.text("outcome"), .number("applications"), .number("mean days")])
    table.addRow(["submitted", result.submitted.grouped, ""])
    for (name, outcome) in [
      ("approved", result.approved), ("declined", result.declined),
      ("cancelled", result.cancelled),
    ] {
      let tenths = Int((outcome.meanDays * 10).rounded())
      table.addRow([name, outcome.count.grouped, "\(tenths / 10).\(tenths % 10)"])
    }
    table.addRow(["undecided", result.open.count.grouped, ""])
    try page.print(table)
    try page.say("asked for in all: \(result.requested)")
    try store.close()
  }

  private func fill() throws {
    if let events {
      var reader = try LineReader(path: events)
      var importing = try Import(into: path, batchCount: 1000, .durable)
      try importing.run(&reader) { _ throws(SystemError) in }
      return
    }
    let log = try EventLog(at: path)
    let batch = EventBatch()
    let lines = PackageResources.loan_applications_jsonl.split(separator: UInt8(ascii: "\n"))
    for line in lines {
      try EventLine(parsing: Array(line).span).add(to: batch)
    }
    try log.append(batch)
    try log.close()
  }
}
