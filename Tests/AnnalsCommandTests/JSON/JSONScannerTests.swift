import AnnalsCommand
import Testing

/// Validates a text, and gives the error if there is one.
private func fault(_ text: String) -> JSONError? { fault(Array(text.utf8)) }

private func fault(_ bytes: [UInt8]) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONText.validate(bytes.span)
    return nil
  } catch {
    return error
  }
}

private func decoded(_ text: String) throws -> String {
  let bytes = Array(text.utf8)
  var scanner = JSONScanner(bytes.span)
  let string = try scanner.string()
  try scanner.end()
  return string
}

private func compacted(_ text: String) throws -> String {
  let bytes = Array(text.utf8)
  let value = try JSONText.validate(bytes.span)
  return String(decoding: JSONText.compacted(value, in: bytes.span), as: UTF8.self)
}

@Suite struct JSONScannerTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "1", "-1", "10", "1.0", "0.5", "1e5", "1E+5", "1e-5",
    "-0.0e-0", "1234567890123456789012345678901234567890", "1e999999", #""""#, #""a""#, "[]",
    "{}", "[[],{}]", "[1,2]", #"{"a":1,"a":2}"#, #"{"":0}"#, " \t\r\n1 \t\r\n", #""\u0000""#,
    #""\"\\\/\b\f\n\r\t""#, #""\uD83D\uDE00""#, #""\ud83d\ude00""#, "\"\u{7f}\u{80}\u{2028}😀\"",
    "\"\u{fffe}\u{ffff}\u{10ffff}\"", #"[ { "a" : [ null , true ] } ]"#, "\"\u{feff}\"",
  ])
  func whatTheGrammarTakesIsTaken(text: String) {
    #expect(fault(text) == nil)
  }

  @Test(
    arguments: [
      ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("nul", .unexpectedEnd, 3),
      ("nulL", .unexpectedByte(0x4c), 3), ("True", .unexpectedByte(0x54), 0),
      ("nan", .unexpectedByte(0x61), 1), ("-", .unexpectedEnd, 1), ("+1", .unexpectedByte(0x2b), 0),
      ("01", .trailingBytes, 1), ("-01", .trailingBytes, 2), (".5", .unexpectedByte(0x2e), 0),
      ("1.", .unexpectedEnd, 2), ("1.e5", .unexpectedByte(0x65), 2), ("1e", .unexpectedEnd, 2),
      ("1e+", .unexpectedEnd, 3), ("1e1.5", .trailingBytes, 3), ("0x1", .trailingBytes, 1),
      ("-Infinity", .unexpectedByte(0x49), 1), ("1 2", .trailingBytes, 2),
      ("{}{}", .trailingBytes, 2),
      ("[1,]", .unexpectedByte(0x5d), 3), ("[,1]", .unexpectedByte(0x2c), 1),
      ("[1 2]", .unexpectedByte(0x32), 3), ("[1}", .unexpectedByte(0x7d), 2),
      (#"{"a":1,}"#, .unexpectedByte(0x7d), 7), (#"{"a"}"#, .unexpectedByte(0x7d), 4),
      (#"{"a":}"#, .unexpectedByte(0x7d), 5), ("{a:1}", .unexpectedByte(0x61), 1),
      ("{1:1}", .unexpectedByte(0x31), 1), ("'a'", .unexpectedByte(0x27), 0),
      ("[1]//", .trailingBytes, 3), ("/**/1", .unexpectedByte(0x2f), 0),
      ("]", .unexpectedByte(0x5d), 0),
      ("\u{feff}1", .unexpectedByte(0xef), 0), ("\u{a0}1", .unexpectedByte(0xc2), 0),
      ("\u{c}1", .unexpectedByte(0x0c), 0), ("1\0", .trailingBytes, 1),
      ("\"", .unexpectedEnd, 1), ("\"\\", .unexpectedEnd, 2), ("\"\\\"", .unexpectedEnd, 3),
      (#""\x""#, .invalidEscape, 1), (#""\U0041""#, .invalidEscape, 1),
      (#""\u12g4""#, .invalidEscape, 5),
      (#""\u12"#, .unexpectedEnd, 5), ("\"\n\"", .controlCharacter(10), 1),
      ("\"a\0\"", .controlCharacter(0), 2), ("\"\u{1f}\"", .controlCharacter(0x1f), 1),
      (#""\ud83d""#, .loneSurrogate, 1), (#""\ude00""#, .loneSurrogate, 1),
      (#""\ud83dx""#, .loneSurrogate, 1), (#""\ud83d\n""#, .loneSurrogate, 1),
      (#""\ud83d\ud83d""#, .loneSurrogate, 1), (#""\ud83d\u0041""#, .loneSurrogate, 1),
      (#""\ude00\ud83d""#, .loneSurrogate, 1),
    ] as [(String, JSONError.Reason, Int)]
  )
  func whatTheGrammarRefusesIsRefusedWhereItStands(
    text: String,
    reason: JSONError.Reason,
    offset: Int
  ) {
    #expect(fault(text) == JSONError(reason, at: offset))
    #expect(!reason.description.isEmpty)
  }

  @Test(
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x20], [0xe0, 0x80, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xef, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xfe], [0xff], [0xe2, 0x28, 0xa1],
      [0xf0, 0x28, 0x8c, 0xbc], [0xf0, 0x90, 0x28, 0xbc], [0xf0, 0x90, 0x8c, 0x28],
    ] as [[UInt8]]
  )
  func stringsThatAreNotUTF8AreRefused(content: [UInt8]) {
    let quote = [UInt8(ascii: "\"")]
    #expect(fault(quote + [0x61] + content + quote) == JSONError(.invalidUTF8, at: 2))
  }

  @Test func everyScalarIsTakenAndDecoded() throws {
    for value in UInt32(0x20)...0x10ffff {
      guard let scalar = Unicode.Scalar(value), scalar != "\"", scalar != "\\" else { continue }
      // One in each range boundary, and a stride over the rest, keeps the test short.
      guard value < 0x900 || value.isMultiple(of: 61) || value & 0xff >= 0xfe else { continue }
      var text = "\""
      text.unicodeScalars.append(scalar)
      text += "\""
      if try decoded(text).unicodeScalars.elementsEqual([scalar]) { continue }
      Issue.record("U+\(String(value, radix: 16))")
    }
  }

  @Test(arguments: [
    (#""""#, ""), (#""\u00e9\u0041""#, "éA"), (#""\uD83D\uDE00!""#, "😀!"),
    (#""a\/b\\c\"d""#, #"a/b\c"d"#),
    (#""\b\f\n\r\t\u0000""#, "\u{8}\u{c}\n\r\t\0"), (#""é\n😀""#, "é\n😀"),
    (#""\uffff\uFFFE""#, "\u{ffff}\u{fffe}"),
  ])
  func escapesAreDecoded(text: String, value: String) throws {
    #expect(try decoded(text) == value)
  }

  @Test(arguments: [
    (" 1 ", "1"), ("[ 1 ,\t2 ]", "[1,2]"), ("{ }", "{}"), ("[\r\n]", "[]"),
    (#"{ "a b" : " c  d " }"#, #"{"a b":" c  d "}"#),
    (#"[ "\" [ \\" , "\\" , 1 ]"#, #"["\" [ \\","\\",1]"#),
    (#"{"a":1.50,"b":"\u0041"}"#, #"{"a":1.50,"b":"\u0041"}"#),
  ])
  func compactingTouchesOnlySpaceOutsideStrings(text: String, compact: String) throws {
    #expect(try compacted(text) == compact)
    #expect(try compacted(compact) == compact)
  }

  @Test func depthHasALimit() {
    let open = String(repeating: "[", count: 512)
    let close = String(repeating: "]", count: 512)
    #expect(fault(open + close) == nil)
    #expect(fault("[" + open + close + "]") == JSONError(.tooDeep, at: 512))
    let objects = String(repeating: #"{"a":"#, count: 512)
    #expect(fault(objects + "1" + String(repeating: "}", count: 512)) == nil)
    #expect(fault(objects + "{}" + String(repeating: "}", count: 512))?.reason == .tooDeep)
    #expect(fault(String(repeating: "[", count: 1_000_000))?.reason == .tooDeep)
    #expect(
      fault(String(repeating: "[],", count: 3).dropLast() + "") == JSONError(.trailingBytes, at: 2)
    )
  }

  @Test func everyPrefixEndsTooEarly() {
    let text = #" {"a":[1.5e+3,true,false,null,"\u00e9\ud83d\ude00é😀\\"],"b":{"c":-0}}"#
    let bytes = Array(text.utf8)
    #expect(fault(bytes) == nil)
    for length in 0..<bytes.count {
      #expect(fault(Array(bytes.prefix(length))) == JSONError(.unexpectedEnd, at: length))
    }
  }

  @Test func anySingleByteChangeEndsInAVerdict() {
    let bytes = Array(#"{"a":[1e3,"\u00e9\ud83d\ude00é😀"],"b":null}"#.utf8)
    var taken = 0
    for index in bytes.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = bytes
        changed[index] = byte
        guard let error = fault(changed) else {
          taken += 1
          continue
        }
        #expect(error.offset <= bytes.count)
      }
    }
    #expect(taken > bytes.count)
  }

  @Test func membersAreWalkedWithTheirRanges() throws {
    let bytes = Array(#" { "a" : [1, 2] , "\u0062":"x"}"#.utf8)
    var scanner = JSONScanner(bytes.span)
    var members: [String] = []
    #expect(try scanner.nextKind() == .object)
    #expect(try scanner.enterObject())
    repeat {
      let key = try scanner.key()
      let value = try scanner.value()
      members.append("\(key)=\(String(decoding: bytes[value.range], as: UTF8.self))")
    } while try scanner.nextMember()
    try scanner.end()
    #expect(members == ["a=[1, 2]", #"b="x""#])
  }
}
