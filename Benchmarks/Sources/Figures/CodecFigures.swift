import Annals
import Foundation

/// What an event costs to encode and to decode: as JSON, as CBOR through `Codable`, and by hand.
///
/// Nanoseconds of the calling thread for one event; the ratio is that of JSON's.
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
    try measure("enum, 2 fields", AccountEvent.deposited(amount: 12_345, source: "salary"))
    try measureCase(AccountEvent.deposited(amount: 12_345, source: "salary"))
  }

  private func measure<T: Codable & Equatable & ByHand>(_ name: String, _ event: T) throws {
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    let text = try encoder.encode(event)
    let bytes = try CBOREncoder().encode(event)
    let hand = Hand()
    _ = hand.count(event)
    let byHand = hand.writer.array()
    guard try decoder.decode(T.self, from: text) == event,
      try CBORDecoder().decode(T.self, from: bytes) == event,
      try T.reading(byHand.span) == event
    else { throw Failure("\(name) does not come back") }

    var sum = 0
    var payload: [UInt8] = []
    let codec = CBOREventCodec()
    let encoding = try interleaved(
      rounds,
      by: threadNow,
      { for _ in 0..<Self.count { sum &+= try encoder.encode(event).count } },
      {
        for _ in 0..<Self.count {
          payload.removeAll(keepingCapacity: true)
          try codec.encode(event, into: &payload)
          sum &+= payload.count
        }
      },
      { for _ in 0..<Self.count { sum &+= hand.count(event) } }
    )
    let decoding = try interleaved(
      rounds,
      by: threadNow,
      {
        for _ in 0..<Self.count {
          sum &+= try decoder.decode(T.self, from: text) == event ? 1 : 0
        }
      },
      {
        for _ in 0..<Self.count {
          sum &+= try codec.decode(T.self, from: bytes.span) == event ? 1 : 0
        }
      },
      { for _ in 0..<Self.count { sum &+= try T.reading(byHand.span) == event ? 1 : 0 } }
    )
    if sum == 0 { throw Failure("nothing was measured") }
    add("\(name): encode", encoding)
    add("\(name): decode", decoding)
    report.add(
      "\(name): bytes",
      "bytes",
      raw: Double(text.count),
      annals: Double(bytes.count),
      ratio: Double(text.count) / Double(bytes.count)
    )
  }

  /// As a store does it: what the case holds, without its name.
  private func measureCase(_ event: AccountEvent) throws {
    let cases = ["opened", "deposited", "withdrawn", "closed"]
    let codecs: [any EventCodec] = [.json, .cbor]
    var payloads: [[UInt8]] = []
    for codec in codecs {
      var payload: [UInt8] = []
      _ = try codec.encodeCase(of: event, among: cases, into: &payload)
      payloads.append(payload)
    }
    var sum = 0
    func encode(_ codec: any EventCodec) throws {
      var payload: [UInt8] = []
      for _ in 0..<Self.count {
        payload.removeAll(keepingCapacity: true)
        sum &+= try codec.encodeCase(of: event, among: cases, into: &payload) ?? 0
      }
    }
    func decode(_ index: Int) throws {
      let codec = codecs[index]
      let payload = payloads[index]
      for _ in 0..<Self.count {
        let value = try codec.decode(
          AccountEvent.self,
          case: "deposited",
          from: payload.span
        )
        sum &+= value == event ? 1 : 0
      }
    }
    let encoding = try interleaved(
      rounds,
      by: threadNow,
      { try encode(codecs[0]) },
      { try encode(codecs[1]) }
    )
    let decoding = try interleaved(
      rounds,
      by: threadNow,
      { try decode(0) },
      { try decode(1) }
    )
    if sum == 0 { throw Failure("nothing was measured") }
    for (name, times) in [("encode", encoding), ("decode", decoding)] {
      report.add(
        "case without its name, 2 fields: \(name), CBOR",
        "ns an event",
        raw: times[0].median / Double(Self.count),
        annals: times[1].median / Double(Self.count),
        ratio: ratio(times[0], times[1])
      )
    }
  }

  private func add(_ name: String, _ times: [[Double]]) {
    for (index, way) in [(1, "CBOR"), (2, "by hand")] {
      report.add(
        "\(name), \(way)",
        "ns an event",
        raw: times[0].median / Double(Self.count),
        annals: times[index].median / Double(Self.count),
        ratio: ratio(times[0], times[index])
      )
    }
  }
}

/// An event that is coded without `Codable`.
private protocol ByHand {
  func write(to writer: inout PayloadWriter)
  static func reading(_ payload: Span<UInt8>) throws -> Self
}

/// A writer that closures may share.
private final class Hand {
  var writer = PayloadWriter()

  /// The number of bytes of an event, newly written.
  func count(_ event: some ByHand) -> Int {
    writer.removeAll()
    event.write(to: &writer)
    return writer.count
  }
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

extension Deposited: ByHand {
  func write(to writer: inout PayloadWriter) {
    writer.beginMap(2)
    writer.write("amount")
    writer.write(amount)
    writer.write("source")
    writer.write(source)
  }

  static func reading(_ payload: Span<UInt8>) throws -> Deposited {
    var reader = try PayloadReader(payload)
    var event = Deposited(amount: 0, source: "")
    for _ in 0..<(try reader.beginMap()) {
      if try reader.readKey("amount") {
        event.amount = try reader.readInt()
      } else if try reader.readKey("source") {
        event.source = try reader.readText()
      } else {
        try reader.skipPair()
      }
    }
    try reader.finish()
    return event
  }
}

extension Moved: ByHand {
  func write(to writer: inout PayloadWriter) {
    writer.beginMap(3)
    writer.write("item")
    writer.write(item)
    writer.write("from")
    writer.write(from)
    writer.write("to")
    writer.write(to)
  }

  static func reading(_ payload: Span<UInt8>) throws -> Moved {
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
        try reader.skipPair()
      }
    }
    try reader.finish()
    return event
  }
}

extension LineAdded: ByHand {
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

  static func reading(_ payload: Span<UInt8>) throws -> LineAdded {
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
        try reader.skipPair()
      }
    }
    try reader.finish()
    return event
  }
}

extension AccountEvent: ByHand {
  func write(to writer: inout PayloadWriter) {
    guard case .deposited(let amount, let source) = self else { return }
    Deposited(amount: amount, source: source).write(to: &writer)
  }

  static func reading(_ payload: Span<UInt8>) throws -> AccountEvent {
    let event = try Deposited.reading(payload)
    return .deposited(amount: event.amount, source: event.source)
  }
}
