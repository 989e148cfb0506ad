internal import AnnalsLog

/// Tells a person who waits how far the work is: one line on standard error, drawn over and over.
///
/// It is drawn at most ten times a second and gone when the work ends. Where nobody looks (standard
/// error is no terminal) or a program does (`--json`), it does nothing.
package struct ProgressBar: ~Copyable {
  private let label: String
  private let unit: String
  private let total: Int?
  private let isShown: Bool
  private let start: ContinuousClock.Instant
  private var drawDue: ContinuousClock.Instant
  private var isDrawn = false

  private static let interval = Duration.milliseconds(100)

  /// Creates a bar for `total` units of work; without a total it only counts.
  package init(_ label: String, unit: String, total: Int?, json: Bool) {
    self.label = label
    self.unit = unit
    self.total = total
    isShown = !json && Descriptor.standardError.isTerminal
    start = ContinuousClock.now
    // Work that is done at once needs no bar.
    drawDue = start + Self.interval
  }

  deinit {
    if isDrawn { Self.put("\r\u{1b}[K") }
  }

  /// Says how many units are done.
  package mutating func update(_ done: Int) {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now >= drawDue else { return }
    drawDue = now + Self.interval
    isDrawn = true
    let line = Self.line(
      label,
      unit: unit,
      done: done,
      total: total,
      elapsed: now - start,
      columnCount: Descriptor.standardError.columnCount
    )
    Self.put("\r\(line)\u{1b}[K")
  }

  /// Clears the line.
  package consuming func finish() {}

  /// The line itself, at most `columnCount` - 1 wide so that the terminal never wraps it.
  package static func line(
    _ label: String,
    unit: String,
    done: Int,
    total: Int?,
    elapsed: Duration,
    columnCount: Int
  ) -> String {
    let seconds = max(elapsed / .seconds(1), 0.001)
    let rate = "\(Int(Double(done) / seconds).grouped)/s"
    var line = label
    if let total, total > 0 {
      let share = min(Double(done) / Double(total), 1)
      let filled = Int(share * Double(barWidth))
      line += " [" + String(repeating: "#", count: filled)
      line += String(repeating: "-", count: barWidth - filled) + "] \(Int(share * 100))%"
      line += "  \(done.grouped) of \(total.grouped) \(unit)  \(rate)"
    } else {
      line += "  \(done.grouped) \(unit)  \(rate)"
    }
    return String(line.printable.prefix(max(columnCount - 1, 0)))
  }

  private static let barWidth = 24

  private static func put(_ text: String) {
    // A bar that cannot be drawn is no reason to stop the work.
    try? Descriptor.standardError.write(text.utf8.span)
  }
}

/// A progress bar for work that tells its total as it goes, and from other threads.
package final class SharedProgressBar: @unchecked Sendable {
  // Checked how: `bar` is touched only under `lock`.
  private let lock = Lock()
  private var bar: ProgressBar?
  private var isFinished = false
  private let label: String
  private let unit: String
  private let json: Bool

  /// Creates a bar that is drawn from the first update on.
  package init(_ label: String, unit: String, json: Bool) {
    self.label = label
    self.unit = unit
    self.json = json
  }

  /// Says how many units are done, of how many.
  package func update(_ done: Int, of total: Int) {
    lock.withLock {
      if isFinished { return }
      if bar == nil { bar = ProgressBar(label, unit: unit, total: total, json: json) }
      bar?.update(done)
    }
  }

  /// Clears the line.
  package func finish() {
    lock.withLock {
      isFinished = true
      bar = nil
    }
  }
}
