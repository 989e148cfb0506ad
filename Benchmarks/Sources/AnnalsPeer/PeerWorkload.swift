import AnnalsLog
import Foundation

/// SplitMix64, as in `workload.h`.
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

/// The events of `workload.h`, byte for byte: ids, types, times, payloads, the choice of aggregates.
///
/// The phase `digest` of both programs tells whether that is so. Ids and payloads stand end to end
/// in one array each, so that handing out a span counts no references.
struct PeerWorkload: Sendable {
  static let idCount = 16
  static let payloadCount = 8192
  static let types = [
    "AccountOpened", "MoneyDeposited", "MoneyWithdrawn", "TransferRequested", "TransferBooked",
    "TransferRejected", "LimitChanged", "CardIssued", "CardBlocked", "InterestAccrued",
    "StatementProduced", "AccountClosed",
  ]

  let aggregates: Int
  let payloadBytes: Int
  private let ids: [UInt8]
  private let payloads: [UInt8]
  private let sums: [UInt64]
  private var keep: [Float] = []
  private var alias: [UInt32] = []

  init(_ arguments: PeerArguments) {
    aggregates = arguments.aggregates
    payloadBytes = arguments.payload
    var ids: [UInt8] = []
    ids.reserveCapacity(aggregates * Self.idCount)
    for index in 0..<aggregates {
      let digits = String(index)
      ids.append(contentsOf: "account-".utf8)
      ids.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 8 - digits.utf8.count))
      ids.append(contentsOf: digits.utf8)
    }
    self.ids = ids
    var random = Random(arguments.seed ^ 0x5eed)
    var payloads: [UInt8] = []
    var sums: [UInt64] = []
    payloads.reserveCapacity(Self.payloadCount * payloadBytes)
    for _ in 0..<Self.payloadCount {
      let payload = Self.json(payloadBytes, &random)
      sums.append(sumOfBytes(payload.span))
      payloads.append(contentsOf: payload)
    }
    self.payloads = payloads
    self.sums = sums
    if arguments.distribution == "zipf" { makeAliases() }
  }

  // MARK: The choice of aggregates

  /// Vose's alias method over 1 / rank^0.99.
  private mutating func makeAliases() {
    var weight = [Double](repeating: 0, count: aggregates)
    var total = 0.0
    for index in 0..<aggregates {
      weight[index] = pow(Double(index) + 1, -0.99)
      total += weight[index]
    }
    keep = [Float](repeating: 0, count: aggregates)
    alias = [UInt32](repeating: 0, count: aggregates)
    var small: [Int] = []
    var large: [Int] = []
    for index in 0..<aggregates {
      weight[index] *= Double(aggregates) / total
      if weight[index] < 1 { small.append(index) } else { large.append(index) }
    }
    while let low = small.last, let high = large.last {
      small.removeLast()
      keep[low] = Float(weight[low])
      alias[low] = UInt32(high)
      weight[high] -= 1 - weight[low]
      if weight[high] < 1 {
        large.removeLast()
        small.append(high)
      }
    }
    for index in small + large { keep[index] = 1 }
  }

  /// Which aggregate the next event goes to.
  func pick(_ random: inout Random) -> Int {
    let index = random.below(aggregates)
    if keep.isEmpty { return index }
    let unit = Float(random.next() >> 40) * 0x1p-24
    let rank = unit < keep[index] ? UInt64(index) : UInt64(alias[index])
    return Int((rank * 2_654_435_761) % UInt64(aggregates))
  }

  // MARK: Events

  private static func payloadIndex(_ number: Int) -> Int {
    Int(UInt64(number) &* 2_654_435_761 % UInt64(payloadCount))
  }

  func id(_ aggregate: Int) -> Range<Int> {
    aggregate * Self.idCount..<(aggregate + 1) * Self.idCount
  }

  func name(_ aggregate: Int) -> AggregateID {
    AggregateID(String(decoding: ids[id(aggregate)], as: UTF8.self))
  }

  static func type(_ number: Int) -> String { types[number % types.count] }

  static func time(_ number: Int) -> Timestamp {
    Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number) * 1000)
  }

  /// The sum over the payload of event `number`.
  @inline(__always)
  func sum(_ number: Int) -> UInt64 { sums[Self.payloadIndex(number)] }

  /// The payload of event `number`.
  func payload(_ number: Int) -> ArraySlice<UInt8> {
    let start = Self.payloadIndex(number) * payloadBytes
    return payloads[start..<start + payloadBytes]
  }

  /// Adds event `number` to aggregate `aggregate` of the batch.
  @inline(__always)
  func add(_ number: Int, to aggregate: Int, _ batch: EventBatch) throws(LogError) {
    let start = Self.payloadIndex(number) * payloadBytes
    try batch.add(
      Self.types[number % Self.types.count],
      to: ids.span.extracting(id(aggregate)),
      payload: payloads.span.extracting(start..<start + payloadBytes),
      time: Self.time(number)
    )
  }

  /// Demands that the aggregate has `version` events.
  @inline(__always)
  func expect(_ version: UInt64, of aggregate: Int, _ batch: EventBatch) throws(LogError) {
    try batch.expect(.exactly(Version(version)), of: ids.span.extracting(id(aggregate)))
  }

  // MARK: Texts

  /// A semi-compressible JSON text of exactly this size.
  static func json(_ count: Int, _ random: inout Random) -> [UInt8] {
    let words = [
      "rent", "salary", "groceries", "refund", "invoice", "coffee", "transfer", "savings",
      "ticket", "pension", "deposit", "purchase", "monthly", "shared", "travel",
    ]
    let currencies = ["EUR", "USD", "GBP", "CHF"]
    // In this order, which is the other program's.
    let by = random.below(1_000_000)
    let currency = currencies[random.below(4)]
    let cents = random.below(100)
    let amount = random.below(100_000)
    let id = random.next()
    var text =
      "{\"id\":\"\(hexadecimal(id, 16))\",\"amount\":\(amount).\(padded(cents, 2)),"
      + "\"currency\":\"\(currency)\",\"by\":\"u-\(padded(by, 6))\""
    var line = 0
    while text.utf8.count + 2 < count {
      if line == 0 {
        text += ",\"note\":\"" + words[random.below(15)]
        text += " " + words[random.below(15)]
      } else {
        let reference = random.next() & 0xffff_ffff
        text += "\",\"ref\(line)\":\"\(words[random.below(15)])-\(hexadecimal(reference, 8))"
      }
      line += 1
    }
    var bytes = Array(text.utf8.prefix(count - 2))
    while bytes.count < count - 2 { bytes.append(UInt8(ascii: "x")) }
    bytes.append(contentsOf: "\"}".utf8)
    return bytes
  }

  private static func hexadecimal(_ value: UInt64, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: width - digits.utf8.count) + digits
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  // MARK: Digest

  /// FNV-1a over all that the first events are made of, and over some states.
  func digest(_ events: Int, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    var random = Random(seed)
    for number in 0..<events {
      add(ids[id(pick(&random))])
      add(Self.type(number).utf8)
      let time = UInt64(bitPattern: Self.time(number).microseconds)
      add((0..<8).map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) })
      add(payload(number))
      let sum = sum(number)
      add((0..<8).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) })
    }
    var states = Random(seed + 9)
    for _ in 0..<8 { add(Self.json(4096, &states)) }
    return hash
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
    var last: UInt64 = 0
    var shift: UInt64 = 0
    while offset < raw.count {
      last |= unsafe UInt64(raw[offset]) << shift
      shift &+= 8
      offset &+= 1
    }
    return sum &+ last
  }
}
