#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#endif

/// A file's bytes and size at one moment, as a value.
///
/// Only the part that was ever written is stored; the rest, up to `size`, is zero. Copies share
/// their bytes until one of them is changed, so an image of a disk costs what differs.
struct FileContent: Sendable {
  /// The stored bytes; never more than `size` once a change is complete.
  private(set) var bytes: [UInt8] = []
  /// The size of the file.
  private(set) var size = 0

  /// Overwrites the bytes from `offset` on with `source[range]`; the size stays.
  mutating func write(_ source: [UInt8], _ range: Range<Int>, at offset: Int) {
    precondition(offset >= 0, "a write lies in the file")
    precondition(0 <= range.lowerBound && range.upperBound <= source.count, "the bytes are there")
    let end = offset + range.count
    if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
    guard !range.isEmpty else { return }
    // Not `replaceSubrange`: it copies byte by byte in a debug build, in which most tests run, and
    // made whole explorations more than a hundred times slower.
    unsafe bytes.withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        unsafe memcpy(to + offset, from + range.lowerBound, range.count)
      }
    }
  }

  /// Sets the size; bytes beyond it are forgotten, so a later growth shows zeros.
  mutating func resize(_ byteCount: Int) {
    size = byteCount
    trim()
  }

  /// Drops bytes that were written beyond the size.
  mutating func trim() {
    if bytes.count > size { bytes.removeLast(bytes.count - size) }
  }

  /// Performs one pending change whole.
  mutating func apply(_ change: PendingChange) {
    switch change.kind {
    case .write(let offset, let source): write(source, 0..<source.count, at: offset)
    case .resize(let byteCount): resize(byteCount)
    }
  }

  /// A copy of the bytes in `range`, which lies inside the file.
  func read(_ range: Range<Int>) -> [UInt8] {
    let stored = range.clamped(to: 0..<bytes.count)
    var result = [UInt8](bytes[stored])
    if stored.count < range.count {
      result += [UInt8](repeating: 0, count: range.count - stored.count)
    }
    return result
  }
}

/// A change of a file that no sync has made durable yet.
struct PendingChange: Sendable {
  /// The two ways a file changes.
  enum Kind: Sendable {
    case write(offset: Int, bytes: [UInt8])
    case resize(Int)
  }

  /// Its place in the order of all changes of the disk.
  let sequence: Int
  /// What changes.
  let kind: Kind
}
