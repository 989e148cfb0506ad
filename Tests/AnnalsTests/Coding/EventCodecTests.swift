import Annals
import AnnalsExamples
import AnnalsTesting
import Testing

@Suite struct EventCodecTests {
  private enum Change: Codable, Equatable {
    case begun
    case moved(to: Int, name: String)
    case wrapped([Int])
    case other
  }

  private static let cases = ["moved", "begun", "wrapped"]
  private static let codecs: [any EventCodec] = [.json, .cbor]

  private func encoded(_ value: Change, _ codec: any EventCodec) throws -> (Int?, [UInt8]) {
    var payload: [UInt8] = [1, 2]
    let index = try codec.encodeCase(of: value, among: Self.cases, into: &payload)
    #expect(payload.prefix(2) == [1, 2])
    return (index, Array(payload.dropFirst(2)))
  }

  @Test func aCaseStandsWithoutItsName() throws {
    for codec in Self.codecs {
      let values: [(Change, Int)] = [
        (.moved(to: 3, name: "a\",}"), 0), (.begun, 1), (.wrapped([1, 2]), 2),
      ]
      for (value, place) in values {
        let (index, payload) = try encoded(value, codec)
        #expect(index == place)
        #expect(codec.accepts(payload))
        for other in Self.codecs where other.name != codec.name {
          #expect(!other.accepts(payload))
        }
        let back = try codec.decode(Change.self, case: Self.cases[place], from: payload.span)
        #expect(back == value)
      }
      let (index, payload) = try encoded(.other, codec)
      #expect(index == nil)
      #expect(payload.isEmpty)
    }
    #expect(try encoded(.begun, .cbor).1 == [0xa0])
    #expect(try encoded(.begun, .json).1 == Array("{}".utf8))
    #expect(hex(try encoded(.moved(to: 3, name: "a"), .cbor).1) == "a262746f03646e616d656161")
  }

  private struct Single: Codable, Equatable {
    var value: Int

    init(_ value: Int) { self.value = value }
    init(from decoder: any Decoder) throws {
      value = try decoder.singleValueContainer().decode(Int.self)
    }
    func encode(to encoder: any Encoder) throws {
      var single = encoder.singleValueContainer()
      try single.encode(value)
    }
  }

  @Test func theFirstByteTellsTheCodec() throws {
    for codec in Self.codecs {
      var payload: [UInt8] = []
      try codec.encode(Single(7), into: &payload)
      for other in Self.codecs {
        #expect(other.accepts(payload) == (other.name == codec.name))
      }
      #expect(try codec.decode(Single.self, from: payload.span) == Single(7))
      // A value that is not one key is no case.
      #expect(throws: EncodingError.self) {
        var payload: [UInt8] = []
        _ = try codec.encodeCase(of: Single(7), among: ["a"], into: &payload)
      }
    }
    let none: [UInt8] = []
    let others: [[UInt8]] = [none, [0xd9], [0xd9, 0xd9, 0xf6], [0x9f], [0xbf], [0xff], [0xbc]]
    for payload in others {
      #expect(!CBOREventCodec().accepts(payload))
      #expect(!JSONEventCodec().accepts(payload))
    }
  }

  @Test func bothCodecsAreReadWhicheverIsWritten() throws {
    for codec in Self.codecs {
      var options = StoreOptions()
      options.codec = codec
      let store = try EventStore.inMemory(options: options)
      try store.execute(.open(owner: "Ada", balance: 10), on: "account-1", as: Account.self)
      try store.execute(.deposit(5), on: "account-1", as: Account.self)
      #expect(try store.load(Account.self, "account-1").state.balance == 15)
      let records = try store.log.read(.all())
      for record in records { #expect(codec.accepts(record.payload)) }
    }
  }
}

extension EventCodec {
  /// Expectations lend no spans.
  fileprivate func accepts(_ payload: [UInt8]) -> Bool { isEncoding(of: payload.span) }
}
