internal import Annals

/// Decodes payloads as values; what can be decoded can be encoded, and is the same again.
enum FuzzPayloads {
  private struct Line: Codable {
    var product: String
    var count: UInt8
    var price: Double?
    var tags: [String]
  }

  private struct Order: Codable {
    var number: Int
    var lines: [Line]
    var totals: [String: Int32]
    var digest: [UInt8]
    var paid: Bool?
  }

  private enum Step: Codable {
    case begun
    case ordered(Order, at: Int)
    case moved(from: Int8, to: UInt64?)
  }

  /// A value that nests as deep as its payload says.
  private indirect enum Tree: Codable {
    case leaf(Int)
    case node([Tree])
  }

  static func run(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let payload = [UInt8](input.dropFirst())
    switch first % 6 {
    case 0: roundTrip(Order.self, payload)
    case 1: roundTrip(Step.self, payload)
    case 2: roundTrip(Tree.self, payload)
    case 3: walk(payload)
    case 4: _ = try? CBOREventCodec().decode(Step.self, case: "ordered", from: payload.span)
    default: _ = try? JSONEventCodec().decode(Step.self, case: "ordered", from: payload.span)
    }
  }

  private static func roundTrip<T: Codable>(_ type: T.Type, _ payload: [UInt8]) {
    guard let value = try? CBORDecoder().decode(type, from: payload) else { return }
    guard let encoded = try? CBOREncoder().encode(value),
      let again = try? CBORDecoder().decode(type, from: encoded),
      let twice = try? CBOREncoder().encode(again)
    else { preconditionFailure("what was decoded can not be encoded and decoded") }
    // Keyed maps have no order: only the size tells.
    precondition(encoded.count == twice.count, "another value came back")
  }

  private static func walk(_ payload: [UInt8]) {
    do throws(CBORError) {
      var reader = try PayloadReader(payload.span)
      while !reader.isAtEnd { try reader.skip() }
      reader = try PayloadReader(payload.span)
      for _ in 0..<(try reader.beginMap()) {
        if try reader.readKey("number") { _ = try reader.readInt() } else { try reader.skipPair() }
      }
      try reader.finish()
    } catch {
      // What is promised.
    }
  }

  static var seeds: [[UInt8]] {
    let order = Order(
      number: -70_000,
      lines: [
        Line(product: "tea", count: 200, price: 1.5, tags: ["ä", "b"]),
        Line(product: "pot", count: 1, tags: []),
      ],
      totals: ["eur": 1 << 20],
      digest: [1, 2, 3],
      paid: true
    )
    func encoded<T: Encodable>(_ value: T) -> [UInt8] { (try? CBOREncoder().encode(value)) ?? [] }
    let tree = Tree.node([.leaf(1), .node([.leaf(2), .node([])])])
    let json = #"{"_0":{"number":1,"lines":[],"totals":{},"digest":[]},"at":7}"#
    return [
      [0] + encoded(order), [1] + encoded(Step.ordered(order, at: 3)), [1] + encoded(Step.begun),
      [2] + encoded(tree), [3] + encoded(order), [4] + encoded(order), [5] + Array(json.utf8),
    ]
  }
}
