internal import AnnalsLog

/// Where a demo writes: chapters with titles, indented lines, tables.
struct DemoPage {
  let output: OutputStream

  func title(_ words: String, _ explanation: String) throws(SystemError) {
    try output.writeLine("\n\(words)\n\(String(repeating: "-", count: words.count))")
    try output.writeLine(explanation)
    try output.writeLine()
  }

  func say(_ line: String) throws(SystemError) {
    try output.writeLine("  " + line)
  }

  func print(_ table: Table) throws(SystemError) {
    for line in table.lines { try say(line) }
  }
}
