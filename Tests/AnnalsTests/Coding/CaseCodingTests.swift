import Annals
import Foundation
import Testing

@Suite struct CaseCodingTests {
  private let codecs: [any EventCodec] = [.cbor, .json]

  @Test(arguments: SampleEvent.all)
  func casesComeBack(event: SampleEvent) throws {
    for codec in codecs {
      var payload: [UInt8] = []
      let found = try codec.encodeCase(of: event, among: SampleEvent.names, into: &payload)
      let name = SampleEvent.names[try #require(found)]
      let decoded = try codec.decode(SampleEvent.self, case: name, from: payload.span)
      #expect(decoded == event)
      #expect(codecs.filter { $0.isEncoding(of: payload.span) }.map(\.name) == [codec.name])
    }
  }

  @Test(arguments: SampleEvent.all)
  func theWholeIsWhatStandsAroundThePart(event: SampleEvent) throws {
    var part: [UInt8] = []
    let found = try codecs[0].encodeCase(of: event, among: SampleEvent.names, into: &part)
    let name = SampleEvent.names[try #require(found)]
    let head = [0xa1, 0x60 | UInt8(name.utf8.count)] + Array(name.utf8)
    #expect(try CBOREncoder().encode(event) == head + part)

    part = []
    _ = try codecs[1].encodeCase(of: event, among: SampleEvent.names, into: &part)
    let text = "{\"\(name)\":\(String(decoding: part, as: UTF8.self))}"
    #expect(try JSONDecoder().decode(SampleEvent.self, from: Data(text.utf8)) == event)
  }

  @Test func aCaseThatIsNotListedIsNone() throws {
    for codec in codecs {
      var payload: [UInt8] = []
      let found = try codec.encodeCase(of: SampleEvent.closed, among: ["opened"], into: &payload)
      #expect(found == nil)
      #expect(payload == [])
    }
  }

  @Test func aPayloadThatIsNoMapIsMarked() throws {
    var payload: [UInt8] = []
    #expect(try codecs[0].encodeCase(of: ["x": [1]], among: ["x"], into: &payload) == 0)
    #expect(payload == [0xd9, 0xd9, 0xf7, 0x81, 1])
    let decoded = try codecs[0].decode([String: [Int]].self, case: "x", from: payload.span)
    #expect(decoded == ["x": [1]])
  }

  @Test func anythingButOneKeyIsRefused() {
    let values: [any Encodable] = [
      ["a": 1, "b": 2], [String: Int](), [1], "text", 5, ["a", "b"], Primitives(),
      ["a\"b": 1, "c": 2],
    ]
    for codec in codecs {
      for value in values {
        var payload: [UInt8] = []
        #expect(throws: EncodingError.self) {
          try codec.encodeCase(of: value, among: SampleEvent.names, into: &payload)
        }
        #expect(payload == [])
      }
    }
  }

  @Test func commasInsideAreNoSecondKey() throws {
    for codec in codecs {
      for value in [["x": "a,\"b\\"], ["x": "}"], ["x": ""]] {
        var payload: [UInt8] = []
        #expect(try codec.encodeCase(of: value, among: ["y", "x"], into: &payload) == 1)
        let decoded = try codec.decode([String: String].self, case: "x", from: payload.span)
        #expect(decoded == value)
      }
    }
  }

  @Test func aCaseOfAnotherNameIsAnError() {
    for (codec, payload) in [(codecs[0], [0xa0]), (codecs[1], Array("{}".utf8))] {
      #expect(throws: DecodingError.self) {
        try codec.decode(SampleEvent.self, case: "other", from: payload.span)
      }
      #expect(throws: DecodingError.self) {
        try codec.decode(SampleEvent.self, case: "deposited", from: payload.span)
      }
      #expect(throws: DecodingError.self) {
        try codec.decode([Int].self, case: "deposited", from: payload.span)
      }
      #expect(throws: DecodingError.self) {
        try codec.decode(Int.self, case: "deposited", from: payload.span)
      }
    }
  }

  @Test(arguments: ["2026-01-31T23:59:59.123456Z", "2026-01-31T23:59:59Z", "0001-01-01T00:00:00Z"])
  func datesInJSONHaveMicroseconds(text: String) throws {
    let date = try Timestamp(parsing: text).date
    var payload: [UInt8] = []
    try codecs[1].encode([date], into: &payload)
    #expect(String(decoding: payload, as: UTF8.self) == "[\"\(text)\"]")
    #expect(try codecs[1].decode([Date].self, from: payload.span) == [date])
  }

  @Test func datesThatJSONCannotSayAreErrors() {
    var payload: [UInt8] = []
    for seconds in [1e12, -1e12, .infinity, .nan] {
      #expect(throws: EncodingError.self) {
        try codecs[1].encode([Date(timeIntervalSince1970: seconds)], into: &payload)
      }
    }
    #expect(throws: DecodingError.self) {
      try codecs[1].decode([Date].self, from: Array(#"["now"]"#.utf8).span)
    }
  }
}
