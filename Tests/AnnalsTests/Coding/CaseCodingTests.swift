import Annals
import Foundation
import Testing

@Suite struct CaseCodingTests {
  private let names = CaseNames(AccountEvent.names)

  @Test(arguments: AccountEvent.all)
  func casesComeBackFromCBOR(event: AccountEvent) throws {
    var payload: [UInt8] = []
    guard case .known(let index) = try CBOREncoder().encodeCase(event, in: names, into: &payload)
    else {
      Issue.record("an unknown name")
      return
    }
    let name = AccountEvent.names[index]
    let decoded = try CBORDecoder().decodeCase(AccountEvent.self, name: name, from: payload.span)
    #expect(decoded == event)
    // The whole is what stands around the part.
    let head = [0xa1, 0x60 | UInt8(name.utf8.count)] + Array(name.utf8)
    #expect(try CBOREncoder().encode(event) == head + payload)
  }

  @Test(arguments: AccountEvent.all)
  func casesComeBackFromJSON(event: AccountEvent) throws {
    let coder = JSONPayloadCoder()
    var payload: [UInt8] = []
    guard case .known(let index) = try coder.encodeCase(event, in: names, into: &payload) else {
      Issue.record("an unknown name")
      return
    }
    let name = AccountEvent.names[index]
    #expect(try coder.decodeCase(AccountEvent.self, name: name, from: payload.span) == event)
    _ = try JSONSerialization.jsonObject(with: Data(payload), options: [.fragmentsAllowed])
  }

  @Test func aNameThatIsNotListedIsGiven() throws {
    let other = CaseNames(["opened"])
    var payload: [UInt8] = []
    let cbor = try CBOREncoder().encodeCase(AccountEvent.closed, in: other, into: &payload)
    #expect(cbor == .unknown("closed"))
    #expect(payload == [0xa0])
    payload = []
    let json = try JSONPayloadCoder().encodeCase(AccountEvent.closed, in: other, into: &payload)
    #expect(json == .unknown("closed"))
    #expect(payload == Array("{}".utf8))
  }

  @Test func aPayloadThatIsNoMapIsMarked() throws {
    var payload: [UInt8] = []
    let name = try CBOREncoder().encodeCase(["x": [1]], in: CaseNames(["x"]), into: &payload)
    #expect(name == .known(0))
    #expect(payload == [0xd9, 0xd9, 0xf7, 0x81, 1])
    let decoded = try CBORDecoder().decodeCase([String: [Int]].self, name: "x", from: payload.span)
    #expect(decoded == ["x": [1]])
  }

  @Test func anythingElseIsRefused() {
    let values: [any Encodable] = [
      ["a": 1, "b": 2], [String: Int](), [1], "text", 5, ["a", "b"], Primitives(),
    ]
    for value in values {
      var payload: [UInt8] = []
      #expect(throws: EncodingError.self) {
        try CBOREncoder().encodeCase(value, in: names, into: &payload)
      }
      #expect(throws: EncodingError.self) {
        try JSONPayloadCoder().encodeCase(value, in: names, into: &payload)
      }
      #expect(payload.isEmpty)
    }
  }

  @Test func aCaseOfAnotherNameIsAnError() {
    let payload: [UInt8] = [0xa0]
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decodeCase(AccountEvent.self, name: "other", from: payload.span)
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decodeCase(AccountEvent.self, name: "deposited", from: payload.span)
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decodeCase([Int].self, name: "deposited", from: payload.span)
    }
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decodeCase(Int.self, name: "deposited", from: payload.span)
    }
  }

  @Test(arguments: ["2026-01-31T23:59:59.123456Z", "2026-01-31T23:59:59Z", "0001-01-01T00:00:00Z"])
  func datesInJSONHaveMicroseconds(text: String) throws {
    let coder = JSONPayloadCoder()
    let date = try Timestamp(parsing: text).date
    var payload: [UInt8] = []
    try coder.encode([date], into: &payload)
    #expect(String(decoding: payload, as: UTF8.self) == "[\"\(text)\"]")
    #expect(try coder.decode([Date].self, from: payload.span) == [date])
  }

  @Test func datesThatJSONCannotSayAreErrors() {
    var payload: [UInt8] = []
    for seconds in [1e12, -1e12, .infinity, .nan] {
      #expect(throws: EncodingError.self) {
        try JSONPayloadCoder().encode([Date(timeIntervalSince1970: seconds)], into: &payload)
      }
    }
    #expect(throws: DecodingError.self) {
      try JSONPayloadCoder().decode([Date].self, from: Array(#"["now"]"#.utf8).span)
    }
  }
}
