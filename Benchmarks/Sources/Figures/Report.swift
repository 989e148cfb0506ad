import Foundation

/// Collects figures; prints each as it comes, aligned, and as JSON where asked for.
final class Report {
  private let isJSON: Bool
  private var isHeadPrinted: Bool

  init(isJSON: Bool, hasHead: Bool) {
    self.isJSON = isJSON
    isHeadPrinted = !hasHead
  }

  /// One figure beside the machine's, `raw`, where there is one; a higher `ratio` is better.
  func add(
    _ name: String,
    _ unit: String,
    raw: Double? = nil,
    annals: Double,
    ratio: Double? = nil
  ) {
    if isJSON {
      var fields = ["\"name\":\"\(name)\"", "\"unit\":\"\(unit)\"", "\"annals\":\(json(annals))"]
      if let raw { fields.append("\"raw\":\(json(raw))") }
      if let ratio { fields.append("\"ratio\":\(json(ratio))") }
      emit("{" + fields.joined(separator: ",") + "}")
      return
    }
    if !isHeadPrinted {
      isHeadPrinted = true
      emit(line("figure", "raw", "annals", "unit", "ratio"))
    }
    emit(
      line(
        name,
        raw.map(short) ?? "",
        short(annals),
        unit,
        ratio.map { String(format: "%.2f", $0) } ?? ""
      )
    )
  }

  /// Whatever is left to say.
  func finish() {}

  private func emit(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  private func json(_ value: Double) -> String { String(format: "%.6g", value) }

  private func line(
    _ name: String,
    _ raw: String,
    _ annals: String,
    _ unit: String,
    _ ratio: String
  ) -> String {
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(1, width - text.count)) + text
    }
    return left(name, 46) + right(raw, 10) + right(annals, 11) + "  " + left(unit, 12)
      + right(ratio, 6)
  }

  private func short(_ value: Double) -> String {
    switch abs(value) {
    case 1e6...: String(format: "%.2fM", value / 1e6)
    case 1e4...: String(format: "%.1fk", value / 1e3)
    case 100...: String(format: "%.0f", value)
    default: String(format: "%.2f", value)
    }
  }
}
