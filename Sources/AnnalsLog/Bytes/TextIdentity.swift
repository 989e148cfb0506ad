/// The two words that a string is: the same two are the same text while either string is kept.
///
/// The text of a short string stands in them. A longer one's memory is neither changed nor used for
/// another text as long as two refer to it. Two strings with the same text may have different ones.
struct TextIdentity: BitwiseCopyable, Equatable {
  private let first: UInt64
  private let second: UInt64

  /// The identity of `text`, which whoever compares with it later keeps.
  @inline(__always)
  init(_ text: String) {
    (first, second) = unsafe unsafeBitCast(text, to: (UInt64, UInt64).self)
  }

  /// A number of `bits` bits that depends on all of them.
  @inline(__always)
  func mark(bits: UInt64) -> Int {
    let mixed = (first ^ (second << 21 | second >> 43)) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> (64 - bits))
  }
}
