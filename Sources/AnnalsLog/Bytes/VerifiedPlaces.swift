internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The places of a file where something verified begins: a set that threads add to without a lock.
///
/// A word of two bytes for each run of 512 places, which is 4 KiB of a file in units of eight
/// bytes: where the things are large, as frames of many events are, the word names the only place
/// that is known there. Only runs with more take their part of a bit for each place. So a log of
/// large frames, read whole, takes 1/2048 of its size and not 1/64, and the words of what is read
/// here and there stay in the processor's caches.
///
/// A place that is missed by a race is only verified again.
@safe
package final class VerifiedPlaces: @unchecked Sendable {
  // Checked how: every access to the words is atomic, and so are those of `several`.
  /// For each run 0, or the only place that is known there plus one, or `severalKnown`.
  private let words: UnsafeMutableRawPointer
  private let several: VerifiedBits
  private let count: Int

  private static let runShift = 9
  private static let severalKnown = UInt16.max

  /// An empty set of the places below `count`.
  package init(count: Int) {
    self.count = max(count, 1)
    several = VerifiedBits(count: self.count)
    guard let memory = unsafe calloc(self.count >> Self.runShift + 1, 2) else {
      preconditionFailure("memory for \(count) places")
    }
    unsafe words = memory
  }

  deinit {
    unsafe free(words)
  }

  /// Whether `place` was inserted.
  @inline(__always)
  package func contains(_ place: Int) -> Bool {
    precondition(place >= 0 && place < count, "a place within the file")
    let known = unsafe annals_load16_acquire(words + place >> Self.runShift &* 2)
    if known == Self.word(place) { return true }
    return known == Self.severalKnown && several.contains(place)
  }

  /// Has the processor fetch what `contains` will read.
  @inline(__always)
  package func prefetch(_ place: Int) {
    if place >= 0, place < count {
      unsafe annals_prefetch(words + place >> Self.runShift &* 2)
    }
  }

  /// Inserts `place`.
  package func insert(_ place: Int) {
    precondition(place >= 0 && place < count, "a place within the file")
    let word = unsafe words + place >> Self.runShift &* 2
    while true {
      let known = unsafe annals_load16_acquire(word)
      if known == Self.word(place) { return }
      if known == 0 {
        if unsafe annals_replace16(word, 0, Self.word(place)) != 0 { return }
        continue
      }
      several.insert(place)
      if known == Self.severalKnown { return }
      // The bit of the one that is known comes before the word that has it asked for.
      several.insert((place >> Self.runShift) << Self.runShift | Int(known - 1))
      if unsafe annals_replace16(word, known, Self.severalKnown) != 0 { return }
    }
  }

  @inline(__always)
  private static func word(_ place: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: place & (1 << runShift - 1)) &+ 1
  }
}
