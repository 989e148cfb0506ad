import Annals
import Foundation

/// What an event costs to encode and to decode: as JSON, as CBOR through `Codable`, and as CBOR by
/// hand. Nanoseconds of the calling thread for one event; the ratio is that of JSON's.
struct CodecFigures {
  private static let count = 20_000

  private let rounds: Int
  private let report: Report

  init(_ arguments: Arguments, _ report: Report) {
    rounds = arguments.rounds
    self.report = report
  }

  func run() throws {
    try measure("deposited, 2 fields", Deposited(amount: 12_345, source: "salary"))
    try measure("moved, 3 fields", Moved(item: "SKU-20261", from: 17, to: 230_411))
    try measure(
      "line added, 6 fields",
      LineAdded(
        line: "5f0c61a2",
        product: "Coffee beans, dark roast, 1 kg",
        currency: "EUR",
        quantity: 3,
        stock: 1_204,
        price: 18.95
      )
    )
    try measureCase("case of 2 fields", AccountEvent.deposited(amount: 12_345, source: "salary"))
  }

  /// A struct: through `Codable` as JSON and as CBOR, and by hand.
  private func measure<T: Codable & Equatable & HandWritten>(_ name: String, _ event: T) throws {
    let (json, cbor) = (JSONEventCodec.json, CBOREventCodec.cbor)
    var payload: [UInt8] = []
    try json.encode(event, into: &payload)
    let text = payload
    payload = []
    try cbor.encode(event, into: &payload)
    let bytes = payload
    var writer = PayloadWriter()
    event.write(to: &writer)
    guard try json.decode(T.self, from: text.span) == event,
      try cbor.decode(T.self, from: bytes.span) == event,
      try T.read(bytes.span) == event, writer.array() == bytes
    else { throw Failure("\(name) does not come back") }

    var sum = 0
    let encoding = try interleaved(
      rounds,
      by: threadNow,
      { for _ in 0..<Self.count { sum &+= try encode(event, json, &payload) } },
      { for _ in 0..<Self.count { sum &+= try encode(event, cbor, &payload) } },
      {
        for _ in 0..<Self.count {
          writer.removeAll()
          event.write(to: &writer)
          sum &+= writer.bytes.count
        }
      }
    )
    let decoding = try interleaved(
      rounds,
      by: threadNow,
      {
        for _ in 0..<Self.count where try json.decode(T.self, from: text.span) == event { sum += 1 }
      },
      {
        for _ in 0..<Self.count where try cbor.decode(T.self, from: bytes.span) == event {
          sum += 1
        }
      },
      { for _ in 0..<Self.count where try T.read(bytes.span) == event { sum += 1 } }
    )
    if sum == 0 { throw Failure("nothing was measured") }
    add("\(name): encode", encoding)
    add("\(name): decode", decoding)
    addBytes(name, text.count, bytes.count)
  }

  /// A case of an enum, as a store writes it: its name apart, what it holds as the payload.
  private func measureCase(_ name: String, _ event: AccountEvent) throws {
    let (json, cbor) = (JSONEventCodec.json, CBOREventCodec.cbor)
    let cases = ["opened", "deposited", "withdrawn", "closed"]
    var text: [UInt8] = []
    var bytes: [UInt8] = []
    guard try json.encodeCase(of: event, among: cases, into: &text) == 1,
      try cbor.encodeCase(of: event, among: cases, into: &bytes) == 1,
      try json.decode(AccountEvent.self, case: cases[1], from: text.span) == event,
      try cbor.decode(AccountEvent.self, case: cases[1], from: bytes.span) == event
    else { throw Failure("\(name) does not come back") }

    var sum = 0
    var payload: [UInt8] = []
    func encode(_ codec: some EventCodec) throws {
      for _ in 0..<Self.count {
        payload.removeAll(keepingCapacity: true)
        sum &+= try codec.encodeCase(of: event, among: cases, into: &payload) ?? 0
      }
    }
    func decode(_ codec: some EventCodec, _ payload: [UInt8]) throws {
      for _ in 0..<Self.count {
        let one = try codec.decode(AccountEvent.self, case: cases[1], from: payload.span)
        if one == event { sum += 1 }
      }
    }
    add(
      "\(name): encode",
      try interleaved(rounds, by: threadNow, { try encode(json) }, { try encode(cbor) })
    )
    add(
      "\(name): decode",
      try interleaved(
        rounds,
        by: threadNow,
        { try decode(json, text) },
        { try decode(cbor, bytes) }
      )
    )
    if sum == 0 { throw Failure("nothing was measured") }
    addBytes(name, text.count, bytes.count)
  }

