/// A random 128-bit identity: of a store, or of one history of it.
public struct StoreID: Hashable, Sendable, BitwiseCopyable {
  package let high: UInt64
  package let low: UInt64

  /// An identity from its halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new identity from the system's random source.
  package static func random() -> StoreID {
    StoreID(high: .random(in: 1 ... .max), low: .random(in: 1 ... .max))
  }
}

extension StoreID: CustomStringConvertible {
  /// 32 hexadecimal digits.
  public var description: String {
    Self.hexadecimal(high) + Self.hexadecimal(low)
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
