internal import AnnalsLog

/// Lines of events for people, aligned as far as can be without knowing those to come: a column is
/// as wide as its widest cell so far.
struct EventRows {
  private var widths: [Int]
  /// The most characters of a line; nil where it goes into a file or pipe.
  private let columnCount: Int?

  /// Rows for events up to about `head`.
  init(head: Position) {
    widths = ["\(head)".count, 3, 24, 0, 0]
    let output = Descriptor.standardOutput
    columnCount = output.isTerminal ? output.columnCount : nil
  }

  /// The line of an event.
  mutating func line(_ event: borrowing EventView) -> String {
    let cells = [
      "\(event.position)", "\(event.version)", "\(event.time)", event.aggregate.text, event.type,
    ]
    var line = ""
    for (column, text) in cells.enumerated() {
      let cell = text.printable
      let width = cell.count
      // A name out of the ordinary must not push all later lines aside.
      if width <= Self.widthMax { widths[column] = max(widths[column], width) }
      let padding = String(repeating: " ", count: max(widths[column] - width, 0))
      line += (column < 2 ? padding + cell : cell + padding) + "  "
    }
    line += Self.text(event.payload).printable
    for tag in event.tags { line += "  #" + tag.printable }
    guard let columnCount, line.count > columnCount else { return line }
    return line.prefix(max(columnCount - 1, 0)) + "…"
  }

  /// A payload as text: compact JSON, or its length.
  private static func text(_ payload: Span<UInt8>) -> String {
    guard let value = PayloadForm.json(payload) else { return "<\(ByteCount(payload.count))>" }
    return String(decoding: JSONText.compacted(value, in: payload), as: UTF8.self)
  }

  private static let widthMax = 48
}
