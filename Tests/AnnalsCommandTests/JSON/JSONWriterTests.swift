import AnnalsCommand
import AnnalsLog
import Testing

@Suite struct JSONWriterTests {
  @Test func commasStandBetweenValuesAndNowhereElse() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("a", 1)
      writer.member("empty", [])
      writer.key("b")
      writer.object { _ in }
      writer.member("c", ["x", ""])
      writer.member("d", Optional<Int>.none)
      writer.member("e", Optional<String>.none)
      writer.member("f", -1.5)
      writer.member("g", Double.nan)
      writer.member("h", true)
    }
    writer.endLine()
    writer.number(Int64.min)
    writer.endLine()
    writer.array { writer in
      writer.number(UInt64.max)
      writer.number(0)
      writer.array { _ in }
      writer.string("{[:,")
      writer.null()
    }
    #expect(
      writer.text == #"""
        {"a":1,"empty":[],"b":{},"c":["x",""],"d":null,"e":null,"f":-1.5,"g":null,"h":true}
        -9223372036854775808
        [18446744073709551615,0,[],"{[:,",null]
        """#
    )
  }

  @Test func everyCharacterComesBack() throws {
    var text = ""
    for value in UInt32(0)...0x300 {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    text += "\u{2028}😀\u{10ffff}"
    var writer = JSONWriter()
    writer.string(text)
    #expect(writer.text.hasPrefix(#""\u0000\u0001"#))
    #expect(writer.text.contains(#"\b\t\n\u000b\f\r\u000e"#))
    var scanner = JSONScanner(writer.bytes.span)
    #expect(try scanner.string().unicodeScalars.elementsEqual(text.unicodeScalars))
    try scanner.end()
  }

  @Test(arguments: [
    "{}", "null", #"{"a":" b "}"#, "", "not JSON", "\"\\ud800\"", "1 2", "{\"a\":1", "\0\u{1}",
    #"{"$binary":"aGk="}"#, #"{"$binary":"!"}"#, #"{"$binary":"aGk"}"#, #"{"$binary":"MQ=="}"#,
    #"{"$binary":"aGl="}"#, #"{"$binary":1}"#, #"{"$binary":"aGk=","a":1}"#, #"{"$binary":""}"#,
    #"{"\u0024binary":"aGk="}"#, #"{"$binary":"eyIkYmluYXJ5IjoiYUdrPSJ9"}"#,
  ])
  func everyPayloadComesBackAsItWas(payload: String) throws {
    let data = Array(payload.utf8)
    #expect(try roundTrip(data) == data)
  }

  @Test func payloadsOfAnyBytesComeBack() throws {
    for length in 0..<70 {
      let data = (0..<length).map { UInt8(truncatingIfNeeded: 251 &* $0 &+ length) }
      #expect(try roundTrip(data) == data)
    }
    for depth in [510, 511, 512, 513] {
      let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      #expect(try roundTrip(Array(nested.utf8)) == Array(nested.utf8))
    }
  }

  @Test func aPayloadIsWrittenAsJSONWhereItCan() throws {
    var writer = JSONWriter()
    writer.payload(Array("{ \"a\" :\n1 }".utf8).span)
    writer.payload([0xff, 0x00].span)
    writer.payload(Array(#"{"$binary":"x!"}"#.utf8).span)
    #expect(writer.text == #"{"a":1},{"$binary":"/wA="},{"$binary":"x!"}"#)
  }

  /// Whatever a line says, its data is written again as it was, but for white space.
  @Test(arguments: [
    #"{"$binary":"MQ=="}"#, #"{"$binary":"aGk="}"#, #"{"$binary":"aGk"}"#, #"{"$binary":"%"}"#,
    #"{"$binary":""}"#, #"{"a":1}"#, "3.140", #"{"$binary":"eyIkYmluYXJ5IjoiYUdrPSJ9"}"#,
  ])
  func dataOfALineIsWrittenAsItWas(data: String) throws {
    let line = Array(#"{"aggregate":"a","type":"t","data":\#(data)}"#.utf8)
    var writer = JSONWriter()
    writer.payload(try EventLine(parsing: line.span).data.span)
    #expect(writer.text == data)
  }

  @Test func anEventLineHasItsKeysInOrder() throws {
    var writer = JSONWriter()
    writer.eventLine(
      position: 3,
      version: 2,
      aggregate: "a-\"1\"",
      type: "T",
      time: Timestamp(microseconds: 1),
      data: Array("[1]".utf8).span,
      id: UniqueID(high: 0x6ba7_b810_9dad_11d1, low: 0x80b4_00c0_4fd4_30c8),
      tags: ["x", "y"],
      metadata: [MetadataPair("k", "v")]
    )
    writer.eventLine(
      position: 4,
      version: 1,
      aggregate: "b",
      type: "T",
      time: Timestamp(microseconds: 0),
      data: Array("1".utf8).span
    )
    #expect(
      writer.text == #"""
        {"position":3,"version":2,"aggregate":"a-\"1\"","type":"T","time":"1970-01-01T00:00:00.000001Z",\#
        "data":[1],"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","tags":["x","y"],"metadata":{"k":"v"}}
        {"position":4,"version":1,"aggregate":"b","type":"T","time":"1970-01-01T00:00:00Z","data":1}

        """#
    )
  }

  @Test func base64IsCanonicalAndComplete() {
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
      var encoded: [UInt8] = []
      Base64.encode(Array(bytes.utf8).span, to: &encoded)
      #expect(encoded == Array(text.utf8))
      #expect(Base64.decode(encoded.span) == Array(bytes.utf8))
    }
    for text in ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Z g=", "Zm8-"] {
      #expect(Base64.decode(Array(text.utf8).span) == nil, "\(text)")
    }
  }

  private func roundTrip(_ data: [UInt8]) throws -> [UInt8] {
    var writer = JSONWriter()
    writer.eventLine(
      position: 1,
      version: 1,
      aggregate: "a",
      type: "t",
      time: Timestamp(microseconds: 0),
      data: data.span
    )
    return try EventLine(parsing: writer.bytes.span).data
  }
}
