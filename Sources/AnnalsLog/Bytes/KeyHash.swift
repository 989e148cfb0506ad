/// The 128-bit keyed hash of an aggregate id, tag, idempotency key, event or consumer's name.
///
/// SipHash-1-3 with 128-bit output (Aumasson and Bernstein, 2012), keyed with the store's id, so
/// that nobody who does not know the store can make keys collide. Persisted in footers and index
/// checkpoints, hence specified in `Format.md`.
package struct KeyHash: Hashable, Sendable, BitwiseCopyable {
  package var high: UInt64
  package var low: UInt64

  /// A hash from its halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// What the hashed bytes name.
  ///
  /// The domain is hashed with them, so equal bytes in two domains
  /// have unrelated hashes.
  package enum Domain: UInt8, Sendable {
    case aggregate = 0
    case tag = 1
    case key = 2
    case event = 3
    case consumer = 4
  }
}

extension KeyHash: Comparable {
  /// Orders by the 128-bit number.
  @inline(__always)
  package static func < (lhs: Self, rhs: Self) -> Bool {
    lhs.high != rhs.high ? lhs.high < rhs.high : lhs.low < rhs.low
  }
}

/// Hashes under one store's key.
package struct KeyHasher: Sendable, BitwiseCopyable, Equatable {
  private let key0: UInt64
  private let key1: UInt64

  /// A hasher keyed with the 16 bytes of a store id.
  package init(_ id: StoreID) {
    key0 = id.low
    key1 = id.high
  }

  /// The hash of `bytes` in `domain`.
  package func hash(_ bytes: Span<UInt8>, _ domain: KeyHash.Domain) -> KeyHash {
    var v0 = key0 ^ 0x736f_6d65_7073_6575
    var v1 = key1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
    var v2 = key0 ^ 0x6c79_6765_6e65_7261
    var v3 = key1 ^ 0x7465_6462_7974_6573

    @inline(__always)
    func round() {
      v0 &+= v1
      v1 = (v1 << 13) | (v1 >> 51)
      v1 ^= v0
      v0 = (v0 << 32) | (v0 >> 32)
      v2 &+= v3
      v3 = (v3 << 16) | (v3 >> 48)
      v3 ^= v2
      v0 &+= v3
      v3 = (v3 << 21) | (v3 >> 43)
      v3 ^= v0
      v2 &+= v1
      v1 = (v1 << 17) | (v1 >> 47)
      v1 ^= v2
      v2 = (v2 << 32) | (v2 >> 32)
    }

    let count = bytes.count
    var index = 0
    while index &+ 8 <= count {
      let word = bytes.load(UInt64.self, at: index)
      v3 ^= word
      round()
      v0 ^= word
      index &+= 8
    }
    // The message is the bytes followed by the domain; its length counts the domain.
    var last = UInt64(truncatingIfNeeded: count &+ 1) << 56
    var shift: UInt64 = 0
    while index < count {
      last |= UInt64(bytes[index]) << shift
      shift &+= 8
      index &+= 1
    }
    if shift < 56 {
      last |= UInt64(domain.rawValue) << shift
    } else {
      let full = (last & 0x00ff_ffff_ffff_ffff) | UInt64(domain.rawValue) << 56
      v3 ^= full
      round()
      v0 ^= full
      last = UInt64(truncatingIfNeeded: count &+ 1) << 56
    }
    v3 ^= last
    round()
    v0 ^= last

    v2 ^= 0xee
    round()
    round()
    round()
    let low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    round()
    round()
    round()
    let high = v0 ^ v1 ^ v2 ^ v3
    // Zero marks an empty slot of the key table.
    return high == 0 && low == 0 ? KeyHash(high: 0, low: 1) : KeyHash(high: high, low: low)
  }
}
