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
    try measure("enum, 2 fields", AccountEvent.deposited(amount: 12_345, source: "salary"))
  }

  private func measure<T: Codable & Equatable>(_ name: String, _ event: T) throws {
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    let text = try encoder.encode(event)
    let bytes = try CBOREncoder().encode(event)
    guard try decoder.decode(T.self, from: text) == event,
      try CBORDecoder().decode(T.self, from: bytes) == event
    else { throw Failure("\(name) does not come back") }

    var sum = 0
    let encoding = try interleaved(
      rounds,
      by: threadNow,
      { for _ in 0..<Self.count { sum &+= try encoder.encode(event).count } },
      { for _ in 0..<Self.count { sum &+= try CBOREncoder().encode(event).count } }
    )
    let decoding = try interleaved(
      rounds,
      by: threadNow,
      { for _ in 0..<Self.count { sum &+= try decoder.decode(T.self, from: text) == event ? 1 : 0 } },
      {
        for _ in 0..<Self.count {
          sum &+= try CBORDecoder().decode(T.self, from: bytes) == event ? 1 : 0
        }
      }
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

  private func add(_ name: String, _ times: [[Double]]) {
    report.add(
      name,
      "ns an event",
      raw: times[0].median / Double(Self.count),
      annals: times[1].median / Double(Self.count),
      ratio: ratio(times[0], times[1])
    )
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
