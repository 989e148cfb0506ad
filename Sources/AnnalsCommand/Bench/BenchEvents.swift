package import AnnalsLog

/// The events that a measurement writes: ids of 16 bytes, payloads like the JSON of a booking.
///
/// All are made before the clock runs and stand end to end, so that handing one out costs nothing.
package struct BenchEvents: Sendable {
  /// The number of aggregates.
  package let aggregates: Int
  /// The bytes of each payload.
  package let payloadBytes: Int
  private let ids: [UInt8]
  private let payloads: [UInt8]

  static let perAggregate = 20
  private static let idBytes = 16
  private static let payloadCount = 1024
  private static let type = "Booked"

  /// Makes the ids and payloads.
  package init(aggregates: Int, payloadBytes: Int) {
    self.aggregates = aggregates
    self.payloadBytes = payloadBytes
    var ids: [UInt8] = []
    for number in 0..<aggregates {
      let digits = String(number)
      let zeros = String(repeating: "0", count: 8 - digits.utf8.count)
      ids += Array("account-\(zeros)\(digits)".utf8)
    }
    self.ids = ids
    var random = BenchRandom(seed: 7)
    var payloads: [UInt8] = []
    // Fewer of large ones: a measurement is not to fill the memory.
    for _ in 0..<min(Self.payloadCount, max(1, (8 << 20) / payloadBytes)) {
      payloads += Self.payload(payloadBytes, &random)
    }
    self.payloads = payloads
  }

  private static func payload(_ count: Int, _ random: inout BenchRandom) -> [UInt8] {
    let words = ["rent", "salary", "groceries", "refund", "invoice", "coffee", "travel", "pension"]
    var text = "{\"amount\":\(random.below(100_000))"
    while text.utf8.count < count {
      text += ",\"\(words[random.below(8)])\":\"\(String(random.next(), radix: 36))\""
    }
    return Array(text.utf8.prefix(count))
  }

  /// The bytes a lone event takes in a store, roughly: what is fair to write without one.
  var recordBytes: Int { (payloadBytes + Self.idBytes + 24 + 7) & ~7 }

  private func payload(_ number: Int) -> Range<Int> {
    let start = number % (payloads.count / payloadBytes) * payloadBytes
    return start..<start + payloadBytes
  }

  private func id(_ aggregate: Int) -> Range<Int> {
    aggregate * Self.idBytes..<(aggregate + 1) * Self.idBytes
  }

  /// Adds event `number` to an aggregate.
  func add(_ number: Int, to aggregate: Int, _ batch: EventBatch) throws(LogError) {
    try batch.add(
      Self.type,
      to: ids.span.extracting(id(aggregate)),
      payload: payloads.span.extracting(payload(number))
    )
  }

  /// Appends the payload of event `number` to `bytes`.
  package func append(_ number: Int, to bytes: inout [UInt8]) {
    bytes += payloads[payload(number)]
  }

  /// The id of an aggregate.
  package func name(_ aggregate: Int) -> AggregateID {
    AggregateID(String(decoding: ids[id(aggregate)], as: UTF8.self))
  }

  /// Which aggregate gets event `number` of a store in which each gets one in every round, in
  /// another order, so that the events of each are spread over all.
  package func aggregate(_ number: Int) -> Int {
    let (round, step) = number.quotientAndRemainder(dividingBy: aggregates)
    return (step + round * 7919) % aggregates
  }

  /// The number of the event that aggregate `aggregate` gets in a round.
  package func number(of aggregate: Int, round: Int) -> Int {
    let shift = round * 7919 % aggregates
    return round * aggregates + (aggregate - shift + aggregates) % aggregates
  }
}

/// SplitMix64: the same numbers in every run.
struct BenchRandom {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number below `bound`.
  mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
