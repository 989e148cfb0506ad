import Foundation
import Testing

/// Every block of Swift in README and articles stands in `Snippets.swift`, where it is compiled and
/// run.
@Suite struct DocumentationTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static var documents: [URL] {
    let articles = root.appending(path: "Sources/Annals/Annals.docc")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: articles.path)) ?? []
    return names.filter { $0.hasSuffix(".md") && $0 != "Format.md" && $0 != "Architecture.md" }
      .sorted().map { articles.appending(path: $0) } + [root.appending(path: "README.md")]
  }

  /// Words alone: the formatter may set lines and comments otherwise.
  private static func words(_ text: some StringProtocol) -> String {
    text.split { $0.isWhitespace }.joined(separator: " ")
  }

  @Test(arguments: documents)
  func itsCodeIsCompiled(document: URL) throws {
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let file = here.appending(path: "Snippets.swift")
    let snippets = Self.words(try String(contentsOf: file, encoding: .utf8))
    let text = try String(contentsOf: document, encoding: .utf8)
    for block in text.components(separatedBy: "```swift\n").dropFirst() {
      let lines = try #require(block.components(separatedBy: "```").first).split(separator: "\n")
      let code = Self.words(lines.filter { !$0.contains("import ") }.joined(separator: " "))
        .replacing("@main ", with: "")
      let isThere = snippets.contains(code)
      #expect(isThere, "\(document.lastPathComponent): \(code)")
    }
  }

  @Test func thereAreArticles() {
    #expect(Self.documents.count >= 9)
  }
}

/// A directory for a store, under the temporary one.
struct TemporaryStore {
  let path = NSTemporaryDirectory() + "annals-test-\(UInt64.random(in: 0 ... .max))"

  func remove() {
    try? FileManager.default.removeItem(atPath: path)
  }
}
