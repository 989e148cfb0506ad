import Annals
import Foundation
import Testing

/// The README's example, compiled and run; and that it is the README's.
@Suite struct ReadmeTests {
  @Test func theExampleWorks() throws {
    let path = NSTemporaryDirectory() + "annals-readme-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }

    let log = try EventLog(at: path)

    let total = Array(#"{"total":42}"#.utf8)
    let placed = NewEvent(type: "OrderPlaced", payload: total, tags: ["customer-3"])
    try log.append([placed], to: "order-7", expecting: .absent)

    for event in try log.events(of: "order-7") {
      print(event.position, event.version, event.type)
    }

    let seen = log.head()
    if try log.wait(after: seen, milliseconds: 10) { print(try log.events(after: seen).count) }

    #expect(seen == 1)
    #expect(log.durableThrough == 1)
  }

  @Test func theExampleIsTheReadmes() throws {
    let here = URL(filePath: #filePath)
    let root = here.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    func words(_ text: some StringProtocol) -> String {
      text.split { $0.isWhitespace }.joined(separator: " ")
    }
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let test = words(try String(contentsOf: here, encoding: .utf8))
    let block = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
    let code = try #require(block.components(separatedBy: "```").first)
    for line in code.split(separator: "\n") {
      // Comments may be set otherwise by the formatter; the code may not differ.
      let statement = line.components(separatedBy: "  // ").first.map { words($0) } ?? ""
      #expect(test.contains(statement), "\(statement)")
    }
  }
}
