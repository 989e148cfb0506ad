import Foundation
import Testing

/// One fenced `hex` block of the format document.
struct FormatVector: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: [UInt8]
  var testDescription: String { name }
}

/// One table of the format document that gives offsets and sizes.
struct FormatTable: CustomTestStringConvertible, Sendable {
  let section: String
  var rows: [Row] = []
  var testDescription: String { section }

  struct Row: Equatable, Sendable {
    let field: String
    let range: Range<Int>
  }
}

/// What the tests take from the format document.
struct FormatDocument: Sendable {
  private(set) var vectors: [FormatVector] = []
  private(set) var tables: [FormatTable] = []
  /// Domain, text and stored hash, by the rows of the table of key hashes.
  private(set) var hashes: [(domain: UInt8, text: String, bytes: [UInt8])] = []
  private(set) var problems: [String] = []
  private var section = ""
  private var name: String?
  private var bytes: [UInt8] = []
  private var isInTable = false

  /// The document, read once.
  static let shared = FormatDocument(text: (try? String(contentsOf: url, encoding: .utf8)) ?? "")

  private static var url: URL {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appending(path: "Sources/Annals/Annals.docc/Format.md")
  }

  /// Reads a document.
  init(text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if name != nil { readVector(line) } else { readProse(line) }
    }
    if name != nil { problems.append("an open block") }
  }

  private mutating func readProse(_ line: Substring) {
    if line.hasPrefix("```hex ") {
      name = String(line.dropFirst(7))
      bytes = []
    } else if line.hasPrefix("#") {
      section = String(line.drop { $0 == "#" || $0 == " " })
    }
    readTable(line)
  }

  private mutating func readVector(_ line: Substring) {
    if line.hasPrefix("```") {
      vectors.append(FormatVector(name: name ?? "", bytes: bytes))
      name = nil
      return
    }
    for token in line.prefix(while: { $0 != "#" }).split(separator: " ") {
      let parts = token.split(separator: "*", maxSplits: 1)
      guard parts[0].utf8.count == 2, let byte = UInt8(parts[0], radix: 16),
        let count = parts.count == 1 ? 1 : Int(parts[1])
      else {
        problems.append("\(name ?? ""): \(token)")
        continue
      }
      bytes += [UInt8](repeating: byte, count: count)
    }
  }

  private mutating func readTable(_ line: Substring) {
    let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    guard line.hasPrefix("|"), cells.count >= 3 else {
      isInTable = false
      return
    }
    let literal = cells.map { $0.replacingOccurrences(of: "`", with: "") }
    if literal[0] == "offset", literal[1] == "size" {
      tables.append(FormatTable(section: section))
      isInTable = true
    } else if isInTable, let offset = Int(literal[0]), let size = Int(literal[1]) {
      let row = FormatTable.Row(field: literal[2], range: offset..<offset + size)
      tables[tables.count - 1].rows.append(row)
    } else if section == "Key hash", let domain = UInt8(literal[0]) {
      let hash = literal[2].split(separator: " ").compactMap { UInt8($0, radix: 16) }
      hashes.append((domain, literal[1], hash))
    }
  }
}
