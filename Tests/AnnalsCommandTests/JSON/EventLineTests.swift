import AnnalsCommand
import AnnalsLog
import Testing

private func event(_ line: String) throws(EventLineError) -> EventLine {
  let bytes = Array(line.utf8)
  return try EventLine(parsing: bytes.span)
}

private let required = #""aggregate":"account-1","type":"Deposited","data":{}"#

@Suite struct EventLineTests {
  @Test func allKeysAreRead() throws {
    let line = #"""
      { "position": 7, "version": [1], "aggregate": "account-1", "type": "Deposited",
        "time": "2026-01-01T01:00:00.5+01:00", "data": { "cents" : 500, "text": " a b " },
        "id": "6BA7B810-9dad-11d1-80b4-00c04fd430c8", "tags": ["red", "bl\u00fce"],
        "metadata": {"actor": "ann", "correlation": ""} }
      """#
    let event = try event(line)
    #expect(event.aggregate == "account-1")
    #expect(event.type == "Deposited")
    #expect(event.time?.description == "2026-01-01T00:00:00.500Z")
    #expect(event.data == Array(#"{"cents":500,"text":" a b "}"#.utf8))
    #expect(event.id?.description == "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    #expect(event.tags == ["red", "blüe"])
    #expect(event.metadata == [MetadataPair("actor", "ann"), MetadataPair("correlation", "")])
  }

  @Test func whatMayBeMissingIsEmpty() throws {
    let event = try event("{\(required)}\r")
    #expect(event.time == nil && event.id == nil)
    #expect(event.tags.isEmpty && event.metadata.isEmpty)
  }

  @Test(arguments: ["1", "null", "[]", #""text""#, "true", "-0.0", #"{"a":{"b":[]}}"#])
  func dataIsAnyJSON(data: String) throws {
    #expect(try event(#"{"data":\#(data),"type":"T","aggregate":"a"}"#).data == Array(data.utf8))
  }

  @Test(
    arguments: [
      ("", .json(.unexpectedEnd), 1), ("[]", .notAnObject(.array), 1),
      ("  12", .notAnObject(.number), 3),
      ("{}", .missingKey(.aggregate), 2),
      (#"{"aggregate":"a","data":1}"#, .missingKey(.type), 26),
      (#"{"aggregate":"a","type":"t"}"#, .missingKey(.data), 28),
      ("{\(required),\"extra\":1}", .unknownKey("extra"), 55),
      ("{\(required),  \"Time\":1}", .unknownKey("Time"), 57),
      ("{\(required),\"data\":1}", .duplicateKey("data"), 55),
      (#"{"position":1,"position":2}"#, .duplicateKey("position"), 15),
      (#"{"type":"t","t\u0079pe":"t"}"#, .duplicateKey("type"), 13),
      (#"{"aggregate":1}"#, .wrongKind(.aggregate, expected: .string, found: .number), 14),
      (#"{"type":null}"#, .wrongKind(.type, expected: .string, found: .null), 9),
      (#"{"time":1767225600}"#, .wrongKind(.time, expected: .string, found: .number), 9),
      (#"{"time":null}"#, .wrongKind(.time, expected: .string, found: .null), 9),
      (#"{"time":"yesterday"}"#, .time(.malformed(column: 1)), 9),
      (#"{"time":"2026-02-29T00:00:00Z"}"#, .time(.day(29)), 9),
      (#"{"id": "6ba7b8109dad11d180b400c04fd430c8"}"#, .id, 8), (#"{"id":""}"#, .id, 7),
      (#"{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8 "}"#, .id, 7),
      (#"{"id":[]}"#, .wrongKind(.id, expected: .string, found: .array), 7),
      (#"{"tags":"red"}"#, .wrongKind(.tags, expected: .array, found: .string), 9),
      (#"{"tags":["red",1]}"#, .wrongKind(.tags, expected: .string, found: .number), 16),
      (#"{"metadata":[]}"#, .wrongKind(.metadata, expected: .object, found: .array), 13),
      (#"{"metadata":{"a":true}}"#, .wrongKind(.metadata, expected: .string, found: .boolean), 18),
      (#"{"metadata":{"a":"","a":""}}"#, .duplicateKey("a"), 21),
      ("{\(required)} x", .json(.trailingBytes), 56),
      (#"{"data":{"a":01}}"#, .json(.unexpectedByte(0x31)), 15),
      (#"{"data":"\ud800"}"#, .json(.loneSurrogate), 10),
    ] as [(String, EventLineError.Reason, Int)]
  )
  func aBadLineSaysWhatAndWhere(line: String, reason: EventLineError.Reason, column: Int) {
    #expect(throws: EventLineError(reason, column: column)) { try event(line) }
    #expect(!"\(EventLineError(reason, column: column))".contains("\n"))
  }

  @Test func everyPrefixOfALineIsRefused() {
    let line = Array("{\(required),\"tags\":[\"a\"],\"metadata\":{\"b\":\"c\"}}".utf8)
    for length in 0..<line.count {
      let prefix = Array(line.prefix(length))
      #expect(throws: EventLineError.self) { try EventLine(parsing: prefix.span) }
    }
  }

  @Test func metadataNamesAreComparedByTheirBytes() throws {
    let line = "{\(required),\"metadata\":{\"\u{e9}\":\"\",\"e\u{301}\":\"\"}}"
    #expect(try event(line).metadata.count == 2)
  }

  @Test func aHostileLineEndsSoonAndWithAShortMessage() throws {
    let names = (0..<100_000).map { "\"\($0)\":\"\"" }.joined(separator: ",")
    #expect(try event("{\(required),\"metadata\":{\(names)}}").metadata.count == 100_000)
    let key = String(repeating: "k", count: 1_000_000)
    let error = try #require(throws: EventLineError.self) { try event("{\"\(key)\":1}") }
    #expect("\(error)".count < 150)
  }
}
