/// How long each of many calls took.
package struct BenchTimes: Sendable {
  /// Nanoseconds, at most four seconds each.
  private var each: [UInt32] = []
  private var total: UInt64 = 0
  /// The things done: events, loads, openings.
  package private(set) var count = 0

  /// No calls yet.
  package init() {}

  /// How many calls there were.
  package var calls: Int { each.count }
  /// Things a second, of the time the calls took.
  package var rate: Double { total == 0 ? 0 : Double(count) * 1e9 / Double(total) }

  /// Notes a call that did `count` things.
  package mutating func add(_ nanoseconds: UInt64, count: Int) {
    each.append(UInt32(clamping: nanoseconds))
    total += nanoseconds
    self.count += count
  }

  /// Notes calls that ran at the same time, and how long all of them took together.
  package mutating func add(_ calls: [UInt32], count: Int, in nanoseconds: UInt64) {
    each += calls
    total += nanoseconds
    self.count += count
  }

  /// The percentiles of single calls.
  package func percentiles() -> BenchPercentiles? {
    guard !each.isEmpty else { return nil }
    let sorted = each.sorted()
    func at(_ share: Double) -> Double {
      Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000
    }
    return BenchPercentiles(p50: at(0.5), p99: at(0.99), p999: at(0.999))
  }
}

/// Percentiles of the times of single calls, in microseconds.
package struct BenchPercentiles: Equatable, Sendable {
  /// Half of all calls were faster.
  package var p50: Double
  /// 99 of 100 calls were faster.
  package var p99: Double
  /// 999 of 1,000 calls were faster.
  package var p999: Double

  /// Percentiles that are known.
  package init(p50: Double, p99: Double, p999: Double) {
    self.p50 = p50
    self.p99 = p99
    self.p999 = p999
  }
}

/// What one workload gave, and the same work without a store beside it.
package struct BenchFigure: Sendable {
  var name: String
  /// What is counted: `events`, `loads`, `openings`.
  var unit: String
  var annals: BenchTimes
  /// What the machine does at best, in the same run and in turn; nil where nothing compares.
  var raw: Raw?

  /// The same work by system calls alone.
  struct Raw: Sendable {
    var name: String
    var times: BenchTimes
  }

  /// Annals' rate as a share of the other.
  var ratio: Double? {
    guard let raw, raw.times.rate > 0 else { return nil }
    return annals.rate / raw.times.rate
  }
}

// MARK: Printing

extension BenchFigure {
  /// The columns of the table of figures.
  static let columns: [Table.Column] = [
    .text("workload"), .number("a second"), .text("of"), .number("p50"), .number("p99"),
    .number("p99.9"), .text("beside"), .number("a second"), .number("p50"), .number("p99"),
    .number("p99.9"), .number("ratio"),
  ]

  /// The cells of its row.
  var cells: [String] {
    [name, Self.text(annals.rate), unit] + Self.cells(annals)
      + [raw?.name ?? "–", raw.map { Self.text($0.times.rate) } ?? "–"]
      + Self.cells(raw?.times) + [ratio.map(Self.ratioText) ?? "–"]
  }

  private static func cells(_ times: BenchTimes?) -> [String] {
    guard let found = times?.percentiles() else { return ["–", "–", "–"] }
    return [found.p50, found.p99, found.p999].map(time)
  }

  private static func text(_ rate: Double) -> String { Int(rate.rounded()).grouped }

  private static func ratioText(_ ratio: Double) -> String {
    ratio >= 10 ? "\(Int(ratio.rounded()))" : decimal(ratio, hundredths: true)
  }

  /// Microseconds or milliseconds, with a decimal below ten.
  package static func time(_ microseconds: Double) -> String {
    if microseconds >= 10_000 { return "\(Int((microseconds / 1000).rounded()).grouped) ms" }
    if microseconds >= 1000 { return "\(decimal(microseconds / 1000)) ms" }
    if microseconds >= 10 { return "\(Int(microseconds.rounded())) µs" }
    return "\(decimal(microseconds)) µs"
  }

  private static func decimal(_ value: Double, hundredths: Bool = false) -> String {
    let scale = hundredths ? 100 : 10
    let rounded = Int((value * Double(scale)).rounded())
    let (whole, rest) = rounded.quotientAndRemainder(dividingBy: scale)
    let zero = hundredths && rest < 10 ? "0" : ""
    return "\(whole).\(zero)\(rest)"
  }

  /// Writes it as an object.
  func write(_ writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("unit", unit)
      Self.write(annals, &writer)
      writer.key("raw")
      if let raw {
        writer.object { writer in
          writer.member("name", raw.name)
          Self.write(raw.times, &writer)
        }
      } else {
        writer.null()
      }
      writer.key("ratio")
      if let ratio { writer.number(ratio) } else { writer.null() }
    }
  }

  private static func write(_ times: BenchTimes, _ writer: inout JSONWriter) {
    writer.member("calls", times.calls)
    writer.member("count", times.count)
    writer.member("perSecond", times.rate)
    guard let found = times.percentiles() else { return }
    writer.member("p50Microseconds", found.p50)
    writer.member("p99Microseconds", found.p99)
    writer.member("p999Microseconds", found.p999)
  }
}
