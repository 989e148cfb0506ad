import AnnalsCommand
import AnnalsLog
import Testing

private func lines(
  _ content: [UInt8],
  lineBytesMax: Int = 1_000,
  readBytesMin: Int
) throws -> [String] {
  var reader = LineReader(
    try openFile(holding: content),
    lineBytesMax: lineBytesMax,
    readBytesMin: readBytesMin
  )
  var lines: [String] = []
  while try reader.advance() {
    lines.append(String(decoding: [UInt8](copying: reader.line), as: UTF8.self))
    #expect(reader.lineNumber == lines.count)
  }
  #expect(try !reader.advance())
  return lines
}

@Suite struct LineReaderTests {
  @Test(arguments: [1, 2, 3, 5, 7, 64, 262_144])
  func linesAreTheSameHoweverTheyAreRead(readBytesMin: Int) throws {
    let long = String(repeating: "x", count: 900)
    let cases: [(String, [String])] = [
      ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]),
      ("\na", ["", "a"]),
      ("a\r\nb", ["a\r", "b"]), ("\(long)\nb\n\(long)", [long, "b", long]),
      ("abc\ndefg\nhi\n", ["abc", "defg", "hi"]),
    ]
    for (content, expected) in cases {
      #expect(try lines(Array(content.utf8), readBytesMin: readBytesMin) == expected)
    }
  }

  @Test(arguments: [1, 3, 8, 100])
  func aLineHasALimit(readBytesMin: Int) throws {
    let content = Array("12345678\n12345678\n123456789\n".utf8)
    let allowed = try lines(content, lineBytesMax: 9, readBytesMin: readBytesMin)
    #expect(allowed.count == 3)
    let error = try #require(throws: LineReaderError.self) {
      try lines(content, lineBytesMax: 8, readBytesMin: readBytesMin)
    }
    guard case .lineTooLong(_, line: 3, bytesMax: 8) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(CommandFailure(error).code == .badData)
  }

  @Test func aMissingFileIsNotFound() throws {
    let error = try #require(throws: SystemError.self) { _ = try LineReader(path: "/no/such/file") }
    #expect(CommandFailure(error, while: .reading).code == .notFound)
  }

  @Test func aDirectoryIsNotFound() throws {
    do throws(SystemError) {
      _ = try LineReader(path: "/")
      Issue.record("a directory was opened")
    } catch {
      #expect(CommandFailure(error, while: .reading).code == .notFound)
    }
  }
}
