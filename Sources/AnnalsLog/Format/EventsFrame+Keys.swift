/// One idempotency key of a frame, with what is needed to answer a retry.
package struct FrameKey: Sendable, BitwiseCopyable {
  /// Which append of the frame the key belongs to.
  package var append: Int
  package var offset: Int
  package var count: Int
  /// The digest of the append's events, see `AppendDigest`.
  package var digest: KeyHash
  /// The number of this key among all keys of the store.
  package var sequence: UInt64
  /// When the append was made, by the clock.
  package var time: Int64
}

extension EventsFrame {
  /// Reads the frame's keys; nil where the section is not what a writer makes.
  ///
  /// Specified in `Format.md`, section "Keys".
  package func keys(_ bytes: Span<UInt8>) -> [FrameKey]? {
    if keysEnd == 0 { return [] }
    var reader = ByteReader(bytes.extracting(0..<keysEnd), at: keysOffset)
    guard let count = reader.readCount(maximum: appendCount) else { return nil }
    var keys: [FrameKey] = []
    var least = 0
    for _ in 0..<count {
      guard let append = reader.readCount(maximum: appendCount - 1), append >= least,
        let length = reader.readCount(maximum: Limits.keyBytesMax), length > 0,
        let range = reader.skip(length), let low = reader.read(UInt64.self),
        let high = reader.read(UInt64.self), let sequence = reader.readVarint(),
        sequence <= Limits.ordinalMax, let time = reader.readZigzag()
      else { return nil }
      // One key an append, in the order of the appends.
      least = append + 1
      keys.append(
        FrameKey(
          append: append,
          offset: range.lowerBound,
          count: length,
          digest: KeyHash(high: high, low: low),
          sequence: sequence,
          time: self.time &+ time
        )
      )
    }
    return reader.remaining == 0 ? keys : nil
  }

  /// Whether the keys section, if there is one, can be read.
  package func keysAreConsistent(_ bytes: Span<UInt8>) -> Bool {
    keys(bytes) != nil
  }

  /// The indices of the events that append `number` of the frame added.
  package func events(ofAppend number: Int, _ bytes: Span<UInt8>) -> Range<Int> {
    let first = Int(truncatingIfNeeded: appendLengths.sum(number, in: bytes))
    return first..<first + Int(appendLengths.value(number, in: bytes))
  }
}