  @inline(__always)
  private func encode(
    _ event: some Encodable,
    _ codec: some EventCodec,
    _ payload: inout [UInt8]
  ) throws -> Int {
    payload.removeAll(keepingCapacity: true)
    try codec.encode(event, into: &payload)
    return payload.count
  }

  private func add(_ name: String, _ times: [[Double]]) {
    for (index, way) in ["Codable", "by hand"].enumerated() where index + 1 < times.count {
      report.add(
        "\(name), \(way)",
        "ns an event",
        raw: times[0].median / Double(Self.count),
        annals: times[index + 1].median / Double(Self.count),
        ratio: ratio(times[0], times[index + 1])
      )
    }
  }

  private func addBytes(_ name: String, _ text: Int, _ bytes: Int) {
    report.add(
      "\(name): size",
      "bytes",
      raw: Double(text),
      annals: Double(bytes),
      ratio: Double(text) / Double(bytes)
    )
  }
}

/// An event that writes and reads itself, in the form that `Codable` gives it.
private protocol HandWritten {
  func write(to writer: inout PayloadWriter)
  static func read(_ payload: Span<UInt8>) throws -> Self
}

private struct Deposited: Codable, Equatable {
  var amount: Int
  var source: String
}

private struct Moved: Codable, Equatable {
  var item: String
  var from: Int
  var to: Int
}

private struct LineAdded: Codable, Equatable {
  var line: String
  var product: String
  var currency: String
  var quantity: Int
  var stock: Int
  var price: Double
}

private enum AccountEvent: Codable, Equatable {
  case opened(owner: String)
  case deposited(amount: Int, source: String)
  case withdrawn(amount: Int)
  case closed
}

extension Deposited: HandWritten {
  func write(to writer: inout PayloadWriter) {
    writer.beginMap(2)
    writer.write("amount")
    writer.write(amount)
    writer.write("source")
    writer.write(source)
  }

  static func read(_ payload: Span<UInt8>) throws -> Deposited {
    var reader = try PayloadReader(payload)
    var event = Deposited(amount: 0, source: "")
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("amount") {
        event.amount = try reader.readInt()
      } else if try reader.readKey("source") {
        event.source = try reader.readText()
      } else {
        try reader.skip()
        try reader.skip()
      }
    }
    try reader.finish()
    return event
  }
}

extension Moved: HandWritten {
  func write(to writer: inout PayloadWriter) {
    writer.beginMap(3)
    writer.write("item")
    writer.write(item)
    writer.write("from")
    writer.write(from)
    writer.write("to")
    writer.write(to)
  }

  static func read(_ payload: Span<UInt8>) throws -> Moved {
    var reader = try PayloadReader(payload)
    var event = Moved(item: "", from: 0, to: 0)
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("item") {
        event.item = try reader.readText()
      } else if try reader.readKey("from") {
        event.from = try reader.readInt()
      } else if try reader.readKey("to") {
        event.to = try reader.readInt()
      } else {
        try reader.skip()
        try reader.skip()
      }
    }
    try reader.finish()
    return event
  }
}

extension LineAdded: HandWritten {
  func write(to writer: inout PayloadWriter) {
    writer.beginMap(6)
    writer.write("line")
    writer.write(line)
    writer.write("product")
    writer.write(product)
    writer.write("currency")
    writer.write(currency)
    writer.write("quantity")
    writer.write(quantity)
    writer.write("stock")
    writer.write(stock)
    writer.write("price")
    writer.write(price)
  }

  static func read(_ payload: Span<UInt8>) throws -> LineAdded {
    var reader = try PayloadReader(payload)
    var event = LineAdded(line: "", product: "", currency: "", quantity: 0, stock: 0, price: 0)
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("line") {
        event.line = try reader.readText()
      } else if try reader.readKey("product") {
        event.product = try reader.readText()
      } else if try reader.readKey("currency") {
        event.currency = try reader.readText()
      } else if try reader.readKey("quantity") {
        event.quantity = try reader.readInt()
      } else if try reader.readKey("stock") {
        event.stock = try reader.readInt()
      } else if try reader.readKey("price") {
        event.price = try reader.readDouble()
      } else {
        try reader.skip()
        try reader.skip()
      }
    }
    try reader.finish()
    return event
  }
}
