import Annals
import AnnalsTesting
import Synchronization
import Testing

/// What happens to a crate, coded by hand.
private enum CrateEvent: Event, Equatable {
  case sealed
  case moved(item: String, to: Int)
  case unnamed
  case unfinished

  static let schema = EventSchema<CrateEvent>(cases: [
    "sealed": "CrateSealed",
    "moved": "CrateMoved",
  ])
}

extension CrateEvent: PayloadCodable {
  /// How often a payload was written or read by hand.
  static let uses = Atomic(0)

  func write(to writer: inout PayloadWriter) -> Int {
    Self.uses.wrappingAdd(1, ordering: .relaxed)
    switch self {
    case .sealed:
      writer.beginMap(0)
      return 0
    case .moved(let item, let to):
      writer.beginMap(2)
      writer.write("item")
      writer.write(item)
      writer.write("to")
      writer.write(to)
      return 1
    case .unnamed:
      writer.beginMap(0)
      return 2
    case .unfinished:
      writer.beginMap(1)
      return 0
    }
  }

  init(typeIndex: Int, from reader: inout PayloadReader) throws {
    Self.uses.wrappingAdd(1, ordering: .relaxed)
    var item = ""
    var to = 0
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("item") {
        item = try reader.readText()
      } else if try reader.readKey("to") {
        to = try reader.readInt()
      } else {
        try reader.skipPair()
      }
    }
    self = typeIndex == 0 ? .sealed : .moved(item: item, to: to)
  }
}

@Suite(.serialized) struct PayloadCodableTests {
  private let events: [CrateEvent] = [.moved(item: "tea", to: 300), .sealed]

  private func store(_ codec: any EventCodec) throws -> EventStore {
    var options = StoreOptions()
    options.codec = codec
    return try EventStore.inMemory(options: options)
  }

  @Test func theHandIsUsedWhereTheCodecIsCBOR() throws {
    for (codec, uses) in [(CBOREventCodec() as any EventCodec, 4), (JSONEventCodec(), 0)] {
      let before = CrateEvent.uses.load(ordering: .relaxed)
      let store = try store(codec)
      try store.append(events, to: "crate-1")
      let table = try store.registry.table(reading: CrateEvent.self)
      var found: [CrateEvent] = []
      for record in try store.log.read(.all()) {
        found.append(try table.decode(table.form(of: record.type), codec, record.payload.span))
      }
      #expect(found == events)
      #expect(CrateEvent.uses.load(ordering: .relaxed) == before + uses)
    }
  }

  @Test func bothWaysReadEachOthersPayloads() throws {
    for (index, name) in [(1, "moved"), (0, "sealed")] {
      let event = events[1 - index]
      var payload: [UInt8] = []
      let cases = CrateEvent.schema.cases
      #expect(try CBOREventCodec().encodeCase(of: event, among: cases, into: &payload) == index)
      var writer = PayloadWriter()
      let written = event.write(to: &writer)
      let bytes = writer.array()
      #expect(written == index)
      #expect(bytes == payload)
      var reader = try PayloadReader(payload.span)
      let read = try CrateEvent(typeIndex: index, from: &reader)
      try reader.finish()
      #expect(read == event)
      let back = try CBOREventCodec().decode(CrateEvent.self, case: name, from: payload.span)
      #expect(back == event)
    }
  }

  @Test func misuseIsAnErrorAndAppendsNothing() throws {
    let store = try store(.cbor)
    #expect(throws: StoreError.self) { try store.append([CrateEvent.unnamed], to: "crate-1") }
    #expect(throws: StoreError.self) { try store.append([CrateEvent.unfinished], to: "crate-1") }
    #expect(store.head == 0)
  }

  @Test func whatIsNotAMapBearsTheMark() throws {
    var writer = PayloadWriter()
    writer.beginArray(2)
    let isBegun = !writer.isComplete
    writer.write(5)
    writer.writeNil()
    let isComplete = writer.isComplete
    let array = writer.array()
    #expect(isBegun && isComplete)
    #expect(hex(array) == "d9d9f78205f6")
    writer.removeAll()
    writer.write("a")
    let text = writer.array()
    #expect(hex(text) == "d9d9f76161")
    var reader = try PayloadReader(text.span)
    let read = try reader.readText()
    try reader.finish()
    #expect(read == "a")
  }
}
