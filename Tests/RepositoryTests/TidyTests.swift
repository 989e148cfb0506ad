import Foundation
import Testing

/// The rules of the house that no compiler checks.
@Suite struct TidyTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// One file of the checkout.
  struct SourceFile: CustomTestStringConvertible, Sendable {
    var path: String
    var lines: [Substring]
    var testDescription: String { path }
  }

  private static func files(_ folder: String, _ suffix: String) -> [SourceFile] {
    let base = root.appending(path: folder)
    guard let walker = FileManager.default.enumerator(atPath: base.path) else { return [] }
    var files: [SourceFile] = []
    for case let name as String in walker
    where name.hasSuffix(suffix) && !name.contains(".build") {
      guard let text = try? String(contentsOf: base.appending(path: name), encoding: .utf8) else {
        continue
      }
      files.append(
        SourceFile(
          path: folder + "/" + name,
          lines: text.split(separator: "\n", omittingEmptySubsequences: false)
        )
      )
    }
    return files
  }

  private static let sources = files("Sources", ".swift")
  private static let markdown =
    files("Sources", ".md") + files("Benchmarks", ".md")
    + ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].compactMap { name in
      (try? String(contentsOf: root.appending(path: name), encoding: .utf8)).map {
        SourceFile(path: name, lines: $0.split(separator: "\n", omittingEmptySubsequences: false))
      }
    }

  @Test func thereIsSomethingToLookAt() {
    #expect(Self.sources.count > 50)
    #expect(Self.markdown.count >= 3)
  }

  @Test func noSourceFileIsLongerThanSixHundredLines() {
    for file in Self.sources {
      #expect(file.lines.count <= 600, "\(file.path) has \(file.lines.count) lines")
    }
  }

  @Test func noLineIsLongerThanAHundredColumns() {
    for file in Self.sources {
      for (number, line) in file.lines.enumerated() where line.count > 100 {
        Issue.record("\(file.path):\(number + 1) has \(line.count) columns")
      }
    }
  }

  @Test func nothingIsLeftUndoneOrForced() {
    let banned = ["FIXME", "TODO", "XXX", "try!", "as!", "fatalError()"]
    for file in Self.sources {
      for (number, line) in file.lines.enumerated() {
        for word in banned where line.contains(word) {
          Issue.record("\(file.path):\(number + 1) says \(word)")
        }
      }
    }
  }

  @Test func librariesDoNotPrint() {
    for file in Self.sources where !file.path.hasPrefix("Sources/AnnalsCommand") {
      for (number, line) in file.lines.enumerated()
      where line.contains(/\bprint\(/) && !line.contains("///") {
        Issue.record("\(file.path):\(number + 1) prints")
      }
    }
  }

  @Test func importsFollowTheArrowsOfTheArchitecture() {
    for file in Self.sources {
      for line in file.lines {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 2, index + 1 < words.count else {
          continue
        }
        let module = String(words[index + 1])
        #expect(Self.mayImport(module, file.path), "\(file.path) imports \(module)")
      }
    }
  }

  private static func mayImport(_ module: String, _ path: String) -> Bool {
    let parts = path.split(separator: "/").map(String.init)
    switch parts[1] {
    case "AnnalsLog":
      switch module {
      case "Glibc", "Musl": return ["FileSystem", "Bytes"].contains(parts[2])
      case "CAnnals": return ["FileSystem", "Bytes", "Segments"].contains(parts[2])
      case "CLZ4": return parts[2] == "Bytes"
      case "Synchronization": return ["Log", "FileSystem"].contains(parts[2])
      default: return false
      }
    case "Annals":
      return ["AnnalsLog", "FoundationEssentials", "Logging", "Metrics"].contains(module)
    case "AnnalsExamples": return module == "Annals"
    case "AnnalsTesting":
      return ["AnnalsLog", "Annals", "Glibc", "Musl", "Synchronization", "CAnnals"].contains(module)
    default: return true
    }
  }

  @Test func theLogKnowsNothingOfMeaning() {
    for file in Self.sources where file.path.hasPrefix("Sources/AnnalsLog") {
      for (number, line) in file.lines.enumerated() {
        for word in ["Projection", "Decider", "JSONEncoder"] where line.contains(word) {
          Issue.record("\(file.path):\(number + 1) mentions \(word)")
        }
      }
    }
  }

  @Test func unsafeStandsOnlyWhereItIsOwned() {
    let owners = ["Bytes", "FileSystem", "Segments"]
    for file in Self.sources where file.path.hasPrefix("Sources/AnnalsLog") {
      let folder = String(file.path.split(separator: "/")[2])
      if owners.contains(folder) { continue }
      for (number, line) in file.lines.enumerated() {
        let code = line.prefix { $0 != "/" }
        guard code.contains("unsafe ") else { continue }
        // Continuations are unsafe to resume twice or never, and have no safe form as fast; a
        // cursor binds the views it lends to itself.
        let isKnown = [
          "task", "Tasks", "withUnsafeContinuation", "EventView(", "_overrideLifetime",
        ]
        .contains { line.contains($0) }
        #expect(isKnown, "\(file.path):\(number + 1): \(line)")
      }
    }
  }

  @Test func everyFormatFileNamesItsSection() {
    let exempt = ["StoreID.swift"]
    for file in Self.sources where file.path.contains("AnnalsLog/Format/") {
      if exempt.contains(where: { file.path.hasSuffix($0) }) || file.path.contains("+") { continue }
      #expect(
        file.lines.contains { $0.contains("Format.md") },
        "\(file.path) names no section"
      )
    }
  }

  @Test func everyMarkdownFileHasOneTitleAndNoDeadLink() throws {
    for file in Self.markdown {
      var isCode = false
      var titles = 0
      for line in file.lines {
        if line.hasPrefix("```") { isCode.toggle() }
        if isCode { continue }
        if line.hasPrefix("# ") { titles += 1 }
        for target in Self.links(in: line) {
          let folder = Self.root.appending(path: file.path).deletingLastPathComponent()
          let path = folder.appending(path: target).path
          #expect(FileManager.default.fileExists(atPath: path), "\(file.path) links to \(target)")
        }
      }
      #expect(titles == 1, "\(file.path) has \(titles) titles")
    }
  }

  private static func links(in line: Substring) -> [String] {
    var links: [String] = []
    var rest = line
    while let start = rest.range(of: "](") {
      rest = rest[start.upperBound...]
      guard let end = rest.firstIndex(of: ")") else { break }
      let target = rest[..<end]
      rest = rest[end...]
      if target.contains(":") || target.hasPrefix("#") || target.hasPrefix("<") { continue }
      links.append(String(target.prefix { $0 != "#" }))
    }
    return links
  }
}
