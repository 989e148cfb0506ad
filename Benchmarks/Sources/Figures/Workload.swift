import AnnalsLog

/// SplitMix64: the same numbers on every machine.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) {
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

/// Ids and payloads of the events: deterministic, and made before the clock runs.
///
/// Both stand end to end in one array each, so that handing out a span counts no references.
struct Workload: Sendable {
  static let idCount = 16
  private static let payloadCount = 4096
  static let type = "ItemAdded"

  let aggregates: Int
  let payloadBytes: Int
  let rounds: Int
  private let ids: [UInt8]
  private let payloads: [UInt8]

  init(_ arguments: Arguments) {
    aggregates = arguments.aggregates
    payloadBytes = arguments.payload
    rounds = arguments.rounds
    var ids: [UInt8] = []
    ids.reserveCapacity(aggregates * Self.idCount)
    for index in 0..<aggregates {
      let digits = String(index)
      let zeros = String(repeating: "0", count: 11 - digits.utf8.count)
      ids.append(contentsOf: "cart-\(zeros)\(digits)".utf8)
    }
    self.ids = ids
    var random = Random(7)
    var payloads: [UInt8] = []
    payloads.reserveCapacity(Self.payloadCount * payloadBytes)
    for _ in 0..<Self.payloadCount {
      payloads.append(contentsOf: Self.makePayload(arguments.payload, &random))
    }
    self.payloads = payloads
  }

  /// A text like an event's JSON, of exactly `count` bytes.
  private static func makePayload(_ count: Int, _ random: inout Random) -> [UInt8] {
    let words = ["apples", "bread", "coffee", "lamp", "paper", "tea", "wool", "zinc"]
    var text = "{\"sku\":\"\(String(random.next(), radix: 16))\",\"quantity\":\(random.below(100))"
    while text.utf8.count + 2 < count {
      text += ",\"\(words[random.below(8)])\":\"\(String(random.next(), radix: 36))\""
    }
    var bytes = Array(text.utf8.prefix(max(0, count - 1)))
    while bytes.count < count { bytes.append(UInt8(ascii: "}")) }
    return bytes
  }

  /// The id of aggregate `index`.
  func id(_ index: Int) -> Range<Int> {
    index * Self.idCount..<(index + 1) * Self.idCount
  }

  private func payload(_ number: Int) -> Range<Int> {
    let index = (number &* 2_654_435_761) & (Self.payloadCount - 1)
    return index * payloadBytes..<(index + 1) * payloadBytes
  }

  /// Adds event `number` to aggregate `aggregate` of the batch.
  @inline(__always)
  func add(_ number: Int, to aggregate: Int, _ batch: EventBatch) throws(LogError) {
    try batch.add(
      Self.type,
      to: ids.span.extracting(id(aggregate)),
      payload: payloads.span.extracting(payload(number))
    )
  }

  /// The id of aggregate `index` as text.
  func name(_ index: Int) -> AggregateID {
    AggregateID(String(decoding: ids[id(index)], as: UTF8.self))
  }

  /// Calls `body` with the bytes of id and payload of event `number` to `aggregate`.
  @inline(__always)
  func withBytes(_ number: Int, _ aggregate: Int, _ body: (Span<UInt8>, Span<UInt8>) -> Void) {
    body(ids.span.extracting(id(aggregate)), payloads.span.extracting(payload(number)))
  }
}

/// The sum that stands for "the reader touched every byte of the payload".
@inline(__always)
func sumOfBytes(_ bytes: Span<UInt8>) -> UInt64 {
  unsafe bytes.withUnsafeBytes { raw in
    var sum: UInt64 = 0
    var offset = 0
    while offset &+ 8 <= raw.count {
      sum &+= unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      offset &+= 8
    }
    while offset < raw.count {
      sum &+= unsafe UInt64(raw[offset])
      offset &+= 1
    }
    return sum
  }
}
