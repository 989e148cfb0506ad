internal import CAnnals

/// A page that the writer shares with processes that read beside it: how far they may read, and a
/// word to sleep on.
///
/// A hint, never durable, made anew at every opening for writing. Readers check every frame they
/// are led to.
@safe
package final class ControlPage: @unchecked Sendable {
  // Checked how: every access to the page is atomic.
  private let mapping: Mapping
  private let page: UnsafeMutableRawPointer

  package static let byteCount = 4096

  /// Each on a cache line of its own, as each is written at another rhythm.
  private enum Offset {
    static let magic = 0
    static let boot = 8
    static let epoch = 16
    static let isOpen = 24
    static let durable = 64
    static let written = 128
    static let replacedCount = 192
    static let wakeWord = 256
    static let record = 320
    static let takenUp = 384
  }

  /// A page over a mapping of at least `byteCount` bytes.
  package init?(_ mapping: Mapping) {
    guard mapping.count >= Self.byteCount else { return nil }
    self.mapping = mapping
    unsafe page = mapping.address
  }

  /// Begins a new epoch: what an earlier writer published no longer counts.
  package func begin(
    boot: UInt64,
    epoch: UInt64,
    durable: UInt64,
    written: UInt64,
    record: UInt64,
    replacedCount: UInt64
  ) {
    unsafe annals_store64_release(page + Offset.isOpen, 0)
    unsafe annals_store64_release(page + Offset.magic, FileHeader.Magic.control.rawValue)
    unsafe annals_store64_release(page + Offset.boot, boot)
    unsafe annals_store64_release(page + Offset.durable, durable)
    unsafe annals_store64_release(page + Offset.written, written)
    unsafe annals_store64_release(page + Offset.record, record)
    unsafe annals_store64_release(page + Offset.replacedCount, replacedCount)
    unsafe annals_store64_release(page + Offset.epoch, epoch)
    unsafe annals_store64_release(page + Offset.isOpen, 1)
    wake()
  }

  /// Publishes how far readers may read.
  package func publish(durable: UInt64, written: UInt64) {
    unsafe annals_store64_release(page + Offset.written, written)
    let before = unsafe annals_load64_relaxed(page + Offset.durable)
    unsafe annals_store64_release(page + Offset.durable, durable)
    // Waking costs a system call: only for what most readers wait for.
    if before != durable { wake() }
  }

  /// Publishes the number of the last rule of retention, once all before it is published.
  package func publish(record: UInt64) {
    unsafe annals_store64_release(page + Offset.record, record)
    wake()
  }

  /// Publishes how many segments were replaced by compaction, ever.
  package func publish(replacedCount: UInt64) {
    unsafe annals_store64_release(page + Offset.replacedCount, replacedCount)
  }

  /// How many segments were replaced by compaction, ever.
  package var replacedCount: UInt64 {
    unsafe annals_load64_acquire(page + Offset.replacedCount)
  }

  /// The number of the last rule of retention; read it before the positions.
  package var record: UInt64 { unsafe annals_load64_acquire(page + Offset.record) }

  /// Notes that all that was found staged is framed or dropped, and what is framed is published.
  package func publishTakenUp() {
    unsafe annals_store64_release(
      page + Offset.takenUp,
      unsafe annals_load64_relaxed(page + Offset.epoch)
    )
    wake()
  }

  /// The epoch of the last writer that has done so; read it before the positions.
  package var takenUpEpoch: UInt64 { unsafe annals_load64_acquire(page + Offset.takenUp) }

  /// Notes that the writer is gone.
  package func end() {
    unsafe annals_store64_release(page + Offset.isOpen, 0)
    wake()
  }

  /// What the page says now; nil if it was left by another boot or is not one.
  package func read(
    boot: UInt64
  ) -> (durable: UInt64, written: UInt64, epoch: UInt64, isOpen: Bool)? {
    guard
      unsafe annals_load64_acquire(page + Offset.magic) == FileHeader.Magic.control.rawValue,
      unsafe annals_load64_acquire(page + Offset.boot) == boot
    else { return nil }
    let isOpen = unsafe annals_load64_acquire(page + Offset.isOpen) == 1
    let durable = unsafe annals_load64_acquire(page + Offset.durable)
    let written = unsafe annals_load64_acquire(page + Offset.written)
    let epoch = unsafe annals_load64_acquire(page + Offset.epoch)
    return (durable, written, epoch, isOpen)
  }

  /// The word to sleep on; read it before looking at what it announces.
  package var wakeWord: UInt32 { unsafe annals_load32_acquire(page + Offset.wakeWord) }

  /// Sleeps until the word is no longer `word`, or the time has passed.
  package func wait(_ word: UInt32, nanoseconds: Int64) {
    unsafe annals_futex_wait(
      (page + Offset.wakeWord).assumingMemoryBound(to: UInt32.self),
      word,
      nanoseconds
    )
  }

  private func wake() {
    let address = unsafe page + Offset.wakeWord
    unsafe annals_store32_release(address, unsafe annals_load32_relaxed(address) &+ 1)
    unsafe annals_futex_wake(address.assumingMemoryBound(to: UInt32.self))
  }
}
