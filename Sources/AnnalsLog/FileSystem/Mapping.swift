internal import CAnnals

/// A range of a file seen as memory, kept alive by its references.
///
/// The bytes may change under a reader only beyond what the log has published. Content never causes
/// a fault; another program truncating the file, or a page the disk cannot read, raises SIGBUS:
/// see `GuardedCopy` for the path that turns this into an error.
@safe
package final class Mapping: @unchecked Sendable {
  // Checked how: `base` and `count` never change; concurrent access to the bytes is ordered by the
  // log's published position.
  package let count: Int
  private let base: UnsafeMutableRawPointer
  private let owner: AnyObject?
  private let unmap: (@Sendable (UnsafeMutableRawPointer, Int) -> Void)?

  /// Takes over `count` bytes at `base`, which stay valid while `owner` lives, or until `unmap`.
  package init(
    base: UnsafeMutableRawPointer,
    count: Int,
    owner: AnyObject?,
    unmap: (@Sendable (UnsafeMutableRawPointer, Int) -> Void)?
  ) {
    unsafe self.base = base
    self.count = count
    self.owner = owner
    unsafe self.unmap = unmap
  }

  /// A mapping-like copy of `bytes` in memory of its own.
  package convenience init(copying bytes: Span<UInt8>) {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(bytes.count, 1),
      alignment: 16
    )
    unsafe bytes.withUnsafeBytes { source in
      if let from = source.baseAddress {
        unsafe memory.copyMemory(from: from, byteCount: source.count)
      }
    }
    unsafe self.init(base: memory, count: bytes.count, owner: nil) { base, _ in
      unsafe base.deallocate()
    }
  }

  deinit {
    if let unmap = unsafe unmap { unsafe unmap(base, count) }
  }

  /// All mapped bytes.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let raw = unsafe UnsafeRawBufferPointer(start: base, count: count)
      let span = unsafe Span<UInt8>(_unsafeBytes: raw)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// All mapped bytes, for who keeps this mapping alive while it uses them.
  @unsafe
  package var buffer: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// A range of the bytes, for as long as `owner` is borrowed, which keeps this mapping alive.
  @_lifetime(borrow owner)
  package func bytes<Owner: AnyObject>(
    _ range: Range<Int>,
    lentBy owner: borrowing Owner
  ) -> Span<UInt8> {
    let span = bytes.extracting(range)
    return unsafe _overrideLifetime(span, borrowing: owner)
  }

  /// Has the processor fetch what stands at `offset`, which is about to be read.
  package func prefetch(_ offset: Int) {
    if offset >= 0, offset < count { unsafe annals_prefetch(base + offset) }
  }

  /// Stores bytes at `offset` of a mapping that is for writing.
  package func write(_ bytes: Span<UInt8>, at offset: Int) {
    precondition(offset >= 0 && offset + bytes.count <= count, "a write lies in the mapping")
    unsafe bytes.withUnsafeBytes { source in
      if let from = source.baseAddress {
        unsafe (base + offset).copyMemory(from: from, byteCount: source.count)
      }
    }
  }

  /// Makes a range of a mapping that is for writing zero.
  package func clear(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is mapped")
    unsafe (base + range.lowerBound).initializeMemory(
      as: UInt8.self,
      repeating: 0,
      count: range.count
    )
  }

  /// The address of the first byte, for the few places that share words with other processes.
  @unsafe
  package var address: UnsafeMutableRawPointer { unsafe base }
}
